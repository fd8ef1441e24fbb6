"""How much of every pixel a placed template covers: closed forms of circle and square, sampling for all others.

Maps are (n, 2, 3), page → template, with the page over [-1, 1]; coverage is (n, height, width) in [0, 1].
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.render.template_shapes import EXTENT

_TINY = 1e-6


def page_axes(like: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return the page coordinates of the pixels' centres, x (width,) and y (height,)."""
    y, x = ((torch.arange(side, device=like.device, dtype=like.dtype) * 2 + 1) / side - 1 for side in size)
    return x, y


def _images(where: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Map all pixel centres to the template: u and v, each (n, height, width)."""
    column = where[:, :, 0, None] * x  # (n, 2, width)
    row = where[:, :, 1, None] * y + where[:, :, 2, None]  # (n, 2, height)
    u, v = (column[:, :, None, :] + row[:, :, :, None]).unbind(1)
    return u, v


def _per_pixel(where: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the linear part of the maps for steps of one pixel, (n, 2, 2)."""
    return where[:, :, :2] * where.new_tensor([2 / size[1], 2 / size[0]])


def box(where: Tensor, size: tuple[int, int], softness_px: float, upright: bool) -> Tensor:
    """Cover by the square: the product of two bands, each filtered over a pixel; exact for upright ones.

    When all are upright the bands are lines, a great deal cheaper; slants then get no gradient.
    """
    x, y = page_axes(where, size)
    ramp = _per_pixel(where, size).norm(dim=2).clamp(min=_TINY) * (1 + softness_px)
    if upright:
        across, along = (
            _band(where[:, i, i, None] * line + where[:, i, 2, None], ramp[:, i, None]) for i, line in enumerate((x, y))
        )
        return along[:, :, None] * across[:, None, :]
    u, v = _images(where, x, y)
    across, along = (_band(t, ramp[:, i, None, None]) for i, t in enumerate((u, v)))
    return across * along


def _band(t: Tensor, ramp: Tensor) -> Tensor:
    """How much of a ramp around t lies in [-1, 1]."""
    return ((1 + t) / ramp + 0.5).clamp(0, 1) - ((t - 1) / ramp + 0.5).clamp(0, 1)


class Ellipse(torch.autograd.Function):
    """Cover by the circle of radius 1. By hand: it is what long paintings spend their time on.

    With r the distance from the template's centre, (1 - r) divided by the slope of r on the page is the distance in
    pixels to the edge. The slope counts as constant in the gradient, which is exact on the edge itself.
    """

    @staticmethod
    def forward(ctx: Any, where: Tensor, x: Tensor, y: Tensor, softness_px: float) -> Tensor:
        """Return the coverage (n, height, width)."""
        u, v = _images(where, x, y)
        (a, b), (c, d) = (
            (row[:, 0, None, None], row[:, 1, None, None]) for row in _per_pixel(where, (len(y), len(x))).unbind(1)
        )
        radius = torch.hypot(u, v).clamp_(min=_TINY)
        slope = torch.hypot(u * a + v * c, u * b + v * d).clamp_(min=_TINY).mul_(1 + softness_px)
        scale = radius / slope  # 1 / (slope of r · ramp)
        coverage = (1 - radius).mul_(scale).add_(0.5).clamp_(0, 1)
        inner = ((coverage > 0) & (coverage < 1)).to(u.dtype).div_(slope)
        ctx.save_for_backward(u.mul_(inner), v.mul_(inner), x, y)  # slopes of the coverage by -u, -v
        return coverage

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        """Return the gradient of the maps."""
        by_u, by_v, x, y = ctx.saved_tensors
        rows: list[Tensor] = []
        for slope in (by_u, by_v):
            back = gradients[0] * slope
            rows.append(torch.stack([back.sum(1) @ x, back.sum(2) @ y, back.sum((1, 2))], dim=-1))
        return -torch.stack(rows, dim=1), None, None, None


def sampled(field: Tensor, where: Tensor, size: tuple[int, int], softness_px: float) -> Tensor:
    """Cover by the inside of a field (side, side) of distances, read as by a spatial transformer."""
    u, v = _images(where, *page_axes(where, size))
    places = torch.stack([u, v], dim=-1) / EXTENT
    inside = places.clamp(-1, 1)
    distance = _read(field[None], inside)[:, 0] - (places - inside).norm(dim=-1) * EXTENT
    with torch.no_grad():  # how steep the distance is on the page; constant in the gradient, exact on the edge
        slope = _read(torch.stack(torch.gradient(field.detach(), dim=(1, 0))), inside)
        slope = slope / slope.norm(dim=1, keepdim=True).clamp(min=_TINY)
        ramp = torch.einsum("nchw,ncd->ndhw", slope, _per_pixel(where.detach(), size)).norm(dim=1).clamp(min=_TINY)
    return (distance / (ramp * (1 + softness_px)) + 0.5).clamp(0, 1)


def _read(channels: Tensor, places: Tensor) -> Tensor:
    """Read (channels, side, side) at places (n, height, width, 2) in [-1, 1]: (n, channels, height, width)."""
    many = channels.expand(len(places), -1, -1, -1)
    return F.grid_sample(many, places, mode="bilinear", padding_mode="border", align_corners=True)
