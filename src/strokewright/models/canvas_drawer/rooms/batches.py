"""What the room drawer learns from: floor plans, turned, mirrored, scaled and shifted, with lines of several widths.

Plans and class maps lie in memory as bytes. Batch i depends on (seed, i) and the batch size alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from strokewright.datasets.floorplans import PAGE_PX, ROOM_CODES, Floorplans
from strokewright.models.canvas_drawer.rooms.evidence import connected, evidence

CELL_PX = 8
LEAST_ROOM_PX = 150
"""A connected area of fewer pixels is a speck of the map, not a room."""
_SCALES = (0.8, 1.2)
_STRETCH = 0.1  # how much more one axis may be scaled than the other

PlanBytes = NDArray[np.uint8]


class PlanBatches:
    """Batches of floor plans.

    Columns: `ink` (batch, 512, 512) uint8; `evidence` (batch, 10, 128, 128); and for each cell of 8 px `types` (batch,
    64, 64) class codes, `rooms` (batch, 64, 64) numbers of the rooms from 1, 0 = none, `boxes` (batch, 64, 64, 4) the
    corners of its room in pixels.

    Args:
        seed: Seed of the order and of all changes.
        split: "train", "valid" or "test".
        change: Turn, mirror, scale, shift, and vary the lines; False gives the plans in order, as they are.
    """

    def __init__(self, seed: int = 0, split: str = "train", change: bool = True) -> None:
        plans = Floorplans()
        places = np.flatnonzero(plans.split_names() == split).tolist()
        self._ink = np.stack([plans.ink(i) for i in places])
        self._types = np.stack([plans.class_map(i) for i in places])
        self._seed, self._change = seed, change

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`; an epoch takes each plan once, in a new order."""
        count = len(self._ink)
        rows: list[dict[str, NDArray[Any]]] = []
        for number in range(index * batch_size, (index + 1) * batch_size):
            epoch, place = divmod(number, count)
            if not self._change:
                rows.append(plan_row(self._ink[place], self._types[place]))
                continue
            order = np.random.default_rng((self._seed, epoch)).permutation(count)
            rng = np.random.default_rng((self._seed, 1, number))
            rows.append(plan_row(*_changed(self._ink[order[place]], self._types[order[place]], rng)))
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def plan_row(ink: PlanBytes, types: PlanBytes) -> dict[str, NDArray[Any]]:
    """Return one row of a batch for a plan (512, 512) and its class map."""
    rooms, boxes = number_rooms(types)
    centre = slice(CELL_PX // 2, None, CELL_PX)
    seen = rooms[centre, centre]
    return {
        "ink": ink,
        "evidence": evidence(ink),
        "types": types[centre, centre].astype(np.int64),
        "rooms": seen.astype(np.int64),
        "boxes": boxes[seen],
    }


def number_rooms(types: PlanBytes) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Number the connected rooms of a class map.

    Args:
        types: Class codes (512, 512).

    Returns:
        Numbers from 1 (512, 512), 0 = no room; and boxes x0, y0, x1, y1 (rooms + 1, 4) in pixels, row 0 unused.
    """
    rooms = np.zeros(types.shape, dtype=np.int32)
    boxes: list[tuple[int, int, int, int]] = [(0, 0, 0, 0)]
    for code in np.intersect1d(types, ROOM_CODES).tolist():
        labels = connected(types == code)
        sizes = np.bincount(labels.ravel())
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
            if sizes[number] < LEAST_ROOM_PX:
                continue
            rooms[rows, columns][labels[rows, columns] == number] = len(boxes)
            boxes.append((columns.start, rows.start, columns.stop, rows.stop))
    return rooms, np.array(boxes, dtype=np.float32)


def _changed(ink: PlanBytes, types: PlanBytes, rng: np.random.Generator) -> tuple[PlanBytes, PlanBytes]:
    """Turn, mirror, scale and shift a plan and its map together; vary the lines of the plan."""
    turns, mirror = int(rng.integers(4)), rng.random() < 0.5
    ink, types = (np.rot90(pixels[:, ::-1] if mirror else pixels, turns) for pixels in (ink, types))
    scale = np.exp(rng.uniform(*np.log(_SCALES)))
    scales = scale * np.exp(rng.uniform(-_STRETCH, _STRETCH, 2) / 2)
    window = [_window(span, float(by), rng) for span, by in zip(_spans(types > 0), scales, strict=True)]
    (left, right), (top, bottom) = window
    ink = _cut(ink, (left, top, right, bottom), Image.Resampling.BILINEAR)
    types = _cut(types, (left, top, right, bottom), Image.Resampling.NEAREST)
    return _varied(ink, rng), types


def _spans(drawn: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the last pixel of what is drawn, across and down."""
    spans: list[tuple[int, int]] = []
    for axis in (0, 1):
        found = np.flatnonzero(drawn.any(axis=axis))
        spans.append((int(found[0]), int(found[-1])) if len(found) else (0, PAGE_PX - 1))
    return spans


def _window(span: tuple[int, int], scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Choose the stretch of an axis to look at: the plan scaled, somewhere on the page, and never cut off."""
    length = max(PAGE_PX / scale, span[1] - span[0] + 9.0)
    low, high = span[1] + 5.0 - length, span[0] - 4.0
    start = rng.uniform(low, high)
    return start, start + length


def _cut(pixels: PlanBytes, box: tuple[float, float, float, float], resample: Image.Resampling) -> PlanBytes:
    """Return a part of the picture (it may reach over the rim, where all is 0) at the page's size."""
    margin = int(np.ceil(max(0.0, -min(box), max(box) - PAGE_PX)))
    padded = np.pad(pixels, margin)
    left, top, right, bottom = (side + margin for side in box)
    image = Image.fromarray(padded).resize((PAGE_PX, PAGE_PX), resample, (left, top, right, bottom))
    return np.asarray(image)


def _varied(ink: PlanBytes, rng: np.random.Generator) -> PlanBytes:
    """Make the lines wider, softer or paler, each now and then."""
    kind = rng.random()
    if kind < 0.15:
        ink = np.asarray(ndimage.maximum_filter(ink, 3), dtype=np.uint8)
    elif kind < 0.4:
        wider = ink.copy()
        wider[1:] = np.maximum(wider[1:], ink[:-1])
        wider[:, 1:] = np.maximum(wider[:, 1:], wider[:, :-1])
        ink = wider
    if rng.random() < 0.2:
        soft = np.asarray(ndimage.uniform_filter(ink, 2), dtype=np.uint16)
        ink = np.minimum(soft * 3 // 2, 255).astype(np.uint8)
    if rng.random() < 0.3:
        ink = (ink * rng.uniform(0.7, 1.0)).astype(np.uint8)
    return ink
