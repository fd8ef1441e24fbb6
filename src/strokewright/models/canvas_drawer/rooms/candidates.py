"""Rectangles that may be rooms: areas that walls enclose, cuts of open areas along walls, what the drawer proposes.

An enclosed area is exact but may hold several rooms. All these become candidates, each with what the drawer's cells say
of it, and `chooser.py` decides between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from strokewright.models.canvas_drawer.rooms.batches import CELL_PX, LEAST_ROOM_PX, PlanBytes
from strokewright.models.canvas_drawer.rooms.cuts import cut, overlaps
from strokewright.models.canvas_drawer.rooms.drawer import NOT_ROOMS, ROOM_CODES, RoomDrawer
from strokewright.models.canvas_drawer.rooms.evidence import PICTURE_PX, connected, evidence
from strokewright.models.canvas_drawer.rooms.openings import (
    OPENING_COLUMNS,
    Openings,
    describe_openings,
    find_openings,
    linked,
    paint_openings,
    touching,
)
from strokewright.models.canvas_drawer.rooms.surroundings import SURROUNDING_COLUMNS, surroundings

MOST = 72
"""Candidates of a plan."""
VIEWS = 8
"""Ways to turn and mirror a plan."""
FACTS = 4 + len(ROOM_CODES) + SURROUNDING_COLUMNS + OPENING_COLUMNS
"""Columns of `Candidates.facts`."""
CROP = 40
"""Side of the pictures of a candidate."""
_CROP_MARGIN_PX, _CROP_PX = 14.0, 200.0
_LINE = 0.4
_LEAST_SIDE_PX = 12
_LEAST_OPEN_PX = 3000  # an area of a smaller box is not cut
_AGREED = 0.9  # share of cells that agree with the area's box, from which it is not cut
_MOST_AREAS, _MOST_CUTS, _MOST_PROPOSALS = 40, 10, 16
_SAME = 0.6  # IoU from which two cells speak of one rectangle
_ALIKE = 0.8  # IoU from which a further candidate says nothing new
_LEAST_ROOM = 0.2
_LEAST_CELLS = 2.0

Floats = NDArray[np.float32]


class CellMaps(NamedTuple):
    """What the room drawer says of a plan: shares (12, 64, 64), boxes (4, 64, 64), quality (64, 64)."""

    shares: Floats
    boxes: Floats
    quality: Floats


class Candidates(NamedTuple):
    """The candidates of a plan.

    Args:
        boxes: x0, y0, x1, y1 in pixels (n, 4).
        facts: (n, 27): the share of the box that its enclosed area fills (0: not an area), the share of its cells whose
            own boxes agree, how much its cells are rooms, their quality, their shares of the nine room classes, and its
            surroundings and openings.
        crops: Small pictures of each (n, 4, 40, 40): the ink in two windows, the openings in the same.
        links: 1 where two candidates have a door in common (n, n).
        openings: Doors and windows of the plan.
    """

    boxes: Floats
    facts: Floats
    crops: PlanBytes
    links: PlanBytes
    openings: Openings

    def take(self, chosen: NDArray[np.intp]) -> Candidates:
        """Return some of the candidates, by their places."""
        links = self.links[np.ix_(chosen, chosen)]
        return Candidates(self.boxes[chosen], self.facts[chosen], self.crops[chosen], links, self.openings)


def turn(picture: NDArray[Any], view: int) -> NDArray[Any]:
    """Turn or mirror a square picture (…, side, side) into one of 8 views; 0 leaves it as it is."""
    picture = picture.swapaxes(-1, -2) if view & 4 else picture
    picture = picture[..., ::-1] if view & 1 else picture
    return np.ascontiguousarray(picture[..., ::-1, :] if view & 2 else picture)


def turn_boxes(boxes: Floats, view: int) -> Floats:
    """Turn boxes (n, 4) of a picture of 512 px along with `turn`."""
    x0, y0, x1, y1 = boxes.T if not view & 4 else boxes[:, [1, 0, 3, 2]].T
    if view & 1:
        x0, x1 = PICTURE_PX - x1, PICTURE_PX - x0
    if view & 2:
        y0, y1 = PICTURE_PX - y1, PICTURE_PX - y0
    return np.stack([x0, y0, x1, y1], axis=1).astype(np.float32)


def look(drawer: RoomDrawer, ink: PlanBytes, views: int = 4) -> CellMaps:
    """Run the room drawer on a plan (512, 512), 255 = ink, in several views; return the means."""
    chosen = range(views)
    inks = [turn(ink, view).astype(np.uint8) for view in chosen]
    device = next(drawer.parameters()).device
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        cells = drawer(
            torch.from_numpy(np.stack(inks)).to(device).float() / 255,
            torch.from_numpy(np.stack([evidence(each) for each in inks])).to(device),
        )
    told = cells.colours.softmax(dim=1).float().cpu().numpy()
    fits = cells.quality.float().sigmoid().cpu().numpy()
    corners = cells.boxes.float().cpu().numpy()
    back = [_turn_back(told[k], corners[k], fits[k], view) for k, view in enumerate(chosen)]
    shares, boxes, quality = (np.stack([each[part] for each in back]).mean(axis=0) for part in range(3))
    return CellMaps(np.asarray(shares), np.asarray(boxes), np.asarray(quality))


def _turn_back(shares: Floats, boxes: Floats, quality: Floats, view: int) -> tuple[Floats, Floats, Floats]:
    """Undo `turn` on maps (…, 64, 64), and on the boxes they hold."""
    back = view if not view & 4 else 4 | (view & 1) << 1 | (view & 2) >> 1
    boxes = turn(boxes, back)
    flat = turn_boxes(boxes.reshape(4, -1).T, back)
    return turn(shares, back), flat.T.reshape(boxes.shape), turn(quality, back)


def find_candidates(ink: PlanBytes, maps: CellMaps) -> Candidates:
    """List the candidates of a plan (512, 512): enclosed areas, cuts of open ones, proposals; at most `MOST`."""
    labels = connected(ink < 255 * _LINE)
    areas, fills, numbers = enclosed_areas(labels)
    agreed = describe(areas, fills, maps)[:, 1]
    large = (areas[:, 2:] - areas[:, :2]).prod(axis=1) > _LEAST_OPEN_PX
    cuts = [_cut(labels, int(numbers[k]), areas[k]) for k in np.flatnonzero(large & (agreed < _AGREED)).tolist()]
    boxes = _add(areas, np.concatenate([*cuts, _cut_outside(labels)]))
    boxes = _add(boxes, _proposals(maps, areas))[:MOST]
    openings = find_openings(ink, labels)
    touch = touching(openings, boxes)
    told = [
        describe(boxes, np.pad(fills, (0, len(boxes) - len(fills))), maps),
        surroundings(labels, boxes),
        describe_openings(openings, touch, boxes),
    ]
    pictures = [crops(page, boxes) for page in (ink, paint_openings(openings, ink))]
    return Candidates(boxes, np.concatenate(told, axis=1), np.concatenate(pictures, axis=1), linked(touch), openings)


def enclosed_areas(labels: NDArray[np.int32]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the areas between lines that do not touch the rim, largest first.

    Args:
        labels: Numbers of the connected areas (512, 512), 0 = line.

    Returns:
        Boxes (n, 4) in pixels, the share of its box that each fills (n,), and their numbers (n,).
    """
    sizes = np.bincount(labels.ravel())
    sizes[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0
    found: list[tuple[float, ...]] = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        width, height = columns.stop - columns.start, rows.stop - rows.start
        if sizes[number] >= LEAST_ROOM_PX and min(width, height) >= _LEAST_SIDE_PX:
            fill = sizes[number] / (width * height)
            found.append((columns.start, rows.start, columns.stop, rows.stop, fill, number))
    table = np.array(found, dtype=np.float32).reshape(-1, 6)
    table = table[np.argsort(-sizes[table[:, 5].astype(np.intp)], kind="stable")][:_MOST_AREAS]
    return table[:, :4], table[:, 4], table[:, 5].astype(np.intp)


def _cut(labels: NDArray[np.int32], number: int, box: Floats) -> Floats:
    x0, y0, x1, y1 = box.astype(int).tolist()
    return cut(labels == 0, labels == number, (x0, y0, x1, y1), _MOST_CUTS)


def _cut_outside(labels: NDArray[np.int32]) -> Floats:
    """Cut balconies and the like, which are open to one side, from what surrounds the plan."""
    lines = labels == 0
    rows, columns = (np.flatnonzero(lines.any(axis=axis)) for axis in (1, 0))
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    outside = np.isin(labels, rim[rim > 0])
    if not len(rows) or not outside.any():
        return np.zeros((0, 4), dtype=np.float32)
    return cut(lines, outside, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1), _MOST_CUTS)


