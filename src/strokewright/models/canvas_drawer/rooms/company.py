"""What a room's company says of it: its size among the plan's rooms, its doors, and what its neighbours seem to be.

The same rectangle is a closet in one plan and a bath in another. Lengths are told in pixels and in doors, because a
plan has no scale but its inner doors are all about as wide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strokewright.models.canvas_drawer.rooms.openings import Openings, linked, touching

Floats = NDArray[np.float32]
SHARES = slice(4, 13)
"""Columns of a candidate's facts with its shares of the nine room classes."""
COMPANY_COLUMNS = 23 + 4 * (SHARES.stop - SHARES.start)
_USUAL_DOOR_PX = 23.0
_TOUCHING_PX = 14.0


def company(boxes: Floats, facts: Floats, openings: Openings) -> Floats:
    """Describe the company of rooms.

    Args:
        boxes: x0, y0, x1, y1 in pixels of all rooms of a plan (n, 4).
        facts: What is known of each as a candidate, see `Candidates` (n, 27).
        openings: Of the plan; none, if they are not known.

    Returns:
        (n, 59): eleven numbers of its size, absolute and among the rooms; six of the rooms beside it; six of its doors
        and windows; and of the classes' shares the most in rooms behind a door, the plan's mean and most, and in how
        many of the plan's rooms a class leads.
    """
    if not len(boxes):
        return np.zeros((0, COMPANY_COLUMNS), dtype=np.float32)
    shares = facts[:, SHARES]
    touch = touching(openings, boxes)
    length = (openings.boxes[:, 2:] - openings.boxes[:, :2]).max(axis=1, initial=0.0)
    door = float(np.median(length[~openings.outer])) if (~openings.outer).any() else _USUAL_DOOR_PX
    links = linked(touch) > 0
    leads = np.bincount(shares.argmax(axis=1), minlength=shares.shape[1])
    plan = np.concatenate([shares.mean(axis=0), shares.max(axis=0), leads])
    behind = np.where(links[..., None], shares[None], -1.0).max(axis=1)
    parts = [
        _sizes(boxes, door),
        _beside(boxes, links),
        _openings(length, openings.outer, touch, door),
        behind,
        np.tile(plan, (len(boxes), 1)),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _sizes(boxes: Floats, door: float) -> NDArray[np.float64]:
    """Return the sides and the area, in doors and in pixels, and how large the room is among the others (n, 11)."""
    sides = np.sort(np.maximum(boxes[:, 2:] - boxes[:, :2], 1).astype(np.float64), axis=1)
    area, count = np.log(sides.prod(axis=1)), len(boxes)
    rank = (-area).argsort(kind="stable").argsort(kind="stable")
    logs = np.log(sides / door)
    whole = np.ones(count)
    columns = [*logs.T, logs.sum(axis=1), np.log(door) * whole, rank, rank / count, count * whole]
    return np.stack([*columns, area - area.mean(), area - area.max(), *sides.T], axis=1)


def _beside(boxes: Floats, links: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the numbers of rooms behind doors and beside, their sizes, and the most doors of one of them (n, 6)."""
    area = np.log(np.maximum(boxes[:, 2:] - boxes[:, :2], 1).prod(axis=1)).astype(np.float64)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    near = (low - high < _TOUCHING_PX).all(axis=2) & ~np.eye(len(boxes), dtype=bool)
    behind, mean = links.sum(axis=1), (links @ area) / np.maximum(links.sum(axis=1), 1)
    columns = [behind, near.sum(axis=1), _most(links, area) - area, mean - area, _most(near, area) - area]
    return np.stack([*columns, _most(links, behind.astype(np.float64))], axis=1)


def _openings(length: Floats, outer: NDArray[np.bool_], touch: NDArray[np.bool_], door: float) -> NDArray[np.float64]:
    """Return the longest outer, the longest and the shortest inner opening, in pixels and in doors, 0 = none (n, 6)."""
    outside, inside = (touch & outer[:, None]).T, (touch & ~outer[:, None]).T
    lengths = length.astype(np.float64)
    ends = np.stack([_most(outside, lengths), _most(inside, lengths), -_most(inside, -lengths)], axis=1)
    return np.concatenate([ends, ends / door], axis=1)


def _most(chosen: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest value of those that each row chooses, 0 if it chooses none."""
    most = np.where(chosen, values, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(chosen.any(axis=1), most, 0.0)
