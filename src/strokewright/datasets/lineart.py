"""TU-Berlin line art: animals drawn by many people (Eitz et al. 2012, CC BY 4.0).

The file holds rows dx, dy, end of stroke, end of drawing. The drawing is centred on a page of 512 px, its longer side
464 px, so that with lines of 2.5 px it lies on the published pictures. Every tenth drawing by its order in the file
is test, the rest train.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TEST, TRAIN, Dataset, Sample, check_offsets, read_arrays
from strokewright.datasets.download import find
from strokewright.datasets.flat_strokes import FlatStrokes
from strokewright.drawing import Drawing

PAGE_PX = 512.0
LONGER_SIDE_PX = 464.0
LINE_PX = 2.5
_ANIMALS = ("rabbit", "camel", "bear")


class TuBerlin(Dataset):
    """TU-Berlin animals from `tuberlin_animals.npz`; lines of width_px on a page of 512 px."""

    stored = "strokes: dx, dy, end of stroke, end of drawing; no polarity"

    def __init__(self, path: str | Path | None = None, width_px: float = LINE_PX) -> None:
        path = find("lineart/tuberlin_animals.npz") if path is None else path
        arrays = read_arrays(path, ("points", "offsets", "label", "source_index"))
        offsets = check_offsets(arrays["offsets"], len(arrays["points"]), path)
        self.lines = FlatStrokes.from_offsets(arrays["points"][:, :2], arrays["points"][:, 2], offsets)
        self.labels = arrays["label"]
        self.source_index = arrays["source_index"]
        self.width_px = width_px

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, index: int) -> Sample:
        """Make one drawing, centred."""
        points = self.lines.points[self.lines.bounds(index)]
        low, high = points.min(axis=0), points.max(axis=0)
        scale = LONGER_SIDE_PX / max(float((high - low).max()), 1e-9)
        strokes = self.lines.make(index, scale, PAGE_PX / 2 - (low + high) / 2 * scale, self.width_px)
        source = str(self.source_index[index])
        drawing = Drawing(strokes, (PAGE_PX, PAGE_PX), metadata={"source_index": source})
        return Sample(drawing, None, _ANIMALS[int(self.labels[index])], source, TEST if index % 10 == 0 else TRAIN)

    def split_names(self) -> NDArray[np.str_]:
        """Return test for every tenth drawing, train for the others."""
        return np.where(np.arange(len(self)) % 10 == 0, TEST, TRAIN)
