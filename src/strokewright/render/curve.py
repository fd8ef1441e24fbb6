"""Analytic, differentiable strokes: quadratic and cubic Béziers with a width at each end, on CPU and GPU.

The degree follows from the shape: 3 control points make a quadratic, 4 a cubic. Positions and widths are pixels; a
pixel's centre lies at (column + 0.5, row + 0.5). Only tiles that the ink can reach are computed. Raise `softness_px` to
let a stroke feel pixels further away (needed at the start of training, where a hard stroke has no gradient toward ink
it does not touch yet), and lower it to 0, which agrees with the true renderer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.render.composite import Rule, unite
from strokewright.render.curve_kernel import Coverage, edge_px, even_samples, features, power_basis

_TILE_PX = 8
_CULL_SAMPLES = 16


def coverage(control: Tensor, width: Tensor, size: tuple[int, int], softness_px: float = 0.0) -> Tensor:
    """Render every curve on a picture of its own.

    Args:
        control: Control points in pixels, (curves, 3 or 4, 2).
        width: Full width in pixels at the start and the end, (curves, 2).
        size: Height and width of the pictures in pixels.
        softness_px: How much further than a sharp edge the ink fades out, ≥ 0.

    Returns:
        Ink (curves, height, width) in [0, 1]; differentiable in control and width.

    Raises:
        OptionError: Shapes that do not fit together.
    """
    _check(control, width)
    height, breadth = size
    rows, columns = -(-height // _TILE_PX), -(-breadth // _TILE_PX)
    curve, tile = _reached_tiles(control.detach(), width.detach(), rows, columns, softness_px)
    inside = torch.arange(_TILE_PX, device=control.device, dtype=control.dtype) + 0.5
    left = (tile % columns).to(control.dtype) * _TILE_PX
    top = tile.div(columns, rounding_mode="floor").to(control.dtype) * _TILE_PX
    px = inside.repeat(_TILE_PX)[:, None] + left  # (pixels of a tile, pairs)
    py = inside.repeat_interleave(_TILE_PX)[:, None] + top
    samples = even_samples(power_basis(control)).index_select(1, curve)
    ink, _ = Coverage.apply(features(control, width).index_select(1, curve), px, py, samples, None, softness_px)
    tiles = ink.new_zeros(len(control) * rows * columns, _TILE_PX * _TILE_PX)
    tiles = tiles.index_copy(0, curve * (rows * columns) + tile, ink.t())
    picture = tiles.view(len(control), rows, columns, _TILE_PX, _TILE_PX).transpose(2, 3)
    return picture.reshape(len(control), rows * _TILE_PX, columns * _TILE_PX)[:, :height, :breadth]


def render(
    control: Tensor,
    width: Tensor,
    size: tuple[int, int],
    softness_px: float = 0.0,
    composite: Rule = "maximum",
) -> Tensor:
    """Render the ink of several curves on each picture.

    Args:
        control: (batch, marks, 3 or 4, 2) pixels.
        width: (batch, marks, 2) pixels.
        size: Height and width in pixels.
        softness_px: As in `coverage`.
        composite: How marks of one picture meet.

    Returns:
        Ink (batch, height, width) in [0, 1]; no marks give bare paper.
    """
    ink = coverage(control.flatten(0, 1), width.flatten(0, 1), size, softness_px)
    return unite(ink.view(*control.shape[:2], *size), composite)


def coverage_of_pairs(
    pixels: Tensor,
    control: Tensor,
    width: Tensor,
    curve_index: Tensor | None = None,
    t_start: Tensor | None = None,
    softness_px: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Compute coverage on chosen (pixel, curve) pairs only: the sparse form, for refining whole pictures.

    Args:
        pixels: Centres of the pixels as x, y in pixels, (pairs, 2).
        control: Control points, (pairs, 3 or 4, 2), or (curves, 3 or 4, 2) together with curve_index.
        width: Full widths at start and end, (pairs, 2) or (curves, 2).
        curve_index: Which curve each pair is of, (pairs,) int64.
        t_start: Nearest parameters of an earlier call, (pairs,): skips the search. Right while the curves move little.
        softness_px: As in `coverage`.

    Returns:
        Coverage (pairs,), differentiable in control and width, and the nearest parameters t (pairs,).
    """
    _check(control, width)
    rows = features(control, width)
    samples = even_samples(power_basis(control)) if t_start is None else rows[:0]
    if curve_index is not None:
        rows, samples = rows.index_select(1, curve_index), samples.index_select(1, curve_index)
    start = None if t_start is None else t_start[None]
    ink, t = Coverage.apply(rows, pixels[None, :, 0], pixels[None, :, 1], samples, start, softness_px)
    return ink[0], t[0]


def _check(control: Tensor, width: Tensor) -> None:
    if control.ndim != 3 or control.shape[1] not in (3, 4) or control.shape[2] != 2:
        raise OptionError(f"control points: expected (curves, 3 or 4, 2), got {tuple(control.shape)}")
    if width.shape != (len(control), 2):
        raise OptionError(f"widths: expected ({len(control)}, 2), got {tuple(width.shape)}; give start and end width")


def _reached_tiles(
    control: Tensor, width: Tensor, rows: int, columns: int, softness_px: float
) -> tuple[Tensor, Tensor]:
    """List the (curve, tile) pairs that ink can reach: tiles near enough to one of a few points of the curve."""
    degree = control.shape[1] - 1
    at = (torch.arange(_CULL_SAMPLES, device=control.device, dtype=control.dtype) + 0.5) / _CULL_SAMPLES
    powers = torch.stack([at**power for power in range(degree, -1, -1)])
    x, y = torch.einsum("apc,ps->acs", power_basis(control), powers)
    fastest = degree * (control[:, 1:] - control[:, :-1]).norm(dim=2).amax(dim=1)
    gap = fastest / (2 * _CULL_SAMPLES)
    reach = width.amax(dim=1) / 2 + edge_px(softness_px) + gap + _TILE_PX * 0.5**0.5
    centre_x = (torch.arange(columns, device=control.device, dtype=control.dtype) + 0.5) * _TILE_PX
    centre_y = (torch.arange(rows, device=control.device, dtype=control.dtype) + 0.5) * _TILE_PX
    dx = (x[:, None] - centre_x[:, None]).square()  # (curves, columns, samples)
    dy = (y[:, None] - centre_y[:, None]).square()
    near = (dx[:, None] + dy[:, :, None]).amin(dim=3) <= reach[:, None, None].square()
    curve, tile = near.flatten(1).nonzero(as_tuple=True)
    return curve, tile
