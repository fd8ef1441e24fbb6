"""Any picture → a painting of few moves. Start here.

    propose   a trained painter's moves, where one is given; the best quarter of them, once refined
    place     move by move, the one that saves most error, a few at once; all are refined together in between
    replace   moves whose removal costs least are taken away, and others placed where most is amiss; refine
    finish    at the finest size

All from coarse to fine: a small picture has soft edges and few pixels. The order of painting is the order of placing.
"""

from __future__ import annotations

from dataclasses import replace
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
from strokewright.pipelines.paint.palette import (
    in_layers,
    limit_colours,
    ordered_by_use,
    with_nearest_pens,
    with_pens,
)
from strokewright.pipelines.paint.place import Finder
from strokewright.pipelines.paint.refine import refine
from strokewright.pipelines.paint.shapes import make_bank

_COARSE, _MIDDLE = 64, 128
"""Longer sides in pixels of the pictures that moves are placed on."""
_STAGES = 4  # of placing
_AT_ONCE = 50  # a stage places a share of all moves at once: one in so many
_PLACED_STEPS, _ROUND_STEPS, _LAST_STEPS = 25, 40, 80
_REPLACED = 0.15  # share of the moves in the first round; fewer in later ones
_PROPOSALS_DROPPED = 0.75  # share of a trained painter's moves: the least useful ones
_LARGEST_LATER_PX = 24.0
_UNSEEN_PX = 0.5
DEFAULT_OPTIONS = PaintOptions()


def shrunk(target: Tensor, longest: int) -> Tensor:
    """Shrink a picture (channels, height, width) to a longer side; smaller ones stay."""
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
    return finish(paint_page(page, start, options), options).replace(maker="paint")


def paint_page(page: Page, start: Painting, options: PaintOptions) -> Painting:
    """Paint a page, going on from the moves that are there. Raises EmptyError when no move would help."""
    painting = _placed(_on_palette(start, options), shrunk(page.target, _COARSE), options)
    if not len(painting):
        raise EmptyError("expected a picture with something in it, found one colour; choose another paper")
    middle = shrunk(page.target, _MIDDLE)
    if options.colours is not None and not options.palette:
        painting = limit_colours(painting, middle, options.colours)
    if options.layers:
        painting = in_layers(ordered_by_use(painting))
    if not options.rounds:
        return painting
    finder = Finder(painting.bank, middle, _LARGEST_LATER_PX)
    for number in range(options.rounds):
        share = _REPLACED * (1 - number / options.rounds)
        painting = _refined(painting, middle, _ROUND_STEPS, (1.0, 0.5), options)
        painting = _replaced(painting, finder, round(share * options.moves), options)
    painting = _refined(painting, middle, _ROUND_STEPS, (1.0, 0.5), options)
    painting = _refined(painting, page.target, _LAST_STEPS, (0.5, 0.1), options)
    areas, _ = painting.seen_colours(page.target)
    return painting.with_moves(painting.moves.chosen(areas > _UNSEEN_PX))


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


def _placed(painting: Painting, target: Tensor, options: PaintOptions) -> Painting:
    """Add moves until there are as many as asked for, those there are being refined with them."""
    finder = Finder(painting.bank, target)
    if options.rounds and len(painting):
        painting = refine(painting, target, _PLACED_STEPS, (1.0, 0.6), options.translucent, options.detail)
        painting = _without_least(painting, target, round(_PROPOSALS_DROPPED * len(painting)))
    begun = len(painting)
    for stage in range(1, _STAGES + 1):
        goal = begun + (options.moves - begun) * stage // _STAGES
        painting = _filled(painting, finder, goal)
        if options.rounds:
            painting = refine(painting, target, _PLACED_STEPS, (1.0, 0.6), options.translucent, options.detail)
    return painting


def _filled(painting: Painting, finder: Finder, goal: int) -> Painting:
    """Place moves where they help most until there are `goal`, or nothing helps."""
    size = finder.size
    at_once = max(1, goal // _AT_ONCE)
    while len(painting) < goal:
        canvas = painting.render(size)
        spots = finder.find(canvas, min(at_once, goal - len(painting)), painting.palette)
        if not spots:
            break
        added = Parameters.from_spots(spots, size)
        painting = with_nearest_pens(painting.with_moves(painting.moves.joined(added)), len(painting))
    return painting


def _on_palette(painting: Painting, options: PaintOptions) -> Painting:
    """Give the painting the palette that was asked for, if one was; the paper takes its nearest colour."""
    if not options.palette:
        return painting
    palette = torch.tensor([to_rgb(colour) for colour in options.palette])
    nearest = (palette - painting.paper).square().sum(dim=1).argmin()
    paper = painting.paper if options.paper is not None else palette[nearest]
    return with_nearest_pens(replace(painting, palette=palette, paper=paper), 0)


def _refined(
    painting: Painting, target: Tensor, steps: int, pace: tuple[float, float], options: PaintOptions
) -> Painting:
    """Refine; colours of a palette are chosen anew before and in the middle."""
    if painting.palette is None:
        return refine(painting, target, steps, pace, options.translucent, options.detail)
    for _ in range(2):
        painting = with_pens(painting, target, keep_palette=bool(options.palette))
        painting = refine(
            in_layers(painting) if options.layers else painting, target, steps // 2, pace, detail=options.detail
        )
    return painting


def _replaced(painting: Painting, finder: Finder, count: int, options: PaintOptions) -> Painting:
    """Take away the moves that are missed least, and place as many anew."""
    spare = max(0, count - (options.moves - len(painting)))
    return _filled(_without_least(painting, finder.target, spare), finder, options.moves)


def _without_least(painting: Painting, target: Tensor, count: int) -> Painting:
    """Take away those `count` moves that are missed least."""
    kept = torch.ones(len(painting), dtype=torch.bool)
    kept[painting.costs_of_removal(target).argsort()[:count]] = False
    return painting.with_moves(painting.moves.chosen(kept))
