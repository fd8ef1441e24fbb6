"""A floor plan becomes rooms: fit the page → look for candidates → choose → name → boxes, large ones first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.datasets.floorplans import CLASSES, ROOM_COLOURS
from strokewright.drawing import Box, Drawing
from strokewright.errors import EmptyError
from strokewright.files.raster import read_picture
from strokewright.models.canvas_drawer.rooms.batches import PlanBytes
from strokewright.models.canvas_drawer.rooms.candidates import (
    Candidates,
    Floats,
    find_candidates,
    look,
    turn,
    turn_boxes,
)
from strokewright.models.canvas_drawer.rooms.chooser import RoomChooser
from strokewright.models.canvas_drawer.rooms.company import company
from strokewright.models.canvas_drawer.rooms.cuts import overlaps
from strokewright.models.canvas_drawer.rooms.drawer import ROOM_CODES, RoomDrawer
from strokewright.models.canvas_drawer.rooms.namer import RoomNamer
from strokewright.pipelines.rooms.options import RoomOptions
from strokewright.pipelines.rooms.page import fit_page
from strokewright.pipelines.trace.clean import clean

# All chosen on valid plans, as is the least score.
_SAME_ROOM = 0.35  # IoU from which two boxes are one room
_LEAST_ROOM = 0.35  # chance to be a room at all
_CHOOSERS_SAY = 0.25  # weight of the chooser in the type


class RoomModels(NamedTuple):
    """The networks: one proposes, one chooses, one names; without the others, how far the first one's cells agree."""

    drawer: RoomDrawer
    chooser: RoomChooser | None
    namer: RoomNamer | None


class Judged(NamedTuple):
    """What the chooser says of candidates: shares of nothing and the room classes (n, 10), how well boxes fit (n,)."""

    shares: Floats
    fit: Floats


def find_rooms(picture: Any, models: RoomModels, options: RoomOptions | None = None) -> Drawing:
    """Find the rooms of a floor plan.

    Args:
        picture: Path, bytes, binary stream, PIL image, or array as `read_picture` takes it: a line drawing of walls.
        models: The networks.
        options: See `RoomOptions`.

    Returns:
        A Box a room with its type as label, its score and its type's colour, large ones first, in the picture's pixels.

    Raises:
        FormatError: The picture cannot be read.
        EmptyError: No rooms were found.
    """
    options = options or RoomOptions()
    ink = clean(read_picture(picture)).ink
    size = (float(ink.shape[1]), float(ink.shape[0]))
    page = fit_page(ink)
    found = find_candidates(page.ink, look(models.drawer, page.ink, options.views))
    marks: list[Box] = []
    if len(found.boxes):
        boxes, shares = _decide(models, page.ink, found, options.views)
        for (x0, y0, x1, y1), types in zip(page.to_picture(boxes, size).tolist(), shares, strict=True):
            name, score = CLASSES[ROOM_CODES[types.argmax()]], float(types.max())
            if score >= options.least_score:
                marks.append(Box(x0, y0, x1, y1, ROOM_COLOURS[name], name, round(score, 4)))
    if not marks:
        raise EmptyError(
            "expected a floor plan with rooms, found none; check the picture, or lower the least score "
            "(--least-score; in Python least_score=)"
        )
    return Drawing(tuple(sorted(marks, key=_area, reverse=True)), size)


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _decide(models: RoomModels, ink: PlanBytes, found: Candidates, views: int) -> tuple[Floats, Floats]:
    """Return the boxes of the rooms (n, 4), best first, and their chances to be of each class (n, 9)."""
    judged = _agreement(found) if models.chooser is None else judge(models.chooser, ink, found, views)
    chosen = choose(found.boxes, judged)
    shares = judged.shares[chosen, 1:]
    if models.namer is not None and len(chosen):
        named = name_rooms(models.namer, ink, found.take(chosen), views)
        both = named ** (1 - _CHOOSERS_SAY) * shares**_CHOOSERS_SAY
        shares = both * shares.sum(axis=1, keepdims=True) / both.sum(axis=1, keepdims=True)
    return found.boxes[chosen], shares


def judge(chooser: RoomChooser, ink: PlanBytes, found: Candidates, views: int) -> Judged:
    """Ask the chooser about the candidates of a page, in several views; return the means."""
    with torch.no_grad():
        logits, fit = chooser(*_in_views(ink, found, found.facts, views, next(chooser.parameters()).device))
    return Judged(logits.softmax(dim=2).mean(dim=0).cpu().numpy(), fit.sigmoid().mean(dim=0).cpu().numpy())


def name_rooms(namer: RoomNamer, ink: PlanBytes, rooms: Candidates, views: int) -> Floats:
    """Ask the namer about the rooms of a page, in several views; return the mean shares of the classes (n, 9)."""
    facts = np.concatenate([rooms.facts, company(rooms.boxes, rooms.facts, rooms.openings)], axis=1)
    with torch.no_grad():
        logits = namer(*_in_views(ink, rooms, facts, views, next(namer.parameters()).device))
    return np.asarray(logits.softmax(dim=3).mean(dim=(0, 1)).cpu().numpy())


def _in_views(
    ink: PlanBytes, found: Candidates, facts: Floats, views: int, device: torch.device
) -> tuple[torch.Tensor, ...]:
    """Return what the chooser and the namer are asked: crops, boxes, facts, links, span, present; a row a view."""
    columns, rows = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (0, 1))
    span = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=np.float32)

    def all_views(make: Any) -> torch.Tensor:
        return torch.from_numpy(np.stack([make(view) for view in range(views)])).to(device)

    return (
        all_views(lambda view: turn(found.crops, view)).float() / 255,
        all_views(lambda view: turn_boxes(found.boxes, view)),
        all_views(lambda view: facts),
        all_views(lambda view: found.links),
        all_views(lambda view: turn_boxes(span, view)[0]),
        torch.ones(views, len(found.boxes), dtype=torch.bool, device=device),
    )


def _agreement(found: Candidates) -> Judged:
    """Judge candidates by what the drawer's cells in them say."""
    agreed, likely, quality = found.facts[:, 1:4].T
    rooms = found.facts[:, 4 : 4 + len(ROOM_CODES)] * (agreed * likely)[:, None]
    return Judged(np.concatenate([1 - rooms.sum(axis=1, keepdims=True), rooms], axis=1), quality)


def choose(boxes: Floats, judged: Judged) -> NDArray[np.intp]:
    """Take the candidates that are most likely rooms, and none that shows a room already taken.

    Args:
        boxes: (n, 4).
        judged: What the chooser says of them.

    Returns:
        Indices of those taken, best first.
    """
    likely = 1 - judged.shares[:, 0]
    same = overlaps(boxes, boxes) > _SAME_ROOM
    taken: list[int] = []
    for index in np.argsort(-likely * judged.fit, kind="stable").tolist():
        if likely[index] >= _LEAST_ROOM and not same[index, taken].any():
            taken.append(index)
    return np.array(taken, dtype=np.intp)
