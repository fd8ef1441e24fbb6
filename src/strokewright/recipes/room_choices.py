"""What the room chooser learns from: the candidates of floor plans, with the rooms that they fit.

A plan's candidates are found when it is first used, by the bundled room drawer, and kept in memory; at each use it is
turned or mirrored, its boxes are moved a little, and some candidates are left out. Batch i depends on (seed, i) and the
batch size alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from strokewright import weights
from strokewright.datasets.floorplans import Floorplans
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer.rooms.batches import PlanBytes, number_rooms
from strokewright.models.canvas_drawer.rooms.candidates import (
    VIEWS,
    Floats,
    find_candidates,
    look,
    turn,
    turn_boxes,
)
from strokewright.models.canvas_drawer.rooms.chooser import CANVAS, STEPS_PX
from strokewright.models.canvas_drawer.rooms.cuts import overlaps
from strokewright.models.canvas_drawer.rooms.drawer import ROOM_CODES, RoomDrawer, paint_map
from strokewright.models.canvas_drawer.rooms.evidence import PICTURE_PX
from strokewright.models.canvas_drawer.rooms.openings import OPENING_COLUMNS

FITS = 0.5
"""IoU from which a candidate is a room."""
_MOVED_PX = 1.5
_LEFT_OUT = 0.1
_UNKNOWN = 0.25  # share of the plans whose doors and windows are kept back


class _Candidates(Protocol):
    """A plan's candidates: `types` (candidates,) are places in `ROOM_CODES`, -1 where none is known."""

    @property
    def boxes(self) -> Floats: ...
    @property
    def links(self) -> PlanBytes: ...
    @property
    def span(self) -> Floats: ...
    @property
    def types(self) -> NDArray[np.int64]: ...


_AnyPlan = TypeVar("_AnyPlan", bound=_Candidates)


class _Plan(NamedTuple):
    crops: PlanBytes
    boxes: Floats
    facts: Floats
    links: PlanBytes
    span: Floats  # (1, 4)
    types: NDArray[np.int64]
    fit: Floats
    map: Floats  # (10, 32, 32)


