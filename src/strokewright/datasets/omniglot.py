"""Omniglot: handwritten characters of many alphabets, pictures and pen strokes (Lake et al. 2015, MIT).

Pictures are stored as bits of 105×105, 1 = paper, 0 = ink. Strokes are text files, one a character and drawer, rows
x, y, milliseconds between START and BREAK lines, in pixel numbers, y pointing up from the top edge; they come out on a
page of 105 px, on which they lie on the pictures' lines, 5 px wide (the page's points are pixel corners).
Each character was drawn by twenty people: drawers 1–14 are train, 15–17 valid, 18–20 test.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TEST, TRAIN, VALID, Dataset, Sample, read_arrays
from strokewright.datasets.download import find
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import DataError

PAGE_PX = 105.0
DRAWERS = 20
LINE_PX = 2.5  # a finer pen than the pictures' own
PICTURE_LINE_PX = 5.0
_HALF_PIXEL = 0.5
_NAME = re.compile(r"([^/]+)/(character\d+)/\d+_(\d\d)\.txt$")
_MOST_FILE_BYTES = 2**20
_STROKE_FILES = ("omniglot/strokes_background_small1.zip", "omniglot/strokes_background_small2.zip")


def splits_of(drawers: NDArray[np.integer]) -> NDArray[np.str_]:
    """Return the split of each drawer number, 1 to 20."""
    return np.where(drawers <= 14, TRAIN, np.where(drawers <= 17, VALID, TEST))


class OmniglotStrokes(Dataset):
    """Pen strokes with times, from one or several of the original zip files, read in place."""

    stored = "text rows x, y, ms; y up; no polarity"

    def __init__(self, path: str | Path | Sequence[str | Path] | None = None, width_px: float = LINE_PX) -> None:
        paths = [find(name) for name in _STROKE_FILES] if path is None else path
        paths = [paths] if isinstance(paths, str | Path) else list(paths)
        self.width_px = width_px
        self.files: list[tuple[zipfile.ZipFile, str]] = []
        self.labels: list[str] = []
        drawers: list[int] = []
        for place in paths:
            archive = _open_zip(Path(place))
            for name in sorted(archive.namelist()):
                match = _NAME.search(name)
                if match:
                    self.files.append((archive, name))
                    self.labels.append(f"{match[1]}/{match[2]}")
                    drawers.append(int(match[3]))
        if not drawers:
            raise DataError(f"{paths[0]}: expected alphabet/character01/0001_01.txt files, found none")
        self.drawers = np.array(drawers)
        self._splits = splits_of(self.drawers)

    def __len__(self) -> int:
        return len(self.files)

    def make(self, index: int) -> Sample:
        """Read one character."""
        archive, name = self.files[index]
        info = archive.getinfo(name)
        if info.file_size > _MOST_FILE_BYTES:
            raise DataError(f"{name}: expected at most {_MOST_FILE_BYTES} bytes of strokes, got {info.file_size}")
        strokes = _parse(archive.read(info).decode("ascii", "replace"), name, self.width_px)
        drawing = Drawing(strokes, (PAGE_PX, PAGE_PX), metadata={"word": self.labels[index]})
        return Sample(drawing, None, self.labels[index], str(self.drawers[index]), str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits by drawer."""
        return self._splits


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected a zip of Omniglot strokes, got: {error}; fetch it again") from error


def _parse(text: str, name: str, width_px: float) -> tuple[Stroke, ...]:
    strokes: list[Stroke] = []
    for piece in text.replace("START", "").split("BREAK"):
        lines = piece.split()
        if not lines:
            continue
        try:
            rows = np.array([line.split(",") for line in lines], dtype=np.float64).reshape(-1, 3)
        except ValueError as error:
            raise DataError(f"{name}: expected rows x,y,ms, got: {error}; is the file damaged?") from error
        strokes.append(Stroke(rows[:, :2] * (1.0, -1.0) + _HALF_PIXEL, width=width_px, times_ms=rows[:, 2]))  # type: ignore[arg-type]
    return tuple(strokes)


class OmniglotImages(Dataset):
    """Pictures of 105×105, from `images_background.npz` (964 characters) or `images_evaluation.npz`."""

    stored = "pictures as bits, 1 = paper, 0 = ink"

    def __init__(self, path: str | Path | None = None) -> None:
        path = Path(find("omniglot/images_background.npz") if path is None else path)
        arrays = read_arrays(path, ("images", "char"))
        self.bits, self.characters = arrays["images"], arrays["char"].astype(np.int64)
        if "evaluation" in path.name:
            self.drawers = read_arrays(path, ("index",))["index"].astype(np.int64) % DRAWERS + 1
        else:
            self.drawers = np.arange(len(self.bits)) % DRAWERS + 1
        self.names = _character_names(path)
        self._splits = splits_of(self.drawers)

    def __len__(self) -> int:
        return len(self.bits)

    def make(self, index: int) -> Sample:
        """Unpack one picture."""
        side = int(PAGE_PX)
        picture = 1.0 - np.unpackbits(self.bits[index])[: side * side].reshape(side, side).astype(np.float32)
        character = int(self.characters[index])
        label = self.names[character] if character < len(self.names) else str(character)
        return Sample(None, picture, label, str(self.drawers[index]), str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits by drawer."""
        return self._splits


def _character_names(path: Path) -> list[str]:
    """Read alphabet/character names from characters.json beside the pictures; none if it is not there."""
    table = path.parent / "characters.json"
    if not table.is_file():
        return []
    part = "evaluation" if "evaluation" in path.name else "background"
    return [f"{entry['alphabet']}/{entry['character']}" for entry in json.loads(table.read_text("utf-8"))[part]]
