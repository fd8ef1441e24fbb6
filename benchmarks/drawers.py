"""What the benchmarks of whole-picture drawers share: drawing many pictures, the true distance, how both are shown."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.drawing.drawing import Drawing
from strokewright.models.canvas_drawer import Drawer
from strokewright.render.actions import render_actions, to_drawing
from strokewright.render.protocol import Vocabulary
from strokewright.render.skia import render

RED = (0.85, 0.1, 0.1)
_BATCH = 500


def draw_all(drawer: Drawer, hints: NDArray[np.float32]) -> NDArray[np.float64]:
    """Draw pictures (n, channels, size, size): actions (n, marks, columns)."""
    parts = [drawer.draw(torch.from_numpy(hints[i : i + _BATCH])).double() for i in range(0, len(hints), _BATCH)]
    return torch.cat(parts).numpy()


def true_distance(vocabulary: Vocabulary, actions: NDArray[np.float64], target: NDArray[np.float32]) -> float:
    """Mean squared pixel distance of ink, rendered by Skia, to pictures (n, 1, size, size)."""
    total = 0.0
    for i in range(0, len(target), _BATCH):
        part = target[i : i + _BATCH]
        drawn = render_actions(vocabulary, actions[i : i + _BATCH], target.shape[-1])
        total += float(np.square(drawn - part, dtype=np.float64).mean()) * len(part)
    return total / len(target)


def soft_distance(drawer: Drawer, target: NDArray[np.float32]) -> float:
    """Mean squared pixel distance on the canvas that the drawer was trained through."""
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(target), _BATCH):
            part = torch.from_numpy(target[i : i + _BATCH])
            total += float((drawer.roll_out(part)[0][-1] - part).double().square().mean()) * len(part)
    return total / len(target)


def in_red(vocabulary: Vocabulary, actions: NDArray[np.float64], size_px: int, zoom: int = 4) -> NDArray[np.float32]:
    """Show the centre lines of strokes in red on white, (3, height, width), as the paper does."""
    drawing = to_drawing(vocabulary, actions, size_px)
    lines = tuple(stroke.replace(width=np.full_like(stroke.width, 0.7), colour=RED) for stroke in drawing.strokes)
    return render(Drawing(lines, drawing.size), (zoom * size_px, zoom * size_px))


def enlarged(picture: NDArray[np.float32], zoom: int = 4) -> NDArray[np.float32]:
    """Show every pixel of (height, width) or (3, height, width) as zoom × zoom."""
    return np.asarray(picture).repeat(zoom, axis=-1).repeat(zoom, axis=-2)
