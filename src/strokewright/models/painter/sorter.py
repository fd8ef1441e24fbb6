"""Sorters: what lies above is decided after the moves, not by their fixed order.

Every move has a depth d, and move j lies above move i with the probability σ(d_j - d_i). A move is seen where it
paints and nothing above it does: v_i = m_i · Π_j (1 - m_j · σ(d_j - d_i)); what is left by all is paper, and the parts
are scaled to add up to 1. For two moves this is the thesis' rule, a convex combination of the colours where the masks
meet. It costs one product a pair of moves, has a gradient for every pair that meets, and ends in a sure order: painting
by rising depth is what it tends to as the differences grow.

Source: Jaques, "Teaching Machines to Paint" (2016), section 5.6, for the pair; the rule for many is ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.render.template import Moves

_TINY = 1e-4


def pair(masks: Tensor, colours: Tensor, depth: Tensor, canvas: Tensor) -> Tensor:
    """Paint two moves by the thesis' rule.

    Args:
        masks: (batch, 2, height, width).
        colours: (batch, 2, channels).
        depth: (batch, 2); the deeper number lies above.
        canvas: (batch, channels, height, width) to paint on.

    Returns:
        (batch, channels, height, width).
    """
    first, second = masks.unsqueeze(2).unbind(1)
    one, two = colours[..., None, None].unbind(1)
    both = first * second
    above = torch.sigmoid(depth[:, 1] - depth[:, 0])[:, None, None, None]
    seen = canvas * (1 - first) * (1 - second) + one * (first - both) + two * (second - both)
    return seen + (one * (1 - above) + two * above) * both


def by_depth(masks: Tensor, colours: Tensor, depth: Tensor, canvas: Tensor) -> Tensor:
    """Paint any number of moves in a soft order.

    Args:
        masks: (batch, moves, height, width).
        colours: (batch, moves, channels).
        depth: (batch, moves); larger numbers lie above.
        canvas: (batch, channels, height, width) to paint on.

    Returns:
        (batch, channels, height, width).
    """
    above = torch.sigmoid(depth[:, :, None] - depth[:, None, :])  # [b, j, i]: j lies above i
    above = above * (1 - torch.eye(depth.shape[1], device=depth.device))
    seen: list[Tensor] = []
    for i in range(depth.shape[1]):
        seen.append(masks[:, i] * (1 - masks * above[:, :, i, None, None]).prod(dim=1))
    visible = torch.stack(seen, dim=1)
    bare = (1 - masks).prod(dim=1)
    share = visible * ((1 - bare) / visible.sum(dim=1).clamp(min=_TINY))[:, None]
    return canvas * bare[:, None] + torch.einsum("bihw,bic->bchw", share, colours)


def in_order(moves: Moves, depth: Tensor) -> Moves:
    """Sort moves by rising depth (batch, moves): the deepest first, as a painter lays them down."""
    order = depth.argsort(dim=1)

    def sort(part: Tensor) -> Tensor:
        index = order.view(*order.shape, *(1,) * (part.ndim - 2)).expand_as(part)
        return part.gather(1, index)

    return Moves(*(None if part is None else sort(part) for part in moves))  # pyright: ignore[reportArgumentType]
