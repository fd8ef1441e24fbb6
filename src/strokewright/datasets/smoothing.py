"""Light smoothing of recorded pen points, which lie on the device's grid, into lines as a pen leaves them."""

from __future__ import annotations

import numpy as np

from strokewright.drawing.curves import resample, simplify
from strokewright.drawing.drawing import Floats

_CORNER = 2 * np.cos(0.5)  # two unit steps add up to less where the line turns by over a radian


def smoothed(points: Floats, sigma_px: float) -> Floats:
    """Return the polyline resampled at sigma_px / 1.5 and averaged by a Gaussian along its length, ends kept.

    Args:
        points: (n, 2) recorded points.
        sigma_px: Width of the Gaussian in the points' unit; 0 returns the points.
    """
    if sigma_px <= 0 or len(points) < 3:
        return points
    dense = resample(points, sigma_px / 1.5)
    if len(dense) < 3:
        return dense
    reach = min(4, len(dense) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 1.5) ** 2)
    weights /= weights.sum()
    # Mirroring through the ends keeps the ends where they are.
    before, after = 2 * dense[0] - dense[reach:0:-1], 2 * dense[-1] - dense[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, dense, after])
    return np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis=0) @ weights


def curve_through(points: Floats, tolerance_px: float = 0.25) -> Floats:
    """Return cubic controls (segments, 4, 2) through the points that matter, smooth except at corners.

    Fast and plain, for making true strokes, not for fitting them: the polyline is simplified within tolerance_px, and
    at each point kept the handles lie along the line between its neighbours, a third of their segment long.
    """
    kept = points[simplify(points, tolerance_px)]
    step = np.diff(kept, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])[:, None]
    sense = step / np.maximum(length, 1e-12)
    along = sense[1:] + sense[:-1]
    size = np.hypot(along[:, 0], along[:, 1])[:, None]
    corner = size < _CORNER
    along = along / np.maximum(size, 1e-12)
    leaving = np.concatenate([sense[:1], np.where(corner, sense[1:], along)])
    arriving = np.concatenate([np.where(corner, sense[:-1], along), sense[-1:]])
    return np.stack([kept[:-1], kept[:-1] + leaving * length / 3, kept[1:] - arriving * length / 3, kept[1:]], axis=1)
