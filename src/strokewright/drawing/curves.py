"""Lines and cubic Béziers: split, flatten, measure, resample, simplify; `fit` comes from fitting.py.

A cubic is an array of four control points (4, 2); many are (segments, 4, 2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from strokewright.drawing.drawing import Floats, Stroke
from strokewright.drawing.fitting import (
    BERNSTEIN,
    as_points,
    check_positive,
    distance_to_chord,
    fit,
    fit_stroke,
    running_length,
)

__all__ = [
    "evaluate",
    "fit",
    "fit_stroke",
    "flatten",
    "flatten_with_width",
    "resample",
    "rotate_closed",
    "simplify",
    "split",
    "stroke_length",
]

_nodes, _weights = np.polynomial.legendre.leggauss(8)
# In eighths of the segment, so that a cusp spoils one eighth alone.
_GAUSS_T = ((np.arange(8)[:, None] + (_nodes + 1) / 2) / 8).ravel()
_GAUSS_WEIGHT = np.tile(_weights / 16, 8)
_MAX_STEPS = 4096  # pieces that one flattened segment can have


def evaluate(controls: Floats, t: ArrayLike) -> Floats:
    """Return the points of one cubic (4, 2) at parameters t (n,) in [0, 1], (n, 2)."""
    return np.vander(np.asarray(t, dtype=np.float64), 4, increasing=True) @ (BERNSTEIN @ controls)


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

    Between two nodes the width runs linearly with the curve's parameter. All nodes are among the points.

    Raises:
        OptionError: tolerance_px is not positive.
    """
    check_positive(tolerance_px, "tolerance_px")
    if stroke.is_polyline:  # a dot too
        return stroke.nodes.copy(), stroke.width.copy()
    controls = stroke.controls
    steps = _steps(controls, tolerance_px)
    last = np.cumsum(steps)
    segment = np.repeat(np.arange(len(steps)), steps)
    t = (np.arange(last[-1]) - (last - steps)[segment] + 1) / steps[segment]  # ends at 1 in each segment
    powers = np.vander(t, 4, increasing=True)
    points = np.einsum("nk,nkd->nd", powers, (BERNSTEIN @ controls)[segment])
    points[last - 1] = stroke.nodes[1:]
    points = np.concatenate([stroke.nodes[:1], points])
    width = stroke.width[segment] + t * np.diff(stroke.width)[segment]
    width[last - 1] = stroke.width[1:]
    return points, np.concatenate([stroke.width[:1], width])


def _steps(controls: Floats, tolerance_px: float) -> np.ndarray:
    """Return into how many chords each cubic must be cut (Wang's bound on the second differences), 1 for a line."""
    second = np.diff(controls, n=2, axis=1)
    bend = np.hypot(second[..., 0], second[..., 1]).max(axis=1)
    steps = np.ceil(np.sqrt(0.75 * bend / tolerance_px))
    straight = (controls[:, 1] == controls[:, 0]).all(axis=1) & (controls[:, 2] == controls[:, 3]).all(axis=1)
    return np.where(straight, 1, np.clip(steps, 1, _MAX_STEPS)).astype(np.int64)


def stroke_length(stroke: Stroke) -> float:
    """Return the length of the stroke's centre line in pixels (8 × 8-point Gauss quadrature a segment)."""
    if stroke.is_dot:
        return 0.0
    powers = np.stack([0 * _GAUSS_T, 1 + 0 * _GAUSS_T, 2 * _GAUSS_T, 3 * _GAUSS_T**2], axis=1)
    velocity = powers @ (BERNSTEIN @ stroke.controls)  # segments, 64, 2
    return float((np.hypot(velocity[..., 0], velocity[..., 1]) @ _GAUSS_WEIGHT).sum())


def resample(points: ArrayLike, step_px: float) -> Floats:
    """Return points evenly spaced along the polyline, at most step_px apart, both ends kept."""
    check_positive(step_px, "step_px")
    array = as_points(points)
    at = running_length(array)
    if at[-1] == 0:
        return array[:1].copy()
    wanted = np.linspace(0, at[-1], max(2, int(np.ceil(at[-1] / step_px - 1e-9)) + 1))
    return np.stack([np.interp(wanted, at, array[:, 0]), np.interp(wanted, at, array[:, 1])], axis=1)


def simplify(points: ArrayLike, epsilon: float) -> np.ndarray:
    """Return the sorted indices that Ramer–Douglas–Peucker keeps: no dropped point is over epsilon px off the rest."""
    array = as_points(points)
    keep = np.zeros(len(array), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(array) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        distance = distance_to_chord(array[first : last + 1])
        worst = int(distance.argmax())
        if distance[worst] > epsilon:
            keep[first + worst] = True
            stack += [(first, first + worst), (first + worst, last)]
    return np.flatnonzero(keep)


def rotate_closed(stroke: Stroke, start: int) -> Stroke:
    """Return a closed stroke begun at node `start` (its times are dropped)."""
    if start % (len(stroke.nodes) - 1) == 0:
        return stroke
    nodes = np.concatenate([stroke.nodes[start:-1], stroke.nodes[: start + 1]])
    width = np.concatenate([stroke.width[start:-1], stroke.width[: start + 1]])
    return stroke.replace(nodes=nodes, handles=np.roll(stroke.handles, -start, axis=0), width=width, times_ms=None)
