"""Training sets of step sequences: many drawings as stroke-3 rows in flat arrays, with labels and splits.

    leaves = StepSet.open("my_svgs")                  # any dataset: fitted to a page of 256 px and simplified
    kanji = StepSet.open("sketchrnn/short_kanji.npz")  # a training set: taken as it is
    print(leaves.report()); leaves.save("leaf.npz")

A drawing from elsewhere is brought to the form of Quick, Draw!'s simplified ones: its longer side 255 px, simplified by
Ramer–Douglas–Peucker with epsilon 2 px, on whole pixels. What is empty, too short or too long is left out and reported.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 3.1; RDP in section 3.1's data.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from strokewright.datasets.dataset import SPLIT_CODES, TRAIN, VALID, Dataset, Report, check_offsets
from strokewright.datasets.download import find
from strokewright.drawing import Drawing
from strokewright.drawing.curves import flatten, simplify
from strokewright.drawing.drawing import Floats, bounds
from strokewright.errors import DataError, DrawingError, EmptyError, FormatError
from strokewright.files.atomic import write_atomically
from strokewright.files.numpy_files import read_npz, write_npz
from strokewright.files.sketch_rnn_npz import SETS

PAGE_PX = 256.0
NO_LABEL = -1
Rows = NDArray[np.float32]


class StepOptions(BaseModel):
    """How drawings become steps, and which are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epsilon_px: float = Field(default=2.0, ge=0, description="Largest shift by simplifying, on a page of 256 px")
    grid_px: float = Field(default=1.0, ge=0, description="Points lie on multiples of this; 0: anywhere")
    keep_page: bool = Field(default=False, description="Scale the page to 256 px, in place of the drawing itself")
    fewest_steps: int = Field(default=2, ge=1, description="Drawings with fewer steps are left out")
    most_steps: int = Field(default=300, ge=1, description="Drawings with more steps are left out")


DEFAULT_STEPS = StepOptions()


