"""Centre line and width of an inked path, below the pixel.

A skeleton lies on whole pixels. Across a line the ink itself says more: its centroid is the centre line, its sum is
the width. Both are read along normals, where the line stands alone, and interpolated where it meets another.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from strokewright.drawing.curves import resample
from strokewright.drawing.fitting import running_length
from strokewright.pipelines.trace.skeleton import Path

Floats = NDArray[np.float64]


def measure(ink: NDArray[np.float32], path: Path, step_px: float = 1.0) -> Path:
    """Move a path onto the middle of its ink and measure the ink's width.

    Args:
        ink: (height, width) coverage in [0, 1].
        path: Points near the middle of a line and a first guess of its width, in pixels of `ink`.
        step_px: Spacing of the measurements, about the grain of the path's points.

    Returns:
        The path resampled every `step_px`, with measured centre and width; dots come back as they are.
    """
    if len(path.points) < 2:
        return path
    loop = np.concatenate([path.points, path.points[:1]]) if path.closed else path.points
    points = resample(loop, step_px)
    guess = np.interp(
        running_length(points), running_length(loop), np.append(path.width_px, path.width_px[0])[: len(loop)]
    )
    guess = ndimage.median_filter(guess, 9, mode="nearest")
    mode = "wrap" if path.closed else "nearest"
    smooth = np.stack([_blur(column, 2.5, mode) for column in points.T], axis=1)
    tangent: Floats = np.gradient(smooth, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    shift, width, sure = _profile(ink, points, normal, guess, 0.5 * step_px)
    shift = _fill(shift, sure, np.zeros_like(shift))  # not smoothed: its stairs cancel those of the skeleton's pixels
    width = _fill(width, sure, guess)
    width = ndimage.gaussian_filter1d(width, 3.0, mode=mode)
    return replace(path, points=points + shift[:, None] * normal, width_px=np.maximum(width, 0.3))


def _blur(values: Floats, sigma: float, mode: str) -> Floats:
    """Gaussian blur along a line that leaves its two ends in place."""
    if mode == "wrap":
        return ndimage.gaussian_filter1d(values, sigma, mode="wrap")
    line = np.linspace(values[0], values[-1], len(values))
    residual = values - line
    # An odd continuation keeps the ends still.
    extended = np.concatenate([-residual[:0:-1], residual, -residual[-2::-1]])
    blurred = ndimage.gaussian_filter1d(extended, sigma, mode="nearest")
    return line + blurred[len(values) - 1 : 2 * len(values) - 1]


def _profile(
    ink: NDArray[np.float32], points: Floats, normal: Floats, guess: Floats, step: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Ink centroid and sum across the line at each point, and where both sides end on paper."""
    half = int(np.ceil((guess.max() * 0.75 + 2.0) / step))
    offsets = np.arange(-half, half + 1) * step
    at = points[:, None] + offsets[:, None] * normal[:, None]
    across = ndimage.map_coordinates(ink, [at[..., 1] - 0.5, at[..., 0] - 0.5], order=1, mode="constant")
    inside = across > 0.06
    right = np.logical_and.accumulate(inside[:, half:], axis=1)
    left = np.logical_and.accumulate(inside[:, half::-1], axis=1)
    run = np.concatenate([left[:, :0:-1], right], axis=1)
    mass = across * run
    total = mass.sum(axis=1)
    shift = (mass * offsets).sum(axis=1) / np.maximum(total, 1e-9)
    width = total * step
    ends = ~right[:, -1] & ~left[:, -1] & right[:, 0]
    sure = ends & (np.abs(shift) < 0.4 * guess + 0.7) & (np.abs(width - guess) < 0.45 * guess + 1.0)
    return shift, width, sure


def _fill(values: Floats, sure: NDArray[np.bool_], fallback: Floats) -> Floats:
    """Interpolate unsure values along the line; `fallback` where nothing is sure."""
    where = np.flatnonzero(sure)
    return np.interp(np.arange(len(values)), where, values[where]) if len(where) else fallback
