"""Rectangles and circles on a small page, with the truth kept: the synthetic sets of the painter.

Sets (28×28, 10,000 pictures each, made on demand; picture i depends on the seed and i alone; every tenth is test, every
tenth valid):

    2-rectangles, 4-rectangles        black on white, at least a pixel apart, so that they can be told
    0to2-rectangles                   none, one or two
    2-rectangles-mixed                black on white, or white on black
    2-rectangles-occlusion            one black, one grey, one may lie over the other; at least a third of each is seen
    5-rectangles-occlusion            five greys, in any order
    2-shapes                          squares and circles

Corners of rectangles lie on the pixel grid; circles have smooth edges.

Source: Jaques, "Teaching Machines to Paint" (2016), appendix A.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import SPLIT_CODES, TEST, TRAIN, VALID, Dataset, Sample
from strokewright.drawing import Drawing, Stamp
from strokewright.errors import OptionError
from strokewright.render.template_shapes import built_in

Floats = NDArray[np.float64]
PAGE_PX = 28
SQUARE, CIRCLE = 0, 1
KINDS = ("square", "circle")
"""What 0 and 1 mean in `Scenes.kind`."""
_EVERY = 10  # one picture in ten is test, one valid
_LEAST_SEEN = 1 / 3


@dataclass(frozen=True)
class Rule:
    """What the pictures of a set hold.

    Args:
        count: Fewest and most shapes.
        side_px: Shortest and longest side.
        colours: Lightness of the shapes; each picture has them in an order of its own.
        apart: Shapes keep a pixel apart; else they may lie over one another, as long as enough of each is seen.
        circles: Some are circles; then all have equal sides.
        inverted: Half of the pictures are white on black.
    """

    count: tuple[int, int]
    side_px: tuple[int, int]
    colours: tuple[float, ...]
    apart: bool = True
    circles: bool = False
    inverted: bool = False


RULES = {
    "2-rectangles": Rule((2, 2), (5, 14), (0.0, 0.0)),
    "4-rectangles": Rule((4, 4), (4, 11), (0.0,) * 4),
    "0to2-rectangles": Rule((0, 2), (5, 14), (0.0, 0.0)),
    "2-rectangles-mixed": Rule((2, 2), (5, 14), (0.0, 0.0), inverted=True),
    "2-rectangles-occlusion": Rule((2, 2), (8, 18), (0.0, 0.5), apart=False),
    "5-rectangles-occlusion": Rule((5, 5), (7, 15), (0.0, 0.2, 0.4, 0.6, 0.8), apart=False),
    "2-shapes": Rule((2, 2), (6, 12), (0.0, 0.0), circles=True),
}
"""The sets by name. Sides are such that the next shape always finds room."""


@dataclass(frozen=True)
class Scenes:
    """Pictures with their truth; shapes in the order in which they were painted.

    Args:
        picture: (n, 28, 28) float32 lightness, 1 = white.
        corners: (n, shapes, 4) x0, y0, x1, y1 in pixels.
        kind: (n, shapes) index into `KINDS`.
        colour: (n, shapes) lightness.
        there: (n, shapes) whether the shape is there.
        paper: (n,) lightness of the page.
    """

    picture: NDArray[np.float32]
    corners: Floats
    kind: NDArray[np.int64]
    colour: Floats
    there: NDArray[np.bool_]
    paper: Floats


def make_scenes(rule: Rule, rng: np.random.Generator, count: int) -> Scenes:
    """Make pictures of a set.

    Args:
        rule: Of the set; `RULES` has them.
        rng: Where chance comes from.
        count: How many.
    """
    most = rule.count[1]
    there = np.arange(most) < rng.integers(rule.count[0], most + 1, count)[:, None]
    kind = rng.integers(0, 2, (count, most)) if rule.circles else np.zeros((count, most), np.int64)
    corners = _place(rule, rng, there)
    masks = _masks(corners, kind)
    colours = np.array(rule.colours)
    colour = rng.permuted(np.broadcast_to(colours, (count, most)), axis=1)
    dark = rng.random(count) < 0.5 if rule.inverted else np.zeros(count, bool)
    colour, paper = np.where(dark[:, None], 1 - colour, colour), np.where(dark, 0.0, 1.0)
    picture = np.broadcast_to(paper[:, None, None], (count, PAGE_PX, PAGE_PX))
    picture = picture.astype(np.float32)
    for i in range(most):
        mask = (masks[:, i] * there[:, i, None, None]).astype(np.float32)
        picture += (colour[:, i, None, None].astype(np.float32) - picture) * mask
    return Scenes(picture, corners, kind, colour, there, paper)


def _place(rule: Rule, rng: np.random.Generator, there: NDArray[np.bool_]) -> Floats:
    """Place boxes (n, shapes, 4), the topmost first, each anew until it keeps the rule beside those above it."""
    corners = np.zeros((*there.shape, 4))
    for shape in reversed(range(there.shape[1])):
        left = np.flatnonzero(there[:, shape])
        while len(left):
            corners[left, shape] = _random_corners(rule, rng, len(left))
            above = corners[left, shape + 1 :], there[left, shape + 1 :]
            left = left[~_allowed(rule, corners[left, shape], *above)]
    return corners


def _random_corners(rule: Rule, rng: np.random.Generator, count: int) -> Floats:
    """Draw boxes (count, 4) anywhere on the page."""
    low, high = rule.side_px
    side = rng.integers(low, high + 1, (count, 2))
    if rule.circles:
        side[:, 1] = side[:, 0]
    first = np.floor(rng.random(side.shape) * (PAGE_PX + 1 - side))
    return np.concatenate([first, first + side.astype(np.float64)], axis=1)


def _allowed(rule: Rule, corners: Floats, above: Floats, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which boxes (n, 4) keep the rule beside those above them (n, others, 4)."""
    if rule.apart:
        low, high = corners[:, None, :2] - 1, corners[:, None, 2:] + 1
        meet = (low < above[..., 2:]).all(-1) & (high > above[..., :2]).all(-1)
        return np.logical_not((meet & there).any(1))
    own = _boxes(corners)
    bare = own & ~_boxes(above).any(1)
    return np.greater_equal(bare.sum((1, 2)), _LEAST_SEEN * own.sum((1, 2)))


