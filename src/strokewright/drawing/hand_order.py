"""Order and direction of strokes as a person would draw them.

Two small logistic models, learned from pens (recipes/stroke_order.py writes `hand_order.json`), and some rules:

1. A large drawing is cut along its widest empty bands into parts, read as a page is: top to bottom, left to right.
2. In a part, each pair (a, b) gets the odds that a is drawn before b, from features that change sign with the pair.
   The order that agrees with most of them is found by counting votes, then by moving single strokes.
3. A closed stroke begins at its top left, where most people begin one.
4. Each stroke gets the odds that it runs the way it does, from features that change sign when it is reversed.

All features are lengths relative to the part's longer side, or pure numbers, so the models have few weights and each
can be read: see `ORDER_FEATURES` and `DIRECTION_FEATURES`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.curves import flatten, rotate_closed, running_length
from strokewright.drawing.drawing import Floats, Stroke

_POINTS = 16  # every stroke is seen as so many points, evenly spaced
_PART = 48  # strokes that are ordered together; more are cut into parts
_SMALL = 8  # drawings of so few strokes are not cut
_BAND = (
    0.04  # width of an empty band that separates parts, relative to the drawing's longer side; twice for small parts
)
_ROWS = 3.0  # a band between rows counts as so many times its width
_TOUCH = 0.06  # distance at which strokes touch
_NEAR = 0.1

ORDER_FEATURES = (
    *("left", "top", "right", "bottom", "middle x", "middle y", "length", "log length", "straightness"),
    *("horizontal", "vertical", "top left end x", "top left end y", "dot", "ends on the other", "inside the other"),
    *("middle x in the same row", "middle y in the same column", "horizontal nearby", "length nearby"),
    *("middle x nearby", "middle y nearby", "side of middle x", "side of middle y", "side of left", "side of top"),
)
"""What a pair's features compare: the second stroke's value less the first's, unless the name says a relation."""

DIRECTION_FEATURES = (
    *("rightwards", "downwards", "sense rightwards", "sense downwards", "sense diagonal", "length rightwards"),
    *("length downwards", "tangents rightwards", "tangents downwards", "turning clockwise", "late bends"),
    *("ends on another", "closed: clockwise", "closed: tangents rightwards", "closed: tangents downwards"),
)
"""What a stroke's features measure along its direction."""


@dataclass(frozen=True)
class HandModel:
    """Weights of both models, for features as they are."""

    order: Floats
    direction: Floats


@cache
def load_model() -> HandModel:
    """Return the bundled weights."""
    table = json.loads((files("strokewright.drawing") / "hand_order.json").read_text("utf-8"))
    order = np.array([table["order"][name] for name in ORDER_FEATURES])
    return HandModel(order, np.array([table["direction"][name] for name in DIRECTION_FEATURES]))


def order_by_hand(strokes: list[Stroke], model: HandModel | None = None) -> list[Stroke]:
    """Return the strokes in the order, and each in the direction, that a person is likely to draw them."""
    if not strokes:
        return []
    model = load_model() if model is None else model
    begun = [_begun_at_top_left(stroke) for stroke in strokes]
    lines = np.stack([_even_points(stroke) for stroke in begun])
    ordered: list[Stroke] = []
    for part in _parts(lines):
        seen = _normalised(lines[part])
        backwards = direction_features(seen) @ model.direction < 0
        for k in _best_order(order_features(seen) @ model.order):
            ordered.append(begun[part[k]].reversed() if backwards[k] else begun[part[k]])
    return ordered


def describe(strokes: list[Stroke]) -> Floats:
    """Return the strokes as the models see them: (strokes, 16, 2) points, relative to the drawing's box."""
    return _normalised(np.stack([_even_points(stroke) for stroke in strokes]))


