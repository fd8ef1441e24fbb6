"""Random scenes of a few strokes with known actions: the drawer's first lessons.

Trained through the renderer from nothing, a drawer spends long at the blank picture. So it first learns on scenes whose
strokes are known: shown a scene of which some strokes are drawn already, it has to put down any one of the others, or
to stop if there is none. What it learns on later are pictures alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_STROKES = 6


def random_scenes(
    rng: np.random.Generator, count: int, field_px: int, width_px: tuple[float, float] = (1.0, 8.0)
) -> dict[str, Floats]:
    """Make scenes of 1 to 6 quadratic strokes.

    Args:
        rng: Source of chance.
        count: How many scenes.
        field_px: Side of the square in pixels.
        width_px: Narrowest and widest line, log-uniform; nearly the same within a scene.

    Returns:
        `control` (count, 6, 3, 2) pixels; `width` (count, 6, 2) pixels; `state` (count, 6): 0 absent, 1 still to draw,
        2 drawn already.
    """
    shape = (count, _STROKES)
    margin = field_px / 32
    start = rng.uniform(0, field_px, (*shape, 2))
    length = np.exp(rng.uniform(np.log(4), np.log(1.3 * field_px), shape))[..., None]
    angle = rng.uniform(0, 2 * np.pi, shape)
    end = start + length * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for index in range(1, _STROKES):  # half of the strokes begin where the one before ended
        chained = (rng.random(count) < 0.5)[:, None]
        shift = np.where(chained, end[:, index - 1] - start[:, index], 0)
        start[:, index] += shift
        end[:, index] += shift
        end[:, index] = np.clip(end[:, index], -margin, field_px + margin)
    end = np.clip(end, -margin, field_px + margin)
    chord = end - start
    across = np.stack([-chord[..., 1], chord[..., 0]], axis=-1)
    middle = (start + end) / 2 + across * np.clip(rng.normal(0, 0.25, (*shape, 1)), -0.7, 0.7)
    middle += chord * rng.normal(0, 0.08, (*shape, 1))
    turned = (end * (1.0, 0.2)).sum(-1, keepdims=True) < (start * (1.0, 0.2)).sum(-1, keepdims=True)
    start, end = (
        np.where(turned, end, start),
        np.where(turned, start, end),
    )  # one way to draw a line: rightwards, then down
    dots = rng.random(shape) < 0.04
    control = np.stack([start, middle, end], axis=-2)
    control = np.where(dots[..., None, None], start[..., None, :] + (control - start[..., None, :]) * 0.02, control)
    scene_width = np.exp(rng.uniform(np.log(width_px[0]), np.log(width_px[1]), (count, 1, 1)))
    width = scene_width * np.exp(rng.normal(0, 0.15, (*shape, 1)) + rng.normal(0, 0.08, (*shape, 2)))
    present = np.arange(_STROKES) < rng.integers(1, _STROKES + 1, (count, 1))
    drawn = rng.random(shape) < rng.choice([0.0, 0.3, 0.6, 0.9, 1.0], (count, 1), p=[0.4, 0.2, 0.2, 0.1, 0.1])
    return {
        "control": control.astype(np.float32),
        "width": np.clip(width, 0.8, 1.2 * width_px[1]).astype(np.float32),
        "state": (present * (1 + drawn)).astype(np.float32),
    }
