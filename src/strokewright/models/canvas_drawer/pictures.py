"""Batches of whole pictures for the drawer: digits, characters, and digits to be coloured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strokewright.datasets import open_dataset
from strokewright.errors import DataError
from strokewright.render.colour import WHITE_LAB, to_lab

DIGIT_RGB = (
    (0.90, 0.10, 0.10),  # 0 red
    (0.10, 0.35, 0.95),  # 1 blue
    (0.05, 0.60, 0.15),  # 2 green
    (0.98, 0.55, 0.00),  # 3 orange
    (0.55, 0.10, 0.75),  # 4 violet
    (0.00, 0.75, 0.80),  # 5 cyan
    (0.95, 0.35, 0.75),  # 6 pink
    (0.50, 0.30, 0.10),  # 7 brown
    (0.90, 0.85, 0.05),  # 8 yellow
    (0.10, 0.10, 0.10),  # 9 black
)
"""The colour of each digit in Colored MNIST, sRGB."""


class Pictures:
    """Batches of `target` (batch, 1, size, size), float32 ink in [0, 1]; batch i depends on (seed, i) alone.

    Args:
        seed: Seed of the order.
        dataset: Name or path of a dataset with square pictures.
        split: Which of its splits, or several.
        size_px: Side; larger pictures are averaged down to it.
        in_order: Go through the pictures from the first to the last, instead of drawing them at random.

    Raises:
        DataError: The split holds no pictures.
    """

    def __init__(
        self,
        seed: int = 0,
        dataset: str = "mnist",
        split: str | Sequence[str] = "train",
        size_px: int = 28,
        in_order: bool = False,
    ) -> None:
        splits = [split] if isinstance(split, str) else split
        samples = [sample for sample in open_dataset(dataset).split(*splits) if sample.picture is not None]
        if not samples:
            raise DataError(f"{dataset}, {', '.join(splits)}: expected pictures, found none; choose another dataset")
        self.pixels = np.stack([_shrunk(np.asarray(sample.picture), size_px) for sample in samples])
        self.labels = [sample.label for sample in samples]
        self._seed, self._in_order = seed, in_order

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`."""
        return {"target": self._ink(self.rows(index, batch_size))}

    def rows(self, index: int, batch_size: int) -> NDArray[np.intp]:
        """Say which pictures batch `index` holds."""
        if self._in_order:
            return np.arange(index * batch_size, (index + 1) * batch_size) % len(self.pixels)
        return np.random.default_rng((self._seed, index)).integers(0, len(self.pixels), batch_size)

    def _ink(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        return self.pixels[rows, None].astype(np.float32) / np.float32(255)


class ColouredDigits(Pictures):
    """Batches of `hint` (batch, 1, 28, 28), a grey digit, and `target` (batch, 3, 28, 28), the digit in its colour.

    The target is scaled LAB on white paper. Arguments as of `Pictures`, on MNIST.
    """

    def __init__(self, seed: int = 0, split: str | Sequence[str] = "train", in_order: bool = False) -> None:
        super().__init__(seed, "mnist", split, in_order=in_order)
        self.digits = np.array([int(label or 0) for label in self.labels])

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`."""
        rows = self.rows(index, batch_size)
        ink = self._ink(rows)
        paper = np.array(WHITE_LAB, dtype=np.float32)[:, None, None]
        colour = to_lab(DIGIT_RGB)[self.digits[rows], :, None, None]
        return {"hint": ink, "target": (paper + (colour - paper) * ink).astype(np.float32)}


def _shrunk(picture: NDArray[np.floating], size_px: int) -> NDArray[np.uint8]:
    """Average a picture down to size_px a side; 0..255."""
    grey = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    return np.asarray(
        grey if grey.size == (size_px, size_px) else grey.resize((size_px, size_px), Image.Resampling.BOX)
    )
