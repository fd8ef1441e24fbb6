"""Faces: the ORL database (Olivetti Research Laboratory, Samaria and Harter 1994), 40 people, 10 grey pictures each.

Stored 112×92 as lightness 0..255. Pictures come out square, 100×100, from eyebrow to chin, as ink: 1 = black. People
1–30 are train, 31–34 valid, 35–40 test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strokewright.datasets.dataset import TEST, TRAIN, VALID, Dataset, Sample, read_arrays
from strokewright.datasets.download import find
from strokewright.errors import DataError

SIDE_PX = 100
_TOP_PX = 12  # hair above it is cut off, which leaves a square
_LAST_TRAIN, _LAST_VALID = 30, 34


class Faces(Dataset):
    """400 faces; the label is the person's number."""

    stored = "grey pictures in 0..255, 255 = white"

    def __init__(self, path: str | Path | None = None) -> None:
        path = Path(find("faces/orl_faces_112x92.npz") if path is None else path)
        arrays = read_arrays(path, ("images", "subject"))
        self.pictures, self.people = arrays["images"], arrays["subject"].astype(np.int64)
        if self.pictures.ndim != 3 or self.pictures.shape[1] < self.pictures.shape[2] + _TOP_PX:
            raise DataError(
                f"{path}: expected upright pictures (n, 112, 92), got {self.pictures.shape}; is it another set?"
            )

    def __len__(self) -> int:
        return len(self.people)

    def make(self, index: int) -> Sample:
        """Return one face."""
        picture = self.pictures[index]
        square = Image.fromarray(picture[_TOP_PX : _TOP_PX + picture.shape[1]])
        light = np.asarray(square.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC), dtype=np.float32)
        person = str(self.people[index])
        return Sample(None, 1 - light / np.float32(255), person, person, str(self.split_names()[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits by person."""
        return np.where(self.people <= _LAST_TRAIN, TRAIN, np.where(self.people <= _LAST_VALID, VALID, TEST))
