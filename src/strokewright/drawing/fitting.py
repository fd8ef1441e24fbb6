"""Fit cubic Béziers to polylines: the fewest that stay near it, by dynamic programming.

Every stretch between two candidate knots gets the best cubic with its ends on the line; all stretches are sampled at
the same relative lengths, so one constant matrix solves their least squares at once. A shortest path over the knots
then weighs the number of cubics against the error, which also puts the corners where they belong, without a corner
detector. Straight stretches come out as lines, their handles on their ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from strokewright.drawing.drawing import Floats, Stroke
from strokewright.errors import DrawingError, OptionError

BERNSTEIN = np.array([[1.0, 0, 0, 0], [-3, 3, 0, 0], [3, -6, 3, 0], [-1, 3, -3, 1]])  # powers of t ← controls

_SAMPLES = np.linspace(0.0, 1.0, 17)
_WEIGHTS = np.vander(_SAMPLES, 4, increasing=True) @ BERNSTEIN  # samples ← controls
_SOLVE = np.linalg.pinv(_WEIGHTS[:, 1:3])  # handles ← samples
_REST = np.eye(len(_SAMPLES)) - _WEIGHTS[:, 1:3] @ _SOLVE  # what no handles can reach
_KNOTS_PER_TOLERANCE = 1.0
_MOST_KNOTS = 2000
_ERROR_PRICE = 1.1  # error in (mean square · length / tolerance³) that is worth one cubic
_STRAIGHT = 0.15  # a stretch within this share of the tolerance is a line
_KINK_RAD = 0.45  # smaller turns between two cubics are made smooth


def as_points(points: ArrayLike) -> Floats:
    """Check points for shape (n, 2), n ≥ 1, and finiteness. Raises DrawingError."""
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) == 0:
        raise DrawingError(f"points: expected shape (n, 2) with n ≥ 1, got {array.shape}; pass rows of x, y")
    if not np.isfinite(array).all():
        raise DrawingError("points: expected finite numbers, got NaN or infinity; drop these points first")
    return array


def check_positive(value: float, what: str) -> None:
    """Raise OptionError unless value > 0."""
    if not value > 0:
        raise OptionError(f"{what}: expected > 0, got {value:g}")


def running_length(points: Floats) -> Floats:
    """Return the length (n,) along the polyline from its first point to each."""
    step = np.diff(points, axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])


def distance_to_chord(points: Floats) -> Floats:
    """Return each point's distance to the line piece from the first point to the last."""
    chord = points[-1] - points[0]
    offset = points - points[0]
    square = float(chord @ chord)
    if square > 0:
        offset = offset - np.clip(offset @ chord / square, 0, 1)[:, None] * chord
    return np.hypot(offset[:, 0], offset[:, 1])


def fit(points: ArrayLike, tolerance_px: float, closed: bool = False) -> Floats:
    """Fit few cubics to a polyline.

    Args:
        points: (n, 2) polyline in pixels; repeated points are fine.
        tolerance_px: Largest distance of the polyline to the curve; less is preferred where it costs few cubics.
        closed: The line returns to its first point. The curve then begins at the sharpest turn.

    Returns:
        Controls (segments, 4, 2), chained; (0, 4, 2) if all points are the same.

    Raises:
        DrawingError: points are not (n, 2) and finite.
        OptionError: tolerance_px is not positive.
    """
    return _fit(as_points(points), np.ones(len(np.asarray(points))), tolerance_px, closed)[0]


def fit_stroke(
    points: ArrayLike, tolerance_px: float, width: ArrayLike | float = 1.0, closed: bool = False, **attributes: Any
) -> Stroke:
    """Fit a whole stroke, as `fit` does, with the full width (n,) at the points; coinciding points give a dot."""
    array = as_points(points)
    widths = np.broadcast_to(np.asarray(width, dtype=np.float64), (len(array),)) if np.ndim(width) == 0 else width
    widths = np.asarray(widths, dtype=np.float64)
    if widths.shape != (len(array),):
        raise DrawingError(f"width: expected one number a point, ({len(array)},), got {widths.shape}")
    controls, node_width = _fit(array, widths, tolerance_px, closed)
    if len(controls) == 0:
        return Stroke(array[:1], width=node_width, **attributes)
    return Stroke.from_controls(controls, width=node_width, **attributes)


def _fit(points: Floats, widths: Floats, tolerance_px: float, closed: bool) -> tuple[Floats, Floats]:
    """Return the controls and the width at the nodes."""
    check_positive(tolerance_px, "tolerance_px")
    if closed and (points[0] != points[-1]).any():
        points, widths = np.concatenate([points, points[:1]]), np.append(widths, widths[0])
    at = running_length(points)
    if at[-1] == 0:
        return np.zeros((0, 4, 2)), np.array([widths.max()])
    if closed:
        start = _sharpest(points, at, 3 * tolerance_px)
        points, widths = (np.concatenate([part[start:-1], part[: start + 1]]) for part in (points, widths))
        at = running_length(points)
    knots = _candidates(at, tolerance_px)
    first, last = _stretches(len(knots))
    spot = knots[first, None] + (knots[last] - knots[first])[:, None] * _SAMPLES
    spot[:, -1] = knots[last]  # exactly: a node is where the next cubic begins
    samples = np.stack([np.interp(spot, at, column) for column in (*points.T, widths)], axis=-1)
    controls, square = _least_squares(samples, tolerance_px)
    cost = 1 + _ERROR_PRICE * square.mean(axis=1) * (knots[last] - knots[first]) / tolerance_px**3
    off = np.sqrt(square.max(axis=1)) / tolerance_px
    cost = np.where((off > 1) & (last > first + 1), 1e6 * off, cost)
    chosen = _shortest_path(first, last, cost, len(knots))
    node_width = np.append(samples[chosen, 0, 2], samples[chosen[-1], -1, 2])
    return _smoothed(controls[chosen], closed), node_width