def _add(boxes: Floats, more: Floats) -> Floats:
    """Append boxes that are not nearly there already."""
    if len(boxes) and len(more):
        more = more[overlaps(more, boxes).max(axis=1) < _ALIKE]
    return np.concatenate([boxes, more])


def _proposals(maps: CellMaps, areas: Floats) -> Floats:
    """Gather cells that speak of one rectangle, and of no area (m, 4), most agreement first; return means (n, 4)."""
    rooms = maps.shares[list(ROOM_CODES)].sum(axis=0)
    likely = rooms > _LEAST_ROOM
    boxes, weight = maps.boxes[:, likely].T, (rooms * maps.quality)[likely]
    if len(areas):
        new = overlaps(boxes, areas).max(axis=1) < _ALIKE
        boxes, weight = boxes[new], weight[new]
    same = overlaps(boxes, boxes) > _SAME
    agreement = same @ weight
    left = np.ones(len(boxes), dtype=bool)
    found: list[Floats] = []
    while left.any() and len(found) < _MOST_PROPOSALS:
        best = int(np.where(left, agreement, -1).argmax())
        if agreement[best] < _LEAST_CELLS:
            break
        members = same[best]
        found.append((boxes[members] * weight[members, None]).sum(axis=0) / weight[members].sum())
        left &= ~members
    return np.array(found, dtype=np.float32).reshape(-1, 4)


