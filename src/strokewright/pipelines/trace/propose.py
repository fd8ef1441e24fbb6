"""Candidate strokes, unrefined: from the skeleton, from the drawer, or from the skeleton and then the drawer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from strokewright.drawing import Stroke
from strokewright.drawing.fitting import fit, running_length
from strokewright.pipelines.trace.measure import measure
from strokewright.pipelines.trace.skeleton import Path, skeleton_paths

Ink = NDArray[np.float32]
_WORKING_RADIUS_PX = 2.5  # skeletons are cleanest on lines about this thick


def skeleton_strokes(ink: Ink, tolerance_px: float) -> list[Stroke]:
    """Trace the middle lines of the ink.

    Args:
        ink: (height, width) coverage in [0, 1].
        tolerance_px: How far a fitted curve may leave the measured centre line.

    Returns:
        Strokes with widths, in no particular order.
    """
    scale = working_scale(ink)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    working = ink if scale == 1 else resize(ink, (height, width), order=1, anti_aliasing=scale < 1).astype(np.float32)
    stretch = np.array([ink.shape[1] / width, ink.shape[0] / height])
    strokes: list[Stroke] = []
    for path in skeleton_paths(working):
        large = Path(path.points * stretch, path.width_px * float(stretch.mean()), path.closed)
        strokes.append(to_stroke(measure(ink, large, step_px=float(stretch.mean())), tolerance_px))
    return strokes


def working_scale(ink: Ink) -> float:
    """By how much to resize the ink so that its thinner lines are a few pixels thick."""
    solid = np.pad(ink >= 0.5, 1)
    if not solid.any():
        return 1.0
    radius = ndimage.distance_transform_edt(solid).astype(np.float32)
    ridge = radius[solid & (radius >= ndimage.maximum_filter(radius, 3))] - 0.5
    typical = float(np.quantile(ridge, 0.25))
    if typical < 0.8:
        return 2.0
    return min(1.0, _WORKING_RADIUS_PX / typical) if typical > 1.6 * _WORKING_RADIUS_PX else 1.0


def to_stroke(path: Path, tolerance_px: float) -> Stroke:
    """Fit cubics to a measured path; a path shorter than it is wide is a dot."""
    points, width = path.points, path.width_px
    if path.closed:
        points, width = np.concatenate([points, points[:1]]), np.append(width, width[0])
    along = running_length(points)
    if along[-1] < 0.5 * float(width.mean()):
        return Stroke(points.mean(axis=0)[None], width=float(width.max()))
    controls = fit(points, tolerance_px, closed=path.closed)
    nodes = np.concatenate([controls[:, 0], controls[-1:, 3]])
    nearest = [int(np.argmin(np.hypot(*(points - node).T))) for node in nodes]
    smooth = ndimage.median_filter(width, size=min(9, len(width)), mode="nearest")
    return Stroke.from_controls(controls, width=smooth[nearest])
