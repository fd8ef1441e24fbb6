"""Measure a sketch-rnn on drawings: L_R, L_s, L_p and L_KL at a stated N_max."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from strokewright.datasets.dataset import Dataset
from strokewright.datasets.step_sets import StepSet
from strokewright.errors import DataError
from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.batches import StepBatches

_BATCH = 100


def evaluate(
    model: SketchRNN,
    data: str | Path | Dataset,
    split: str,
    *,
    n_max: int | None = None,
    scale_px: float | None = None,
    label: str | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Return the means over a split; with an encoder, z is drawn once a drawing.

    Args:
        model: In evaluation mode.
        data: A data set, or its name or path.
        split: "train", "valid" or "test".
        n_max: N_max of the losses; None: the model's, or the longest drawing of the data where that is longer.
        scale_px: Pixels of the data in a unit; None: the deviation of its training split.
        label: Class of drawings that carry no word, for a model with labels.
        seed: Of z.

    Raises:
        DataError: No drawing of a class that the model knows, or one longer than N_max.
    """
    labels = model.config.labels
    drawings, known = _known_drawings(StepSet.open(data), labels, label)
    numbers = torch.tensor([labels.index(word) for word in known])
    # every drawing once, before any comes again
    unchanged: dict[str, Any] = {"scale_share": 0.0, "merge_share": 0.0, "window": 1}
    source = StepBatches(drawings, split, known or None, scale_px=scale_px, **unchanged)
    measured = copy.copy(model)  # shares all weights
    most = n_max or max(model.config.n_max, source.n_max)
    measured.config = model.config.model_copy(update={"n_max": most})
    generator = torch.Generator().manual_seed(seed)
    sums: Counter[str] = Counter()
    for index in range(-(-len(source) // _BATCH)):
        count = min(_BATCH, len(source) - index * _BATCH)
        batch = {name: torch.from_numpy(values[:count]) for name, values in source.batch(index, _BATCH).items()}
        if labels:
            batch["label"] = numbers[batch["label"]]
        latent = model.config.latent_size
        noise = torch.randn(count, latent, generator=generator) if latent else None
        with torch.inference_mode():
            scores = measured.losses(_on(batch, model), noise=noise if noise is None else noise.to(_device(model)))
        sums.update({name: float(value) * count for name, value in scores.items()})
    means = {name: total / len(source) for name, total in sums.items()}
    return means | {"n_max": float(most), "drawings": float(len(source)), "scale_px": float(source.scale_px)}


def _known_drawings(drawings: StepSet, labels: Sequence[str], label: str | None) -> tuple[StepSet, list[str]]:
    """Return the drawings, named by `label` if they have no words, and which of their classes the model knows."""
    if labels and label is not None and not drawings.words:
        drawings = drawings.labelled(label)
    known = [word for word in drawings.words if word in labels]
    if labels and not known:
        words = ", ".join(drawings.words) or "none with a word"
        raise DataError(f"evaluate: expected drawings of {', '.join(labels)}, got {words}; name one with label=")
    return drawings, known


def _device(model: SketchRNN) -> torch.device:
    return model.head.weight.device


def _on(batch: dict[str, torch.Tensor], model: SketchRNN) -> dict[str, torch.Tensor]:
    return {name: tensor.to(_device(model)) for name, tensor in batch.items()}