@dataclass(frozen=True, eq=False)
class StepSet:
    """Drawings as stroke-3 rows in pixels.

    Args:
        rows: (rows, 3) stroke-3 rows of all drawings; the first of each holds the absolute start.
        offsets: (drawings + 1,) drawing i is rows[offsets[i]:offsets[i + 1]].
        labels: (drawings,) index into `words`, -1 where a drawing has none.
        words: Class names.
        splits: (drawings,) 0 train, 1 valid, 2 test.
        skipped: What was left out, and why.
    """

    rows: Rows
    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    words: tuple[str, ...]
    splits: NDArray[np.uint8]
    skipped: tuple[tuple[str, str], ...] = ()

    @classmethod
    def open(cls, source: StepSet | Dataset | str | Path, options: StepOptions = DEFAULT_STEPS) -> StepSet:
        """Open a training set, or make one of any dataset.

        Args:
            source: A step set; a dataset; its name in the table; a file or folder, also one below the data folder. An
                `.npz` in a layout of sketch-rnn or Quick, Draw!, or a folder of such, is taken as it is; only what is
                too short or too long is left out.
            options: How drawings become steps.

        Raises:
            DataError: Nothing there, or a damaged file.
            EmptyError: No drawing is kept.
        """
        if isinstance(source, StepSet):
            return source._kept(options)
        if isinstance(source, Dataset):
            return cls.from_dataset(source, options)
        path = _path_of(source)
        if path is not None and path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            if files and all(file.suffix == ".npz" for file in files):
                return join([cls.open(file, options) for file in files])
        if path is not None and path.suffix == ".npz" and path.is_file():
            arrays = _read(path)
            for layout in (_from_sets, _from_quickdraw):
                found = layout(arrays, path)
                if found is not None:
                    return found._kept(options)
        return cls.from_dataset(Dataset.open(source if path is None else path), options)

    @classmethod
    def from_dataset(cls, dataset: Dataset, options: StepOptions = DEFAULT_STEPS) -> Self:
        """Make steps of every drawing of a dataset; a label that a drawing lacks is the name of its folder.

        If no drawing falls to the split valid, the last one of the split train goes there.

        Raises:
            EmptyError: No drawing is kept.
        """
        rows: list[Rows] = []
        facts: list[tuple[str, int]] = []
        skipped = list(dataset.skipped)
        for index in range(len(dataset)):
            name = f"drawing {index}"
            try:
                sample = dataset[index]
                name = sample.group or name
                rows.append(to_steps(sample.drawing, options))
            except (DrawingError, FormatError, DataError) as error:
                skipped.append((name, str(error)))
                continue
            label = sample.label or PurePosixPath(sample.group).parent.name
            facts.append((label, SPLIT_CODES.index(sample.split)))
        if not rows:
            raise _nothing_kept(skipped)
        words = tuple(sorted({label for label, _ in facts if label}))
        code = {word: number for number, word in enumerate(words)}
        return cls(
            np.concatenate(rows),
            np.cumsum([0, *map(len, rows)], dtype=np.int64),
            np.array([code.get(label, NO_LABEL) for label, _ in facts], np.int32),
            words,
            _with_valid(np.array([split for _, split in facts], np.uint8)),
            tuple(skipped),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def steps(self) -> NDArray[np.int64]:
        """How many steps each drawing has, the first row (its place on the page) not counted, (drawings,)."""
        return np.maximum(np.diff(self.offsets) - 1, 0)

    def drawing(self, index: int) -> Rows:
        """Return one drawing's stroke-3 rows."""
        return self.rows[self.offsets[index] : self.offsets[index + 1]]

    def scale_px(self) -> float:
        """Return the deviation of all offsets of the split train, first rows left out: one unit of a model, in pixels.

        Raises:
            DataError: There is no offset in train.
        """
        chosen = np.repeat(self.splits == SPLIT_CODES.index(TRAIN), np.diff(self.offsets))
        chosen[self.offsets[:-1][np.diff(self.offsets) > 0]] = False
        moves = self.rows[chosen, :2].astype(np.float64)
        if not moves.any():
            raise DataError("expected drawings in the split train, whose offsets give the scale, found none")
        return float(moves.std())

    def take(self, chosen: NDArray[Any], skipped: Sequence[tuple[str, str]] = ()) -> StepSet:
        """Return some drawings, by their indices or a mask (drawings,)."""
        indices = np.arange(len(self))[chosen]
        counts = np.diff(self.offsets)[indices]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[indices] - offsets[:-1], counts)
        parts = (self.labels[indices], self.words, self.splits[indices], (*self.skipped, *skipped))
        return StepSet(self.rows[rows], offsets, *parts)

    def labelled(self, word: str) -> StepSet:
        """Return the same drawings, all of one class."""
        return replace(self, labels=np.zeros(len(self), np.int32), words=(word,))

    def report(self) -> Report:
        """Count what was kept and say what was left out and why."""
        counts = Counter(SPLIT_CODES[code] for code in self.splits.tolist())
        return Report(len(self), {name: counts[name] for name in SPLIT_CODES if counts[name]}, self.skipped)

    def save(self, path: str | Path) -> None:
        """Write the set as sketch-rnn's `.npz`, in the flat layout of `files/sketch_rnn_npz.py`."""
        arrays: dict[str, NDArray[Any]] = {"words": np.array(self.words)} if self.words else {}
        whole = bool((self.rows == self.rows.round()).all()) and float(np.abs(self.rows).max(initial=0)) < 2**15
        for code, name in enumerate(SETS):
            part = self.take(self.splits == code)
            if len(part):
                arrays[f"{name}_points"] = part.rows.astype(np.int16 if whole else np.float32)
                arrays[f"{name}_offsets"] = part.offsets
                arrays[f"{name}_sizes"] = np.full((len(part), 2), PAGE_PX)
                arrays[f"{name}_labels"] = part.labels
        buffer = io.BytesIO()
        write_npz(arrays, buffer)
        write_atomically(Path(path), buffer.getvalue())

    def _kept(self, options: StepOptions) -> StepSet:
        """Leave out what is too short or too long."""
        good = (self.steps >= options.fewest_steps) & (self.steps <= options.most_steps)
        if good.all():
            return self
        skipped = [(f"drawing {i}", _refusal(int(self.steps[i]), options)) for i in np.flatnonzero(~good)]
        if not good.any():
            raise _nothing_kept(skipped)
        return self.take(good, skipped)


def _nothing_kept(skipped: Sequence[tuple[str, str]]) -> EmptyError:
    first = ": ".join(skipped[0]) if skipped else "it is empty"
    return EmptyError(f"expected drawings to learn from, kept none of {len(skipped)}; the first: {first}")


def join(sets: Sequence[StepSet]) -> StepSet:
    """Put step sets together; their classes are merged by name, in the order of their first appearance."""
    words = tuple(dict.fromkeys(word for part in sets for word in part.words))
    code = {word: number for number, word in enumerate(words)}
    labels = [np.array([*(code[word] for word in part.words), NO_LABEL], np.int32)[part.labels] for part in sets]
    starts = np.cumsum([0, *(len(part.rows) for part in sets)])
    ends = [part.offsets[1:] + start for part, start in zip(sets, starts[:-1], strict=True)]
    return StepSet(
        np.concatenate([part.rows for part in sets]),
        np.concatenate([[0], *ends]).astype(np.int64),
        np.concatenate(labels),
        words,
        np.concatenate([part.splits for part in sets]),
        tuple(item for part in sets for item in part.skipped),
    )


