"""Evaluation: the means of a model's loss and of its own metrics over held-out batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from strokewright.training.data import Batch, BatchSource, look_up, take_rows


def evaluate(model: Any, data: BatchSource, batches: int = 8, batch_size: int = 64) -> dict[str, float]:
    """Return the means of what `model.loss` and, if it has it, `model.metrics` report over the first batches.

    The numbers depend on the model and the data alone: all noise is seeded by the batch's index.

    Args:
        model: A model with `loss(batch)`; its mode (training or evaluation) is put back afterwards.
        data: A source of held-out batches.
        batches: How many of them, ≥ 1.
        batch_size: Rows in each.
    """
    device = next(model.parameters()).device
    return mean_scores(
        model,
        (
            look_up(data, {name: t.to(device) for name, t in take_rows(data, i, batch_size, 0, 1).items()})
            for i in range(batches)
        ),
    )


def mean_scores(model: Any, batches: Iterable[Batch]) -> dict[str, float]:
    """Return the mean scores over an iterable of batches that already lie on the model's device."""
    module: nn.Module = model
    was_training = module.training
    module.eval()
    sums: dict[str, float] = {}
    count = 0
    try:
        with torch.no_grad():
            for index, batch in enumerate(batches):
                torch.manual_seed(index)
                scores = dict(model.loss(batch))
                if callable(measure := getattr(module, "metrics", None)):
                    own: Any = measure(batch)
                    scores |= own
                for name, value in scores.items():
                    sums[name] = sums.get(name, 0.0) + float(value)
                count += 1
    finally:
        module.train(was_training)
    return {name: total / count for name, total in sums.items()}
