"""Actions → layers, differentiably: the analytic renderers behind one function, chosen by the vocabulary's shape.

A layer is what one mark adds to a canvas: ink (1 channel), or L, a, b, alpha (4 channels, or 4 a view of a prism);
`composite.lay` puts it down, `prism.stack` those of prisms. A canvas network
(`models/canvas_drawer/canvas/network.py`) makes the same layers, learned from any renderer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.render import box, curve, prism
from strokewright.render.protocol import Vocabulary


def to_pixels(vocabulary: Vocabulary, actions: Tensor, field_px: float) -> Tensor:
    """Turn action rows (…, columns) in [0, 1] into pixels of a field, as `Vocabulary.decode` does, with gradient."""
    low, span = (
        torch.as_tensor(part, dtype=actions.dtype, device=actions.device) for part in vocabulary.scale(field_px)
    )
    return low + actions * span


def control_and_width(vocabulary: Vocabulary, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Split decoded rows (…, columns) of strokes into control points (…, 3 or 4, 2) and widths (…, 2), pixels."""
    points = sum(column.unit == "field" for column in vocabulary.columns)
    control = rows[..., :points].unflatten(-1, (-1, 2))
    if vocabulary.fixed_width_px is not None:
        return control, torch.full_like(control[..., 0, :], vocabulary.fixed_width_px)
    return control, rows[..., points : points + 2]


def layer(vocabulary: Vocabulary, actions: Tensor, size_px: int, softness_px: float = 0.0) -> Tensor:
    """Render each action on a square of its own.

    Args:
        vocabulary: What the columns mean.
        actions: (n, columns) in [0, 1].
        size_px: Side of the square in pixels.
        softness_px: How much further than a sharp edge the ink fades out, ≥ 0.

    Returns:
        (n, 1, size, size) ink, or (n, 4, size, size) L, a, b, alpha, or (n, 4 · views, size, size), view after view;
        differentiable in the actions.
    """
    rows = to_pixels(vocabulary, actions, size_px)
    size = (size_px, size_px)
    if vocabulary.shape == "prism":
        ink = prism.coverage(rows[:, :6], size_px, softness_px)
    elif vocabulary.shape == "box":
        ink = box.coverage(rows[:, :4], size, softness_px)[:, None]
    else:
        ink = curve.coverage(*control_and_width(vocabulary, rows), size, softness_px)[:, None]
    if vocabulary.paint == "ink":
        return ink
    colour = rows[:, None, -4:-1, None, None].expand(-1, ink.shape[1], -1, size_px, size_px)
    return torch.cat([colour, (ink * rows[:, -1, None, None, None])[:, :, None]], dim=2).flatten(1, 2)
