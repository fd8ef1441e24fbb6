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
    pixels to the edge. r² and (r · slope)² are polynomials of degree 2 on the page, so they cost one product of
    matrices each, and the gradient needs nothing but moments. The slope counts as constant in the gradient, which is
    exact on the edge itself.
    """

    @staticmethod
    def forward(ctx: Any, where: Tensor, x: Tensor, y: Tensor, softness_px: float) -> Tensor:
        """Return the coverage (n, height, width)."""
        per_pixel = _per_pixel(where, (len(y), len(x))) * (1 + softness_px)
        square = _form(where.mT @ where, x, y).clamp_(min=_TINY)
        slopes = per_pixel.mT @ where  # page gradient of r² / 2, of the page coordinates and 1
        over_slope = _form(slopes.mT @ slopes, x, y).clamp_(min=_TINY**2).rsqrt_()
        coverage = (square.sqrt() - square).mul_(over_slope).add_(0.5).clamp_(0, 1)
        outside = (coverage <= 0) | (coverage >= 1)
        ctx.save_for_backward(where, over_slope.masked_fill_(outside, 0.0), x, y)
        return coverage

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        """Return the gradient of the maps: coverage falls by u / slope as u grows, and so for v."""
        where, over_slope, x, y = ctx.saved_tensors
        back = gradients[0] * over_slope
        rows = back @ torch.stack([x * x, x, torch.ones_like(x)], dim=1)  # (n, height, 3)
        xx, x1, one = rows.sum(1).unbind(-1)
        xy, y1, yy = rows[..., 1] @ y, rows[..., 2] @ y, rows[..., 2] @ (y * y)
        moments = torch.stack([xx, xy, x1, xy, yy, y1, x1, y1, one], dim=-1).view(-1, 3, 3)
        return -(where @ moments), None, None, None


def _form(matrix: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Evaluate the quadratic forms (n, 3, 3) at all (x, y, 1): (n, height, width)."""
    m = matrix[..., None]
    by_one = m[:, 1, 1] * y**2 + 2 * m[:, 1, 2] * y + m[:, 2, 2]
    by_x = 2 * (m[:, 0, 1] * y + m[:, 0, 2])
    by_xx = m[:, 0, 0].expand_as(by_x)
    return torch.stack([by_xx, by_x, by_one], dim=-1) @ torch.stack([x * x, x, torch.ones_like(x)])


class Superpose(torch.autograd.Function):
    """Paint many masks over a canvas, one by one: c(1 - m) + colour · m. By hand, for the same reason.

    Going back, the gradient that reaches move t is that of the painting times what later moves left bare.
    """

    @staticmethod
    def forward(ctx: Any, canvas: Tensor, masks: Tensor, colours: Tensor) -> Tensor:
        """Return the painting (batch, channels, height, width); arguments as of `template.superpose_all`."""
        before: list[Tensor] = []
        for mask, colour in zip(masks.unbind(1), colours[..., None, None].unbind(1), strict=True):
            before.append(canvas)
            canvas = torch.lerp(canvas, colour, mask[:, None])
        ctx.save_for_backward(masks, colours, *before)
        return canvas

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """Return the gradients of canvas, masks and colours."""
        masks, colours, *before = ctx.saved_tensors
        back, by_mask, by_colour = gradients[0], torch.empty_like(masks), torch.empty_like(colours)
        total = back.sum((2, 3))
        for move in reversed(range(masks.shape[1])):
            torch.sum((colours[:, move, :, None, None] - before[move]).mul_(back), dim=1, out=by_mask[:, move])
            back = back - back * masks[:, move, None]
            left = back.sum((2, 3))
            by_colour[:, move] = total - left
            total = left
        return back, by_mask, by_colour


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