def _boxes(corners: Floats) -> NDArray[np.bool_]:
    """Render boxes (…, 4): (…, 28, 28)."""
    middle = np.arange(PAGE_PX) + 0.5
    x, y = ((middle > corners[..., i, None]) & (middle < corners[..., i + 2, None]) for i in range(2))
    return y[..., :, None] & x[..., None, :]


def _masks(corners: Floats, kind: NDArray[np.int64]) -> NDArray[Any]:
    """Render shapes (n, shapes, 28, 28): boxes exactly, circles with a ramp of a pixel."""
    if not kind.any():
        return _boxes(corners)
    middle = (np.arange(PAGE_PX) + 0.5).astype(np.float32)
    masks = _boxes(corners).astype(np.float32)
    round_ = corners[kind == CIRCLE].astype(np.float32)
    centre, radius = (round_[:, 2:] + round_[:, :2]) / 2, (round_[:, 2] - round_[:, 0]) / 2
    x, y = (middle - centre[:, i, None] for i in range(2))
    masks[kind == CIRCLE] = (radius[:, None, None] - np.hypot(y[:, :, None], x[:, None, :]) + 0.5).clip(0, 1)
    return masks


class Shapes(Dataset):
    """One of the synthetic sets; a sample's drawing holds the truth as stamps, in the order of painting.

    Args:
        name: One of `RULES`.
        count: How many pictures.
        seed: Seed of all of them.

    Raises:
        OptionError: No such set.
    """

    stored = "made on demand"

    def __init__(self, name: str = "2-rectangles", count: int = 10_000, seed: int = 0) -> None:
        self.rule, self.amount, self.seed = find_rule(name), count, seed

    def __len__(self) -> int:
        return self.amount

    def make(self, index: int) -> Sample:
        """Make picture `index`."""
        scene = make_scenes(self.rule, np.random.default_rng((self.seed, index)), 1)
        marks = tuple(
            _to_stamp(scene.corners[0, i], KINDS[scene.kind[0, i]], float(scene.colour[0, i]))
            for i in np.flatnonzero(scene.there[0])
        )
        paper = float(scene.paper[0])
        drawing = Drawing(marks, (PAGE_PX, PAGE_PX), (paper, paper, paper), seed=self.seed)
        return Sample(drawing, 1 - scene.picture[0], None, str(index), str(self.split_names()[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the splits by the picture's number."""
        place = np.arange(self.amount) % _EVERY
        return np.where(place == 0, TEST, np.where(place == 1, VALID, TRAIN))


def find_rule(name: str) -> Rule:
    """Return the rule of a set. Raises OptionError for an unknown name."""
    if name not in RULES:
        raise OptionError(f"shapes: expected one of {', '.join(RULES)}, got {name!r}")
    return RULES[name]


def _to_stamp(corners: Floats, template: str, colour: float) -> Stamp:
    x0, y0, x1, y1 = corners.tolist()
    affine = np.array([[(x1 - x0) / 2, 0, (x0 + x1) / 2], [0, (y1 - y0) / 2, (y0 + y1) / 2]])
    return Stamp(built_in(template).outline, affine, (colour, colour, colour), template=template)


class SceneBatches:
    """Batches of pictures, mirrored and turned at random in training; batch i depends on (seed, split, i) alone.

    A batch holds `target` (batch, 1, 28, 28) lightness and the truth as in `Scenes`, float32 or int64.

    Args:
        seed: Seed of all of them.
        name: One of `RULES`.
        split: "train", "valid" or "test": pictures of their own.
        count: How many there are.

    Raises:
        OptionError: No such set.
    """

    def __init__(self, seed: int = 0, name: str = "2-rectangles", split: str = TRAIN, count: int = 10_000) -> None:
        self.scenes = _pool(name, SPLIT_CODES.index(split), count)
        self._seed, self._turns = seed, split == TRAIN

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`; valid and test pictures come in order."""
        scenes = self.scenes
        if not self._turns:
            rows = np.arange(index * batch_size, (index + 1) * batch_size) % len(scenes.picture)
            return _columns(scenes.picture[rows], scenes.corners[rows], scenes, rows)
        rng = np.random.default_rng((self._seed, index))
        rows = rng.integers(0, len(scenes.picture), batch_size)
        across, down, swap = rng.random((3, batch_size)) < 0.5
        picture, corners = scenes.picture[rows], scenes.corners[rows].copy()
        for mirrored, axis in ((across, 2), (down, 1)):
            picture = np.where(mirrored[:, None, None], np.flip(picture, axis), picture)
            columns = [0, 2] if axis == 2 else [1, 3]
            corners[np.ix_(mirrored, range(corners.shape[1]), columns)] = (
                PAGE_PX - corners[np.ix_(mirrored, range(corners.shape[1]), columns[::-1])]
            )
        picture = np.where(swap[:, None, None], picture.transpose(0, 2, 1), picture)
        corners[swap] = corners[swap][:, :, [1, 0, 3, 2]]
        return _columns(picture, corners, scenes, rows)


@cache
def _pool(name: str, code: int, count: int) -> Scenes:
    """Make the pictures of a split once: the same for all seeds, as files would be."""
    return make_scenes(find_rule(name), np.random.default_rng((0, code)), count)


def _columns(picture: NDArray[np.float32], corners: Floats, scenes: Scenes, rows: NDArray[np.intp]) -> dict[str, Any]:
    return {
        "target": np.ascontiguousarray(picture[:, None]),
        "corners": corners.astype(np.float32),
        "kind": scenes.kind[rows],
        "colour": scenes.colour[rows].astype(np.float32),
        "there": scenes.there[rows].astype(np.float32),
        "paper": scenes.paper[rows].astype(np.float32),
    }
