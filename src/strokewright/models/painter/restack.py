"""Moves that lie in a wrong order, and what is hidden of them: a way out of what no gradient leads out of.

A move painted above one that should hide part of it learns to shrink out of the way. Then its depth changes nothing any
more, and nor does its size alone. So both are changed at once: two moves change places, the one that comes to lie below
grows under the other, and what that paints is made exact before it is compared. How far a move reaches below others
the picture does not say; the size that is usual does, and that shapes lie on the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from strokewright.models.painter.actions import centres, from_corners, half_axes, layout, to_corners
from strokewright.models.painter.config import PainterConfig

_UNDER = 0.25  # of the upper one's side: how far the lower one grows under it
_NEAR_PX = 2.0
_BETAS = (0.8, 0.95)
_LAST_RATE = 0.1
_FARTHEST = 25.0  # deviations squared; beyond that a size is as unlikely as it gets


def unusual(config: PainterConfig, actions: Tensor) -> Tensor:
    """Return how unlikely actions (batch, moves, columns) are, (batch,) in squared errors of a pixel.

    By their sizes, and by how far they reach beyond the page.
    """
    usual, deviation = config.usual_size
    size = (actions[..., layout(config).axes] - usual) / deviation
    beyond = (centres(config, actions).abs() + half_axes(config, actions) - 1).clamp(min=0)
    beyond = beyond / (deviation * math.exp(usual))
    far = torch.cat([size, beyond], dim=-1).square().clamp(max=_FARTHEST)
    return config.usual_weight * far.sum((1, 2))


def places_changed(config: PainterConfig, actions: Tensor, one: int, other: int) -> Tensor:
    """Return actions (batch, moves, columns) in which two upright moves have each other's depth.

    Each side of the move that comes to lie below moves under the other where it ends near it.
    """
    depth = layout(config).depth.start
    changed = actions.clone()
    changed[:, one, depth], changed[:, other, depth] = actions[:, other, depth], actions[:, one, depth]
    rows = torch.arange(len(actions), device=actions.device)
    upper = torch.where(changed[:, one, depth] > changed[:, other, depth], one, other)
    lower = one + other - upper
    corners = to_corners(config, changed)
    above, below = corners[rows, upper], corners[rows, lower]
    near = 2 * _NEAR_PX / config.size_px
    for low, across in ((0, 2), (2, 0)):  # columns of left and right, and of top and bottom
        high = low + 1
        shared = torch.minimum(above[:, across + 1], below[:, across + 1]) - torch.maximum(
            above[:, across], below[:, across]
        )
        meets, reach = shared > near / 4, _UNDER * (above[:, high] - above[:, low])
        ends = below[:, high].clone(), below[:, low].clone()
        under = meets & (ends[0] > above[:, low] - near) & (ends[0] < above[:, high])
        below[:, high] = torch.where(under, torch.maximum(ends[0], above[:, low] + reach), ends[0])
        under = meets & (ends[1] < above[:, high] + near) & (ends[1] > above[:, low])
        below[:, low] = torch.where(under, torch.minimum(ends[1], above[:, high] - reach), ends[1])
    corners[rows, lower] = below
    return from_corners(config, corners)


def descended(cost: Callable[[Tensor], Tensor], actions: Tensor, steps: int, rate: float) -> Tensor:
    """Descend from actions (batch, moves, columns) by Adam; return the best that was met for each picture.

    Args:
        cost: Of actions (batch,), what is to become small.
        actions: Where to begin.
        steps: How many steps.
        rate: First learning rate; it falls to a tenth.
    """
    tried = actions.detach().clone().requires_grad_()
    best, least = tried.detach().clone(), tried.new_full((len(tried),), torch.inf)
    optimiser = torch.optim.Adam([tried], lr=rate, betas=_BETAS)
    fall = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, _LAST_RATE, total_iters=steps)
    for step in range(steps + 1):
        with torch.enable_grad():
            costs = cost(tried)
            (tried.grad,) = torch.autograd.grad(costs.sum(), tried)
        better = costs.detach() < least
        least = torch.where(better, costs.detach(), least)
        best = torch.where(better[:, None, None], tried.detach(), best)
        if step < steps:
            optimiser.step()
            fall.step()
    return best
