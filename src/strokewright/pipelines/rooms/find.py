"""A floor plan becomes rooms: fit the page → look for candidates → choose and colour → boxes, large ones first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.datasets.floorplans import CLASSES, ROOM_COLOURS
from strokewright.drawing import Box, Drawing
from strokewright.errors import EmptyError
from strokewright.files.raster import read_picture
from strokewright.models.canvas_drawer.plan_batches import PlanBytes
from strokewright.models.canvas_drawer.plan_cuts import overlaps
from strokewright.models.canvas_drawer.room_candidates import (
    Candidates,
    Floats,
    find_candidates,
    look,
    turn,
    turn_boxes,
)
from strokewright.models.canvas_drawer.room_chooser import RoomChooser
from strokewright.models.canvas_drawer.room_drawer import ROOM_CODES, RoomDrawer
from strokewright.pipelines.rooms.options import RoomOptions
from strokewright.pipelines.rooms.page import fit_page
from strokewright.pipelines.trace.clean import clean

_SAME_ROOM = 0.3  # IoU from which two boxes are one room; chosen on valid plans, as is the least score


class RoomModels(NamedTuple):
    """The two networks: one proposes, one chooses; without a chooser, how far the cells agree decides."""

    drawer: RoomDrawer
    chooser: RoomChooser | None


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
        judged = _agreement(found) if models.chooser is None else judge(models.chooser, page.ink, found, options.views)
        chosen, codes, scores = choose(found.boxes, judged, options.least_score)
        corners = page.to_picture(found.boxes[chosen], size)
        for (x0, y0, x1, y1), code, score in zip(corners.tolist(), codes, scores, strict=True):
            name = CLASSES[code]
            marks.append(Box(x0, y0, x1, y1, ROOM_COLOURS[name], name, round(score, 4)))
    if not marks:
        raise EmptyError("expected a floor plan with rooms, found none; check the picture, or lower least_score")
    return Drawing(tuple(sorted(marks, key=_area, reverse=True)), size)


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def judge(chooser: RoomChooser, ink: PlanBytes, found: Candidates, views: int) -> Judged:
    """Ask the chooser about the candidates of a page, in several views; return the means."""
    columns, rows = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (0, 1))
    span = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=np.float32)
    device = next(chooser.parameters()).device

    def all_views(make: Any) -> torch.Tensor:
        return torch.from_numpy(np.stack([make(view) for view in range(views)])).to(device)

    with torch.no_grad():
        logits, fit = chooser(
            all_views(lambda view: turn(found.crops, view)).float() / 255,
            all_views(lambda view: turn_boxes(found.boxes, view)),
            all_views(lambda view: found.facts),
            all_views(lambda view: found.links),
            all_views(lambda view: turn_boxes(span, view)[0]),
            torch.ones(views, len(found.boxes), dtype=torch.bool, device=device),
        )
    return Judged(logits.softmax(dim=2).mean(dim=0).cpu().numpy(), fit.sigmoid().mean(dim=0).cpu().numpy())


def _agreement(found: Candidates) -> Judged:
    """Judge candidates by what the drawer's cells in them say."""
    agreed, likely, quality = found.facts[:, 1:4].T
    rooms = found.facts[:, 4 : 4 + len(ROOM_CODES)] * (agreed * likely)[:, None]
    return Judged(np.concatenate([1 - rooms.sum(axis=1, keepdims=True), rooms], axis=1), quality)


def choose(boxes: Floats, judged: Judged, least_score: float) -> tuple[list[int], list[int], list[float]]:
    """Take the candidates that are most likely rooms, and none that shows a room already taken.

    Args:
        boxes: (n, 4).
        judged: What the chooser says of them.
        least_score: Lowest chance of the type.

    Returns:
        Indices of those taken, best first; their class codes; their scores.
    """
    rooms = judged.shares[:, 1:]
    score: NDArray[np.float32] = rooms.max(axis=1)
    worth = (1 - judged.shares[:, 0]) * judged.fit
    same = overlaps(boxes, boxes) > _SAME_ROOM
    taken: list[int] = []
    for index in np.argsort(-worth, kind="stable").tolist():
        if score[index] >= least_score and not same[index, taken].any():
            taken.append(index)
    return taken, [ROOM_CODES[rooms[i].argmax()] for i in taken], [float(score[i]) for i in taken]
