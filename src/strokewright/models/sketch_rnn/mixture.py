"""The head of the decoder: a mixture of M bivariate normal distributions for the offset, three states for the pen.

A row of the head's output y holds, one block after the other: 3 pen logits (down, up, end), then M each of weight
logits, mean x, mean y, log sigma x, log sigma y, and the correlation before its tanh. Everything here is float32 and in
log space, and sigma and rho are bounded, so no row gives NaN: not even a padding row, which nothing holds to reason.

Source: "A Neural Representation of Sketch Drawings", equations 3 to 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from strokewright.errors import OptionError

PEN_STATES = 3
PER_COMPONENT = 6
RULES = ("paper", "js", "tf")
_LOG_SIGMA_BOUND = 20.0
_RHO_RAW_BOUND = 8.0  # tanh(8) = 1 - 2e-7: the next step to 1 would be 1 itself
_SCALED_BOUND = 1e9  # its square, over the smallest 1 - ρ², is still finite
_DENSITY_FLOOR = 1e-6  # the trainer adds it to the density inside the logarithm
_GREEDY_BELOW = 1e-6


@dataclass(frozen=True)
class Mixture:
    """Distribution of the next row, for any leading shape (...).

    Args:
        pen_logits: (..., 3): down, up, end.
        weight_logits: (..., M).
        mean: (..., M, 2) in model units.
        log_sigma: (..., M, 2).
        rho_raw: (..., M): the correlation is its tanh.
    """

    pen_logits: Tensor
    weight_logits: Tensor
    mean: Tensor
    log_sigma: Tensor
    rho_raw: Tensor

    @classmethod
    def from_output(cls, y: Tensor) -> Mixture:
        """Read the head's output (..., 3 + 6M)."""
        y = y.float()
        weights, mean_x, mean_y, sigma_x, sigma_y, rho = y[..., PEN_STATES:].chunk(PER_COMPONENT, dim=-1)
        return cls(
            y[..., :PEN_STATES],
            weights,
            torch.stack([mean_x, mean_y], dim=-1),
            torch.stack([sigma_x, sigma_y], dim=-1).clamp(-_LOG_SIGMA_BOUND, _LOG_SIGMA_BOUND),
            rho.clamp(-_RHO_RAW_BOUND, _RHO_RAW_BOUND),
        )

    @property
    def rho(self) -> Tensor:
        """Correlation (..., M), inside (-1, 1)."""
        return torch.tanh(self.rho_raw)

    def log_density(self, offsets: Tensor) -> Tensor:
        """Return the log density (...) of offsets (..., 2).

        With u = (x - mean_x) / sigma_x and v alike, (u² + v² - 2ρuv) / (1 - ρ²) is written as
        v² + (u - ρv)² / (1 - ρ²): two squares, so that rounding cannot make it negative.
        """
        scaled = (offsets[..., None, :] - self.mean) * torch.exp(-self.log_sigma)
        u, v = scaled.clamp(-_SCALED_BOUND, _SCALED_BOUND).unbind(-1)
        twice = 2 * self.rho_raw.abs()
        log_rest = 2 * math.log(2) - twice - 2 * torch.log1p(torch.exp(-twice))  # log(1 - ρ²), exact near |ρ| = 1
        square = v.square() + (u - self.rho * v).square() * torch.exp(-log_rest)
        log_normal = -0.5 * (square + log_rest) - self.log_sigma.sum(-1) - math.log(2 * math.pi)
        return torch.logsumexp(torch.log_softmax(self.weight_logits, -1) + log_normal, dim=-1)

    def offset_loss(self, offsets: Tensor) -> Tensor:
        """Return -log(density + 1e-6), (...), as the public trainer counts it: it never exceeds 13.8."""
        log_density = self.log_density(offsets)
        return -torch.logaddexp(log_density, torch.full_like(log_density, math.log(_DENSITY_FLOOR)))

    def log_pen(self) -> Tensor:
        """Return the log probabilities (..., 3) of pen down, pen up and end."""
        return torch.log_softmax(self.pen_logits, dim=-1)

    def tempered(self, temperature: float, rule: str = "paper") -> Mixture:
        """Return the mixture at another temperature; 1 changes nothing, towards 0 only the likeliest remains.

        At 0 every rule gives the mean of the heaviest component and the likeliest pen state.

        Args:
            temperature: ≥ 0.
            rule: paper: logits / T, sigma · √T. js (sketch-rnn-js): logits / (0.5 + 0.5 T), sigma · √T.
                tf (the trainer's own sampling): logits / T, sigma · T.

        Raises:
            OptionError: A negative temperature, or no such rule.
        """
        if rule not in RULES:
            raise OptionError(f"temperature rule: expected one of {', '.join(RULES)}, got {rule!r}")
        if not temperature >= 0:
            raise OptionError(f"temperature: expected a number >= 0, got {temperature}")
        if temperature < _GREEDY_BELOW:
            return replace(
                self,
                pen_logits=_only_largest(self.pen_logits),
                weight_logits=_only_largest(self.weight_logits),
                log_sigma=torch.full_like(self.log_sigma, -math.inf),
            )
        divisor = 0.5 + 0.5 * temperature if rule == "js" else temperature
        log_factor = math.log(temperature) * (1.0 if rule == "tf" else 0.5)
        return replace(
            self,
            pen_logits=self.pen_logits / divisor,
            weight_logits=self.weight_logits / divisor,
            log_sigma=self.log_sigma + log_factor,
        )

    def sample(self, noise: Tensor) -> Tensor:
        """Draw stroke-5 rows (..., 5) from noise (..., 4): two uniform numbers in [0, 1), two standard normal ones."""
        chosen = _pick(self.weight_logits, noise[..., 0])[..., None]
        pen = _pick(self.pen_logits, noise[..., 1])
        pair = chosen[..., None].expand(*chosen.shape, 2)
        mean, sigma = self.mean.gather(-2, pair).squeeze(-2), self.log_sigma.gather(-2, pair).squeeze(-2).exp()
        rho = self.rho.gather(-1, chosen).squeeze(-1)
        first, second = noise[..., 2], noise[..., 3]
        x = mean[..., 0] + sigma[..., 0] * ((1 - rho.square()).sqrt() * first + rho * second)
        y = mean[..., 1] + sigma[..., 1] * second
        states = torch.nn.functional.one_hot(pen, PEN_STATES).to(x.dtype)
        return torch.cat([torch.stack([x, y], dim=-1), states], dim=-1)


def draw_noise(shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
    """Return noise (*shape, 4) for `Mixture.sample`."""
    uniform = torch.rand(*shape, 2, generator=generator)
    return torch.cat([uniform, torch.randn(*shape, 2, generator=generator)], dim=-1)


def _only_largest(logits: Tensor) -> Tensor:
    """Keep the largest logit of each row, as 0; the others become -inf."""
    largest = torch.full_like(logits, -math.inf)
    return largest.scatter(-1, logits.argmax(-1, keepdim=True), 0.0)


def _pick(logits: Tensor, uniform: Tensor) -> Tensor:
    """Choose an index a row by its probability; a sum that rounding leaves below the draw gives the last likely one."""
    total = torch.softmax(logits, dim=-1).cumsum(-1)
    return (total <= uniform[..., None] * total[..., -1:]).sum(-1).clamp(max=logits.shape[-1] - 1)
