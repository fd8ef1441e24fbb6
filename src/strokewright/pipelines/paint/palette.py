"""Few colours for many moves: the palette that serves what is seen of them best, and one layer a colour."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from strokewright.pipelines.paint.painting import Painting

_ITERATIONS = 20


def find_palette(colours: Tensor, areas: Tensor, count: int, fixed: Tensor) -> Tensor:
    """Choose colours by k-means over areas; repeatable.

    Args:
        colours: (moves, channels).
        areas: (moves,) how much each counts, ≥ 0.
        count: How many colours at most, those fixed included.
        fixed: (…, channels) colours that belong to the palette and stay.

    Returns:
        (at most count, channels), the fixed ones first.
    """
    palette = fixed
    while len(palette) < count:
        gaps = areas * _distances(colours, palette).min(dim=1).values if len(palette) else areas
        if len(palette) and float(gaps.max()) <= 0:
            break
        palette = torch.cat([palette, colours[gaps.argmax()][None]])
    for _ in range(_ITERATIONS):
        nearest = _distances(colours, palette).argmin(dim=1)
        weights = torch.zeros(len(palette)).index_add_(0, nearest, areas)
        sums = torch.zeros_like(palette).index_add_(0, nearest, colours * areas[:, None])
        means = torch.where(weights[:, None] > 0, sums / weights[:, None].clamp(min=1e-6), palette)
        palette = torch.cat([fixed, means[len(fixed) :]])
    return palette


def limit_colours(painting: Painting, target: Tensor, count: int) -> Painting:
    """Give all moves colours of one palette, made of what the target shows under them; the paper's is the first."""
    areas, means = painting.seen_colours(target)
    palette = find_palette(means, areas, count, painting.paper[None])
    return with_pens(replace(painting, palette=palette), target)


def with_pens(painting: Painting, target: Tensor) -> Painting:
    """Give each move the colour of the palette that is nearest to what is seen of the target under it."""
    if painting.palette is None:
        return painting
    areas, means = painting.seen_colours(target)
    means = torch.where(areas[:, None] > 0.5, means, painting.moves.colour)
    pens = _distances(means, painting.palette).argmin(dim=1)
    return painting.with_moves(painting.moves._replace(pen=pens))


def in_layers(painting: Painting) -> Painting:
    """Paint colour after colour: those that came early on average first; the order within a colour stays."""
    if painting.palette is None or not len(painting):
        return painting
    place = torch.arange(len(painting), dtype=torch.float32)
    pens, count = painting.moves.pen, len(painting.palette)
    weights = torch.bincount(pens, minlength=count).clamp(min=1)
    means = torch.zeros(count).index_add_(0, pens, place) / weights
    order = torch.argsort(means[pens] * len(painting) + pens, stable=True)
    return painting.with_moves(painting.moves.chosen(order))


def _distances(colours: Tensor, palette: Tensor) -> Tensor:
    return (colours[:, None] - palette).square().sum(dim=2)
