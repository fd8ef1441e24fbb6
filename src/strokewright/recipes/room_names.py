"""What the room namer learns from: the rooms of floor plans, as far as they are among the candidates.

A plan's rooms are found when it is first used, by the bundled room drawer, and kept in memory; at each use it is turned
or mirrored, some rooms are left out, and now and then the doors and windows are forgotten. Batch i depends on (seed, i)
and the batch size alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.floorplans import Floorplans
from strokewright.models.canvas_drawer.rooms.batches import PlanBytes, number_rooms
from strokewright.models.canvas_drawer.rooms.candidates import (
    VIEWS,
    Floats,
    find_candidates,
    look,
    turn,
    turn_boxes,
)
from strokewright.models.canvas_drawer.rooms.company import company
from strokewright.models.canvas_drawer.rooms.cuts import overlaps
from strokewright.models.canvas_drawer.rooms.drawer import RoomDrawer
from strokewright.models.canvas_drawer.rooms.openings import OPENING_COLUMNS, Openings
from strokewright.recipes.room_choices import (
    FITS,
    KeptPlans,
    drawn_span,
    load_drawer,
    number_types,
    padded_batch,
    pick,
)

_LEFT_OUT = 0.1
_UNKNOWN = 0.15  # share of the plans whose doors and windows are kept back


class _Rooms(NamedTuple):
    crops: PlanBytes
    boxes: Floats
    facts: Floats
    unknowing: Floats  # the facts of one who does not know the openings
    links: PlanBytes
    span: Floats  # (1, 4)
    types: NDArray[np.int64]


class RoomNames:
    """Batches for the room namer, see its `loss`.

    Args:
        seed: Seed of the order and of all changes.
        splits: Some of "train", "valid" and "test".
        change: Turn, mirror, leave out; False gives the plans in order, as they are.
        drawer: Short name of a bundled room drawer, or a path to one.
        views: Views in which the room drawer looks at a plan.
    """

    def __init__(
        self,
        seed: int = 0,
        splits: Sequence[str] = ("train",),
        change: bool = True,
        drawer: str = "rooms/proposals",
        views: int = 2,
    ) -> None:
        plans = Floorplans()
        places = np.flatnonzero(np.isin(plans.split_names(), list(splits))).tolist()
        model = load_drawer(drawer)
        self._plans = KeptPlans(places, lambda i: _read(plans.ink(i), plans.class_map(i), model, views))
        self._seed, self._change = seed, change

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`; an epoch takes each plan once, in a new order. Plans are padded to the longest."""
        rows = pick(self._plans, index, batch_size, self._seed, _changed if self._change else None)
        return padded_batch(rows, _PER_ROOM)


_PER_ROOM = ("crops", "boxes", "facts")


def _read(ink: PlanBytes, types: PlanBytes, drawer: RoomDrawer, views: int) -> _Rooms:
    found = find_candidates(ink, look(drawer, ink, views))
    rooms, boxes = number_rooms(types)
    codes = number_types(rooms, types, len(boxes) - 1)
    alike = overlaps(boxes[1:], found.boxes)
    fits = alike.max(axis=1, initial=0) >= FITS
    chosen = found.take(np.array([row.argmax() for row in alike[fits]], dtype=np.intp))
    known, blind = chosen.facts, chosen.facts.copy()
    blind[:, -OPENING_COLUMNS:] = 0
    unseen = Openings(np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.bool_))
    facts, unknowing = (
        np.concatenate([own, company(chosen.boxes, own, openings)], axis=1)
        for own, openings in ((known, chosen.openings), (blind, unseen))
    )
    return _Rooms(chosen.crops, chosen.boxes, facts, unknowing, chosen.links, drawn_span(ink), codes[fits])


def _changed(plan: _Rooms, rng: np.random.Generator) -> _Rooms:
    """Turn or mirror a plan, leave some rooms out, and now and then forget the openings."""
    view = int(rng.integers(VIEWS))
    kept = np.flatnonzero(rng.random(len(plan.types)) >= _LEFT_OUT)
    kept = kept if len(kept) else np.arange(len(plan.types))
    pictures, links = turn(plan.crops[kept], view).astype(np.uint8), plan.links[np.ix_(kept, kept)]
    forgotten = rng.random() < _UNKNOWN
    if forgotten:
        pictures[:, pictures.shape[1] // 2 :], links[:] = 0, 0
    return _Rooms(
        pictures,
        turn_boxes(plan.boxes[kept], view),
        plan.unknowing[kept] if forgotten else plan.facts[kept],
        plan.unknowing[kept],
        links,
        turn_boxes(plan.span, view),
        plan.types[kept],
    )
