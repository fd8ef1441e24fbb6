"""Your own drawings: a folder of SVG and other drawing files, or one file that holds many (ndjson, bin, npz).

What cannot be read or has no strokes is skipped and reported, never fatal, unless nothing is left.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import SPLIT_CODES, TEST, TRAIN, VALID, Dataset, Sample
from strokewright.drawing import Drawing
from strokewright.errors import DataError, StrokewrightError
from strokewright.files import read_many

SUFFIXES = (".svg", ".ndjson", ".bin", ".npz", ".npy")


class _Drawings(Dataset):
    """Drawings in memory: split as their file says, else by the checksum of their names, 8 : 1 : 1."""

    stored = "drawings; no polarity"

    def __init__(self, found: _Found, where: Path) -> None:
        if not found.drawings:
            count, first = len(found.skipped), ": ".join(found.skipped[0]) if found.skipped else "no such file"
            raise DataError(f"{where}: expected drawings with strokes, found none ({count} skipped; first: {first})")
        self.drawings, self.names, self.skipped = found.drawings, found.names, tuple(found.skipped)
        self._splits = np.array([_split_of(d, name) for d, name in zip(self.drawings, self.names, strict=True)])

    def __len__(self) -> int:
        return len(self.drawings)

    def make(self, index: int) -> Sample:
        """Return one drawing; its label is the word that its file gives, or None."""
        drawing = self.drawings[index]
        return Sample(drawing, None, drawing.metadata.get("word"), self.names[index], str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits."""
        return self._splits


class DrawingFolder(_Drawings):
    """Every drawing of every drawing file below a folder, in the order of the names."""

    def __init__(self, path: str | Path) -> None:
        folder = Path(path)
        if not folder.is_dir():
            raise DataError(f"{folder}: expected a folder of drawings, found none; check the path")
        found = _Found()
        for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix.lower() in SUFFIXES):
            found.add(file, file.relative_to(folder).as_posix())
        super().__init__(found, folder)


class DrawingFile(_Drawings):
    """Every drawing of one file that holds many."""

    def __init__(self, path: str | Path) -> None:
        found = _Found()
        found.add(Path(path), Path(path).name)
        super().__init__(found, Path(path))


@dataclass
class _Found:
    """What was read so far, and what was skipped and why."""

    drawings: list[Drawing] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def add(self, file: Path, name: str) -> None:
        """Read all drawings of a file; its first error ends it."""
        number = 0
        try:
            for number, drawing in enumerate(read_many(file), start=1):
                own_name = name if number == 1 else f"{name}#{number}"
                if drawing.strokes:
                    self.drawings.append(drawing)
                    self.names.append(drawing.metadata.get("key_id", own_name))
                else:
                    self.skipped.append((own_name, "no strokes"))
        except StrokewrightError as error:
            self.skipped.append((name if number == 0 else f"{name}#{number + 1} and on", str(error)))


def _split_of(drawing: Drawing, name: str) -> str:
    own = drawing.metadata.get("split", "")
    share = zlib.crc32(name.encode()) % 10
    return own if own in SPLIT_CODES else TRAIN if share < 8 else VALID if share == 8 else TEST
