"""Doors and windows of a plan: their outlines lie on those of the walls, and lines drawn twice have darker rims.

It takes the pixels as the plan was drawn. In a picture that was scaled, or whose lines are bolder, nothing is found,
and whoever asks must do without.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from strokewright.models.canvas_drawer.rooms.evidence import connected

Floats = NDArray[np.float32]
OPENING_COLUMNS = 5
_RIM = (90, 114)  # ink of the rim of a line that was drawn twice; once: about 51
_LEAST_PIXELS, _LEAST_LENGTH_PX, _MOST_THICKNESS_PX = 12, 8, 32
_REACH_PX = 8.0  # from an opening to the rooms beside it
_LEAST_SHARED = 0.5  # of its length, along the room


class Openings(NamedTuple):
    """Doors and windows.

    Args:
        boxes: x0, y0, x1, y1 in pixels (n, 4).
        outer: Which of them lead outside (n,).
    """

    boxes: Floats
    outer: NDArray[np.bool_]


def find_openings(ink: NDArray[np.uint8], labels: NDArray[np.int32]) -> Openings:
    """Find the doors and windows of a plan (512, 512), 255 = ink, with its connected areas numbered, 0 = line."""
    rims = connected((ink >= _RIM[0]) & (ink <= _RIM[1]), corners=True)
    sizes = np.bincount(rims.ravel())
    found: list[tuple[int, int, int, int]] = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(rims), 1):
        thin, long = sorted((columns.stop - columns.start, rows.stop - rows.start))
        if sizes[number] >= _LEAST_PIXELS and long >= _LEAST_LENGTH_PX and thin <= _MOST_THICKNESS_PX:
            found.append((columns.start, rows.start, columns.stop, rows.stop))
    boxes = np.array(found, dtype=np.float32).reshape(-1, 4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    outside = np.isin(labels, rim[rim > 0])
    centre, reach = (boxes[:, :2] + boxes[:, 2:]) / 2, _across(boxes) * ((boxes[:, 2:] - boxes[:, :2]) / 2 + _REACH_PX)
    ends = np.stack([centre - reach, centre + reach]).astype(int).clip(0, ink.shape[0] - 1)
    beside: NDArray[np.bool_] = outside[ends[..., 1], ends[..., 0]]
    return Openings(boxes, np.logical_or(beside[0], beside[1]))


def _across(boxes: Floats) -> Floats:
    """Return the direction through each opening (n, 2): (1, 0) if it stands upright, else (0, 1)."""
    upright = (boxes[:, 3] - boxes[:, 1]) > (boxes[:, 2] - boxes[:, 0])
    return np.stack([upright, ~upright], axis=1).astype(np.float32)


def touching(openings: Openings, boxes: Floats) -> NDArray[np.bool_]:
    """Return which openings (rows) lie in a side of which boxes (columns)."""
    across = _across(openings.boxes)
    grown = openings.boxes + np.concatenate([-across, across], axis=1) * _REACH_PX
    low = np.maximum(grown[:, None, :2], boxes[None, :, :2])
    high = np.minimum(grown[:, None, 2:], boxes[None, :, 2:])
    shared = high - low
    along = 1 - across[:, None]
    length = ((openings.boxes[:, 2:] - openings.boxes[:, :2]) * (1 - across)).sum(axis=1)[:, None]
    centre = (openings.boxes[:, None, :2] + openings.boxes[:, None, 2:]) / 2
    inside = ((centre > boxes[None, :, :2] + _REACH_PX) & (centre < boxes[None, :, 2:] - _REACH_PX)).all(axis=2)
    return (shared > 0).all(axis=2) & ((shared * along).sum(axis=2) >= _LEAST_SHARED * length) & ~inside


def describe_openings(openings: Openings, touch: NDArray[np.bool_], boxes: Floats) -> Floats:
    """Describe the openings of boxes (n, 4).

    Returns:
        (n, 5): logs of the numbers of inner and of outer openings, their lengths as shares of width + height, and
        whether the plan's openings are known.
    """
    length = (openings.boxes[:, 2:] - openings.boxes[:, :2]).max(axis=1, initial=0.0)
    around = np.maximum((boxes[:, 2:] - boxes[:, :2]).sum(axis=1), 1)
    kinds = [touch & (openings.outer == outer)[:, None] for outer in (False, True)]
    counts = [np.log1p(kind.sum(axis=0)) for kind in kinds]
    lengths = [(kind * length[:, None]).sum(axis=0) / around for kind in kinds]
    known = np.full(len(boxes), float(len(openings.boxes) > 0))
    return np.stack([*counts, *lengths, known], axis=1).astype(np.float32)


def paint_openings(openings: Openings, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture like `ink` with the openings alone, filled."""
    page = np.zeros_like(ink)
    for x0, y0, x1, y1 in openings.boxes.astype(int).tolist():
        page[y0:y1, x0:x1] = 255
    return page


def linked(touch: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return which boxes (n, n) have an opening in common."""
    together = (touch.T.astype(np.float32) @ touch.astype(np.float32)) > 0
    np.fill_diagonal(together, False)
    return together.astype(np.uint8)
