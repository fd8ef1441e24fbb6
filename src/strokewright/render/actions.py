"""Actions → pixels by the true renderer (Skia), one action or many on a canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.drawing import Drawing
from strokewright.render.colour import to_lab
from strokewright.render.protocol import Floats, Vocabulary
from strokewright.render.skia import render, render_ink

Pixels = NDArray[np.float32]


def to_drawing(vocabulary: Vocabulary, actions: Floats, size_px: int) -> Drawing:
    """Build the drawing of action rows (marks, columns) on a square page of `size_px`."""
    return Drawing(tuple(vocabulary.to_mark(row, size_px) for row in actions), (float(size_px), float(size_px)))


def render_actions(vocabulary: Vocabulary, actions: Sequence[Floats] | Floats, size_px: int) -> Pixels:
    """Render pictures of many marks.

    Args:
        vocabulary: What the columns mean.
        actions: For each picture its rows (marks, columns) in [0, 1], first drawn first.
        size_px: Side of the pictures in pixels.

    Returns:
        Canvases (n, 1, size, size) of ink, or (n, 3, size, size) of scaled LAB.
    """
    drawings = [to_drawing(vocabulary, rows, size_px) for rows in actions]
    if vocabulary.paint == "ink":
        return np.stack([render_ink(drawing)[None] for drawing in drawings])
    return np.stack([to_lab(render(drawing).transpose(1, 2, 0)).transpose(2, 0, 1) for drawing in drawings])


def render_layers(vocabulary: Vocabulary, actions: Floats, size_px: int) -> Pixels:
    """Render each action row (n, columns) on its own: (n, 1, size, size) ink, or (n, 4, size, size) LAB and alpha."""
    rows = np.clip(actions, 0, 1)
    if vocabulary.paint == "ink":
        return render_actions(vocabulary, rows[:, None], size_px)
    solid = np.concatenate([rows[:, :-1], np.ones_like(rows[:, -1:])], axis=1)
    ink = np.stack([render_ink(to_drawing(vocabulary, row[None], size_px)) for row in solid])
    layers = np.empty((len(rows), 4, size_px, size_px), dtype=np.float32)
    layers[:, :3] = vocabulary.decode(rows, size_px)[:, -4:-1, None, None]
    layers[:, 3] = ink * rows[:, -1, None, None]
    return layers
