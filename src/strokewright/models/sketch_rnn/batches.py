"""Batches of steps for sketch-rnn: real or own drawings in model units, in batches of similar lengths.

A drawing's first row, its place on the page, is dropped; offsets are clamped to ±1000 px and divided by the deviation
of all offsets of the split train. While training, x and y are scaled by 1 ± 0.15, each on its own, and inner points of
a stroke are merged with the next one by chance 0.10, never its ends. Points on whole pixels can be moved a little
(`jitter_px`): else components of the mixture learn the grid, in ever narrower spikes.

Length buckets: the drawings come in one endless shuffled stream, every drawing as often as any other; a window of it is
sorted by length and cut into batches, which come in random order. So a batch is hardly longer than its drawings, and
still the expectation of a step's loss is the mean over all drawings.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, sections 3.1 and 4.1; buckets are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strokewright.datasets.dataset import SPLIT_CODES, TRAIN, Dataset
from strokewright.datasets.step_sets import NO_LABEL, StepOptions, StepSet, join
from strokewright.drawing.sequence import END_STEP, START_TOKEN
from strokewright.errors import DataError, OptionError

Floats32 = NDArray[np.float32]
Indices = NDArray[np.int64]
Parts = str | Path | Dataset | StepSet | Mapping[str, Any]

_CLAMP_PX = 1000.0
_SAFE_STEPS = 3  # the trainer merges none of a stroke's first three points


class BatchOptions(BaseModel):
    """How a stream of drawings is changed and cut."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale_share: float = Field(default=0.15, ge=0, lt=1, description="x and y are scaled by up to this share")
    merge_share: float = Field(default=0.10, ge=0, lt=1, description="Chance of an inner point to be merged")
    jitter_px: float = Field(default=0.0, ge=0, description="Deviation of the noise added to each point's place")
    window: int = Field(default=32, ge=1, description="Batches that are sorted by length together; 1: no buckets")
    fewest_of_class: int = Field(default=0, ge=0, description="Smaller classes are repeated to so many an epoch")
    most_of_class: int | None = Field(default=None, ge=1, description="Larger classes give so many an epoch")


