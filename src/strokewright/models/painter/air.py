"""AIR with spatial transformers, and T-AIR, which writes by templates: objects one by one, as many as there are.

At each step an LSTM that sees the picture gives three latent variables: whether there is a further object, where it is
(centre and half axes), and what it is, from what is read there. AIR decodes "what" into a patch and adds it; T-AIR's
"what" is a colour, painted over by a template at the place that was read. The loss is the negative lower bound.

Source: Eslami et al., "Attend, Infer, Repeat" (2016); Jaques, "Teaching Machines to Paint" (2016), sections 2.2.3 and
4.2. Differs in "whether", relaxed (the concrete distribution) where AIR uses a score-function estimate.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.painter.attention import read, write
from strokewright.models.painter.draw import entropy, frame, normal_cost
from strokewright.models.painter.scores import scene_scores
from strokewright.models.pretrained import Pretrained
from strokewright.render.template import Moves, TemplateBank, invert, paper, superpose
from strokewright.render.template import write as write_template

_TINY = 1e-6


class AirConfig(BaseModel):
    """Shape of AIR or T-AIR."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: int = Field(28, ge=8, le=128, description="Side of the pictures, one channel")
    steps: int = Field(2, ge=1, le=32, description="Most objects")
    hidden: int = Field(256, ge=8, description="Width of the LSTM and of the networks of an object")
    latent_size: int = Field(20, ge=1, description="AIR's latent variables of what an object is; T-AIR has one")
    window_px: int = Field(12, ge=2, description="Side of what is read and written")
    template: str = Field("", description="Template that T-AIR paints with; empty: AIR")
    paper: float = Field(1.0, ge=0, le=1, description="Lightness of the bare canvas")
    more: float = Field(0.5, gt=0, lt=1, description="Prior probability of a further object")
    temperature: float = Field(0.5, gt=0, description="Of the relaxed choice whether there is one")
    first_log_axes: float = Field(-1.0, description="Prior mean of the logarithm of half axes: how large objects are")


class Objects(NamedTuple):
    """Canvases after each step (batch, steps, 1, h, w), the moves of T-AIR, latent cost (batch,)."""

    canvases: Tensor
    moves: Moves | None
    cost: Tensor


class Air(Pretrained):
    """AIR, or T-AIR where the config names a template."""

    def __init__(self, config: AirConfig) -> None:
        super().__init__()
        self.config = config
        hidden, window = config.hidden, config.window_px**2
        what = 1 if config.template else config.latent_size
        self.bank = TemplateBank([config.template]) if config.template else None
        self.memory = nn.LSTMCell(config.size_px**2 + 4 + what + 1, hidden)
        self.whether = nn.Linear(hidden, 1)
        self.where = nn.Linear(hidden, 8)
        self.glimpse = nn.Sequential(nn.Linear(window, hidden), nn.ReLU(), nn.Linear(hidden, 2 * what))
        self.patch = None
        if self.bank is None:
            self.patch = nn.Sequential(nn.Linear(what, hidden), nn.ReLU(), nn.Linear(hidden, window))
        nn.init.constant_(self.whether.bias, 2.0)  # look for objects at first
        nn.init.zeros_(self.where.weight)

    def run(self, picture: Tensor) -> Objects:
        """Explain pictures (batch, 1, size, size)."""
        config, batch = self.config, len(picture)
        what = picture.new_zeros(batch, 1 if self.bank else config.latent_size)
        where, there, cost = picture.new_zeros(batch, 4), picture.new_ones(batch, 1), picture.new_zeros(batch)
        state = (picture.new_zeros(batch, config.hidden),) * 2
        canvas = paper(batch, (config.paper,), (config.size_px, config.size_px), picture.device)
        canvases: list[Tensor] = []
        moves: list[tuple[Tensor, Tensor, Tensor]] = []
        for _ in range(config.steps):
            state = self.memory(torch.cat([picture.flatten(1), where, what, there], dim=1), state)
            there, whether_cost = self._choose(self.whether(state[0]), there)
            where, where_cost = _noisy(self.where(state[0]))
            shift = where.new_tensor([0, 0, config.first_log_axes, config.first_log_axes])
            window = frame(0.5 * where + shift)
            what, what_cost = _noisy(self.glimpse(read(picture, window[:, None], config.window_px).flatten(1)))
            cost = cost + whether_cost + there[:, 0] * (where_cost + what_cost)
            canvas = self._write(canvas, window, what, there)
            canvases.append(canvas)
            moves.append((invert(window), torch.sigmoid(4 * what[:, :1]), there))
        return Objects(torch.stack(canvases, dim=1), self._moves(moves), cost)

    def _choose(self, logit: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Say whether there is one more (batch, 1), and what that costs (batch,)."""
        config = self.config
        noise = torch.rand_like(logit).clamp(_TINY, 1 - _TINY)
        soft = torch.sigmoid((logit + noise.log() - (1 - noise).log()) / config.temperature)
        share, prior = torch.sigmoid(logit).clamp(_TINY, 1 - _TINY), config.more
        cost = share * (share / prior).log() + (1 - share) * ((1 - share) / (1 - prior)).log()
        return before * soft, (before * cost)[:, 0]

    def _write(self, canvas: Tensor, window: Tensor, what: Tensor, there: Tensor) -> Tensor:
        size = (self.config.size_px, self.config.size_px)
        if self.bank is not None:
            mask = write_template(self.bank, torch.ones_like(there), invert(window), size)
            return superpose(canvas, mask * there[..., None], torch.sigmoid(4 * what))
        assert self.patch is not None
        patch = torch.sigmoid(self.patch(what) - 2.0).view(-1, 1, self.config.window_px, self.config.window_px)
        ink = write(patch, window, size) * there[..., None, None]
        return canvas - ink if self.config.paper > 0.5 else canvas + ink

    def _moves(self, made: list[tuple[Tensor, Tensor, Tensor]]) -> Moves | None:
        if self.bank is None:
            return None
        where, what, there = (torch.stack(part, dim=1) for part in zip(*made, strict=True))
        return Moves(where, what, torch.ones_like(what), there[..., 0])

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the negative lower bound of `target` (batch, 1, size, size) in nats, and its two parts."""
        target = batch["target"].float()
        objects = self.run(target)
        reconstruction, cost = entropy(objects.canvases[:, -1], target).mean(), objects.cost.mean()
        return {"loss": reconstruction + cost, "reconstruction": reconstruction, "cost": cost}

    @torch.no_grad()
    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure pixels, the squared distance, and for T-AIR the scores of scenes."""
        target = batch["target"].float()
        objects = self.run(target)
        scores = {"pixels": F.mse_loss(objects.canvases[:, -1].clamp(0, 1), target).item()}
        if objects.moves is None or self.bank is None or "corners" not in batch:
            return scores
        return scores | scene_scores(objects.moves, self.bank.names, batch, self.config.size_px)


def _noisy(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Draw from N(mean, exp(log)²), halves of the numbers, and return its cost against N(0, 1)."""
    mean, log = numbers.chunk(2, dim=1)
    log = (log - 1.0).clamp(-6, 1)  # begins narrower than the prior, so that places mean something
    return mean + log.exp() * torch.randn_like(mean), normal_cost(mean, log)
