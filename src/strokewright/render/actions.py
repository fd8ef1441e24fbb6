"""Actions → pixels by the true renderer (Skia), one action or many on a canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.drawing import Drawing
from strokewright.drawing.solids import three_views
from strokewright.render.colour import to_lab
from strokewright.render.protocol import Floats, Vocabulary
from strokewright.render.skia import render, render_ink

Pixels = NDArray[np.float32]


def to_drawing(vocabulary: Vocabulary, actions: Floats, size_px: int) -> Drawing:
    """Build the drawing of action rows (marks, columns) on a square page of `size_px`."""
    marks = (vocabulary.to_mark(row, size_px) for row in actions if vocabulary.is_there(row))
    return Drawing(tuple(marks), (float(size_px), float(size_px)))


def to_pages(vocabulary: Vocabulary, actions: Floats, size_px: int) -> tuple[Drawing, ...]:
    """Build the drawing of action rows, or the three views of it where the rows are prisms."""
    drawing = to_drawing(vocabulary, actions, size_px)
    return three_views(drawing) if vocabulary.shape == "prism" else (drawing,)


def render_actions(vocabulary: Vocabulary, actions: Sequence[Floats] | Floats, size_px: int) -> Pixels:
    """Render pictures of many marks.

    Args:
        vocabulary: What the columns mean.
        actions: For each picture its rows (marks, columns) in [0, 1], first drawn first.
        size_px: Side of the pictures in pixels.

    Returns:
        Canvases (n, 1, size, size) of ink, or (n, 3 · views, size, size) of scaled LAB.
    """
    pictures = [to_pages(vocabulary, rows, size_px) for rows in actions]
    if vocabulary.paint == "ink":
        return np.stack([np.stack([render_ink(page) for page in pages]) for pages in pictures])
    return np.stack([np.concatenate([_render_lab(page) for page in pages]) for pages in pictures])


def render_layers(vocabulary: Vocabulary, actions: Floats, size_px: int) -> Pixels:
    """Render each action row (n, columns) on its own: (n, 1, size, size) ink, or LAB and alpha of all views."""
    rows = np.clip(actions, 0, 1)
    if vocabulary.paint == "ink":
        return render_actions(vocabulary, rows[:, None], size_px)
    solid = np.concatenate([rows[:, :-1], np.ones_like(rows[:, -1:])], axis=1)
    ink = np.stack([[render_ink(page) for page in to_pages(vocabulary, row[None], size_px)] for row in solid])
    layers = np.empty((len(rows), vocabulary.views, 4, size_px, size_px), dtype=np.float32)
    layers[:, :, :3] = vocabulary.decode(rows, size_px)[:, None, -4:-1, None, None]
    layers[:, :, 3] = ink * rows[:, -1, None, None, None]
    return layers.reshape(len(rows), -1, size_px, size_px)


def _render_lab(page: Drawing) -> Pixels:
    return to_lab(render(page).transpose(1, 2, 0)).transpose(2, 0, 1)
