"""Lines and cubic Béziers: split, flatten, measure, resample, fit, simplify.

A cubic is an array of four control points (4, 2); many are (segments, 4, 2). `fit` turns a polyline into few cubics:
corners are found first, then each piece between them gets one cubic by least squares with chord-length parameters that
Newton steps improve; a piece that stays outside the tolerance is cut at its worst point, and neighbours that one cubic
can serve are joined again. Straight pieces come out as lines, their handles on their ends.

Source: P. Schneider, "An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems, 1990; differs in that the
handles at corners and open ends are free in both coordinates, and in the joining at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from strokewright.drawing.drawing import Floats, Stroke
from strokewright.errors import DrawingError, OptionError

_BERNSTEIN = np.array([[1.0, 0, 0, 0], [-3, 3, 0, 0], [3, -6, 3, 0], [-1, 3, -3, 1]])  # powers of t ← controls
_GAUSS_T, _GAUSS_WEIGHT = np.polynomial.legendre.leggauss(16)
_GAUSS_T, _GAUSS_WEIGHT = (_GAUSS_T + 1) / 2, _GAUSS_WEIGHT / 2
_ROUNDS = 5  # Newton rounds for one cubic
_HOPELESS = 6.0  # a first error of so many tolerances is cut at once
_MAX_STEPS = 4096  # pieces that one flattened segment can have


def _points(points: ArrayLike) -> Floats:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) == 0:
        raise DrawingError(f"points: expected shape (n, 2) with n ≥ 1, got {array.shape}; pass rows of x, y")
    if not np.isfinite(array).all():
        raise DrawingError("points: expected finite numbers, got NaN or infinity; drop these points first")
    return array


def _positive(value: float, what: str) -> None:
    if not value > 0:
        raise OptionError(f"{what}: expected > 0, got {value:g}")


def evaluate(controls: Floats, t: ArrayLike) -> Floats:
    """Return the points of one cubic (4, 2) at parameters t (n,) in [0, 1], (n, 2)."""
    return np.vander(np.asarray(t, dtype=np.float64), 4, increasing=True) @ (_BERNSTEIN @ controls)


def split(controls: ArrayLike, t: float) -> tuple[Floats, Floats]:
    """Cut one cubic (4, 2) at t in [0, 1] into two that trace the same curve (de Casteljau)."""
    a = np.asarray(controls, dtype=np.float64)
    b = a[:-1] * (1 - t) + a[1:] * t
    c = b[:-1] * (1 - t) + b[1:] * t
    middle = c[0] * (1 - t) + c[1] * t
    return np.stack([a[0], b[0], c[0], middle]), np.stack([middle, c[1], b[2], a[3]])


def flatten(stroke: Stroke, tolerance_px: float = 0.1) -> Floats:
    """Return points (n, 2) whose polyline stays within tolerance_px of the stroke; a dot gives one point."""
    return flatten_with_width(stroke, tolerance_px)[0]


def flatten_with_width(stroke: Stroke, tolerance_px: float = 0.1) -> tuple[Floats, Floats]:
    """Return the points (n, 2) of the flattened stroke and the full width (n,) at each.

    Between two nodes the width runs linearly with the length along the curve. All nodes are among the points.

    Raises:
        OptionError: tolerance_px is not positive.
    """
    _positive(tolerance_px, "tolerance_px")
    if stroke.is_dot:
        return stroke.nodes.copy(), stroke.width.copy()
    if stroke.is_polyline:
        return stroke.nodes.copy(), stroke.width.copy()
    controls = stroke.controls
    steps = _steps(controls, tolerance_px)
    last = np.cumsum(steps)
    segment = np.repeat(np.arange(len(steps)), steps)
    t = (np.arange(last[-1]) - (last - steps)[segment] + 1) / steps[segment]  # ends at 1 in each segment
    powers = np.vander(t, 4, increasing=True)
    points = np.einsum("nk,nkd->nd", powers, (_BERNSTEIN @ controls)[segment])
    points[last - 1] = stroke.nodes[1:]
    points = np.concatenate([stroke.nodes[:1], points])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    nodes_at = np.concatenate([[0], last])
    return points, _width_along(length, nodes_at, stroke.width)


def _width_along(length: Floats, nodes_at: np.ndarray, width: Floats) -> Floats:
    """Interpolate node widths over the running length; nodes that fall together keep their own width."""
    result = np.interp(length, length[nodes_at], width)
    result[nodes_at] = width
    return result


def _steps(controls: Floats, tolerance_px: float) -> np.ndarray:
    """Return into how many chords each cubic must be cut (Wang's bound on the second differences), 1 for a line."""
    second = np.diff(controls, n=2, axis=1)
    bend = np.hypot(second[..., 0], second[..., 1]).max(axis=1)
    steps = np.ceil(np.sqrt(0.75 * bend / tolerance_px))
    straight = (controls[:, 1] == controls[:, 0]).all(axis=1) & (controls[:, 2] == controls[:, 3]).all(axis=1)
    return np.where(straight, 1, np.clip(steps, 1, _MAX_STEPS)).astype(np.int64)


def stroke_length(stroke: Stroke) -> float:
    """Return the length of the stroke's centre line in pixels (16-point Gauss quadrature a segment)."""
    if stroke.is_dot:
        return 0.0
    powers = np.stack([0 * _GAUSS_T, 1 + 0 * _GAUSS_T, 2 * _GAUSS_T, 3 * _GAUSS_T**2], axis=1)
    velocity = powers @ (_BERNSTEIN @ stroke.controls)  # segments, 16, 2
    return float((np.hypot(velocity[..., 0], velocity[..., 1]) @ _GAUSS_WEIGHT).sum())


def resample(points: ArrayLike, step_px: float) -> Floats:
    """Return points evenly spaced along the polyline, at most step_px apart, both ends kept."""
    _positive(step_px, "step_px")
    array = _points(points)
    at = _running_length(array)
    if at[-1] == 0:
        return array[:1].copy()
    wanted = np.linspace(0, at[-1], max(2, int(np.ceil(at[-1] / step_px - 1e-9)) + 1))
    return np.stack([np.interp(wanted, at, array[:, 0]), np.interp(wanted, at, array[:, 1])], axis=1)


def simplify(points: ArrayLike, epsilon: float) -> np.ndarray:
    """Return the sorted indices that Ramer–Douglas–Peucker keeps: no dropped point is over epsilon px off the rest."""
    array = _points(points)
    keep = np.zeros(len(array), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(array) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        distance = _distance_to_chord(array[first : last + 1])
        worst = int(distance.argmax())
        if distance[worst] > epsilon:
            keep[first + worst] = True
            stack += [(first, first + worst), (first + worst, last)]
    return np.flatnonzero(keep)


def _distance_to_chord(points: Floats) -> Floats:
    """Return each point's distance to the line piece from the first point to the last."""
    chord = points[-1] - points[0]
    offset = points - points[0]
    square = float(chord @ chord)
    if square > 0:
        offset = offset - np.clip(offset @ chord / square, 0, 1)[:, None] * chord
    return np.hypot(offset[:, 0], offset[:, 1])


def _running_length(points: Floats) -> Floats:
    step = np.diff(points, axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])


def find_corners(
    points: ArrayLike, tolerance_px: float, corner_angle_rad: float = 0.9, closed: bool = False
) -> np.ndarray:
    """Return the indices of the corners of a polyline, ends excluded.

    The direction is taken over arms of six tolerances, so that steps of a pixel chain do not count; a corner turns by
    more than corner_angle_rad, more than its neighbours, and does not turn much more over arms twice as long (a tight
    arc does).
    """
    array = _points(points)
    at = _running_length(array)
    total = float(at[-1])
    arm = min(6 * tolerance_px, total / 4)
    if len(array) < 3 or total == 0:
        return np.zeros(0, dtype=np.int64)
    turn = _turn(array, at, arm, closed)
    wide = _turn(array, at, 2 * arm, closed)
    sharp = (turn > corner_angle_rad) & (turn > 0.7 * wide)
    sharp[[0, -1]] &= closed
    if not closed:
        sharp &= (at > 2 * tolerance_px) & (at < total - 2 * tolerance_px)
    corners: list[int] = []
    for index in np.argsort(-turn, kind="stable"):
        if not sharp[index]:
            continue
        gap = np.abs(at[corners] - at[index])
        if closed:
            gap = np.minimum(gap, total - gap)
        if (gap >= arm).all():
            corners.append(int(index))
    return np.sort(np.array(corners, dtype=np.int64))


def _turn(points: Floats, at: Floats, arm: float, closed: bool) -> Floats:
    """Return the angle (n,) between the chord that arrives at each point and the one that leaves it, arm px long."""
    before, after = at - arm, at + arm
    period = float(at[-1]) if closed else None
    if not closed:
        before, after = np.maximum(before, 0), np.minimum(after, at[-1])
    back = points - _at_length(points, at, before, period)
    ahead = _at_length(points, at, after, period) - points
    cross = back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0]
    return np.abs(np.arctan2(cross, (back * ahead).sum(axis=1)))