def to_steps(drawing: Drawing | None, options: StepOptions = DEFAULT_STEPS) -> Rows:
    """Turn a drawing into stroke-3 rows of a training set, (steps + 1, 3); the first is the absolute start.

    Raises:
        DrawingError: No strokes, or too few or too many steps.
    """
    if drawing is None or not drawing.strokes:
        raise DrawingError("no strokes")
    lines = [stroke.nodes if stroke.is_polyline else flatten(stroke) for stroke in drawing.strokes]
    x0, y0, x1, y1 = (0.0, 0.0, *drawing.size) if options.keep_page else bounds(drawing.strokes)
    scale = (PAGE_PX - 1) / max(x1 - x0, y1 - y0, 1e-6)
    placed = [(line - (x0, y0)) * scale for line in lines]
    rows = lines_to_rows([line[simplify(line, options.epsilon_px)] for line in placed], options.grid_px)
    if refused := _refusal(len(rows) - 1, options):
        raise DrawingError(refused)
    return rows


def lines_to_rows(lines: Sequence[Floats], grid_px: float) -> Rows:
    """Turn polylines (n, 2) into stroke-3 rows on a grid; the first row holds the first point."""
    points = np.concatenate(lines)
    if grid_px > 0:
        points = np.rint(points / grid_px) * grid_px
    rows = np.zeros((len(points), 3), np.float32)
    rows[:, :2] = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
    rows[np.cumsum([len(line) for line in lines]) - 1, 2] = 1
    return rows


def _refusal(steps: int, options: StepOptions) -> str:
    if steps < options.fewest_steps:
        return f"too short: {steps} steps, expected at least {options.fewest_steps}"
    if steps > options.most_steps:
        return f"too long: {steps} steps, expected at most {options.most_steps}; raise epsilon_px or most_steps"
    return ""


def _with_valid(splits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    train, valid = SPLIT_CODES.index(TRAIN), SPLIT_CODES.index(VALID)
    own = np.flatnonzero(splits == train)
    if len(own) > 1 and not (splits == valid).any():
        splits[own[-1]] = valid
    return splits


def _path_of(source: str | Path) -> Path | None:
    """Return the file that a path means, here or below the data folder; None: the name of a dataset, or nothing."""
    path = Path(source)
    if path.exists():
        return path
    if path.suffix and not path.is_absolute():
        below = find(path.as_posix())
        return below if below.exists() else None
    return None


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_npz(path)
    except FormatError as error:
        raise DataError(f"{path}: {error}") from error


def _from_sets(arrays: dict[str, NDArray[Any]], path: Path) -> StepSet | None:
    """Read sketch-rnn's sets, as object arrays or flat; None: another layout."""
    parts = [part for code, name in enumerate(SETS) for part in _one_set(arrays, code, name, path)]
    return join(parts) if parts else None


def _one_set(arrays: dict[str, NDArray[Any]], code: int, name: str, path: Path) -> Iterator[StepSet]:
    words: tuple[str, ...] = ()
    if name in arrays:
        drawings = [np.asarray(drawing, np.float32).reshape(-1, 3) for drawing in arrays[name]]
        rows = np.concatenate([np.zeros((0, 3), np.float32), *drawings])
        offsets = np.cumsum([0, *map(len, drawings)], dtype=np.int64)
        labels = np.full(len(drawings), NO_LABEL)
    elif f"{name}_points" in arrays and f"{name}_offsets" in arrays:
        rows = arrays[f"{name}_points"].astype(np.float32).reshape(-1, 3)
        offsets = check_offsets(arrays[f"{name}_offsets"], len(rows), path)
        words = tuple(str(word) for word in arrays.get("words", ()))
        labels = arrays.get(f"{name}_labels", np.full(len(offsets) - 1, NO_LABEL))
    else:
        return
    yield _checked(rows, offsets, labels, words, np.full(len(offsets) - 1, code), path)


def _from_quickdraw(arrays: dict[str, NDArray[Any]], path: Path) -> StepSet | None:
    """Read one flat array of drawings with label and split; None: another layout."""
    if not {"strokes", "offsets", "label", "words", "split"} <= arrays.keys():
        return None
    rows = arrays["strokes"].astype(np.float32).reshape(-1, 3)
    offsets = check_offsets(arrays["offsets"], len(rows), path)
    words = tuple(str(word) for word in arrays["words"])
    return _checked(rows, offsets, arrays["label"], words, arrays["split"], path)


def _checked(
    rows: Rows, offsets: NDArray[np.int64], labels: NDArray[Any], words: tuple[str, ...], splits: Any, path: Path
) -> StepSet:
    count = len(offsets) - 1
    if len(labels) != count or len(splits) != count or (count and labels.max() >= len(words) and labels.max() >= 0):
        raise DataError(
            f"{path}: expected a label and a split for each of {count} drawings, got others; is it damaged?"
        )
    if not np.isfinite(rows).all():
        raise DataError(f"{path}: expected finite numbers, got NaN or infinity; is it damaged?")
    return StepSet(rows, offsets, labels.astype(np.int32), words, splits.astype(np.uint8))
