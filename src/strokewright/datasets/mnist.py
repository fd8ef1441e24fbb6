"""MNIST: handwritten digits (LeCun et al.), 28×28, stored as 0..255 with ink = 255 on paper = 0.

Reads our `mnist.npz`, or a folder with the four original idx files (gzipped), which `download.fetch` can get. The last
5,000 training digits are valid.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TEST, TRAIN, VALID, Dataset, Sample, read_arrays
from strokewright.datasets.download import find
from strokewright.errors import DataError

_VALID = 5_000
_PREFIXES = ("train", "t10k")


class Mnist(Dataset):
    """70,000 digits: the training ones, then the test ones."""

    stored = "pictures in 0..255, 255 = ink"

    def __init__(self, path: str | Path | None = None) -> None:
        path = Path(find("mnist/mnist.npz") if path is None else path)
        if path.is_dir():
            parts = [
                (_read_idx(path / f"{p}-images-idx3-ubyte.gz"), _read_idx(path / f"{p}-labels-idx1-ubyte.gz"))
                for p in _PREFIXES
            ]
        else:
            arrays = read_arrays(path, ("x_train", "y_train", "x_test", "y_test"))
            parts = [(arrays[f"x_{p}"], arrays[f"y_{p}"]) for p in ("train", "test")]
        self.pictures = np.concatenate([pictures for pictures, _ in parts])
        self.labels = np.concatenate([labels for _, labels in parts])
        if self.pictures.ndim != 3 or len(self.pictures) != len(self.labels):
            raise DataError(f"{path}: expected as many labels as 28×28 pictures, got others; fetch it again")
        self._splits = np.full(len(self.labels), TRAIN, dtype="<U5")
        train = len(parts[0][1])
        self._splits[max(0, train - _VALID) : train] = VALID
        self._splits[train:] = TEST

    def __len__(self) -> int:
        return len(self.labels)

    def make(self, index: int) -> Sample:
        """Return one digit as ink."""
        picture = self.pictures[index].astype(np.float32) / np.float32(255)
        return Sample(None, picture, str(self.labels[index]), "", str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return train, valid, test."""
        return self._splits


def _read_idx(path: Path) -> NDArray[Any]:
    """Read a gzipped idx file of bytes."""
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected a gzipped idx file, got: {error}; fetch it again") from error
    axes = data[3] if len(data) > 4 else 0
    sides = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes)]
    body = data[4 + 4 * axes :]
    if data[:3] != b"\0\0\x08" or len(body) != math.prod(sides):
        raise DataError(f"{path}: expected an idx file of bytes, got {len(data)} other bytes; fetch it again")
    return np.frombuffer(body, dtype=np.uint8).reshape(sides)