def order_features(lines: Floats) -> Floats:
    """Return the features (strokes, strokes, features) of each pair, odd in the pair.

    Args:
        lines: As `describe` returns them.
    """
    low, high, middle = lines.min(axis=1), lines.max(axis=1), lines.mean(axis=1)
    chord = np.abs(lines[:, -1] - lines[:, 0])
    straight = np.hypot(chord[:, 0], chord[:, 1])
    length = _lengths(lines)
    slant = np.where(straight[:, None] > 0.03, chord / np.maximum(straight, 1e-9)[:, None], 0)
    ends = lines[:, [0, -1]]
    first_end = ends[np.arange(len(lines)), ends.sum(axis=2).argmin(axis=1)]
    facts = [low, high, middle, length, np.log(length + 0.05), straight / np.maximum(length, 1e-6), slant, first_end]
    own: Floats = np.column_stack([*facts, (length < _TOUCH).astype(np.float64)])
    change = own[None] - own[:, None]
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    overlap = np.clip(shared / np.maximum(np.minimum((high - low)[:, None], (high - low)[None]), 0.05), 0, 1)
    gap = _gaps(lines)
    ends_on = np.exp(-((np.minimum(gap[:, :, 0], gap[:, :, -1]) / _TOUCH) ** 2))
    inside = ((low[:, None] >= low[None] - 0.02) & (high[:, None] <= high[None] + 0.02)).all(axis=2).astype(np.float64)
    near = np.exp(-gap.min(axis=2) / _NEAR)
    step = middle[None] - middle[:, None]
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
    return np.concatenate([change, np.stack(relations, axis=2), sides], axis=2)


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


def _even_points(stroke: Stroke) -> Floats:
    points = flatten(stroke, 0.5)
    at = running_length(points)
    wanted = np.linspace(0, at[-1], _POINTS)
    return np.stack([np.interp(wanted, at, points[:, 0]), np.interp(wanted, at, points[:, 1])], axis=1)


def _normalised(lines: Floats) -> Floats:
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


def _begun_at_top_left(stroke: Stroke) -> Stroke:
    """Begin a closed stroke at its node nearest the top, somewhat to the left."""
    if not stroke.is_closed:
        return stroke
    low, high = stroke.nodes.min(axis=0), stroke.nodes.max(axis=0)
    place = (stroke.nodes[:-1] - low) / np.maximum(high - low, 1e-9)
    return rotate_closed(stroke, int((place @ [0.3, 1.0]).argmin()))


def _best_order(odds: Floats) -> list[int]:
    """Return the order with the most agreement, from the log odds (n, n) that row comes before column."""
    first = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    np.fill_diagonal(first, 0.0)
    order = list(np.argsort(-first.sum(axis=1), kind="stable"))
    lead = first - first.T
    for _ in range(3):
        moved = False
        for stroke in list(order):
            order.remove(stroke)
            gain = np.concatenate([[0.0], np.cumsum(lead[order, stroke])])  # of standing after the first 0, 1, … others
            place = int(gain.argmax())
            order.insert(place, stroke)
            moved = moved or order[place] != stroke
        if not moved:
            break
    return [int(k) for k in order]


def _parts(lines: Floats) -> list[NDArray[np.intp]]:
    """Cut a drawing into parts of at most 48 strokes, in reading order."""
    low, high = lines.min(axis=1), lines.max(axis=1)
    parts: list[NDArray[np.intp]] = []
    if len(lines) <= _SMALL:
        return [np.arange(len(lines))]
    band = _BAND * float((high.max(axis=0) - low.min(axis=0)).max())
    stack = [np.arange(len(lines))]
    while stack:
        part = stack.pop()
        cut = _cut(low[part], high[part], band)
        if cut is None:
            parts.append(part)
        else:
            stack += [part[~cut], part[cut]]
    return parts


def _cut(low: Floats, high: Floats, band: float) -> NDArray[np.bool_] | None:
    """Return which strokes come first if the part is to be cut: at its widest empty band, else in the middle."""
    if len(low) < 2:
        return None
    widest, best = band if len(low) > _SMALL else 2 * band, None
    for axis, favour in ((1, _ROWS), (0, 1.0)):
        order = np.argsort(low[:, axis], kind="stable")
        reach = np.maximum.accumulate(high[order, axis])
        gaps = favour * (low[order[1:], axis] - reach[:-1])
        if float(gaps.max()) > widest:
            widest, best = float(gaps.max()), (axis, low[order[int(gaps.argmax()) + 1], axis])
    if best is not None:
        return low[:, best[0]] < best[1]
    if len(low) <= _PART:
        return None
    extent = high.max(axis=0) - low.min(axis=0)
    middle = (low + high)[:, int(extent[0] > extent[1])]
    first = np.zeros(len(low), dtype=bool)
    first[np.argsort(middle, kind="stable")[: len(low) // 2]] = True
    return first
