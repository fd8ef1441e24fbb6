"""Quick, Draw! by Google (CC BY 4.0): drawings made in twenty seconds with a mouse or finger.

Simplified drawings lie on a page of 256 px (Google's own: fitted to 0..255, RDP epsilon 2); raw ones keep the screen's
points and the pen's times, and get a page that ends at their last point. The same format is used by our other files of
hand drawings (`handdrawn/*_simplified.npz`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TRAIN, Dataset, Sample, check_offsets, read_arrays, to_splits
from strokewright.datasets.download import find
from strokewright.datasets.flat_strokes import FlatStrokes
from strokewright.drawing import Drawing
from strokewright.errors import DataError

PAGE_PX = 256.0


class QuickDraw(Dataset):
    """Simplified drawings from a flat `.npz`; lines of width_px on a page of 256 px."""

    stored = "stroke-3 in 0..255, the first row absolute; no polarity"

    def __init__(self, path: str | Path | None = None, width_px: float = 2.5) -> None:
        path = find("quickdraw/quickdraw345_simplified.npz") if path is None else path
        arrays = read_arrays(path, ("strokes", "offsets", "label", "split", "words"))
        rows = arrays["strokes"]
        offsets = check_offsets(arrays["offsets"], len(rows), path)
        self.lines = FlatStrokes.from_offsets(rows[:, :2], rows[:, 2], offsets)
        self.labels, self.words, self.width_px = arrays["label"], arrays["words"], width_px
        self.drawers = _optional(path, "drawer")
        self._splits = to_splits(arrays["split"])

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, index: int) -> Sample:
        """Make one drawing."""
        word = str(self.words[self.labels[index]])
        group = "" if self.drawers is None else str(self.drawers[index])
        drawing = Drawing(self.lines.make(index, width=self.width_px), (PAGE_PX, PAGE_PX), metadata={"word": word})
        return Sample(drawing, None, word, group, str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the file's own splits."""
        return self._splits


class QuickDrawRaw(Dataset):
    """Raw drawings with times from a flat `.npz`; all train."""

    stored = "absolute screen points, milliseconds, pen_up = 1 at a stroke's last point; no polarity"

    def __init__(self, path: str | Path | None = None, width_px: float = 2.5) -> None:
        path = find("quickdraw/quickdraw345_raw_timed.npz") if path is None else path
        arrays = read_arrays(path, ("xy", "t_ms", "pen_up", "offsets", "label", "words"))
        offsets = check_offsets(arrays["offsets"], len(arrays["xy"]), path)
        self.lines = FlatStrokes.from_points(arrays["xy"], arrays["pen_up"], offsets)
        self.times_ms, self.labels, self.words = arrays["t_ms"], arrays["label"], arrays["words"]
        self.width_px = width_px

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, index: int) -> Sample:
        """Make one drawing with its times."""
        word = str(self.words[self.labels[index]])
        points = self.lines.points[self.lines.bounds(index)]
        shift = -np.minimum(points.min(axis=0), 0)
        width, height = np.maximum(np.ceil((points + shift).max(axis=0)) + 1, 1).tolist()
        strokes = self.lines.make(index, shift=shift, width=self.width_px, times_ms=self.times_ms)
        return Sample(Drawing(strokes, (width, height), metadata={"word": word}), None, word)

    def split_names(self) -> NDArray[np.str_]:
        """Return train for all."""
        return np.full(len(self), TRAIN)


def _optional(path: str | Path, name: str) -> NDArray[Any] | None:
    try:
        return read_arrays(path, (name,))[name]
    except DataError:
        return None