def _at_length(points: Floats, at: Floats, wanted: Floats, period: float | None) -> Floats:
    if period is not None:
        wanted = wanted % period
    return np.stack([np.interp(wanted, at, points[:, 0]), np.interp(wanted, at, points[:, 1])], axis=-1)


def fit(
    points: ArrayLike,
    tolerance_px: float,
    corner_angle_rad: float = 0.9,
    width: ArrayLike | None = None,
    closed: bool = False,
) -> Floats:
    """Fit few cubics to a polyline.

    Args:
        points: (n, 2) polyline in pixels; repeated points are fine.
        tolerance_px: Largest distance of the polyline to the curve; corners are judged at six times this scale.
        corner_angle_rad: Turns above this angle stay sharp.
        width: Full width (n,) at the points; cuts pieces whose width is far from linear. None = ignore.
        closed: The line returns to its first point, smoothly unless there is a corner. It then begins at a corner if
            it has one.

    Returns:
        Controls (segments, 4, 2), chained; (0, 4, 2) if all points are the same.

    Raises:
        DrawingError: points are not (n, 2) and finite.
        OptionError: tolerance_px is not positive.
    """
    return _fit(points, tolerance_px, corner_angle_rad, width, closed)[0]


def fit_stroke(
    points: ArrayLike,
    tolerance_px: float,
    corner_angle_rad: float = 0.9,
    width: ArrayLike | float = 1.0,
    closed: bool = False,
    **attributes: Any,
) -> Stroke:
    """Fit a whole stroke, as `fit` does, with the widths at its nodes; coinciding points give a dot."""
    array = _points(points)
    if np.ndim(width) == 0:
        controls = fit(array, tolerance_px, corner_angle_rad, closed=closed)
        if len(controls) == 0:
            return Stroke(array[:1], width=width, **attributes)  # type: ignore[arg-type]
        return Stroke.from_controls(controls, width=width, **attributes)
    controls, node_width = _fit(array, tolerance_px, corner_angle_rad, width, closed)
    if len(controls) == 0:
        return Stroke(array[:1], width=node_width, **attributes)
    return Stroke.from_controls(controls, width=node_width, **attributes)


