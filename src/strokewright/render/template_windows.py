"""Paint many moves on a large page, differentiable: each move is rendered in a window around it, not on the whole page.

The same masks as `template.write`, the same rule as `template.superpose`, solid or with opacity; but a move of 20 px on
a page of 256 px costs a hundredth. Windows come in a few sizes, so that the moves of one size are one batch. The canvas
is walked in painting order, forwards for the picture and backwards for the gradient, in NumPy, on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.render.template import TemplateBank, invert

Pixels = NDArray[np.float32]
_SMALLEST_WINDOW = 8
_GROWTH = 1.5  # from one size of windows to the next


class LocalMoves(NamedTuple):
    """Moves of one painting, first painted first.

    Args:
        which: For each, the index of its template in the bank.
        where: (moves, 2, 3) page → template.
        what: (moves, channels) colours in [0, 1].
        there: (moves,) opacity in [0, 1].
    """

    which: Sequence[int]
    where: Tensor
    what: Tensor
    there: Tensor


@dataclass(frozen=True)
class _Group:
    """Moves whose windows have one size: their numbers, and the windows' upper left corners."""

    template: int
    members: list[int]
    left: list[int]
    top: list[int]
    size: tuple[int, int]


class Windows:
    """Where on a page of `size` (height, width) the moves lie; rendering and walking go through these windows.

    Args:
        bank: The templates.
        moves: What is painted. Their places may move by a few pixels before the windows should be made anew.
        size: Height and width of the page in pixels.
        slack_px: How far beyond a move's bounds its window reaches.
    """

    def __init__(self, bank: TemplateBank, moves: LocalMoves, size: tuple[int, int], slack_px: float = 2.0) -> None:
        self.bank = bank
        self.size = size
        self._groups = _grouped(moves, _bounds(bank, moves, size, slack_px), size)
        self._places: list[tuple[int, int, slice, slice]] = [(0, 0, slice(0), slice(0))] * len(moves.which)
        for number, group in enumerate(self._groups):
            height, width = group.size
            for i, member in enumerate(group.members):
                rows = slice(group.top[i], group.top[i] + height)
                self._places[member] = (number, i, rows, slice(group.left[i], group.left[i] + width))

    def paint(self, moves: LocalMoves, canvas: Tensor, softness_px: float = 0.0) -> Tensor:
        """Paint all moves over a canvas (channels, height, width); return the new one.

        Differentiable in where, what and there; not in the canvas.
        """
        masks = self._masks(moves, softness_px)
        painted: Tensor = _Walk.apply(self._places, canvas, moves.what, *masks)  # pyright: ignore[reportAssignmentType]
        return painted

    @torch.no_grad()
    def costs_of_removal(self, moves: LocalMoves, canvas: Tensor, target: Tensor) -> Pixels:
        """Return by how much the squared error to the target (channels, height, width) would grow without each move."""
        masks = [mask.numpy() for mask in self._masks(moves, 0.0)]
        painted, steps = _forwards(self._places, canvas.numpy(), moves.what.numpy(), masks)
        error, seen = painted - target.numpy(), np.ones(self.size, dtype=np.float32)
        costs = np.zeros(len(moves.which), dtype=np.float32)
        for move in reversed(range(len(costs))):
            group, i, rows, columns = self._places[move]
            mask, window = masks[group][i], seen[rows, columns]
            change = steps[move] * (mask * window)
            costs[move] = (change * (change - 2 * error[:, rows, columns])).sum()
            window *= 1 - mask
        return costs

    @torch.no_grad()
    def seen(self, moves: LocalMoves, target: Tensor) -> tuple[Pixels, Pixels]:
        """Return how many pixels of each move are seen (moves,), and the target's sum there (moves, channels)."""
        masks = [mask.numpy() for mask in self._masks(moves, 0.0)]
        pixels, bare = target.numpy(), np.ones(self.size, dtype=np.float32)
        areas = np.zeros(len(moves.which), dtype=np.float32)
        sums = np.zeros((len(areas), len(pixels)), dtype=np.float32)
        for move in reversed(range(len(areas))):
            group, i, rows, columns = self._places[move]
            mask, window = masks[group][i], bare[rows, columns]
            shown = mask * window
            areas[move] = shown.sum()
            sums[move] = (pixels[:, rows, columns] * shown).sum(axis=(1, 2))
            window *= 1 - mask
        return areas, sums

    def _masks(self, moves: LocalMoves, softness_px: float) -> list[Tensor]:
        """Render the moves, group by group: (members, height, width) each."""
        page_height, page_width = self.size
        masks: list[Tensor] = []
        for group in self._groups:
            height, width = group.size
            left, top = moves.where.new_tensor(group.left), moves.where.new_tensor(group.top)
            x, y = (2 * left + width) / page_width - 1, (2 * top + height) / page_height - 1
            where, there = moves.where[group.members], moves.there[group.members]
            shift = where[:, :, 0] * x[:, None] + where[:, :, 1] * y[:, None] + where[:, :, 2]
            linear = where[:, :, :2] * where.new_tensor([width / page_width, height / page_height])
            local = torch.cat([linear, shift[:, :, None]], dim=2)
            mask = self.bank.coverage_of(group.template, local, group.size, softness_px)
            masks.append(mask * there[:, None, None])
        return masks


