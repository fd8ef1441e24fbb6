"""Moves that are wasted, and where they are missed: a way out of what no gradient leads out of.

A move that lies under others, or has shrunk to nothing, gets no gradient, while elsewhere a shape is left unpainted.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.models.painter.actions import layout
from strokewright.models.painter.config import PainterConfig
from strokewright.models.painter.state import mean_squares

_SIDE = 0.18  # of the page: a move that is laid anew
_ABOVE = 0.3
_PALEST = 0.02


def least_needed(masks: Tensor, paint: Callable[[Tensor], Tensor], picture: Tensor) -> Tensor:
    """Return which move (batch,) a painting would miss least.

    Args:
        masks: (batch, moves, height, width); changed, and put back.
        paint: What paints such masks: (batch, channels, height, width).
        picture: What is painted.
    """
    errors: list[Tensor] = []
    for mask in masks.unbind(1):
        kept = mask.clone()
        mask.zero_()
        errors.append(mean_squares(paint(masks) - picture)[:, 0, 0])
        mask.copy_(kept)
    return torch.stack(errors, dim=1).argmin(dim=1)


def laid_anew(config: PainterConfig, actions: Tensor, wasted: Tensor, picture: Tensor, canvas: Tensor) -> Tensor:
    """Return actions (batch, moves, columns) with one of each picture small where most is amiss, above all others.

    Args:
        config: Of the painter.
        actions: What it does.
        wasted: Which move to lay anew (batch,).
        picture: What is painted (batch, channels, height, width).
        canvas: What the actions paint, the same shape.
    """
    columns, side = layout(config), picture.shape[-1]
    window = 2 * round(_SIDE * side / 2) + 1
    amiss = (picture - canvas).square().mean(dim=1, keepdim=True)
    place = F.avg_pool2d(amiss, window, 1, window // 2).flatten(1).argmax(dim=1)
    centre = torch.stack([place % side, place // side], dim=1)
    rows = torch.arange(len(actions), device=actions.device)
    row = torch.zeros_like(actions[:, 0])
    row[:, columns.there] = actions[rows, wasted][:, columns.there]  # how many moves there are, others decide
    row[:, columns.centre] = (centre + 0.5) * 2 / side - 1
    row[:, columns.axes] = torch.tensor(_SIDE).log()
    if not config.reads_colour:
        near = F.avg_pool2d(picture, 3, 1, 1, count_include_pad=False).flatten(2)
        colour = near.gather(2, place[:, None, None].expand(-1, near.shape[1], -1))[..., 0]
        row[:, columns.colour] = torch.logit(colour.clamp(_PALEST, 1 - _PALEST)) / 2
    row[:, columns.depth] = actions[..., columns.depth].amax(dim=1) + _ABOVE
    chosen = F.one_hot(wasted, actions.shape[1])[..., None].bool()
    return torch.where(chosen, row[:, None], actions)
