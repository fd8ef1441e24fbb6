"""The plain way to the same ink as `curve`: cut each curve into short chords and let autograd do the rest.

Slow and hungry for memory; kept for the tests and as the yardstick of `bench renderers`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.render.curve_kernel import edge_px, power_basis


def coverage_reference(
    control: Tensor, width: Tensor, size: tuple[int, int], softness_px: float = 0.0, chords: int = 24
) -> Tensor:
    """Render every curve on a picture of its own, as `curve.coverage` does.

    Args:
        control: (curves, 3 or 4, 2) pixels.
        width: Full width at start and end, (curves, 2) pixels.
        size: Height and width in pixels.
        softness_px: How much further than a sharp edge the ink fades out.
        chords: Straight pieces a curve is cut into.

    Returns:
        Ink (curves, height, width) in [0, 1].
    """
    t = torch.linspace(0, 1, chords + 1, dtype=control.dtype, device=control.device)
    powers = torch.stack([t**power for power in range(control.shape[1] - 1, -1, -1)])
    points = torch.einsum("apc,ps->csa", power_basis(control), powers)
    y, x = torch.meshgrid(
        torch.arange(size[0], dtype=control.dtype, device=control.device) + 0.5,
        torch.arange(size[1], dtype=control.dtype, device=control.device) + 0.5,
        indexing="ij",
    )
    start, chord = points[:, :-1], points[:, 1:] - points[:, :-1]
    away = torch.stack([x, y], dim=-1).view(1, -1, 1, 2) - start[:, None]  # (curves, pixels, chords, 2)
    share = (away * chord[:, None]).sum(-1) / chord.square().sum(-1).clamp(min=1e-12)[:, None]
    share = share.clamp(0, 1)
    distance = (away - share[..., None] * chord[:, None]).square().sum(-1).add(1e-12).sqrt()
    distance, nearest = distance.min(dim=2)
    t_nearest = (nearest + share.gather(2, nearest[..., None])[..., 0]) / chords
    radius = (width[:, :1] + (width[:, 1:] - width[:, :1]) * t_nearest) / 2
    edge = edge_px(softness_px)
    outer = ((radius - distance) / (2 * edge) + 0.5).clamp(0, 1)
    inner = ((-radius - distance) / (2 * edge) + 0.5).clamp(0, 1)
    ink = outer.square() * (3 - 2 * outer) - inner.square() * (3 - 2 * inner)
    return ink.view(len(control), *size)
