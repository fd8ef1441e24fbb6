"""What the moves of paintings tell of pictures: one linear classifier of digits, on moves, pixels and projections.

The classifier is softmax regression with weight decay, on features of mean 0 and deviation 1, each for itself or all
together. Each kind of features gets the decay and the scaling that do best on valid digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.harness import row
from benchmarks.trained import Trained, not_trained
from strokewright.datasets.mnist import Mnist
from strokewright.models.painter import Painter

_TRAINED = Trained("painter_digits", card="paint/digits")
_COUNTS = {"train": 4000, "valid": 1000, "test": 5000}
_QUICK_COUNT = 500  # of each
_DECAYS = (1e-4, 1e-3, 1e-2)
_STEPS = 40
_BATCH = 250
_SEED = 0
_TINY = 1e-6
METRIC = "share of test digits that a linear classifier knows"

Parts = dict[str, Tensor]
"""One tensor each of train, valid, test."""


def feature_rows(quick: bool) -> list[dict[str, Any]]:
    """Score the moves of `paint/digits` beside pixels and as many numbers projected from them."""
    painter = _TRAINED.load(Painter, bundled_only=quick)
    if painter is None:
        return [row(not_trained("MNIST, features", _TRAINED.command), METRIC, None)]
    pictures, labels = digits(quick)
    kinds = features(painter, pictures)
    scores = {name: score(parts, labels) for name, parts in kinds.items()}
    data = f"MNIST, {len(labels['train']):,} training digits"
    rival = "the same classifier on pixels"
    return [
        row(
            f"{data}: {name}, {kinds[name]['train'].shape[1]} numbers",
            METRIC,
            value,
            reference=scores["pixels"],
            reference_source=rival,
        )
        for name, value in scores.items()
    ]


def digits(quick: bool) -> tuple[Parts, Parts]:
    """Return pictures (n, 1, 28, 28) as lightness, and labels (n,)."""
    data = Mnist()
    chosen = {
        split: np.flatnonzero(data.split_names() == split)[: _QUICK_COUNT if quick else count]
        for split, count in _COUNTS.items()
    }
    pictures = {
        split: torch.from_numpy(1 - data.pictures[index].astype(np.float32) / 255)[:, None]
        for split, index in chosen.items()
    }
    return pictures, {split: torch.from_numpy(data.labels[index].astype(np.int64)) for split, index in chosen.items()}


def features(painter: Painter, pictures: Parts) -> dict[str, Parts]:
    """Return each kind of features (n, numbers) of the pictures."""
    torch.manual_seed(_SEED)
    moves = {
        split: torch.cat([painter.features(part) for part in of_split.split(_BATCH)])
        for split, of_split in pictures.items()
    }
    pixels = {split: of_split.flatten(1) for split, of_split in pictures.items()}
    count, mean = moves["train"].shape[1], pixels["train"].mean(0)
    axes = torch.linalg.svd(pixels["train"] - mean, full_matrices=False).Vh[:count].T
    thrown = torch.randn(len(mean), count)
    return {
        "moves": moves,
        "moves sorted from left to right": {s: _sorted(part, painter.config.moves) for s, part in moves.items()},
        "pixels": pixels,
        "principal components of the pixels": {s: (part - mean) @ axes for s, part in pixels.items()},
        "random projections of the pixels": {s: part @ thrown for s, part in pixels.items()},
    }


def _sorted(features: Tensor, moves: int) -> Tensor:
    """Sort the moves of each picture by the x of their centres."""
    each = features.unflatten(1, (moves, -1))
    order = each[..., 0].argsort(dim=1)
    return each.gather(1, order[..., None].expand_as(each)).flatten(1)


def score(parts: Parts, labels: Parts) -> float:
    """Return the share of test labels that the classifier knows, with what is best on the valid ones."""
    best = (-1.0, 0.0)
    train = parts["train"]
    for deviation in (train.std(0).clamp(min=_TINY), train.std()):
        scaled = {split: F.pad((part - train.mean(0)) / deviation, (0, 1), value=1.0) for split, part in parts.items()}
        for decay in _DECAYS:
            weights = _fit(scaled["train"], labels["train"], decay)
            valid, test = (_share(scaled[split], labels[split], weights) for split in ("valid", "test"))
            best = max(best, (valid, test), key=lambda pair: pair[0])
    return best[1]


def _fit(rows: Tensor, labels: Tensor, decay: float) -> Tensor:
    """Fit the weights (numbers, classes); the last number of each row is 1 and its weight does not decay."""
    weights = torch.zeros(rows.shape[1], int(labels.max()) + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(rows @ weights, labels) + decay * weights[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)  # pyright: ignore[reportArgumentType]
    return weights.detach()


def _share(rows: Tensor, labels: Tensor, weights: Tensor) -> float:
    return float(((rows @ weights).argmax(1) == labels).float().mean())
