"""What the models of order and direction by hand see of strokes, see hand_order.py.

Every stroke is seen as 16 points, evenly spaced. All features are lengths relative to the longer side of the part of
the drawing that is ordered at once, or pure numbers.
"""

from __future__ import annotations

import numpy as np

from strokewright.drawing.curves import flatten, running_length
from strokewright.drawing.drawing import Floats, Stroke

_POINTS = 16
_DOT = 0.06  # length below which a stroke is a dot
_TOUCH = 0.06  # distance at which strokes touch
_NEAR = 0.1

ORDER_FEATURES = (
    *("left", "top", "right", "bottom", "middle x", "middle y", "length", "log length", "straightness"),
    *("horizontal", "vertical", "top left end x", "top left end y", "dot", "chord x", "chord y", "share of all lines"),
    *("strokes touched", "rank of middle x", "rank of middle y", "rank of length", "ends on the other"),
    *("inside the other", "middle x in the same row", "middle y in the same column", "horizontal nearby"),
    *("length nearby", "middle x nearby", "middle y nearby", "side of middle x", "side of middle y", "side of left"),
    "side of top",
)
"""What a pair's features compare: the second stroke's value less the first's, unless the name says a relation."""

CONTEXT_FEATURES = (
    *("one", "nearby", "an end on the other", "ends meet"),
    *("log strokes", "share of a stroke", "wider than high", "all lines"),
)
"""What is the same whichever stroke of a pair comes first: mutual relations, and facts of the whole part."""

DIRECTION_FEATURES = (
    *("rightwards", "downwards", "sense rightwards", "sense downwards", "sense diagonal", "length rightwards"),
    *("length downwards", "tangents rightwards", "tangents downwards", "turning clockwise", "late bends"),
    *("ends on another", "closed: clockwise", "closed: tangents rightwards", "closed: tangents downwards"),
)
"""What a stroke's features measure along its direction."""


def describe(strokes: list[Stroke]) -> Floats:
    """Return the strokes as the models see them: (strokes, 16, 2) points, relative to the drawing's box."""
    return normalised(np.stack([even_points(stroke) for stroke in strokes]))


def pair_features(lines: Floats) -> tuple[Floats, Floats]:
    """Return the features of each pair.

    Args:
        lines: As `describe` returns them.

    Returns:
        (strokes, strokes, order features), odd in the pair, and (strokes, strokes, context features), even in it.
    """
    low, high, middle = lines.min(axis=1), lines.max(axis=1), lines.mean(axis=1)
    gap = _gaps(lines)
    near = np.exp(-gap.min(axis=2) / _NEAR)
    ends_on = np.exp(-((np.minimum(gap[:, :, 0], gap[:, :, -1]) / _TOUCH) ** 2))
    own = _own_features(lines, (np.minimum(near, near.T) > 0.5).sum(axis=1) - 1.0)
    change = own[None] - own[:, None]
    step = middle[None] - middle[:, None]
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    overlap = np.clip(shared / np.maximum(np.minimum((high - low)[:, None], (high - low)[None]), 0.05), 0, 1)
    inside = ((low[:, None] >= low[None] - 0.02) & (high[:, None] <= high[None] + 0.02)).all(axis=2).astype(np.float64)
    relations = [
        ends_on - ends_on.T,
        inside - inside.T,
        step[..., 0] * overlap[..., 1],
        step[..., 1] * overlap[..., 0],
        change[..., 9] * near,
        change[..., 6] * near,
        step[..., 0] * near,
        step[..., 1] * near,
    ]
    sides: Floats = np.tanh(8 * np.concatenate([step, change[..., :2]], axis=2))
    odd: Floats = np.concatenate([change, np.stack(relations, axis=2), sides], axis=2)
    width, height = np.ptp(lines, axis=(0, 1))
    facts = np.array([np.log(len(lines)), 1 / len(lines), width - height, _lengths(lines).sum()])
    mutual = [np.ones_like(near), np.minimum(near, near.T), ends_on + ends_on.T, _ends_meet(lines)]
    even: Floats = np.concatenate([np.stack(mutual, axis=2), np.broadcast_to(facts, (*near.shape, 4))], axis=2)
    return odd, even


