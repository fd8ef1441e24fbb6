"""Lessons: what the painter should have done, where a picture comes with its truth.

A loss of pixels alone sends the colour of a badly placed shape to that of the paper, and then nothing moves it any
more; the latent cost of a variational painter does the same. A lesson compares the moves with the shapes themselves:
each shape with the move that the cheapest assignment gives it, so that no order is forced on the painter. Colours
decide first, and places among shapes of one colour.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.models.painter.actions import centres, half_axes, layout
from strokewright.models.painter.config import PainterConfig
from strokewright.models.painter.scores import assign, meeting

_COLOUR, _KIND, _THERE, _ORDER = 0.5, 0.1, 0.2, 0.05
_DECIDES = 5.0


def lesson(config: PainterConfig, actions: Tensor, depth: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Return how far actions (batch, moves, columns) are from the truth of `datasets.shapes.SceneBatches`.

    Args:
        config: Of the painter; its templates stand in the order of `datasets.shapes.KINDS`.
        actions: What it does.
        depth: (batch, moves), larger numbers lie above.
        batch: `corners`, `kind`, `colour`, `there`.
    """
    columns, there = layout(config), batch["there"]
    centre, half = centres(config, actions), half_axes(config, actions)
    own = torch.cat([centre - half, centre + half], dim=-1)
    truth = batch["corners"] * (2 / config.size_px) - 1
    place = (own[:, :, None] - truth[:, None]).abs().mean(-1)
    shade = torch.sigmoid(2 * actions[..., columns.colour]).mean(-1)
    shades = (shade[:, :, None] - batch["colour"][:, None]).abs()
    cost = place + _COLOUR * shades
    if len(config.templates) > 1:
        log = torch.log_softmax(actions[..., columns.which], dim=-1)
        cost = cost - _KIND * log.gather(2, batch["kind"][:, None].expand(-1, config.moves, -1))
    cost = cost * there[:, None]
    if config.stops:
        wanted = there[:, None].expand_as(cost)
        logit = actions[..., columns.there].expand_as(cost)
        cost = cost + _THERE * F.binary_cross_entropy_with_logits(logit, wanted, reduction="none")
    chosen = assign(cost.detach() + _DECIDES * shades.detach() * there[:, None])
    loss = cost.gather(1, chosen[:, None])[:, 0].mean()
    if config.sorter == "none":
        return loss
    level = depth.gather(1, chosen)
    wrong = F.softplus(level[:, :, None] - level[:, None])  # the lower one above the upper one
    return loss + _ORDER * (wrong * meeting(batch["corners"], there > 0.5, config.size_px)).sum((1, 2)).mean()
