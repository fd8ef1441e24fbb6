"""How much of every pixel a placed shape covers, from its field of distances; by hand, for shapes that do not change.

The same coverage as `template_kernel.sampled`, but faster: field and slopes are read together, and the gradient needs
no second reading.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.render.template_kernel import page_axes
from strokewright.render.template_shapes import EXTENT

_TINY = 1e-6


def with_slopes(field: Tensor) -> Tensor:
    """Return a field (side, side) and its direction of growth along x and y, of length 1: (3, side, side)."""
    down, right = torch.gradient(field)
    length = torch.hypot(right, down).clamp(min=_TINY)
    return torch.stack([field, right / length, down / length])


class Shape(torch.autograd.Function):
    """Cover by the inside of a field; the slope on the page counts as constant in the gradient."""

    @staticmethod
    def forward(ctx: Any, where: Tensor, field: Tensor, size: tuple[int, int], softness_px: float) -> Tensor:
        """Return the coverage (n, height, width).

        Args:
            ctx: Torch's.
            where: (n, 2, 3) page → template.
            field: (3, side, side) of `with_slopes`.
            size: Height and width of the page in pixels.
            softness_px: How much further than a sharp edge the coverage fades out.
        """
        count, (height, width) = len(where), size
        x, y = page_axes(where, size)
        grid = torch.stack(torch.broadcast_tensors(x, y[:, None], x.new_ones(())), dim=-1).view(-1, 3)
        places = grid @ where.mT / EXTENT  # (n, pixels, 2)
        inside = places.clamp(-1, 1)
        read = F.grid_sample(
            field.to(where.dtype).expand(count, -1, -1, -1), inside[:, None], padding_mode="border", align_corners=True
        )[:, :, 0]
        distance, slopes = read[:, 0], read[:, 1:]  # (n, pixels), (n, 2, pixels)
        linear = where[:, :, :2] * where.new_tensor([2 / width, 2 / height])
        ramp = (linear.mT @ slopes).norm(dim=1).clamp_(min=_TINY).mul_(1 + softness_px)
        beyond = (places - inside).norm(dim=-1).mul_(EXTENT)
        coverage = (distance - beyond).div_(ramp).add_(0.5).clamp_(0, 1)
        edge = ((coverage > 0) & (coverage < 1)).to(where.dtype).div_(ramp)
        ctx.save_for_backward(slopes * edge[:, None], grid)
        return coverage.view(count, height, width)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        """Return the gradient of the maps."""
        slopes, grid = ctx.saved_tensors
        return (slopes * gradients[0].flatten(1)[:, None]) @ grid, None, None, None