def _fit(
    points: ArrayLike, tolerance_px: float, corner_angle_rad: float, width: ArrayLike | None, closed: bool
) -> tuple[Floats, Floats]:
    """Return the controls and the width at the nodes (one value for a dot; ones where no width is given)."""
    _positive(tolerance_px, "tolerance_px")
    array = _points(points)
    widths = np.ones(len(array)) if width is None else np.asarray(width, dtype=np.float64)
    if widths.shape != (len(array),):
        raise DrawingError(f"width: expected one number a point, ({len(array)},), got {widths.shape}")
    moved = np.ones(len(array), dtype=bool)
    moved[1:] = (np.diff(array, axis=0) != 0).any(axis=1)
    array, widths = array[moved], widths[moved]
    if len(array) == 1:
        return np.zeros((0, 4, 2)), np.array([widths.mean()])
    if closed and (array[0] != array[-1]).any():
        array, widths = np.concatenate([array, array[:1]]), np.append(widths, widths[0])
    corners = find_corners(array, tolerance_px, corner_angle_rad, closed)
    if closed and len(corners) and 0 not in corners:
        array, widths = _roll(array, int(corners[0])), _roll(widths, int(corners[0]))
        corners = corners - corners[0]
    array, widths, corners = _densify(array, widths, corners, 2 * tolerance_px)
    smooth_seam = closed and len(corners) == 0
    piece = _Line(array, _running_length(array), widths, set(corners.tolist()), tolerance_px, smooth_seam)
    return piece.fit(has_width=width is not None)


def _roll(values: Floats, start: int) -> Floats:
    """Begin a closed sequence (last = first) at another index."""
    return np.concatenate([values[start:-1], values[: start + 1]])


