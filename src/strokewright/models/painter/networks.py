"""The painter's parts: how it sees, how it remembers from move to move, how a move is corrected."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.models.painter.actions import layout, to_moves
from strokewright.models.painter.attention import read
from strokewright.models.painter.config import PainterConfig
from strokewright.render.template import invert

_STD = 0.05  # of all first weights, as in the thesis
_NEAR, _FAR = 1.5, 3.0  # windows of a glimpse, in the move's own half axes
_LEAST = 2.5  # pixels that half a window spans at least
_CONTEXT = 32
_STRENGTHS = (0.1, 3.0)  # gradients span decades; the last of them also moves downhill by itself
_FIRST_RATE = 0.02
_ALIKE = 0.1  # lightness


def start_small(module: nn.Module) -> None:
    """Give the weights of linear and convolutional layers a normal distribution of deviation 0.05."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            nn.init.normal_(part.weight, std=_STD)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class See(nn.Module):
    """Pictures (batch, channels, side, side) → features (batch, hidden)."""

    def __init__(self, config: PainterConfig, channels: int) -> None:
        super().__init__()
        self.side = config.seen_px or config.size_px
        maps, side = [channels], self.side
        parts: list[nn.Module] = []
        if config.encoder == "convolutional":
            maps += config.channels
            for inner, outer in pairwise(maps):
                parts += [nn.Conv2d(inner, outer, 4, 2, 1), nn.ReLU()]
                side //= 2
        parts.append(nn.Flatten())
        widths = [maps[-1] * side**2, *[config.hidden] * config.layers]
        for inner, outer in pairwise(widths):
            parts += [nn.Linear(inner, outer), nn.ReLU()]
        self.layers = nn.Sequential(*parts)
        if config.encoder == "dense":
            start_small(self)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the features; larger pictures are averaged first."""
        if picture.shape[-1] != self.side:
            picture = F.interpolate(picture, (self.side, self.side), mode="area")
        return self.layers(0.5 - picture)  # paper is white more often than not


class Correct(nn.Module):
    """Each move reads the picture and the canvas around itself, in its own frame, and is changed a little.

    The network is one for all moves, so it learns from each of them, and knows pictures only by what lies around a
    move: it goes on working on pictures unlike those it was trained on.
    """

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.config = config
        maps = 2 * config.colours + config.seeks_colour + (config.sorter == "depth")
        seen = 2 * maps * config.glimpse_px**2
        self.context = nn.Linear(config.hidden, _CONTEXT)
        width = layout(config).width
        felt = width * len(_STRENGTHS) if config.feels else 0
        self.rate = nn.Parameter(torch.full((width,), _FIRST_RATE)) if config.feels else None
        self.layers = nn.Sequential(
            nn.Linear(seen + width + felt + _CONTEXT, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
        )
        self.change = nn.Linear(config.hidden, width)
        nn.init.normal_(self.change.weight, std=0.01)
        nn.init.zeros_(self.change.bias)

    def forward(
        self,
        picture: Tensor,
        canvas: Tensor,
        actions: Tensor,
        features: Tensor,
        slope: Tensor | None,
        relief: Tensor | None,
    ) -> Tensor:
        """Return how the actions change.

        Args:
            picture: (batch, channels, height, width).
            canvas: The same shape: what the actions paint.
            actions: (batch, moves, columns).
            features: (batch, hidden) of the picture.
            slope: Gradient of the squared error in pixels with respect to the actions, if they are to feel it.
            relief: Depth (batch, 1, height, width) of what is seen of the canvas, where moves have one.
        """
        config, columns = self.config, layout(self.config)
        moves = to_moves(config, actions.detach())
        frame = invert(moves.where)
        known = torch.cat([picture, canvas] if relief is None else [picture, canvas, relief], dim=1).detach()
        seen = self._glimpses(known, frame, moves.what, 10 * actions.detach()[..., columns.depth])
        context = self.context(features)[:, None].expand(-1, actions.shape[1], -1)
        parts = [seen, actions.detach(), context]
        if slope is not None:
            pull = torch.einsum("bmpt,bmp->bmt", frame[..., :2], slope[..., columns.centre])
            own = torch.cat([pull, slope[..., columns.centre.stop :]], dim=-1)
            parts += [torch.asinh(own * strength) for strength in _STRENGTHS]
        change = self.change(self.layers(torch.cat(parts, dim=-1)))
        if self.rate is not None:  # downhill from the start; the network learns to do better
            change = change - self.rate * parts[-1]
        shift = torch.einsum("bmpt,bmt->bmp", frame[..., :2], change[..., columns.centre])
        return torch.cat([shift, change[..., columns.centre.stop :]], dim=-1)

    def _glimpses(self, seen: Tensor, frame: Tensor, colour: Tensor, depth: Tensor) -> Tensor:
        """Read near and far around each move: (batch, moves, numbers)."""
        side = self.config.glimpse_px
        least = _LEAST * 2 / self.config.size_px
        length = frame[..., :2].norm(dim=-2, keepdim=True).clamp(min=1e-4)
        parts: list[Tensor] = []
        for margin in (_NEAR, _FAR):
            linear = frame[..., :2] / length * (margin * length).clamp(min=least)
            glimpse = read(seen, torch.cat([linear, frame[..., 2:]], dim=-1), side)
            if depth.shape[-1]:  # how far above the move what is seen lies
                above = torch.tanh((glimpse[:, :, -1:] - depth[..., None, None]) / 2)
                glimpse = torch.cat([glimpse[:, :, :-1], above], dim=2)
            parts.append(glimpse.flatten(2))
            if self.config.seeks_colour:
                off = (glimpse[:, :, : self.config.colours] - colour[..., None, None]) / _ALIKE
                parts.append(torch.exp(-off.square().mean(dim=2)).flatten(2))
        return torch.cat(parts, dim=-1)
