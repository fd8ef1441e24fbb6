"""The three rules by which a new mark meets the canvas: maximum, over, add.

maximum: ink on ink stays ink (the paper's rule for black and white, x' = max(x, C)); over: the newer paint covers by
its alpha (x' = x(1 - α) + C·α); add: light on light, cut at 1.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Rule = Literal["maximum", "over", "add"]


def maximum(canvas: Tensor, ink: Tensor) -> Tensor:
    """Keep the darker ink, pixel by pixel."""
    return torch.maximum(canvas, ink)


def over(canvas: Tensor, colour: Tensor, alpha: Tensor) -> Tensor:
    """Lay colour over the canvas with the given alpha (broadcast over the channels)."""
    return canvas + (colour - canvas) * alpha


def add(canvas: Tensor, ink: Tensor) -> Tensor:
    """Add ink and stop at full."""
    return (canvas + ink).clamp(max=1.0)


def lay(canvas: Tensor, layer: Tensor) -> Tensor:
    """Put a layer on a canvas, by the number of channels: ink by the maximum, L, a, b, alpha over L, a, b.

    Args:
        canvas: (batch, 1 or 3, height, width).
        layer: (batch, 1 or 4, height, width).
    """
    if layer.shape[1] == 1:
        return maximum(canvas, layer)
    return over(canvas, layer[:, :3], layer[:, 3:])


def unite(ink: Tensor, rule: Rule) -> Tensor:
    """Unite the ink of marks (batch, marks, height, width) on blank paper to (batch, height, width).

    With "over" every mark covers a share of what the marks before it left bare: 1 - Π(1 - ink).
    """
    if ink.shape[1] == 0:
        return ink.new_zeros(ink.shape[0], *ink.shape[2:])
    if rule == "maximum":
        return ink.amax(dim=1)
    if rule == "over":
        return 1 - (1 - ink).prod(dim=1)
    return ink.sum(dim=1).clamp(max=1.0)
