"""A painting under way: what it is painted on, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Painting(NamedTuple):
    """What a painter made of pictures: actions (batch, moves, columns) and canvas of each look, the latent cost."""

    actions: list[Tensor]
    canvases: list[Tensor]
    cost: Tensor


class State(NamedTuple):
    """Moves under correction.

    Args:
        action: (batch, moves, columns).
        shown: The same, with colours that are read.
        canvas: What they paint (batch, channels, height, width).
        slope: How the error changes with the actions, if they are to feel it.
    """

    action: Tensor
    shown: Tensor
    canvas: Tensor
    slope: Tensor | None

    def errors(self, picture: Tensor) -> Tensor:
        """Return the mean squared error (batch, 1, 1) of each painting."""
        return mean_squares(self.canvas - picture)

    def or_better(self, other: State, picture: Tensor) -> State:
        """Return the other state for each picture that it paints better, this one for the rest."""
        return self.where_not(other.errors(picture) < self.errors(picture), other)

    def where_not(self, better: Tensor, other: State) -> State:
        """Return the other state where it is better (batch, 1, 1), this one for the rest."""
        slope = None
        if self.slope is not None and other.slope is not None:
            slope = torch.where(better, other.slope, self.slope)
        return State(
            torch.where(better, other.action, self.action),
            torch.where(better, other.shown, self.shown),
            torch.where(better[..., None], other.canvas, self.canvas),
            slope,
        )


class Page(NamedTuple):
    """What is painted on: its side in pixels, and how soft edges are."""

    side_px: int
    softness_px: float = 0.0


def mean_squares(parts: Tensor) -> Tensor:
    """Return the mean square (batch, 1, 1) of each part of a batch."""
    return parts.square().flatten(1).mean(dim=1)[:, None, None]
