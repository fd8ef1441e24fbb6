"""Your own drawings: a folder of SVG and other drawing files, or one file that holds many (ndjson, bin, npz).

What cannot be read or has no strokes is skipped and reported, never fatal, unless nothing is left.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TEST, TRAIN, VALID, Dataset, Sample
from strokewright.drawing import Drawing
from strokewright.errors import DataError, StrokewrightError
from strokewright.files import read, read_many

SUFFIXES = (".svg", ".ndjson", ".bin", ".npz", ".npy")


class _Drawings(Dataset):
    """Drawings in memory, split by the checksum of their names, 8 : 1 : 1."""

    stored = "drawings; no polarity"

    def __init__(self, drawings: list[Drawing], names: list[str], skipped: list[tuple[str, str]], where: Path) -> None:
        if not drawings:
            reason = f"; first: {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
            raise DataError(f"{where}: expected drawings with strokes, found none ({len(skipped)} skipped{reason})")
        self.drawings, self.names, self.skipped = drawings, names, tuple(skipped)
        shares = np.array([zlib.crc32(name.encode()) % 10 for name in names])
        self._splits = np.where(shares < 8, TRAIN, np.where(shares == 8, VALID, TEST))

    def __len__(self) -> int:
        return len(self.drawings)

    def make(self, index: int) -> Sample:
        """Return one drawing; its label is the word that its file gives, or None."""
        drawing = self.drawings[index]
        return Sample(drawing, None, drawing.metadata.get("word"), self.names[index], str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits by name."""
        return self._splits


class DrawingFolder(_Drawings):
    """Every drawing file below a folder, in the order of the names."""

    def __init__(self, path: str | Path) -> None:
        folder = Path(path)
        if not folder.is_dir():
            raise DataError(f"{folder}: expected a folder of drawings, found none; check the path")
        drawings: list[Drawing] = []
        names: list[str] = []
        skipped: list[tuple[str, str]] = []
        for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix.lower() in SUFFIXES):
            name = file.relative_to(folder).as_posix()
            try:
                drawing = read(file)
            except StrokewrightError as error:
                skipped.append((name, str(error)))
                continue
            if drawing.strokes:
                drawings.append(drawing)
                names.append(name)
            else:
                skipped.append((name, "no strokes"))
        super().__init__(drawings, names, skipped, folder)


class DrawingFile(_Drawings):
    """Every drawing of one file that holds many."""

    def __init__(self, path: str | Path) -> None:
        file = Path(path)
        drawings: list[Drawing] = []
        names: list[str] = []
        skipped: list[tuple[str, str]] = []
        stream = read_many(file)
        number = 0
        while True:
            try:
                drawing = next(stream)
            except StopIteration:
                break
            except StrokewrightError as error:  # a generator ends with its first error
                skipped.append((f"from drawing {number}", str(error)))
                break
            name = drawing.metadata.get("key_id", str(number))
            number += 1
            if drawing.strokes:
                drawings.append(drawing)
                names.append(name)
            else:
                skipped.append((name, "no strokes"))
        super().__init__(drawings, names, skipped, file)
