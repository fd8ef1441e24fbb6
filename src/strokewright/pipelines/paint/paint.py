"""Any picture → a painting of few moves. Start here.

    propose   a trained painter's moves, where one is given
    place     move by move, the one that saves most error, a few at once; all are refined together in between
    replace   moves whose removal costs least are taken away, and others placed where most is amiss; refine
    finish    at the finest size

All from coarse to fine: a small picture has soft edges and few pixels. The order of painting is the order of placing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from strokewright.drawing import Drawing
from strokewright.errors import EmptyError
from strokewright.files.svg.facts import spell_colour
from strokewright.pipelines.paint.hatch import hatch
from strokewright.pipelines.paint.options import PaintOptions, to_rgb
from strokewright.pipelines.paint.page import Page, read_page
from strokewright.pipelines.paint.painting import Painting, Parameters
from strokewright.pipelines.paint.palette import in_layers, limit_colours, with_pens
from strokewright.pipelines.paint.place import Finder
from strokewright.pipelines.paint.refine import refine
from strokewright.pipelines.paint.shapes import make_bank

_COARSE, _MIDDLE = 64, 128
"""Longer sides in pixels of the pictures that moves are placed on."""
_STAGES = 4  # of placing
_AT_ONCE = 50  # a stage places a share of all moves at once: one in so many
_PLACED_STEPS, _ROUND_STEPS, _LAST_STEPS = 25, 40, 80
_REPLACED = 0.15  # share of the moves in the first round; fewer in later ones
_LARGEST_LATER_PX = 24.0
_UNSEEN_PX = 0.5
DEFAULT_OPTIONS = PaintOptions()


@dataclass(frozen=True)
class Pyramid:
    """The target at three sizes, each (channels, height, width)."""

    coarse: Tensor
    middle: Tensor
    fine: Tensor

    @classmethod
    def of(cls, target: Tensor) -> Pyramid:
        """Shrink a target."""
        return cls(_shrunk(target, _COARSE), _shrunk(target, _MIDDLE), target)


def _shrunk(target: Tensor, longest: int) -> Tensor:
    height, width = target.shape[1:]
    scale = longest / max(height, width)
    if scale >= 1:
        return target
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return F.interpolate(target[None], size, mode="area")[0]


def paint_picture(picture: Any, options: PaintOptions = DEFAULT_OPTIONS) -> Drawing:
    """Paint a picture.

    Args:
        picture: Path, bytes, stream, PIL image or array.
        options: How.

    Returns:
        Stamps, first painted first, on a page of the picture's size; strokes where `hatch_px` asks for them.

    Raises:
        FormatError: The picture cannot be read.
        OptionError: Options that contradict each other, or a template that is none.
        EmptyError: The picture has one colour only.
    """
    options = options.checked()
    bank = make_bank(options.template)
    page = read_page(picture, None if options.paper is None else to_rgb(options.paper))
    start = Painting(bank, page.paper, page.size, Parameters.none())
    return finish(paint_page(page, start, options), options)


def paint_page(page: Page, start: Painting, options: PaintOptions) -> Painting:
    """Paint a page, going on from the moves that are there. Raises EmptyError when no move would help."""
    pyramid = Pyramid.of(page.target)
    painting = _place(start, pyramid, options)
    if not len(painting):
        raise EmptyError("expected a picture with something in it, found one colour; choose another paper")
    if options.palette or options.colours is not None:
        painting = _limited(painting, pyramid, options)
    for number in range(options.rounds):
        share = _REPLACED * (1 - number / options.rounds)
        painting = _refined(painting, pyramid.middle, _ROUND_STEPS, (1.0, 0.5), options)
        painting = _replaced(painting, pyramid, round(share * options.moves), options)
    if options.rounds:
        painting = _refined(painting, pyramid.middle, _ROUND_STEPS, (1.0, 0.5), options)
        painting = _refined(painting, pyramid.fine, _LAST_STEPS, (0.5, 0.1), options)
        areas, _ = painting.seen_colours(pyramid.fine)
        painting = painting.with_moves(painting.moves.chosen(areas > _UNSEEN_PX))
    return painting


def finish(painting: Painting, options: PaintOptions) -> Drawing:
    """Turn a painting into the drawing that was asked for."""
    drawing = painting.to_drawing()
    if not options.layers and options.hatch_px is None:
        return drawing
    names = [spell_colour(mark.colour) for mark in drawing.marks]
    if options.hatch_px is not None:
        hatched = hatch(drawing, options.hatch_px, names)
        if not hatched.marks:
            raise EmptyError("hatching: expected shapes wider than the pen, found none; lower hatch_px")
        return hatched
    return drawing.replace(
        marks=tuple(replace(mark, layer=name) for mark, name in zip(drawing.marks, names, strict=True))
    )


def _place(painting: Painting, pyramid: Pyramid, options: PaintOptions) -> Painting:
    """Add moves until there are as many as asked for, those there are being refined with them."""
    size = pyramid.coarse.shape[1], pyramid.coarse.shape[2]
    finder = Finder(painting.bank, pyramid.coarse)
    begun = len(painting)
    for stage in range(1, _STAGES + 1):
        goal = begun + (options.moves - begun) * stage // _STAGES
        painting = _filled(painting, finder, size, goal)
        if options.rounds:
            painting = refine(painting, pyramid.coarse, _PLACED_STEPS, (1.0, 0.6), opacity=options.translucent)
    return painting


def _filled(painting: Painting, finder: Finder, size: tuple[int, int], goal: int) -> Painting:
    """Place moves where they help most until there are `goal`, or nothing helps."""
    at_once = max(1, goal // _AT_ONCE)
    while len(painting) < goal:
        spots = finder.find(painting.render(size), min(at_once, goal - len(painting)))
        if not spots:
            break
        painting = painting.with_moves(painting.moves.joined(Parameters.from_spots(spots, size)))
    return painting


def _limited(painting: Painting, pyramid: Pyramid, options: PaintOptions) -> Painting:
    """Bring the moves to few colours."""
    if options.palette:
        palette = torch.tensor([to_rgb(colour) for colour in options.palette])
        if options.paper is None:
            nearest = (palette - painting.paper).square().sum(dim=1).argmin()
            painting = replace(painting, paper=palette[nearest])
        return with_pens(replace(painting, palette=palette), pyramid.coarse)
    assert options.colours is not None
    return limit_colours(painting, pyramid.coarse, options.colours)


def _refined(
    painting: Painting, target: Tensor, steps: int, pace: tuple[float, float], options: PaintOptions
) -> Painting:
    """Refine in two halves: colours of a palette are chosen anew in between."""
    if painting.palette is None:
        return refine(painting, target, steps, pace, opacity=options.translucent)
    for _ in range(2):
        painting = with_pens(painting, target)
        if options.layers:
            painting = in_layers(painting)
        painting = refine(painting, target, steps // 2, pace)
    return painting


def _replaced(painting: Painting, pyramid: Pyramid, count: int, options: PaintOptions) -> Painting:
    """Take away the moves that are missed least, and place as many anew."""
    costs = painting.costs_of_removal(pyramid.middle)
    spare = max(0, count - (options.moves - len(painting)))
    kept = torch.ones(len(painting), dtype=torch.bool)
    kept[costs.argsort()[:spare]] = False
    size = pyramid.middle.shape[1], pyramid.middle.shape[2]
    painting = painting.with_moves(painting.moves.chosen(kept))
    finder = Finder(painting.bank, pyramid.middle, _LARGEST_LATER_PX)
    return _filled(painting, finder, size, options.moves)
