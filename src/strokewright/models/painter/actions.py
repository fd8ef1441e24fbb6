"""What the numbers of a painter's action mean, and how they become moves.

An action is a row of free numbers: centre (2), logarithm of the half axes (2), angle and shear where templates have
that freedom, colours, weights of the templates, whether it is there, depth. All are near 0 in an untrained painter, so
that a step of learning means about as much for each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from strokewright.models.painter.config import PainterConfig
from strokewright.render.template import Moves, invert, placed, sharpen

_LARGEST_LOG = 1.0  # half axes up to 2.7 half pages
_REACH = 1.2  # centres may lie a little outside of the page
_TINY = 1e-3
_GOLDEN = 0.6180339887  # multiples of it spread evenly over a line, those of the pair over a square
_PLASTIC = (0.7548776662, 0.5698402910)


class Layout(NamedTuple):
    """Which columns of an action hold what."""

    centre: slice
    axes: slice
    turn: slice
    colour: slice
    which: slice
    there: slice
    depth: slice
    width: int


def layout(config: PainterConfig) -> Layout:
    """Return the columns of a config's actions."""
    turns = {"upright": 0, "turned": 1, "sheared": 2}[config.freedom]
    which = len(config.templates) if len(config.templates) > 1 else 0
    widths = (2, 2, turns, config.colours, which, int(config.stops), int(config.sorter != "none"))
    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    centre, axes, turn, colour, kind, there, depth = (
        slice(end - width, end) for end, width in zip(ends, widths, strict=True)
    )
    return Layout(centre, axes, turn, colour, kind, there, depth, ends[-1])


def opening(config: PainterConfig) -> Tensor:
    """Return the actions (moves, columns) of an untrained painter: evenly spread, or from coarse to fine.

    Coarse to fine, the first move covers the page, and the area of the others falls as their number rises, so that all
    of the page is painted at every size. With colours that are read, this alone paints a rough picture.
    """
    columns, moves = layout(config), config.moves
    rows = torch.zeros(moves, columns.width)
    index = torch.arange(moves) + 0.5
    if config.opening == "even":
        places = torch.stack([index / moves, torch.remainder(index * _GOLDEN, 1)], dim=1)
        rows[:, columns.centre] = 0.6 * (2 * places - 1)
        rows[:, columns.axes] = math.log(max(0.4, moves**-0.5) if moves <= 4 else 1.2 * moves**-0.5)
    else:
        places = torch.remainder(index[:, None] * torch.tensor(_PLASTIC), 1)
        rows[:, columns.centre] = 0.9 * (2 * places - 1)
        rows[0, columns.centre] = 0.0
        rows[:, columns.axes] = (1.2 * (index + 0.5) ** -0.5).log()[:, None]
        rows[0, columns.axes] = math.log(1.45)  # a circle around the page's corners
    if config.seeks_colour:
        rows[:, columns.colour] = torch.logit(index / moves)[:, None] / 2
    rows[:, columns.there] = 2.0
    return rows


def half_axes(config: PainterConfig, actions: Tensor) -> Tensor:
    """Return the half axes (…, 2) of actions, in half pages; a shape is never thinner than a third of a pixel."""
    raw = actions[..., layout(config).axes]
    return raw.clamp(max=_LARGEST_LOG).exp() + _thinnest(config)


def centres(config: PainterConfig, actions: Tensor) -> Tensor:
    """Return the centres (…, 2) of actions on the page [-1, 1]."""
    return actions[..., layout(config).centre].clamp(-_REACH, _REACH)


def to_moves(config: PainterConfig, actions: Tensor, training: bool = False) -> Moves:
    """Turn actions (batch, moves, columns) into moves; noise on the choice of templates only while training."""
    columns = layout(config)
    turn = actions[..., columns.turn]
    angle = turn[..., 0] if turn.shape[-1] else None
    affine = placed(centres(config, actions), half_axes(config, actions), angle)
    if turn.shape[-1] > 1:
        shear = affine[..., :2, 0] * turn[..., 1:2]
        affine = torch.cat([affine[..., :1], affine[..., 1:2] + shear[..., None], affine[..., 2:]], dim=-1)
    if len(config.templates) > 1:
        which = sharpen(actions[..., columns.which], config.gamma, config.noise if training else 0.0)
    else:
        which = torch.ones_like(actions[..., :1])
    there = torch.sigmoid(actions[..., columns.there.start]) if config.stops else None
    return Moves(invert(affine), torch.sigmoid(2 * actions[..., columns.colour]), which, there)


def to_features(config: PainterConfig, actions: Tensor) -> Tensor:
    """Turn actions (batch, moves, columns) into numbers (batch, moves, numbers) by which paintings can be told apart.

    Each move as the ellipse that the template's unit circle becomes, so a turned circle is the same circle: its centre
    (2), and the symmetric root of its spread (3: along x, across, along y; for a circle its radius, 0, its radius);
    colours; weights of the templates where there are several; whether it is there, and its depth, where it has them.
    """
    moves = to_moves(config, actions)
    affine = invert(moves.where)
    linear = affine[..., :2]
    area = (linear[..., 0, 0] * linear[..., 1, 1] - linear[..., 0, 1] * linear[..., 1, 0]).abs()
    spread = linear @ linear.mT
    trace = spread.diagonal(dim1=-2, dim2=-1).sum(-1)
    # The root of a symmetric 2×2 matrix S is (S + √det S) / √(trace S + 2 √det S).
    root = (spread + area[..., None, None] * torch.eye(2).to(spread)) / (trace + 2 * area).sqrt()[..., None, None]
    parts = [affine[..., 2], root[..., 0, :], root[..., 1, 1:], moves.what]
    parts += [moves.which] if len(config.templates) > 1 else []
    parts += [] if moves.there is None else [moves.there[..., None]]
    return torch.cat([*parts, actions[..., layout(config).depth]], dim=-1)


def to_corners(config: PainterConfig, actions: Tensor) -> Tensor:
    """Turn actions of upright moves into rows that begin with left, right, top and bottom on the page.

    What holds of shapes on a page, that they lie on it and apart, holds of their corners by simple inequalities.
    """
    centre, half = centres(config, actions), half_axes(config, actions)
    low, high = centre - half, centre + half
    corners = torch.stack([low[..., 0], high[..., 0], low[..., 1], high[..., 1]], dim=-1)
    return torch.cat([corners, actions[..., layout(config).axes.stop :]], dim=-1)


def from_corners(config: PainterConfig, rows: Tensor) -> Tensor:
    """Invert `to_corners`."""
    low, high = rows[..., 0:4:2], rows[..., 1:4:2]
    half = ((high - low) / 2 - _thinnest(config)).clamp(min=_TINY)
    return torch.cat([(low + high) / 2, half.log(), rows[..., 4:]], dim=-1)


def _thinnest(config: PainterConfig) -> float:
    return 0.33 / config.size_px
