"""Random scenes of one to three boxes in three views, for the drawer of prisms.

Boxes differ in colour, never run through one another, and each shows at least a third of its face in two of the views,
so that all its corners can be known. Pictures are made by the analytic renderer in sRGB, which is exact for boxes and
ten times as fast as Skia.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.render.analytic import layer
from strokewright.render.colour import to_lab
from strokewright.render.prism import stack
from strokewright.render.protocol import VOCABULARIES, Floats

BOX_RGB = (
    (0.90, 0.10, 0.10),  # red
    (0.10, 0.35, 0.95),  # blue
    (0.05, 0.60, 0.15),  # green
    (0.98, 0.60, 0.05),  # orange
    (0.55, 0.10, 0.75),  # violet
    (0.00, 0.80, 0.85),  # cyan
    (0.98, 0.50, 0.80),  # pink
    (0.95, 0.95, 0.10),  # yellow
    (0.10, 0.10, 0.10),  # black
)
"""The colours of the boxes, sRGB; the nearest two, blue and violet, lie ΔE 35 apart."""

MOST_BOXES = 3
_SHORTEST, _LONGEST = 0.12, 0.6  # sides of a box
_LEAST_SHOWN = 1 / 3  # of a face, in two views


class BoxScenes:
    """Batches of `target` (batch, 9, size, size): three views in scaled LAB; batch i depends on (seed, i) alone.

    Args:
        seed: Seed of the scenes.
        boxes: Fewest and most boxes in a scene, of 1 to 3.
        size_px: Side of a view in pixels.
        lessons: How many batches of the fewest boxes come first.
    """

    def __init__(
        self, seed: int = 0, boxes: tuple[int, int] = (1, MOST_BOXES), size_px: int = 24, lessons: int = 0
    ) -> None:
        self._seed, self._boxes, self._size_px, self._lessons = seed, boxes, size_px, lessons

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`."""
        boxes = (self._boxes[0], self._boxes[0] if index < self._lessons else self._boxes[1])
        corners, colour, there = random_boxes(np.random.default_rng((self._seed, index)), batch_size, boxes)
        rows = torch.from_numpy(np.concatenate([corners, colour, there[..., None]], axis=2).astype(np.float32))
        layers = [layer(VOCABULARIES["prism"], box, self._size_px) for box in rows.unbind(dim=1)]
        paper = torch.ones(batch_size, 9, self._size_px, self._size_px)
        views = stack(paper, layers, rows.unbind(dim=1)).unflatten(1, (3, 3)).movedim(2, -1)
        return {"target": np.moveaxis(to_lab(views.numpy()), -1, 2).reshape(paper.shape)}


def random_boxes(
    rng: np.random.Generator, count: int, boxes: tuple[int, int] = (1, MOST_BOXES)
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Make scenes of `boxes[0]` to `boxes[1]` boxes.

    Returns:
        Low and high corners (count, 3, 6) as shares of the cube, sRGB (count, 3, 3), and which boxes are there
        (count, 3): the first ones.
    """
    number = rng.integers(boxes[0], boxes[1] + 1, count)
    there = np.arange(MOST_BOXES) < number[:, None]
    corners = np.empty((count, MOST_BOXES, 6))
    waiting = np.arange(count)
    while len(waiting):
        tried = _random_corners(rng, len(waiting))
        fits = (_apart(tried) | ~_pairs(there[waiting])).all(axis=(1, 2))
        fits &= (_all_seen(tried, there[waiting]) | ~there[waiting]).all(axis=1)
        corners[waiting[fits]] = tried[fits].reshape(-1, MOST_BOXES, 6)
        waiting = waiting[~fits]
    colours = rng.random((count, len(BOX_RGB))).argsort(axis=1)[:, :MOST_BOXES]
    return corners, np.array(BOX_RGB)[colours], there


def _random_corners(rng: np.random.Generator, count: int) -> Floats:
    """Low and high corners of boxes anywhere in the cube, (count, 3, 2, 3)."""
    sides = rng.uniform(_SHORTEST, _LONGEST, (count, MOST_BOXES, 3))
    low = rng.uniform(0, 1, sides.shape) * (1 - sides)
    return np.stack([low, low + sides], axis=2)


def _pairs(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs of different boxes are both there, (count, 3, 3)."""
    return there[:, :, None] & there[:, None] & ~np.eye(MOST_BOXES, dtype=bool)


def _apart(corners: Floats) -> NDArray[np.bool_]:
    """Whether boxes do not run through one another, (count, 3, 3)."""
    low, high = corners[:, :, 0], corners[:, :, 1]
    return np.any((high[:, :, None] <= low[:, None]) | (high[:, None] <= low[:, :, None]), axis=3)


def _all_seen(corners: Floats, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each box shows enough of its face in at least two views, (count, 3)."""
    low, high = corners[:, :, 0], corners[:, :, 1]
    shown = [
        _shown(low[..., kept], high[..., kept], nearness, there) >= _LEAST_SHOWN
        for kept, nearness in (([0, 1], -low[..., 2]), ([2, 1], high[..., 0]), ([0, 2], -low[..., 1]))
    ]
    return np.sum(shown, axis=0) >= 2


def _shown(low: Floats, high: Floats, nearness: Floats, there: NDArray[np.bool_]) -> Floats:
    """Share of each face (count, 3, 2) that nearer ones leave uncovered, (count, 3)."""
    shares = np.empty(nearness.shape)
    for own, (one, two) in enumerate(((1, 2), (0, 2), (0, 1))):
        covers = [_overlap(low, high, own, [other]) * _hides(nearness, there, own, other) for other in (one, two)]
        both = (covers[0] > 0) & (covers[1] > 0)
        union = covers[0] + covers[1] - both * _overlap(low, high, own, [one, two])
        shares[:, own] = 1 - union / (high - low)[:, own].prod(axis=1)
    return shares


def _hides(nearness: Floats, there: NDArray[np.bool_], own: int, other: int) -> NDArray[np.bool_]:
    return there[:, other] & (nearness[:, other] > nearness[:, own])


def _overlap(low: Floats, high: Floats, own: int, others: list[int]) -> Floats:
    """Area that a face shares with all the others, (count,)."""
    members = [own, *others]
    return np.maximum(high[:, members].min(axis=1) - low[:, members].max(axis=1), 0).prod(axis=1)
