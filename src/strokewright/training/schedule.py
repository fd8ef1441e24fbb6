"""The optimiser, and what a step's number decides: its learning rate and the seed of its noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from strokewright.errors import OptionError
from strokewright.training.config import TrainingOptions, TurnOptions


def make_optimiser(turns: Mapping[str, nn.Module], options: TrainingOptions) -> torch.optim.Optimizer:
    """Return the optimiser over all weights: a group a turn, each with its own share of the rate.

    Args:
        turns: The turns of a step, and the part of the model that each moves.
        options: Rates, decays, and what differs in some turns.

    Raises:
        OptionError: Options of a turn that the model does not have.
    """
    unknown = sorted(options.turns.keys() - turns.keys())
    if unknown:
        raise OptionError(
            f"training.turns: the model has no turn {unknown[0]!r}; it has {', '.join(filter(None, turns)) or 'one'}"
        )
    weights: list[dict[str, Any]] = []
    for name, part in turns.items():
        own = options.turns.get(name, TurnOptions())
        group: dict[str, Any] = {"params": list(part.parameters()), "rate_share": own.rate_share}
        if options.optimiser != "sgd":
            group["betas"] = own.betas or options.betas
        weights.append(group)
    rate, decay = options.learning_rate, options.weight_decay
    if options.optimiser == "sgd":
        return torch.optim.SGD(weights, rate, momentum=options.betas[0], weight_decay=decay)
    kind = torch.optim.Adam if options.optimiser == "adam" else torch.optim.AdamW
    return kind(weights, rate, betas=options.betas, weight_decay=decay)


def learning_rate(options: TrainingOptions, step: int, share: float) -> float:
    """Return the rate of a step: a linear rise over the warm-up; then constant, or a fall towards `final_rate`.

    The cosine falls over the whole run; the exponential by `rate_decay` a step, however long the run is.

    Args:
        options: The rates and the schedule.
        step: Number of the step, from 0.
        share: How much of the steps or minutes is used up, 0 to 1.
    """
    rise = min(1.0, (step + 1) / (options.warmup_steps + 1))
    if options.schedule == "constant":
        return options.learning_rate * rise
    left = options.rate_decay**step if options.schedule == "exponential" else 0.5 * (1 + math.cos(math.pi * share))
    fall = options.final_rate + (1 - options.final_rate) * left
    return options.learning_rate * rise * fall


def step_seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of a step's noise: the same in every sitting, another one in each process."""
    return (seed * 1_000_003 + step * 1_009 + rank) % 2**63
