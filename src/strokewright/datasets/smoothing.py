"""Light smoothing of recorded pen points, which lie on the device's grid, into lines as a pen leaves them."""

from __future__ import annotations

import numpy as np

from strokewright.drawing.curves import resample
from strokewright.drawing.drawing import Floats


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
