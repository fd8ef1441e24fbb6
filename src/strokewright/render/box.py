"""Analytic, differentiable boxes: how much of every pixel an axis-aligned rectangle covers, exactly.

Coverage is the product of a row and a column profile, and a profile is the difference of two box-filtered edges
E(x - x0) - E(x - x1), E(d) = clamp(d/(1 + softness) + 1/2, 0, 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.errors import OptionError


def coverage(corners: Tensor, size: tuple[int, int], softness_px: float = 0.0) -> Tensor:
    """Render every box on a picture of its own.

    Args:
        corners: Two opposite corners in pixels, x0, y0, x1, y1 in any order, (boxes, 4).
        size: Height and width of the pictures in pixels.
        softness_px: How much further than a sharp edge the ink fades out, ≥ 0; lets a box feel what lies beside it.

    Returns:
        Coverage (boxes, height, width) in [0, 1]; differentiable in the corners.

    Raises:
        OptionError: Corners of another shape.
    """
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise OptionError(f"box corners: expected (boxes, 4), got {tuple(corners.shape)}")
    x = _profile(corners[:, 0::2], size[1], softness_px)
    y = _profile(corners[:, 1::2], size[0], softness_px)
    return y[:, :, None] * x[:, None, :]


def _profile(ends: Tensor, length: int, softness_px: float) -> Tensor:
    """How much of each pixel of a line lies between two ends (boxes, 2): (boxes, length)."""
    centre = torch.arange(length, device=ends.device, dtype=ends.dtype) + 0.5
    low, high = ends.amin(dim=1, keepdim=True), ends.amax(dim=1, keepdim=True)
    return _edge(centre - low, softness_px) - _edge(centre - high, softness_px)


def _edge(distance: Tensor, softness_px: float) -> Tensor:
    return (distance / (1 + softness_px) + 0.5).clamp(0, 1)
