"""Few colours for many moves: the palette that serves what is seen of them best, and one layer a colour."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from strokewright.pipelines.paint.painting import Painting

_ITERATIONS = 20
_SEEN_PX = 0.5  # a move that shows less is not seen


def find_palette(colours: Tensor, areas: Tensor, count: int, first: Tensor) -> Tensor:
    """Choose colours far from each other, by how much they matter; the first is given. Repeatable.

    Args:
        colours: (moves, channels).
        areas: (moves,) how much each counts, ≥ 0.
        count: How many colours at most.
        first: (channels,) the first of them.

    Returns:
        (at most count, channels).
    """
    palette = first[None]
    while len(palette) < count:
        gaps = areas * _distances(colours, palette).min(dim=1).values
        if float(gaps.max()) <= 0:
            break
        palette = torch.cat([palette, colours[gaps.argmax()][None]])
    return palette


def limit_colours(painting: Painting, target: Tensor, count: int) -> Painting:
    """Give all moves colours of one palette, made of what the target shows where they are seen; the paper's is one."""
    areas, means = painting.seen_colours(target)
    painting = replace(painting, palette=find_palette(means, areas, count, painting.paper))
    for _ in range(_ITERATIONS):
        painting = _centred(_assigned(painting, areas, means), areas, means)
    return painting


def with_pens(painting: Painting, target: Tensor, keep_palette: bool) -> Painting:
    """Give each move the palette's colour that is nearest to what the target shows where the move is seen.

    Args:
        painting: One with a palette.
        target: (channels, height, width).
        keep_palette: Whether the palette stays; otherwise its colours, but the paper's, go where they serve best.
    """
    areas, means = painting.seen_colours(target)
    means = torch.where(areas[:, None] > _SEEN_PX, means, painting.colours)
    painting = _assigned(painting, areas, means)
    return painting if keep_palette else _centred(painting, areas, means)


def with_nearest_pens(painting: Painting, first: int) -> Painting:
    """Give the moves from `first` on the palette's colour nearest to their own; without a palette nothing changes."""
    if painting.palette is None:
        return painting
    pens = painting.moves.pen.clone()
    pens[first:] = _distances(painting.moves.colour[first:], painting.palette).argmin(dim=1)
    return painting.with_moves(painting.moves._replace(pen=pens))


def _assigned(painting: Painting, areas: Tensor, means: Tensor) -> Painting:
    if painting.palette is None:
        return painting
    pens = _distances(means, painting.palette).argmin(dim=1)
    pens = torch.where(areas > _SEEN_PX, pens, painting.moves.pen)
    return painting.with_moves(painting.moves._replace(pen=pens))


def _centred(painting: Painting, areas: Tensor, means: Tensor) -> Painting:
    """Move each colour to the mean of what its moves show; the paper's stays."""
    if painting.palette is None:
        return painting
    palette, pens = painting.palette, painting.moves.pen
    weights = torch.zeros(len(palette)).index_add_(0, pens, areas)[:, None]
    centres = torch.zeros_like(palette).index_add_(0, pens, means * areas[:, None]) / weights.clamp(min=1e-6)
    stays = (weights < _SEEN_PX) | (palette == painting.paper).all(dim=1, keepdim=True)
    return replace(painting, palette=torch.where(stays, palette, centres))


def ordered_by_use(painting: Painting) -> Painting:
    """Put the colours of the palette in order: first those whose moves come early on average."""
    if painting.palette is None:
        return painting
    place, pens, count = torch.arange(len(painting)).float(), painting.moves.pen, len(painting.palette)
    means = torch.zeros(count).index_add_(0, pens, place) / torch.bincount(pens, minlength=count).clamp(min=1)
    order = means.argsort(stable=True)
    moves = painting.moves._replace(pen=order.argsort()[pens])
    return replace(painting, palette=painting.palette[order], moves=moves)


def in_layers(painting: Painting) -> Painting:
    """Paint colour after colour, as the palette has them; the order within a colour stays."""
    return painting.with_moves(painting.moves.chosen(painting.moves.pen.argsort(stable=True)))


def _distances(colours: Tensor, palette: Tensor) -> Tensor:
    return (colours[:, None] - palette).square().sum(dim=2)
