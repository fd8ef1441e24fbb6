"""DRAW with spatial-transformer attention, and T-DRAW, which writes by templates.

Each step reads a window of the picture and of what is missing on the canvas, an encoder LSTM gives the latent
variable's distribution, a decoder LSTM takes a sample and writes: DRAW a patch into a window, added to a hidden canvas
whose sigmoid is the picture; T-DRAW a template, painted over. The loss is the negative lower bound: cross-entropy plus
the distance of the posterior from N(0, 1), both sums.

Source: Gregor et al., "DRAW" (2015); Jaques, "Teaching Machines to Paint" (2016), sections 2.2.2 and 4.1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.painter.attention import read, write
from strokewright.models.painter.scores import scene_scores
from strokewright.models.pretrained import Pretrained
from strokewright.render.template import Moves, TemplateBank, invert, paper, placed, superpose
from strokewright.render.template import write as write_template

_SURE = 1e-3  # cross-entropy counts no pixel as surer than that


class DrawConfig(BaseModel):
    """Shape of DRAW or T-DRAW."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: int = Field(28, ge=8, le=128, description="Side of the pictures, one channel")
    steps: int = Field(2, ge=1, le=64, description="Glimpses, and moves")
    hidden: int = Field(256, ge=8, description="Width of both LSTMs")
    latent_size: int = Field(50, ge=1, description="Latent variables of a step")
    window_px: int = Field(10, ge=2, description="Side of what is read and written")
    template: str = Field("", description="Template that T-DRAW paints with; empty: DRAW")
    paper: float = Field(1.0, ge=0, le=1, description="Lightness of T-DRAW's bare canvas")


class Steps(NamedTuple):
    """What the steps did: canvases after each (batch, steps, 1, h, w), moves of T-DRAW, latent cost (batch,)."""

    canvases: Tensor
    moves: Moves | None
    cost: Tensor


def frame(numbers: Tensor) -> Tensor:
    """Turn free numbers (batch, 4), centre and logarithms of half axes, into maps window → page."""
    return placed(numbers[:, :2].clamp(-1.2, 1.2), numbers[:, 2:].clamp(-4, 0.7).exp())


def normal_cost(mean: Tensor, log: Tensor) -> Tensor:
    """Return the divergence (batch,) of N(mean, exp(log)²) from N(0, 1)."""
    return 0.5 * (mean.square() + (2 * log).exp() - 2 * log - 1).sum(dim=1)


def entropy(canvas: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy (batch,) of pictures, in nats a picture."""
    sure = canvas.clamp(_SURE, 1 - _SURE)
    return F.binary_cross_entropy(sure, target, reduction="none").flatten(1).sum(dim=1)


class Draw(Pretrained):
    """DRAW, or T-DRAW where the config names a template."""

    def __init__(self, config: DrawConfig) -> None:
        super().__init__()
        self.config = config
        hidden, window = config.hidden, config.window_px**2
        self.bank = TemplateBank([config.template]) if config.template else None
        self.where_to_read = nn.Linear(hidden, 4)
        self.encoder = nn.LSTMCell(2 * window + hidden, hidden)
        self.mean, self.log = nn.Linear(hidden, config.latent_size), nn.Linear(hidden, config.latent_size)
        self.decoder = nn.LSTMCell(config.latent_size, hidden)
        self.where_to_write = nn.Linear(hidden, 4)
        self.what_to_write = nn.Linear(hidden, 1 if self.bank else window)

    def blank(self, batch: int) -> Tensor:
        """Return canvases before the first step: bare paper, or a hidden canvas of zeros."""
        colour = self.config.paper if self.bank else 0.0
        side = self.config.size_px
        return paper(batch, (colour,), (side, side), self.mean.weight.device)

    def run(self, picture: Tensor | None, batch: int, generator: torch.Generator | None = None) -> Steps:
        """Make all steps, from a picture (batch, 1, size, size), or from the prior."""
        config, device = self.config, self.mean.weight.device
        zeros = torch.zeros(batch, config.hidden, device=device)
        seen, thought = (zeros, zeros), (zeros, zeros)
        canvas, cost = self.blank(batch), zeros[:, 0]
        canvases: list[Tensor] = []
        moves: list[tuple[Tensor, Tensor]] = []
        for _ in range(config.steps):
            noise = torch.randn(batch, config.latent_size, generator=generator, device=device)
            if picture is not None:
                seen = self.encoder(self._glimpse(picture, canvas, thought[0]), seen)
                mean, log = self.mean(seen[0]), self.log(seen[0])
                cost, noise = cost + normal_cost(mean, log), mean + log.exp() * noise
            thought = self.decoder(noise, thought)
            canvas, move = self._write(canvas, thought[0])
            canvases.append(canvas if self.bank else torch.sigmoid(canvas))
            moves.append(move)
        return Steps(torch.stack(canvases, dim=1), self._moves(moves), cost)

    def _glimpse(self, picture: Tensor, canvas: Tensor, thought: Tensor) -> Tensor:
        missing = picture - (canvas if self.bank else torch.sigmoid(canvas))
        window = frame(self.where_to_read(thought))[:, None]
        read_ = read(torch.cat([picture, missing], dim=1), window, self.config.window_px)
        return torch.cat([read_.flatten(1), thought], dim=1)

    def _write(self, canvas: Tensor, thought: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Write one step; return the canvas, and where and what was written."""
        window, what = frame(self.where_to_write(thought)), self.what_to_write(thought)
        size = (self.config.size_px, self.config.size_px)
        if self.bank is None:
            patch = what.view(-1, 1, self.config.window_px, self.config.window_px)
            return canvas + write(patch, window, size), (window, what)
        where, colour = invert(window), torch.sigmoid(what)
        mask = write_template(self.bank, torch.ones_like(colour), where, size)
        return superpose(canvas, mask, colour), (where, colour)

    def _moves(self, made: list[tuple[Tensor, Tensor]]) -> Moves | None:
        if self.bank is None:
            return None
        where, what = (torch.stack(part, dim=1) for part in zip(*made, strict=True))
        return Moves(where, what, torch.ones_like(what))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the negative lower bound of `target` (batch, 1, size, size) in nats, and its two parts."""
        target = batch["target"].float()
        steps = self.run(target, len(target))
        reconstruction, cost = entropy(steps.canvases[:, -1], target).mean(), steps.cost.mean()
        return {"loss": reconstruction + cost, "reconstruction": reconstruction, "cost": cost}

    @torch.no_grad()
    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure pixels, the squared distance, and for T-DRAW the scores of scenes."""
        target = batch["target"].float()
        steps = self.run(target, len(target))
        scores = {"pixels": F.mse_loss(steps.canvases[:, -1], target).item()}
        if steps.moves is None or self.bank is None or "corners" not in batch:
            return scores
        return scores | scene_scores(steps.moves, self.bank.names, batch, self.config.size_px)

    @torch.no_grad()
    def sample(self, count: int, seed: int = 0) -> Tensor:
        """Draw pictures (count, 1, size, size) from the prior."""
        generator = torch.Generator(self.mean.weight.device).manual_seed(seed)
        return self.run(None, count, generator).canvases[:, -1]
