"""One sample type and one dataset type for everything that holds pictures or strokes.

A dataset is a sequence of Samples, each made when it is asked for. What its files hold, and with which polarity, its
own module says in the docstring and in `stored`; samples always come out as ink, 0 = bare paper.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing
from strokewright.errors import DataError, StrokewrightError
from strokewright.files.numpy_files import read_npz

Ink = NDArray[np.float32]
Photo = NDArray[np.uint8]
TRAIN, VALID, TEST = "train", "valid", "test"
SPLIT_CODES = (TRAIN, VALID, TEST)
"""What 0, 1, 2 in a file's `split` array mean."""
_MOST_LISTED = 20  # a report with more that was skipped counts the reasons


@dataclass(frozen=True, eq=False)
class Sample:
    """One drawing, picture or both.

    Args:
        drawing: Strokes in the order of the pen, or None where only pixels are known.
        picture: (height, width) float32 ink in [0, 1], 0 = bare paper, or None where the drawing says all.
        label: Class name, or None.
        group: What must not be spread over splits, such as who drew it; "" if unknown.
        split: "train", "valid" or "test".
        photo: (height, width, 3) uint8 red, green, blue: what was drawn, or what the drawing is to become; or None.
    """

    drawing: Drawing | None = None
    picture: Ink | None = None
    label: str | None = None
    group: str = ""
    split: str = TRAIN
    photo: Photo | None = None


@dataclass(frozen=True)
class Report:
    """How many samples a dataset kept, in which split, and what it skipped and why."""

    kept: int
    splits: dict[str, int]
    skipped: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = ", ".join(f"{count} {name}" for name, count in self.splits.items())
        lines = [f"kept {self.kept}" + (f" ({parts})" if parts else "") + f", skipped {len(self.skipped)}"]
        if len(self.skipped) > _MOST_LISTED:
            reasons = Counter(why for _, why in self.skipped)
            return "\n".join(lines + [f"  {count} times: {why}" for why, count in reasons.most_common()])
        return "\n".join(lines + [f"  {what}: {why}" for what, why in self.skipped])


class Dataset(Sequence[Sample], ABC):
    """Samples in a fixed order, made on demand.

    `Dataset.open(path)` finds the right kind by the file; `Dataset.from_folder(path)` reads a folder of drawings.
    """

    stored: ClassVar[str] = "strokes"
    """What the files hold, with its polarity."""
    skipped: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def open(source: str | Path, **options: Any) -> Dataset:
        """Open a dataset by its name in the table, by a file, or by a folder of drawings.

        Args:
            source: A name such as "mnist" (looked up under the data folder), or a path.
            options: Passed to the dataset's constructor.

        Raises:
            DataError: Nothing of that name or path, or a file that is no known dataset.
        """
        from strokewright.datasets import open_dataset

        return open_dataset(source, **options)

    @staticmethod
    def from_folder(path: str | Path, **options: Any) -> Dataset:
        """Read every drawing below a folder; files that cannot be read are skipped and reported."""
        from strokewright.datasets.svg_folder import DrawingFolder

        return DrawingFolder(path, **options)

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def make(self, index: int) -> Sample:
        """Make sample `index`, 0 ≤ index < len(self)."""

    @abstractmethod
    def split_names(self) -> NDArray[np.str_]:
        """Return the split (n,) of every sample without making it."""

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Subset: ...
    def __getitem__(self, index: int | slice) -> Sample | Subset:
        if isinstance(index, slice):
            return Subset(self, np.arange(len(self))[index])
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"sample {index} of {count}")
        return self.make(int(index) % count)

    def __iter__(self) -> Iterator[Sample]:
        return (self.make(index) for index in range(len(self)))

    def split(self, *names: str) -> Subset:
        """Return the samples of one split, or of several together. Raises DataError for an unknown name."""
        for name in names:
            if name not in SPLIT_CODES:
                raise DataError(f"split: expected one of {', '.join(SPLIT_CODES)}, got {name!r}")
        return Subset(self, np.flatnonzero(np.isin(self.split_names(), names)))

    def report(self) -> Report:
        """Count what was kept and say what was skipped and why."""
        counts = Counter(self.split_names().tolist())
        return Report(len(self), {name: counts[name] for name in SPLIT_CODES if counts[name]}, tuple(self.skipped))


@dataclass(eq=False)
class Subset(Dataset):
    """Some samples of a dataset, by their indices (n,)."""

    parent: Dataset
    indices: NDArray[np.intp]
    skipped: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.skipped = self.parent.skipped

    def __len__(self) -> int:
        return len(self.indices)

    def make(self, index: int) -> Sample:
        """Make the parent's sample."""
        return self.parent.make(int(self.indices[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the parent's split names at the indices."""
        return self.parent.split_names()[self.indices]


def read_arrays(path: str | Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read named arrays of an .npz without unpickling. Raises DataError for a missing file or array."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a data file, found none; fetch it or pass its path")
    try:
        arrays = read_npz(path, set(names))
    except StrokewrightError as error:
        raise DataError(f"{path}: {error}") from error
    missing = [name for name in names if name not in arrays]
    if missing:
        raise DataError(f"{path}: expected arrays {', '.join(names)}, {', '.join(missing)} missing; is it another set?")
    return arrays


def check_offsets(offsets: NDArray[Any], rows: int, path: str | Path) -> NDArray[np.int64]:
    """Check that drawing i is rows offsets[i] to offsets[i + 1] of a flat array. Raises DataError."""
    values = offsets.astype(np.int64)
    if values.ndim != 1 or len(values) == 0 or values[0] != 0 or values[-1] != rows or (np.diff(values) < 0).any():
        raise DataError(f"{path}: expected offsets that rise from 0 to {rows}, got others; the file is damaged")
    return values


def to_splits(codes: NDArray[Any]) -> NDArray[np.str_]:
    """Turn split codes 0, 1, 2 into names."""
    return np.array(SPLIT_CODES)[np.clip(codes.astype(np.int64), 0, 2)]