def _sharpest(points: Floats, at: Floats, arm: float) -> int:
    """Index at which a closed polyline turns most, seen over arms of a given length."""
    total = at[-1]
    arm = min(arm, total / 4)
    before, after = (
        np.stack([np.interp((at + shift) % total, at, column) for column in points.T], axis=1) for shift in (-arm, arm)
    )
    return int(np.argmin(np.hypot(*(after - before).T)[:-1]))


def _candidates(at: Floats, tolerance_px: float) -> Floats:
    """Lengths along the line at which a cubic may end; a sparse polyline's own points are all among them."""
    count = int(np.clip(np.ceil(at[-1] * _KNOTS_PER_TOLERANCE / tolerance_px), 2, _MOST_KNOTS))
    even = np.linspace(0, at[-1], count + 1)
    if len(at) > count:
        return even
    both = np.unique(np.concatenate([even, at]))
    return both[np.append(np.diff(both) > 1e-9 * at[-1], True)]


def _stretches(knots: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of knots that one cubic may span, sorted by the second: all short spans, ever fewer long ones."""
    spans = np.arange(1, 25)
    while spans[-1] < knots - 1:
        step = max(1, spans[-1] // 12)
        spans = np.append(spans, np.minimum(spans[-1] + step * np.arange(1, 13), knots - 1))
    spans = np.unique(spans[spans < knots])
    last = np.repeat(np.arange(knots), len(spans))
    first = last - np.tile(spans, knots)
    return first[first >= 0], last[first >= 0]


def _least_squares(samples: Floats, tolerance_px: float) -> tuple[Floats, Floats]:
    """Best cubic of each stretch and its squared errors, where an uneven width counts a quarter.

    Args:
        samples: (stretches, samples, 3): x, y, width.
        tolerance_px: As in `fit`.

    Returns:
        Controls (stretches, 4, 2) and squared errors (stretches, samples).
    """
    low, high = samples[:, :1], samples[:, -1:]
    inner = _WEIGHTS[:, :1] * low + _WEIGHTS[:, 3:] * high
    residual = samples[..., :2] - inner[..., :2]
    controls = np.concatenate([low[..., :2], _SOLVE @ residual, high[..., :2]], axis=1)
    square = ((_REST @ residual) ** 2).sum(axis=2)
    even = low + (high - low) * _SAMPLES[:, None]
    off_line = ((samples - even)[..., :2] ** 2).sum(axis=2)
    straight = off_line.max(axis=1) <= (_STRAIGHT * tolerance_px) ** 2
    controls[straight] = samples[straight][:, [0, 0, -1, -1], :2]
    square[straight] = off_line[straight]
    return controls, square + (0.25 * (samples - even)[..., 2]) ** 2


def _shortest_path(first: np.ndarray, last: np.ndarray, cost: Floats, knots: int) -> np.ndarray:
    """Indices of the stretches on the cheapest way from the first knot to the last."""
    best = np.full(knots, np.inf)
    best[0] = 0
    came = np.zeros(knots, dtype=np.int64)
    bounds = np.searchsorted(last, np.arange(knots + 1))
    for knot in range(1, knots):
        stretch = slice(bounds[knot], bounds[knot + 1])
        total = best[first[stretch]] + cost[stretch]
        came[knot] = bounds[knot] + int(np.argmin(total))
        best[knot] = total.min()
    way: list[int] = []
    knot = knots - 1
    while knot > 0:
        way.append(int(came[knot]))
        knot = int(first[came[knot]])
    return np.array(way[::-1])


def _smoothed(controls: Floats, closed: bool) -> Floats:
    """Give two cubics that meet nearly straight one tangent."""
    result = controls.copy()
    arriving = np.arange(len(controls)) if closed else np.arange(len(controls) - 1)
    leaving = (arriving + 1) % len(controls)
    node = controls[leaving, 0]
    back, ahead = node - controls[arriving, 2], controls[leaving, 1] - node
    back_length, ahead_length = np.hypot(*back.T), np.hypot(*ahead.T)
    turn = np.abs(np.arctan2(back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0], (back * ahead).sum(axis=1)))
    smooth = (turn < _KINK_RAD) & (back_length > 0) & (ahead_length > 0)
    tangent = back + ahead
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-12)[:, None]
    result[arriving[smooth], 2] = (node - back_length[:, None] * tangent)[smooth]
    result[leaving[smooth], 1] = (node + ahead_length[:, None] * tangent)[smooth]
    return result
