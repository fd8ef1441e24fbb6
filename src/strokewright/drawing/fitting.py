"""Fit cubic Béziers to polylines: corners, least squares, few segments.

Corners are found first, then each piece between them gets one cubic by least squares with chord-length parameters that
Newton steps improve; a piece that stays outside the tolerance is cut at its worst point, and neighbours that one cubic
can serve are joined again. Straight pieces come out as lines, their handles on their ends.

Source: P. Schneider, "An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems, 1990. Differs in that
handles at corners and open ends are free in both coordinates, and in the joining at the end.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from strokewright.drawing.drawing import Floats, Stroke
from strokewright.errors import DrawingError, OptionError

BERNSTEIN = np.array([[1.0, 0, 0, 0], [-3, 3, 0, 0], [3, -6, 3, 0], [-1, 3, -3, 1]])  # powers of t ← controls
_ROUNDS = 5  # Newton rounds for one cubic
_HOPELESS = 6.0  # a first error of so many tolerances is cut at once


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


def find_corners(
    points: ArrayLike, tolerance_px: float, corner_angle_rad: float = 0.9, closed: bool = False
) -> np.ndarray:
    """Return the indices of the corners of a polyline, ends excluded.

    The direction is taken over arms of six tolerances, so that steps of a pixel chain do not count; a corner turns by
    more than corner_angle_rad, more than its neighbours, and does not turn much more over arms twice as long (a tight
    arc does).
    """
    array = as_points(points)
    at = running_length(array)
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
    array = as_points(points)
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
    check_positive(tolerance_px, "tolerance_px")
    array = as_points(points)
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
    line = _Line(
        array, running_length(array), widths, set(corners.tolist()), tolerance_px, smooth_seam, width is not None
    )
    return line.fit()


def _roll(values: Floats, start: int) -> Floats:
    """Begin a closed sequence (last = first) at another index."""
    return np.concatenate([values[start:-1], values[: start + 1]])


def _densify(points: Floats, widths: Floats, corners: np.ndarray, step_px: float) -> tuple[Floats, Floats, np.ndarray]:
    """Insert points so that none are further apart than step_px (within reason), the old ones kept."""
    at = running_length(points)
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
    has_width: bool
    tangents: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def fit(self) -> tuple[Floats, Floats]:
        last = len(self.points) - 1
        if self.has_width:
            self.widths = self._smoothed_widths()
        marks = sorted({0, last} | self.corners)
        pieces: list[tuple[int, int, Floats]] = []
        for first, end in itertools.pairwise(marks):
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
        bulge = self._width_error(first, end) if self.has_width else None
        if bulge is not None:
            return None, bulge
        if distance_to_chord(points).max() <= 0.5 * self.tolerance_px:
            return _line(points), middle
        controls, worst, error = _best_cubic(
            points, self.at[first : end + 1], self._handles(first, end), self.tolerance_px
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

    def _handles(self, first: int, end: int) -> _Handles:
        """Return how the handles may move: freely at corners and open ends, else along the direction of travel."""
        last = len(self.points) - 1
        free_first = first in self.corners or (first == 0 and not self.smooth_seam)
        free_end = end in self.corners or (end == last and not self.smooth_seam)
        tangent_first = self._tangent(first, 1 if free_first else 0)
        return _Handles.make(tangent_first, free_first, -self._tangent(end, -1 if free_end else 0), free_end)

    def _tangent(self, index: int, side: int) -> Floats:
        """Return the unit direction of travel at a point, over an arm behind (-1), ahead (1) or both (0)."""
        key = (index, side)
        if key not in self.tangents:
            self.tangents[key] = self._measured_tangent(index, side)
        return self.tangents[key]

    def _measured_tangent(self, index: int, side: int) -> Floats:
        arm = 4 * self.tolerance_px
        here, total = float(self.at[index]), float(self.at[-1])
        if side == 0 and not self.smooth_seam:
            arm = min(arm, here, total - here)
        ends = here + arm * np.array([-1 if side <= 0 else 0, 1 if side >= 0 else 0])
        ends = ends % total if self.smooth_seam else np.clip(ends, 0, total)
        low, high = _at_length(self.points, self.at, ends, None)
        direction = high - low
        size = float(np.hypot(*direction))
        return direction / size if size > 0 else np.array([1.0, 0.0])


def _line(points: Floats) -> Floats:
    return points[[0, 0, -1, -1]]


@dataclass
class _Handles:
    """How the two handles of a cubic may move: columns of `basis` (2, k) are directions, `owner` (k,) says whose."""

    tangents: Floats  # 2 (first, end), 2: unit, into the piece
    basis: Floats
    owner: np.ndarray

    @classmethod
    def make(cls, tangent_first: Floats, free_first: bool, tangent_end: Floats, free_end: bool) -> _Handles:
        parts = [np.eye(2) if free_first else tangent_first[:, None], np.eye(2) if free_end else tangent_end[:, None]]
        owner = np.repeat([0, 1], [parts[0].shape[1], parts[1].shape[1]])
        return cls(np.stack([tangent_first, tangent_end]), np.concatenate(parts, axis=1), owner)

    def solve(self, gram: Floats, right: Floats, third: float) -> Floats:
        """Return both handles (2, 2) for the normal equations gram (2, 2) · handles = right (2, 2)."""
        pull = 1e-7 * (gram[0, 0] + gram[1, 1]) + 1e-12  # towards a third of the chord, where the points say nothing
        right = right + pull * third * self.tangents
        if len(self.owner) == 4:
            handles = _solve_2x2(gram, right, pull)
        else:
            full = gram[self.owner[:, None], self.owner] * (self.basis.T @ self.basis)
            full.flat[:: len(full) + 1] += pull
            solved = np.linalg.solve(full, (self.basis * right[self.owner].T).sum(axis=0))
            moves = self.basis * solved  # 2, k
            handles = np.stack([moves[:, self.owner == 0].sum(axis=1), moves[:, self.owner == 1].sum(axis=1)])
        backwards = (handles * self.tangents).sum(axis=1) < 0
        return np.where(backwards[:, None], third * self.tangents, handles)


def _solve_2x2(gram: Floats, right: Floats, pull: float) -> Floats:
    a, b, d = gram[0, 0] + pull, gram[0, 1], gram[1, 1] + pull
    return np.array([[d, -b], [-b, a]]) @ right / (a * d - b * b)


def _best_cubic(points: Floats, at: Floats, handles: _Handles, tolerance_px: float) -> tuple[Floats, int, float]:
    """Return the cubic by least squares, and the index and size of its worst error."""
    low, high = points[0], points[-1]
    third = float(np.hypot(*(high - low))) / 3
    t = (at - at[0]) / (at[-1] - at[0])
    best, best_worst, best_error = _line(points), len(points) // 2, np.inf
    powers = np.ones((len(t), 4))
    for _ in range(_ROUNDS):
        powers[:, 1] = t
        powers[:, 2] = t * t
        powers[:, 3] = powers[:, 2] * t
        weights = powers @ BERNSTEIN
        inner = weights[:, 1:3].T
        rest = points - weights[:, :2].sum(axis=1)[:, None] * (low - high) - high
        controls = np.array([low, low, high, high])
        controls[1:3] += handles.solve(inner @ inner.T, inner @ rest, third)
        miss = weights @ controls - points
        square = (miss * miss).sum(axis=1)
        worst = int(square.argmax())
        error = float(np.sqrt(square[worst]))
        improved = error < 0.9 * best_error
        if error < best_error:
            best, best_worst, best_error = controls, worst, error
        if error <= tolerance_px or error > _HOPELESS * tolerance_px or not improved:
            break
        t = _newton(t, powers, BERNSTEIN @ controls, miss)
    return best, best_worst, best_error


def _newton(t: Floats, powers: Floats, cubic: Floats, miss: Floats) -> Floats:
    """Move each parameter towards the curve point nearest to its own point, keeping their order."""
    first = powers[:, :3] @ (cubic[1:] * [[1], [2], [3]])
    second = powers[:, :2] @ (cubic[2:] * [[2], [6]])
    slope = (first * first).sum(axis=1) + (miss * second).sum(axis=1)
    step = (miss * first).sum(axis=1) / np.where(slope > 1e-12, slope, np.inf)
    t = np.maximum.accumulate(np.clip(t - step, 0, 1))
    t[0], t[-1] = 0, 1
    return t
