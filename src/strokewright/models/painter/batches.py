"""Batches of pictures for painters, as lightness: 1 = white."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from strokewright.datasets import open_dataset
from strokewright.datasets.dataset import TRAIN, Dataset, Subset
from strokewright.datasets.photos import PhotoDataset
from strokewright.errors import DataError

_GREY = np.array([0.299, 0.587, 0.114])


class Lightness:
    """Batches of `target` (batch, colours, size, size) in [0, 1]; batch i depends on (seed, i) alone.

    Training pictures are drawn at random; those of other splits come in order.

    Args:
        seed: Seed of the order and of the changes.
        dataset: Name or path of a dataset with square pictures or photos.
        split: Which of its splits, or several.
        size_px: Side; larger pictures are averaged down to it.
        colours: 1 = grey, 3 = red, green, blue (of photos).
        mirrored: Mirror half of the training pictures.
        change: How much training pictures are moved, stretched and lit otherwise, a share of the whole.

    Raises:
        DataError: The split holds no pictures.
    """

    def __init__(
        self,
        seed: int = 0,
        dataset: str = "mnist",
        split: str | Sequence[str] = TRAIN,
        size_px: int = 28,
        colours: int = 1,
        mirrored: bool = False,
        change: float = 0.0,
    ) -> None:
        splits = [split] if isinstance(split, str) else list(split)
        subset = open_dataset(dataset).split(*splits)
        if not len(subset):
            raise DataError(f"{dataset}, {', '.join(splits)}: expected pictures, found none; choose another dataset")
        self.pixels = np.stack([_planes(subset, i, size_px, colours) for i in range(len(subset))])
        self._seed, self._random = seed, splits == [TRAIN]
        self._mirrored, self._change = mirrored, change

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, index: int, batch_size: int) -> dict[str, Tensor]:
        """Return batch `index`."""
        if not self._random:
            rows = np.arange(index * batch_size, (index + 1) * batch_size) % len(self.pixels)
            return {"target": torch.from_numpy(self.pixels[rows].astype(np.float32) / 255)}
        rng = np.random.default_rng((self._seed, index))
        pixels = self.pixels[rng.integers(0, len(self.pixels), batch_size)].astype(np.float32) / 255
        if self._mirrored:
            pixels = np.where((rng.random(batch_size) < 0.5)[:, None, None, None], pixels[..., ::-1], pixels)
        target = torch.from_numpy(np.ascontiguousarray(pixels))
        return {"target": _changed(target, rng, self._change) if self._change else target}


def _planes(subset: Subset, index: int, size_px: int, colours: int) -> NDArray[np.uint8]:
    """Return one picture as lightness (colours, size, size), 0..255."""
    parent: Dataset = subset.parent
    if isinstance(parent, PhotoDataset):
        photo = parent.photo(int(subset.indices[index])).astype(np.float64)
        planes = photo.transpose(2, 0, 1) if colours == 3 else (photo @ _GREY)[None]
    else:
        picture = subset.make(index).picture
        if picture is None:
            raise DataError(f"sample {index}: expected a picture, found strokes alone; choose another dataset")
        planes = np.repeat(255 * (1 - picture[None].astype(np.float64)), colours, axis=0)
    return np.stack([_shrunk(np.rint(plane).clip(0, 255).astype(np.uint8), size_px) for plane in planes])


def _shrunk(plane: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    if plane.shape == (size_px, size_px):
        return plane
    return np.asarray(Image.fromarray(plane).resize((size_px, size_px), Image.Resampling.BOX))


def _changed(target: Tensor, rng: np.random.Generator, change: float) -> Tensor:
    """Move and stretch pictures, and change their light and contrast."""
    count = len(target)
    maps = np.zeros((count, 2, 3))
    maps[:, [0, 1], [0, 1]] = np.exp(rng.normal(0, change, (count, 2)))
    maps[:, [0, 1], [1, 0]] = rng.normal(0, change, (count, 2))
    maps[:, :, 2] = rng.normal(0, change, (count, 2))
    grid = F.affine_grid(torch.from_numpy(maps.astype(np.float32)), list(target.shape), align_corners=False)
    moved = F.grid_sample(target, grid, padding_mode="border", align_corners=False)
    light, contrast = (torch.from_numpy(rng.normal(0, change, (count, 1, 1, 1)).astype(np.float32)) for _ in range(2))
    return ((moved - 0.5) * contrast.exp() + 0.5 + light).clamp(0, 1)
