"""Analytic, differentiable prisms in three views: exact coverage, and hiding by depth.

Views are those of `drawing/solids.py`. A layer of a prism holds, view by view, L, a, b, alpha; the canvas holds L, a, b
of each view. What is nearer hides what is farther whatever the order of drawing, so a canvas is made anew from all
layers so far (`stack`). Boxes that do not run through one another are hidden rightly when sorted by their near faces;
the order itself has no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.render import box
from strokewright.render.composite import over


def coverage(corners: Tensor, size_px: int, softness_px: float = 0.0) -> Tensor:
    """Render every prism's three views on pictures of its own.

    Args:
        corners: Two opposite corners as shares of the cube, x0, y0, z0, x1, y1, z1 in any order, (prisms, 6).
        size_px: Side of a view in pixels.
        softness_px: How much further than a sharp edge the ink fades out, ≥ 0.

    Returns:
        Coverage (prisms, 3, size, size) in [0, 1], views front, side, top; differentiable in the corners.

    Raises:
        OptionError: Corners of another shape.
    """
    if corners.ndim != 2 or corners.shape[1] != 6:
        raise OptionError(f"prism corners: expected (prisms, 6), got {tuple(corners.shape)}")
    x, y, z = corners[:, 0::3], corners[:, 1::3], corners[:, 2::3]
    faces = torch.stack([_face(x, y), _face(z, y), _face(x, 1 - z)], dim=1)  # (prisms, 3, 4)
    return box.coverage(faces.flatten(0, 1) * size_px, (size_px, size_px), softness_px).unflatten(0, (-1, 3))


def nearness(corners: Tensor) -> Tensor:
    """Say how near the near face of each prism (…, 6) is in each view, (…, 3); more is nearer."""
    low, high = torch.minimum(corners[..., :3], corners[..., 3:6]), torch.maximum(corners[..., :3], corners[..., 3:6])
    return torch.stack([-low[..., 2], high[..., 0], -low[..., 1]], dim=-1)


def stack(paper: Tensor, layers: Sequence[Tensor], corners: Sequence[Tensor]) -> Tensor:
    """Put layers of prisms on paper, far ones first in each view.

    Args:
        paper: Empty canvases (batch, 9, height, width).
        layers: One a prism, (batch, 12, height, width).
        corners: Corners of the same prisms, each (batch, 6 or more).

    Returns:
        Canvases (batch, 9, height, width).
    """
    order = nearness(torch.stack(list(corners), dim=1).detach()).argsort(dim=1)  # (batch, prisms, views)
    views = torch.stack([layer.unflatten(1, (3, 4)) for layer in layers], dim=1)
    canvas = paper.unflatten(1, (3, 3))
    for rank in range(len(layers)):
        index = order[:, rank, :, None, None, None].unsqueeze(1).expand(-1, 1, *views.shape[2:])
        layer = views.gather(1, index)[:, 0]
        canvas = over(canvas, layer[:, :, :3], layer[:, :, 3:])
    return canvas.flatten(1, 2)


def _face(across: Tensor, down: Tensor) -> Tensor:
    """Interleave two ends across (prisms, 2) and two ends down to corners (prisms, 4)."""
    return torch.stack([across, down], dim=2).flatten(1)