def describe(boxes: Floats, fills: Floats, maps: CellMaps) -> Floats:
    """Return the facts (n, 13) of boxes (n, 4) that come from the cells, see `Candidates`."""
    result = np.zeros((len(boxes), 4 + len(ROOM_CODES)), dtype=np.float32)
    result[:, 0] = fills
    rooms = maps.shares[list(ROOM_CODES)]
    likely = 1 - maps.shares[list(NOT_ROOMS)].sum(axis=0)
    for row, box in zip(result, boxes, strict=True):
        columns, rows = (_span(box[axis], box[axis + 2]) for axis in (0, 1))
        own = maps.boxes[:, rows, columns].reshape(4, -1).T
        row[1] = (overlaps(own, box[None])[:, 0] > 0.5).mean()
        row[2] = likely[rows, columns].mean()
        row[3] = maps.quality[rows, columns].mean()
        share = rooms[:, rows, columns].mean(axis=(1, 2))
        row[4:] = share / max(float(share.sum()), 1e-6)
    return result


def crops(ink: PlanBytes, boxes: Floats) -> PlanBytes:
    """Cut two pictures a box (n, 4) out of a plan (512, 512): one as large as the box asks for, one of 200 px.

    Returns:
        (n, 2, 40, 40), 255 = ink; `crop_windows` says what part of the plan each shows.
    """
    margin = PICTURE_PX // 2
    page = Image.fromarray(np.pad(ink, margin))
    result = np.zeros((len(boxes), 2, CROP, CROP), dtype=np.uint8)
    for row, windows in zip(result, (crop_windows(boxes) + margin).tolist(), strict=True):
        for picture, window in zip(row, windows, strict=True):
            picture[:] = np.asarray(page.resize((CROP, CROP), Image.Resampling.BILINEAR, tuple(window)))
    return result


def crop_windows(boxes: Floats) -> Floats:
    """Return the two windows (n, 2, 4) in pixels that `crops` shows of boxes (n, 4)."""
    centre = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    own = np.minimum((boxes[:, 2:] - boxes[:, :2]).max(axis=1) / 2 + _CROP_MARGIN_PX, PICTURE_PX / 2 - 6)
    reach = np.stack([own, np.full_like(own, _CROP_PX / 2)], axis=1)[..., None]
    return np.concatenate([centre - reach, centre + reach], axis=2).astype(np.float32)


def _span(low: float, high: float) -> slice:
    """Return the cells whose centres lie between two places, at least one."""
    side = PICTURE_PX // CELL_PX
    first = int(np.clip(np.ceil(low / CELL_PX - 0.5), 0, side - 1))
    return slice(first, int(np.clip(np.ceil(high / CELL_PX - 0.5), first + 1, side)))
