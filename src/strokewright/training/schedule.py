"""The optimiser, and what a step's number decides: its learning rate and the seed of its noise."""

from __future__ import annotations

import math

import torch
from torch import nn

from strokewright.training.config import TrainingOptions


def make_optimiser(model: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """Return the optimiser over all weights of a model."""
    weights = list(model.parameters())
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