class StepBatches:
    """Batches of `rows` (batch, steps + 1, 5) float32, `length` (batch,) and `label` (batch,), both int64.

    Rows begin with the start token and end with at least one end step; `length` counts the steps between. Batch i
    depends on (seed, i) alone. A split other than train is not changed at random.

    Args:
        path: What `StepSet.open` takes, or a list of that; a mapping {"path": …, "word": …, "classes": […], "times": …}
            names the class of a file without names, takes some classes of one, or takes its drawings several times.
        split: Which split to take; several sources are joined.
        classes: Take these classes, in this order; None: all there are.
        seed: Seed of order and changes.
        scale_px: Pixels of one model unit; None: the deviation of the offsets of train.
        steps: How drawings become steps: fields of `StepOptions`.
        options: Fields of `BatchOptions`.

    Raises:
        DataError: No drawing is left.
        OptionError: A field that is not there or out of range.
    """

    def __init__(
        self,
        path: Parts | Sequence[Parts] | None = None,
        split: str = TRAIN,
        classes: Sequence[str] | None = None,
        seed: int = 0,
        scale_px: float | None = None,
        steps: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if path is None:
            raise DataError("sketch-rnn: expected drawings to learn from, got none; name them with --data or data=")
        if split not in SPLIT_CODES:
            raise OptionError(f"split: expected one of {', '.join(SPLIT_CODES)}, got {split!r}")
        try:
            self.options = BatchOptions(**options)
            step_options = StepOptions(**(steps or {}))
        except ValidationError as error:
            problem = error.errors()[0]
            raise OptionError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
        whole = _only_classes(_open_all(path, step_options), classes)
        self.scale_px = whole.scale_px() if scale_px is None else scale_px
        self.words = whole.words
        self.n_max = int(whole.steps.max()) + 1
        self.augmented = split == TRAIN
        self.set = _in_split(whole, split)
        self._seed = seed
        self._prepare()

    def _prepare(self) -> None:
        """Lay out the split's steps flat, in model units, and say which may be merged."""
        part = self.set
        first = np.zeros(len(part.rows), bool)
        first[part.offsets[:-1]] = True
        rows = part.rows[~first]
        offsets = np.clip(rows[:, :2], -_CLAMP_PX, _CLAMP_PX) / self.scale_px
        self._steps = np.column_stack([offsets, rows[:, 2] > 0.5]).astype(np.float32)
        self.lengths = part.steps
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])[:-1]
        self._steps[self._starts + self.lengths - 1, 2] = 1  # a drawing's end lifts the pen
        self._may_merge = _inner_points(self._steps[:, 2], self._starts)
        self.labels = np.maximum(part.labels, 0).astype(np.int64)
        self._epoch = lru_cache(maxsize=4)(self._shuffled)
        self._window = lru_cache(maxsize=4)(self._sorted_window)

    @property
    def facts(self) -> dict[str, Any]:
        """What the data decide of the model's config: classes, longest drawing and its unit in pixels."""
        names = list(self.words) if len(self.words) > 1 else []
        return {"labels": names, "n_max": self.n_max, "scale_px": round(self.scale_px, 4)}

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`."""
        chosen = self.chosen(index, batch_size)
        rng = np.random.default_rng((self._seed, index, 1))
        steps, lengths = self._gather(chosen)
        if self.augmented:
            steps, lengths = self._changed(steps, lengths, chosen, rng)
        rows = np.empty((len(chosen), int(lengths.max()) + 2, 5), np.float32)
        rows[:] = END_STEP
        rows[:, 0] = START_TOKEN
        at = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
        lifted = steps[:, 2:]
        flat = np.concatenate([steps[:, :2], 1 - lifted, lifted, np.zeros_like(lifted)], axis=1)
        rows[np.repeat(np.arange(len(chosen)), lengths), at] = flat
        return {"rows": rows, "length": lengths, "label": self.labels[chosen]}

    def chosen(self, index: int, batch_size: int) -> Indices:
        """Say which drawings batch `index` holds."""
        number, place = divmod(index, self.options.window)
        return self._window(number, batch_size)[place]

    def _sorted_window(self, number: int, batch_size: int) -> Indices:
        """Sort a window of the stream by length and cut it into batches in random order, (window, batch)."""
        count = self.options.window * batch_size
        stream = self._stream(number * count, count)
        # a stable sort keeps the shuffled order within a length
        ordered = stream[np.argsort(self.lengths[stream], kind="stable")].reshape(-1, batch_size)
        return np.random.default_rng((self._seed, number, 2)).permutation(ordered)

    def _stream(self, start: int, count: int) -> Indices:
        """Return drawings start … start + count of the endless stream: epoch after epoch, each shuffled anew."""
        parts: list[Indices] = []
        while count > 0:
            size = len(self._epoch(0))
            epoch, place = divmod(start, size)
            parts.append(self._epoch(epoch)[place : place + count])
            start += len(parts[-1])
            count -= len(parts[-1])
        return np.concatenate(parts)

    def _shuffled(self, epoch: int) -> Indices:
        """Return the drawings of an epoch: all of them once, but for classes too small or too large."""
        rng = np.random.default_rng((self._seed, epoch, 3))
        if not self.options.fewest_of_class and self.options.most_of_class is None:
            return rng.permutation(len(self)).astype(np.int64)
        parts: list[Indices] = []
        for label in np.unique(self.labels):
            own = rng.permutation(np.flatnonzero(self.labels == label))
            wanted = min(max(len(own), self.options.fewest_of_class), self.options.most_of_class or 2**62)
            parts.append(np.resize(own, wanted))
        return rng.permutation(np.concatenate(parts)).astype(np.int64)

    def _gather(self, chosen: Indices) -> tuple[Floats32, Indices]:
        lengths = self.lengths[chosen]
        return self._steps[self._places(chosen, lengths)], lengths

    def _places(self, chosen: Indices, lengths: Indices) -> Indices:
        return np.arange(lengths.sum()) + np.repeat(self._starts[chosen] - np.cumsum(lengths) + lengths, lengths)

    def _changed(
        self, steps: Floats32, lengths: Indices, chosen: Indices, rng: np.random.Generator
    ) -> tuple[Floats32, Indices]:
        """Scale each drawing's x and y, and merge some inner points with the ones before them."""
        share = self.options.scale_share
        scale = (1 + rng.uniform(-share, share, (len(lengths), 2))).astype(np.float32)
        steps[:, :2] *= np.repeat(scale, lengths, axis=0)
        merged = self._may_merge[self._places(chosen, lengths)] & (rng.random(len(steps)) < self.options.merge_share)
        kept = np.flatnonzero(~merged)  # a drawing's first step is never merged, so none reaches into another drawing
        drawing = np.repeat(np.arange(len(lengths)), lengths)[kept]
        result: Floats32 = steps[kept].astype(np.float32, copy=False)
        result[:, :2] = np.add.reduceat(steps[:, :2], kept, axis=0)
        if self.options.jitter_px:
            moved = rng.normal(0, self.options.jitter_px / self.scale_px, (len(kept), 2)).astype(np.float32)
            result[:, :2] += np.diff(moved, axis=0, prepend=0)
        return result, np.bincount(drawing, minlength=len(lengths))


def _open_all(path: Parts | Sequence[Parts], options: StepOptions) -> StepSet:
    if isinstance(path, str | Path | Dataset | StepSet | Mapping):
        return _open(path, options)
    return join([_open(part, options) for part in path])


def _open(part: Parts, options: StepOptions) -> StepSet:
    """Open one source; a mapping says which of it to take, and what to call it."""
    if not isinstance(part, Mapping):
        return StepSet.open(part, options)
    unknown = part.keys() - {"path", "word", "classes", "times"}
    if unknown or "path" not in part:
        raise OptionError(f"path: expected a mapping of path, word, classes and times, got {', '.join(part)}")
    opened = StepSet.open(part["path"], options)
    if "word" in part:
        opened = opened.labelled(part["word"])
    return join([_only_classes(opened, part.get("classes"))] * int(part.get("times", 1)))


def _only_classes(whole: StepSet, classes: Sequence[str] | None) -> StepSet:
    """Take some classes; their order becomes that of the labels.

    Raises:
        DataError: A class without drawings.
    """
    if classes is None:
        return whole
    missing = [word for word in classes if word not in whole.words]
    if missing:
        raise DataError(f"classes: expected some of {', '.join(whole.words) or 'none'}, got {', '.join(missing)}")
    code = np.full(len(whole.words) + 1, NO_LABEL, np.int32)
    for number, word in enumerate(classes):
        code[whole.words.index(word)] = number
    labels = code[whole.labels]
    part = whole.take(labels >= 0)
    return StepSet(part.rows, part.offsets, labels[labels >= 0], tuple(classes), part.splits, part.skipped)


def _in_split(whole: StepSet, split: str) -> StepSet:
    part = whole.take((whole.splits == SPLIT_CODES.index(split)) & (whole.steps > 0))
    if not len(part):
        raise DataError(f"expected drawings in the split {split!r}, found none among {len(whole)}; add some")
    return part


def _inner_points(lifted: Floats32, starts: Indices) -> NDArray[np.bool_]:
    """Say which steps may be merged: not a stroke's last one, nor one of its first three."""
    before = np.concatenate([[1.0], lifted[:-1]])
    before[starts] = 1
    begin = np.flatnonzero(before)  # the first step of each stroke
    place = np.arange(len(lifted)) - np.repeat(begin, np.diff(begin, append=len(lifted)))
    return (place >= _SAFE_STEPS) & (lifted == 0)
