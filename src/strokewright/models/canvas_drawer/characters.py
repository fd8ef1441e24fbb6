"""Batches of handwritten characters, thickened, stretched, turned and shifted, so that a drawer learns lines at large.

Omniglot's lines are all of one width and its characters fill their page alike. A drawer that learns them as they are
knows no thick, small or slanted line, and fails on other hands' pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from strokewright.models.canvas_drawer.pictures import Pictures

_FINE = 2  # thickening and turning happen on pixels this much finer
_WIDENINGS = (0, 1, 2)  # fine pixels added on each side of a line
_SHARES = (0.5, 0.35, 0.15)  # how often each of them


class Characters(Pictures):
    """Batches of `target` (batch, 1, size, size), float32 ink in [0, 1]; batch i depends on (seed, i) alone.

    Args:
        seed: Seed of the order and of the changes.
        split: Which of Omniglot's splits, or several; they are by drawer.
        size_px: Side of the pictures.
    """

    def __init__(self, seed: int = 0, split: str | Sequence[str] = "train", size_px: int = 28) -> None:
        super().__init__(seed, "omniglot", split, _FINE * size_px)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`, each picture changed in its own way."""
        rng = np.random.default_rng((self._seed, index, 1))
        ink = torch.from_numpy(self._ink(self.rows(index, batch_size)))
        widening = rng.choice(_WIDENINGS, len(ink), p=_SHARES)
        for extra in _WIDENINGS[1:]:
            chosen = torch.from_numpy(np.flatnonzero(widening == extra))
            ink[chosen] = F.max_pool2d(ink[chosen], 2 * extra + 1, stride=1, padding=extra)
        grid = F.affine_grid(_random_maps(rng, len(ink)), list(ink.shape), align_corners=False)
        moved = F.grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return {"target": F.avg_pool2d(moved, _FINE).clamp(0, 1).numpy()}


def _random_maps(rng: np.random.Generator, count: int) -> Tensor:
    """Maps from the new picture's coordinates [-1, 1] to the old one's, (count, 2, 3)."""
    angle, slant = rng.normal(0, 0.15, count), rng.normal(0, 0.15, count)
    size = np.exp(rng.uniform(np.log(0.7), np.log(1.2), (count, 1)) + rng.normal(0, 0.08, (count, 2)))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos + slant], 1)], 1) / size[:, :, None]
    shift = rng.normal(0, 0.08, (count, 2, 1))
    return torch.from_numpy(np.concatenate([turn, shift], axis=2).astype(np.float32))
