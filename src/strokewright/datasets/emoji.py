"""Designers' line drawings: OpenMoji (CC BY-SA 4.0) and Lucide icons (ISC), as dense polylines.

The files hold stroke-3 rows on a canvas of 2048; it becomes a page of 512 px. Lines that are the outline of a filled
shape lie on the layer "filled", pen lines on the layer "1". OpenMoji is split by code point, Lucide by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import Dataset, Sample, check_offsets, read_arrays, to_splits
from strokewright.datasets.download import find
from strokewright.datasets.flat_strokes import FlatStrokes
from strokewright.drawing import Drawing

PAGE_PX = 512.0
FILLED = "filled"
_LAYERS = ("1", FILLED)


class _LineEmoji(Dataset):
    stored = "stroke-3 polylines on a canvas of 2048, filled = 1 for outlines of filled shapes; no polarity"
    default_file: ClassVar[str]

    def __init__(self, path: str | Path | None = None, width_px: float = 2.5) -> None:
        path = find(self.default_file) if path is None else path
        arrays = read_arrays(path, ("strokes", "filled", "offsets", "split", "name", "tags"))
        rows = arrays["strokes"]
        offsets = check_offsets(arrays["offsets"], len(rows), path)
        self.lines = FlatStrokes.from_offsets(rows[:, :2], rows[:, 2], offsets)
        self.filled = arrays["filled"]
        self.names = arrays["name"]
        self.tags = arrays["tags"]
        self.width_px = width_px
        self._splits = to_splits(arrays["split"])

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, index: int) -> Sample:
        """Make one picture's lines."""
        name = str(self.names[index])
        strokes = self.lines.make(index, 0.25, width=self.width_px, layers=_LAYERS, layer_codes=self.filled)
        drawing = Drawing(strokes, (PAGE_PX, PAGE_PX), metadata={"name": name, "tags": str(self.tags[index])})
        return Sample(drawing, None, name, name, str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the file's own splits."""
        return self._splits


class OpenMoji(_LineEmoji):
    """The line layers of OpenMoji from `openmoji_lines.npz`; lines of width_px on a page of 512 px."""

    default_file = "emoji/openmoji_lines.npz"


class Lucide(_LineEmoji):
    """Lucide icons from `lucide_icons.npz`; lines of width_px on a page of 512 px."""

    default_file = "emoji/lucide_icons.npz"
