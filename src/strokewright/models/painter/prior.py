"""A prior over actions that is learned: each number is a mixture of Gaussians that depends on the numbers before it.

The variational painters of the thesis pay for the distance of their features to N(0, 1) before they have learned to
paint, and never do. Here the noisy variables are the moves themselves, narrow at first, and the prior learns how moves
are distributed instead of forcing a distribution on them; what it has learned can be sampled.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_FIRST_LOG = -3.0
_LOWEST_LOG = -5.0  # a tenth of a pixel of 28, about: finer is not seen
_NARROWEST = -6.0


class MovePrior(nn.Module):
    """Density of rows (batch, numbers), number after number.

    Args:
        numbers: Length of a row.
        components: Gaussians of each mixture.
        hidden: Width of the network that all numbers share.
    """

    def __init__(self, numbers: int, components: int = 48, hidden: int = 128) -> None:
        super().__init__()
        self.numbers = numbers
        self.layers = nn.Sequential(nn.Linear(2 * numbers, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.out = nn.Linear(hidden, 3 * components)
        with torch.no_grad():  # narrow components spread over where actions lie: they can make steep edges
            self.out.bias.view(3, components)[1] = torch.linspace(-1.5, 1.5, components)
            self.out.bias.view(3, components)[2] = -2.5
        self.log_deviation = nn.Parameter(torch.full((numbers,), _FIRST_LOG))
        self.register_buffer("_before", torch.tril(torch.ones(numbers, numbers), -1), False)
        self.register_buffer("_which", torch.eye(numbers), False)

    def log_density(self, rows: Tensor) -> Tensor:
        """Return log p (batch,) of rows (batch, numbers)."""
        before = rows[:, None] * self.get_buffer("_before")
        which = self.get_buffer("_which").expand(len(rows), -1, -1)
        return self._mixture_log(torch.cat([before, which], dim=2), rows).sum(dim=1)

    def _mixture(self, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weight, mean, log = self.out(self.layers(seen)).chunk(3, dim=-1)
        return torch.log_softmax(weight, dim=-1), mean, log.clamp(_NARROWEST, 1.0)

    def _mixture_log(self, seen: Tensor, value: Tensor) -> Tensor:
        weight, mean, log = self._mixture(seen)
        error = (value[..., None] - mean) * torch.exp(-log)
        return torch.logsumexp(weight - log - 0.5 * error.square(), dim=-1) - 0.5 * math.log(2 * math.pi)

    def disturb(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Draw from the posterior around rows (batch, numbers): the noisy rows, and log q - log p (batch,)."""
        log = self.log_deviation.clamp(min=_LOWEST_LOG)
        noise = torch.randn_like(rows)
        noisy = rows + log.exp() * noise
        own = -(log + 0.5 * noise.square() + 0.5 * math.log(2 * math.pi)).sum(dim=1)
        return noisy, own - self.log_density(noisy)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw rows (count, numbers) from the prior."""
        rows = self.log_deviation.new_zeros(count, self.numbers)
        for place in range(self.numbers):
            which = self.get_buffer("_which")[place].expand(count, -1)
            weight, mean, log = self._mixture(torch.cat([rows * (self.get_buffer("_before")[place]), which], dim=1))
            chosen = torch.multinomial(weight.exp(), 1, generator=generator)
            noise = torch.randn(count, 1, generator=generator)
            rows[:, place] = (mean.gather(1, chosen) + log.gather(1, chosen).exp() * noise)[:, 0]
        return rows
