"""How well found rooms fit the true ones, and the simple baseline to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from strokewright import Drawing
from strokewright.drawing import Box
from strokewright.models.canvas_drawer.rooms.cuts import overlaps

LEAST_IOU = 0.5
_LINE = 0.4
_CLOSED_PX = 9
_LEAST_AREA_PX = 150
_LEAST_SIDE_PX = 16  # chosen on valid plans: it leaves the insides of walls out


@dataclass
class Score:
    """Counts over plans: rooms found, true, and matched, with the IoU of the matches."""

    found: int = 0
    true: Counter[str] = field(default_factory=Counter[str])
    matched: Counter[str] = field(default_factory=Counter[str])
    iou: float = 0.0

    def add(self, found: Drawing, truth: Drawing, typed: bool) -> None:
        """Match a plan's rooms one to one, best first; `typed`: only rooms of the same type match."""
        boxes, wanted = _boxes(found), _boxes(truth)
        self.found += len(boxes)
        self.true.update(box.label for box in wanted)
        if not boxes or not wanted:
            return
        alike = overlaps(_corners(boxes), _corners(wanted))
        if typed:
            alike = alike * np.array([[a.label == b.label for b in wanted] for a in boxes])
        while alike.max() >= LEAST_IOU:
            i, j = np.unravel_index(int(alike.argmax()), alike.shape)
            self.iou += float(alike[i, j])
            self.matched[wanted[int(j)].label] += 1
            alike[i], alike[:, j] = -1, -1

    @property
    def recall(self) -> float:
        """Share of the true rooms that were found."""
        return self.matched.total() / max(1, self.true.total())

    @property
    def precision(self) -> float:
        """Share of the found rooms that are true."""
        return self.matched.total() / max(1, self.found)

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the matches."""
        return self.iou / max(1, self.matched.total())


def _boxes(drawing: Drawing) -> list[Box]:
    return [mark for mark in drawing.marks if isinstance(mark, Box)]


def _corners(boxes: Sequence[Box]) -> NDArray[np.float32]:
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], dtype=np.float32)


def connected_areas(ink: NDArray[np.float32], label: str) -> Drawing:
    """Return the baseline's rooms: close gaps in the lines, take each enclosed area's box, all of one type.

    Args:
        ink: (512, 512) in [0, 1].
        label: The most frequent type of the train plans.
    """
    closed = ndimage.binary_closing(np.pad(ink >= _LINE, _CLOSED_PX), np.ones((_CLOSED_PX, _CLOSED_PX)))
    labels, _ = ndimage.label(~closed[_CLOSED_PX:-_CLOSED_PX, _CLOSED_PX:-_CLOSED_PX])
    sizes = np.bincount(labels.ravel())
    rim = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist())
    marks: list[Box] = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        side = min(rows.stop - rows.start, columns.stop - columns.start)
        if number not in rim and sizes[number] >= _LEAST_AREA_PX and side >= _LEAST_SIDE_PX:
            marks.append(Box(columns.start, rows.start, columns.stop, rows.stop, label=label))
    return Drawing(tuple(marks), (ink.shape[1], ink.shape[0]))