def _own_features(lines: Floats, touched: Floats) -> Floats:
    """Return what is compared of two strokes, (strokes, 21)."""
    low, high, middle, length = lines.min(axis=1), lines.max(axis=1), lines.mean(axis=1), _lengths(lines)
    chord = np.abs(lines[:, -1] - lines[:, 0])
    straight = np.hypot(chord[:, 0], chord[:, 1])
    slant = np.where(straight[:, None] > 0.03, chord / np.maximum(straight, 1e-9)[:, None], 0)
    ends = lines[:, [0, -1]]
    first_end = ends[np.arange(len(lines)), ends.sum(axis=2).argmin(axis=1)]
    ranks = [_ranks(values) for values in (middle[:, 0], middle[:, 1], length)]
    shape = [length, np.log(length + 0.05), straight / np.maximum(length, 1e-6), slant, first_end]
    amount = [(length < _DOT).astype(np.float64), chord, length / max(length.sum(), 1e-6), touched / 3]
    return np.column_stack([low, high, middle, *shape, *amount, *ranks])


def direction_features(lines: Floats) -> Floats:
    """Return the features (strokes, features) of each stroke, odd under its reversal.

    Args:
        lines: As `describe` returns them.
    """
    length = np.maximum(_lengths(lines), 1e-6)
    chord = lines[:, -1] - lines[:, 0]
    sense = chord / length[:, None]
    tangents = _unit(lines[:, 2] - lines[:, 0]) + _unit(lines[:, -1] - lines[:, -3])
    centred = lines - lines.mean(axis=1, keepdims=True)
    x, y = centred[..., 0], centred[..., 1]
    turning = 6 * (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / length**2
    step = np.diff(lines, axis=1)
    bend = np.diff(np.arctan2(step[..., 1], step[..., 0]), axis=1)
    bend = np.abs((bend + np.pi) % (2 * np.pi) - np.pi)
    third = bend.shape[1] // 3
    late = (bend[:, -third:] - bend[:, :third]).sum(axis=1)
    touch = np.zeros((len(lines), 2))
    if len(lines) > 1:
        gap = _gaps(lines)[:, :, [0, -1]]
        gap[np.arange(len(lines)), np.arange(len(lines))] = np.inf
        touch = np.exp(-((gap.min(axis=1) / _TOUCH) ** 2))
    closed = np.exp(-((np.hypot(chord[:, 0], chord[:, 1]) / length / 0.2) ** 2))[:, None]
    diagonal = np.tanh(3 * sense.sum(axis=1))
    parts = [sense, np.tanh(6 * sense), diagonal, chord, tangents, turning, late, touch[:, 1] - touch[:, 0]]
    return np.column_stack([*parts, turning[:, None] * closed, tangents * closed])


def even_points(stroke: Stroke) -> Floats:
    """Return 16 points, evenly spaced along a stroke."""
    points = flatten(stroke, 0.5)
    at = running_length(points)
    wanted = np.linspace(0, at[-1], _POINTS)
    return np.stack([np.interp(wanted, at, points[:, 0]), np.interp(wanted, at, points[:, 1])], axis=1)


def normalised(lines: Floats) -> Floats:
    """Move and scale all strokes' points together into the unit square, without distortion."""
    low: Floats = lines.min(axis=(0, 1))
    high: Floats = lines.max(axis=(0, 1))
    return (lines - low) / max(float((high - low).max()), 1e-6)


def _lengths(lines: Floats) -> Floats:
    step = np.diff(lines, axis=1)
    return np.hypot(step[..., 0], step[..., 1]).sum(axis=1)


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-6)[:, None]


def _gaps(lines: Floats) -> Floats:
    """Return how far each point of stroke a is from stroke b, (a, b, points of a)."""
    x, y = lines[..., 0], lines[..., 1]
    square = (x[:, None, :, None] - x[None, :, None]) ** 2 + (y[:, None, :, None] - y[None, :, None]) ** 2
    return np.sqrt(square.min(axis=3))


def _ends_meet(lines: Floats) -> Floats:
    """Return (a, b) how nearly an end of a is at an end of b, 0 to 1."""
    ends = lines[:, [0, -1]]
    apart = np.linalg.norm(ends[:, None, :, None] - ends[None, :, None], axis=-1).min(axis=(2, 3))
    return np.exp(-((apart / _TOUCH) ** 2))


def _ranks(values: Floats) -> Floats:
    """Return each value's place among the sorted, -½ to ½."""
    places = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return places / max(len(values) - 1, 1) - 0.5
