"""Reading and writing by spatial transformers: a window is an affine map window → page, page and window in [-1, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.render.template import invert


def read(pictures: Tensor, window: Tensor, side_px: int) -> Tensor:
    """Read what lies in windows.

    Args:
        pictures: (batch, channels, height, width); beyond the border they are continued by their edge.
        window: (batch, windows, 2, 3) window → page.
        side_px: Side of what is read.

    Returns:
        (batch, windows, channels, side, side); differentiable in both.
    """
    batch, windows = window.shape[:2]
    # One tall picture of all windows a page: the page is not copied for each.
    grid = F.affine_grid(window.flatten(0, 1), [batch * windows, 1, side_px, side_px], align_corners=False)
    tall = grid.view(batch, windows * side_px, side_px, 2)
    seen = F.grid_sample(pictures, tall, padding_mode="border", align_corners=False)
    return seen.view(batch, -1, windows, side_px, side_px).transpose(1, 2)


def write(patches: Tensor, window: Tensor, size: tuple[int, int]) -> Tensor:
    """Write patches into windows.

    Args:
        patches: (batch, channels, side, side).
        window: (batch, 2, 3) window → page.
        size: Height and width of the page.

    Returns:
        (batch, channels, height, width), 0 outside of the windows; differentiable in both.
    """
    grid = F.affine_grid(invert(window), [len(patches), 1, *size], align_corners=False)
    return F.grid_sample(patches, grid, padding_mode="zeros", align_corners=False)


def around(centre: Tensor, half_axes: Tensor, margin: float, least: float) -> Tensor:
    """Return upright windows (…, 2, 3) around places: half axes times the margin, but at least `least` half pages."""
    half = (half_axes * margin).clamp(min=least)
    return torch.cat([torch.diag_embed(half), centre.unsqueeze(-1)], dim=-1)