def _bounds(
    bank: TemplateBank, moves: LocalMoves, size: tuple[int, int], slack_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and last pixels (moves, 2), x and y, that moves touch on the page."""
    half = np.array([size[1], size[0]]) / 2
    affine = invert(moves.where.detach()).double().numpy()
    low, high = np.empty((len(affine), 2)), np.empty((len(affine), 2))
    which = np.asarray(moves.which)
    for index, template in enumerate(bank.current()):
        members = which == index
        corners = affine[members, :, :2] @ template.outline.T + affine[members, :, 2:]  # (n, 2, corners)
        low[members], high[members] = corners.min(axis=2), corners.max(axis=2)
    low = np.floor(low * half + half - slack_px).clip(0, 2 * half - 1)
    return low, np.ceil(high * half + half + slack_px).clip(low + 1, 2 * half)


def _grouped(
    moves: LocalMoves, bounds: tuple[NDArray[np.float64], NDArray[np.float64]], size: tuple[int, int]
) -> list[_Group]:
    """Sort moves by template and size of window."""
    (height, width), (low, high) = size, bounds
    sides = (high - low).max(axis=1)
    steps = np.ceil(np.log(np.maximum(sides / _SMALLEST_WINDOW, 1)) / np.log(_GROWTH) - 1e-9)
    members: dict[tuple[int, int], list[int]] = {}
    for move, step in enumerate(steps.astype(int).tolist()):
        members.setdefault((moves.which[move], step), []).append(move)
    groups: list[_Group] = []
    for (template, step), numbers in members.items():
        side = int(np.ceil(_SMALLEST_WINDOW * _GROWTH**step))
        window = min(side, height), min(side, width)
        left = low[numbers, 0].clip(max=width - window[1]).astype(int).tolist()
        top = low[numbers, 1].clip(max=height - window[0]).astype(int).tolist()
        groups.append(_Group(template, numbers, left, top, window))
    return groups


def _forwards(
    places: Sequence[tuple[int, int, slice, slice]], canvas: Pixels, what: Pixels, masks: Sequence[Pixels]
) -> tuple[Pixels, list[Pixels]]:
    """Paint; return the canvas, and for each move its colour less what lay under it."""
    painted, steps = canvas.copy(), list[Pixels]()
    for (group, i, rows, columns), colour in zip(places, what[:, :, None, None], strict=True):
        window = painted[:, rows, columns]
        step = colour - window
        window += step * masks[group][i]
        steps.append(step)
    return painted, steps


class _Walk(torch.autograd.Function):
    """Superpose moves window by window; the backward pass goes from the last move to the first."""

    @staticmethod
    def forward(
        ctx: Any, places: Sequence[tuple[int, int, slice, slice]], canvas: Tensor, what: Tensor, *masks: Tensor
    ) -> Tensor:
        """Return the painted canvas (channels, height, width)."""
        ctx.places, ctx.masks = places, [mask.detach().numpy() for mask in masks]
        painted, ctx.steps = _forwards(places, canvas.detach().numpy(), what.detach().numpy(), ctx.masks)
        return torch.from_numpy(painted)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Return the gradients of colours and masks."""
        back: Pixels = gradients[0].numpy().copy()
        masks: list[Pixels] = ctx.masks
        by_mask = [np.empty_like(mask) for mask in masks]
        by_colour = np.empty((len(ctx.places), len(back)), dtype=np.float32)
        for move in reversed(range(len(ctx.places))):
            group, i, rows, columns = ctx.places[move]
            window, mask = back[:, rows, columns], masks[group][i]
            by_mask[group][i] = (window * ctx.steps[move]).sum(axis=0)
            by_colour[move] = (window * mask).sum(axis=(1, 2))
            window *= 1 - mask
        return None, None, torch.from_numpy(by_colour), *(torch.from_numpy(part) for part in by_mask)