def _densify(points: Floats, widths: Floats, corners: np.ndarray, step_px: float) -> tuple[Floats, Floats, np.ndarray]:
    """Insert points so that none are further apart than step_px (within reason), the old ones kept."""
    at = _running_length(points)
    step = max(step_px, float(at[-1]) / 4000)
    pieces = np.ceil(np.diff(at) / step).astype(np.int64).clip(1)
    first = np.concatenate([[0], np.cumsum(pieces)])
    wanted = np.interp(np.arange(first[-1] + 1), first, at)
    columns = [np.interp(wanted, at, column) for column in (points[:, 0], points[:, 1], widths)]
    dense = np.stack(columns[:2], axis=1)
    dense[first] = points
    return dense, columns[2], first[corners]


@dataclass
class _Line:
    """A polyline on its way to cubics; at = running length, corners = indices that stay sharp."""

    points: Floats
    at: Floats
    widths: Floats
    corners: set[int]
    tolerance_px: float
    smooth_seam: bool

    def fit(self, has_width: bool) -> tuple[Floats, Floats]:
        last = len(self.points) - 1
        if has_width:
            self.widths = self._smoothed_widths()
        marks = sorted({0, last} | self.corners)
        pieces: list[tuple[int, int, Floats]] = []
        for first, end in zip(marks[:-1], marks[1:], strict=True):
            pieces += self._joined(self._pieces(first, end))
        nodes = np.array([pieces[0][0]] + [end for _, end, _ in pieces])
        return np.stack([controls for _, _, controls in pieces]), self.widths[nodes]

    def _smoothed_widths(self) -> Floats:
        """Average the width over three tolerances to each side."""
        area = np.concatenate([[0.0], np.cumsum((self.widths[1:] + self.widths[:-1]) / 2 * np.diff(self.at))])
        low = np.maximum(self.at - 3 * self.tolerance_px, 0)
        high = np.minimum(self.at + 3 * self.tolerance_px, self.at[-1])
        return (np.interp(high, self.at, area) - np.interp(low, self.at, area)) / (high - low)

    def _pieces(self, first: int, end: int) -> list[tuple[int, int, Floats]]:
        """Cut [first, end] until each piece has a cubic within tolerance."""
        done: list[tuple[int, int, Floats]] = []
        stack = [(first, end)]
        while stack:
            first, end = stack.pop()
            controls, worst = self._one(first, end)
            if controls is not None:
                done.append((first, end, controls))
            else:
                stack += [(worst, end), (first, worst)]
        return done

    def _joined(self, pieces: list[tuple[int, int, Floats]]) -> list[tuple[int, int, Floats]]:
        """Join neighbours that one cubic serves."""
        result = pieces[:1]
        for piece in pieces[1:]:
            controls, _ = self._one(result[-1][0], piece[1])
            if controls is None:
                result.append(piece)
            else:
                result[-1] = (result[-1][0], piece[1], controls)
        return result

    def _one(self, first: int, end: int) -> tuple[Floats | None, int]:
        """Return a line or cubic for points first..end, or None and the index to cut at."""
        points = self.points[first : end + 1]
        middle = (first + end) // 2
        if end - first < 2:
            return _line(points), middle
        bulge = self._width_error(first, end)
        if bulge is not None:
            return None, bulge
        if _distance_to_chord(points).max() <= 0.5 * self.tolerance_px:
            return _line(points), middle
        controls, worst, error = _best_cubic(
            points, self.at[first : end + 1], *self._ends(first, end), self.tolerance_px
        )
        if error <= self.tolerance_px:
            return controls, middle
        margin = max(1, (end - first) // 8)  # no slivers
        return None, first + int(np.clip(worst, margin, end - first - margin))

    def _width_error(self, first: int, end: int) -> int | None:
        """Return where the width is furthest from linear, if that is far."""
        at, widths = self.at[first : end + 1], self.widths[first : end + 1]
        error = np.abs(widths - np.interp(at, at[[0, -1]], widths[[0, -1]]))
        worst = int(error.argmax())
        limit = max(self.tolerance_px, 0.25 * float(widths.mean()))
        return first + worst if error[worst] > limit and 0 < worst < end - first else None

    def _ends(self, first: int, end: int) -> tuple[Floats, bool, Floats, bool]:
        """Return the direction into the piece at both ends, and whether the handle there is free."""
        last = len(self.points) - 1
        free_first = first in self.corners or (first == 0 and not self.smooth_seam)
        free_end = end in self.corners or (end == last and not self.smooth_seam)
        return self._tangent(first, free_first, 1), free_first, -self._tangent(end, free_end, -1), free_end

    def _tangent(self, index: int, one_sided: bool, side: int) -> Floats:
        """Return the unit direction of travel at a point, over an arm on one side or on both."""
        arm = 4 * self.tolerance_px
        here, total = float(self.at[index]), float(self.at[-1])
        ends = np.array([here - arm, here + arm])
        if one_sided:
            ends[0 if side > 0 else 1] = here
        if self.smooth_seam:
            ends = ends % total
        else:
            reach = min(arm, max(here, 1e-9), max(total - here, 1e-9)) if not one_sided else arm
            ends = np.clip(ends, max(0, here - reach), min(total, here + reach))
        low, high = _at_length(self.points, self.at, ends, None)
        direction = high - low
        size = float(np.hypot(*direction))
        return direction / size if size > 0 else np.array([1.0, 0.0])


def _line(points: Floats) -> Floats:
    return points[[0, 0, -1, -1]]


def _best_cubic(
    points: Floats,
    at: Floats,
    tangent_first: Floats,
    free_first: bool,
    tangent_end: Floats,
    free_end: bool,
    tolerance_px: float,
) -> tuple[Floats, int, float]:
    """Return the cubic by least squares, and the index and size of its worst error."""
    t = (at - at[0]) / (at[-1] - at[0])
    basis_first = np.eye(2) if free_first else tangent_first[:, None]
    basis_end = np.eye(2) if free_end else tangent_end[:, None]
    best, best_worst, best_error = _line(points), len(points) // 2, np.inf
    for _ in range(_ROUNDS):
        controls = _least_squares(points, t, basis_first, basis_end, tangent_first, tangent_end)
        powers = np.vander(t, 4, increasing=True)
        c = _BERNSTEIN @ controls
        miss = powers @ c - points
        square = (miss * miss).sum(axis=1)
        worst = int(square.argmax())
        error = float(np.sqrt(square[worst]))
        improved = error < 0.9 * best_error
        if error < best_error:
            best, best_worst, best_error = controls, worst, error
        if error <= tolerance_px or error > _HOPELESS * tolerance_px or not improved:
            break
        first = powers[:, :3] @ (c[1:] * [[1], [2], [3]])
        second = powers[:, :2] @ (c[2:] * [[2], [6]])
        slope = (first * first).sum(axis=1) + (miss * second).sum(axis=1)
        step = np.where(slope > 1e-12, (miss * first).sum(axis=1) / np.where(slope > 1e-12, slope, 1), 0)
        t = np.maximum.accumulate(np.clip(t - step, 0, 1))
        t[0], t[-1] = 0, 1
    return best, best_worst, best_error


def _least_squares(
    points: Floats, t: Floats, basis_first: Floats, basis_end: Floats, tangent_first: Floats, tangent_end: Floats
) -> Floats:
    """Solve for the two inner controls; a basis column is a direction in which a handle may move."""
    s = 1 - t
    b1, b2 = 3 * s * s * t, 3 * s * t * t
    low, high = points[0], points[-1]
    b01 = s * s * s + b1
    rest = points - high - b01[:, None] * (low - high)
    s11, s12, s22 = float(b1 @ b1), float(b1 @ b2), float(b2 @ b2)
    basis = np.concatenate([basis_first, basis_end], axis=1)  # 2, k
    weight = np.repeat([0, 1], [basis_first.shape[1], basis_end.shape[1]])
    gram = np.array([[s11, s12], [s12, s22]])[np.ix_(weight, weight)] * (basis.T @ basis)
    right = (basis * np.stack([b1 @ rest, b2 @ rest])[weight].T).sum(axis=0)
    third = float(np.hypot(*(high - low))) / 3
    pull = 1e-7 * (s11 + s22) + 1e-12  # towards handles of a third of the chord, where the points say nothing
    gram += pull * np.eye(len(weight))
    right += pull * third * (basis * np.stack([tangent_first, tangent_end])[weight].T).sum(axis=0)
    solved = np.linalg.solve(gram, right)
    split_at = basis_first.shape[1]
    handle_first, handle_end = basis_first @ solved[:split_at], basis_end @ solved[split_at:]
    if handle_first @ tangent_first < 0:
        handle_first = tangent_first * third
    if handle_end @ tangent_end < 0:
        handle_end = tangent_end * third
    return np.stack([low, low + handle_first, high + handle_end, high])