class RoomChoices:
    """Batches for the room chooser, see its `loss`.

    Args:
        seed: Seed of the order and of all changes.
        split: "train", "valid" or "test".
        change: Turn, mirror, move, leave out; False gives the plans in order, as they are.
        drawer: Short name of a bundled room drawer, or a path to one.
        views: Views in which the room drawer looks at a plan.
    """

    def __init__(
        self,
        seed: int = 0,
        split: str = "train",
        change: bool = True,
        drawer: str = "rooms/proposals",
        views: int = 2,
    ) -> None:
        plans = Floorplans()
        places = np.flatnonzero(plans.split_names() == split).tolist()
        model = load_drawer(drawer)
        self._plans = KeptPlans(places, lambda i: _read(plans.ink(i), plans.class_map(i), model, views))
        self._seed, self._change = seed, change

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`; an epoch takes each plan once, in a new order. Plans are padded to the longest."""
        rows = pick(self._plans, index, batch_size, self._seed, _changed if self._change else None)
        batch = padded_batch(rows, _PER_CANDIDATE)
        batch["map"] = np.stack([row.map for row in rows])
        return batch | {name: np.rint(batch[name] * STEPS_PX).astype(np.int32) for name in ("boxes", "span")}


class KeptPlans(Generic[_AnyPlan]):
    """Plans that are read when they are first asked for, and then kept.

    Args:
        places: Where they lie in the data set.
        read: Reads the one at a place.
    """

    def __init__(self, places: Sequence[int], read: Callable[[int], _AnyPlan]) -> None:
        self._places, self._read = places, read
        self._kept: dict[int, _AnyPlan] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> _AnyPlan:
        if index not in self._kept:
            self._kept[index] = self._read(self._places[index])
        return self._kept[index]


def pick(
    plans: KeptPlans[_AnyPlan],
    index: int,
    batch_size: int,
    seed: int,
    change: Callable[[_AnyPlan, np.random.Generator], _AnyPlan] | None,
) -> list[_AnyPlan]:
    """Return the plans of batch `index`, changed; an epoch takes each once, in a new order."""
    picked: list[_AnyPlan] = []
    for number in range(index * batch_size, (index + 1) * batch_size):
        epoch, place = divmod(number, len(plans))
        if change is None:
            picked.append(plans[place])
            continue
        order = np.random.default_rng((seed, epoch)).permutation(len(plans))
        picked.append(change(plans[order[place]], np.random.default_rng((seed, 1, number))))
    return picked


def padded_batch(rows: Sequence[_AnyPlan], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Stack what plans have for each candidate (`names`, links, types) padded to the longest, and their spans."""
    longest = max(len(row.boxes) for row in rows)
    batch = {name: np.stack([_padded(getattr(row, name), longest) for row in rows]) for name in names}
    batch["links"] = np.stack([_padded(_padded(row.links, longest).T, longest) for row in rows])
    batch["types"] = np.stack([_padded(row.types + 1, longest) - 1 for row in rows])
    batch["span"] = np.stack([row.span[0] for row in rows])
    return batch


def load_drawer(drawer: str) -> RoomDrawer:
    """Load a room drawer by its short name or from a path.

    Raises:
        OptionError: It is another model.
    """
    model = weights.open_model(drawer)
    if not isinstance(model, RoomDrawer):
        raise OptionError(f"{drawer}: expected a room drawer, got {type(model).__name__}; choose rooms/proposals")
    return model


def _padded(values: NDArray[Any], length: int) -> NDArray[Any]:
    """Fill up with zeros at the end of the first axis."""
    return np.pad(values, [(0, length - len(values)), *([(0, 0)] * (values.ndim - 1))])


def drawn_span(ink: PlanBytes) -> Floats:
    """Return the box around all ink (1, 4) in pixels."""
    columns, rows = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (0, 1))
    return np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=np.float32)


def number_types(rooms: NDArray[np.int32], types: PlanBytes, count: int) -> NDArray[np.int64]:
    """Return the places in `ROOM_CODES` of the classes of a map's rooms 1 to count."""
    codes = [ROOM_CODES.index(int(types[rooms == number][0])) for number in range(1, count + 1)]
    return np.array(codes, dtype=np.int64)


_PER_CANDIDATE = ("crops", "boxes", "facts", "fit")


def _read(ink: PlanBytes, types: PlanBytes, drawer: RoomDrawer, views: int) -> _Plan:
    found = find_candidates(ink, look(drawer, ink, views))
    rooms, boxes = number_rooms(types)
    fit = np.zeros(len(found.boxes), dtype=np.float32)
    labels = np.zeros(len(found.boxes), dtype=np.int64)
    if len(boxes) > 1:
        alike = overlaps(found.boxes, boxes[1:])
        fit = alike.max(axis=1).astype(np.float32)
        room_types = number_types(rooms, types, len(boxes) - 1) + 1
        labels = np.where(fit >= FITS, room_types[alike.argmax(axis=1)], 0)
    layers = paint_map(torch.from_numpy(types[None, 2::4, 2::4].astype(np.int64)))
    painted = F.avg_pool2d(layers, PICTURE_PX // 4 // CANVAS)[0].numpy()
    return _Plan(found.crops, found.boxes, found.facts, found.links, drawn_span(ink), labels, fit, painted)


def _changed(plan: _Plan, rng: np.random.Generator) -> _Plan:
    """Turn or mirror a plan, move its candidates' corners, leave some out, and now and then forget the openings."""
    view = int(rng.integers(VIEWS))
    kept = np.flatnonzero(rng.random(len(plan.boxes)) >= _LEFT_OUT)
    moved = plan.boxes[kept] + rng.normal(0, _MOVED_PX, (len(kept), 4)).astype(np.float32)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 4)
    pictures, facts = turn(plan.crops[kept], view).astype(np.uint8), plan.facts[kept]
    links = plan.links[np.ix_(kept, kept)]
    if rng.random() < _UNKNOWN:
        pictures[:, pictures.shape[1] // 2 :], facts[:, -OPENING_COLUMNS:], links[:] = 0, 0, 0
    return _Plan(
        pictures,
        turn_boxes(moved, view),
        facts,
        links,
        turn_boxes(plan.span, view),
        plan.types[kept],
        plan.fit[kept],
        turn(plan.map, view).astype(np.float32),
    )
