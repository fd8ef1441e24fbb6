"""A small Sketch2Img and made-up pairs, for tests: squares and discs, red or blue by their class."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from strokewright.models.sketch2img.gan import Sketch2ImgGAN
from strokewright.models.sketch2img.sketches import distance_map

LABELS = ("square", "disc")
SMALL: dict[str, Any] = {"labels": LABELS, "size": 32, "base": 4, "noise_size": 8}


class Shapes:
    """Outlines with the filled shape for a photo."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def batch(self, index: int, batch_size: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng((self.seed, index))
        y, x = np.mgrid[:32, :32]
        columns: dict[str, list] = {"photo": [], "sketch": [], "distance": [], "label": []}
        for label in random.integers(0, 2, batch_size):
            across, down = x - random.integers(12, 20), y - random.integers(12, 20)
            reach = np.hypot(across, down) if label else np.maximum(abs(across), abs(down))
            sketch = np.where(abs(reach - 8) < 1, 0, 255).astype(np.uint8)
            photo = np.full((3, 32, 32), 230, np.uint8)
            photo[:, reach < 8] = np.array([[30], [40], [220]] if label else [[220], [30], [40]])
            for name, value in (("photo", photo), ("sketch", sketch), ("distance", distance_map(sketch))):
                columns[name].append(value)
            columns["label"].append(label)
        return {name: np.stack(values) for name, values in columns.items()}


def shapes(count: int = 6, index: int = 0) -> dict[str, torch.Tensor]:
    """Return a batch as the loop hands it to a model."""
    return {name: torch.from_numpy(values) for name, values in Shapes().batch(index, count).items()}


def build(seed: int = 0, **changes: Any) -> Sketch2ImgGAN:
    """Build a small GAN of random weights."""
    torch.manual_seed(seed)
    return Sketch2ImgGAN.from_options({**SMALL, **changes})
