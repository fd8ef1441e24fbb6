"""Drawing in passes: a drawer with a large field first, then smaller ones on the canvas that it leaves.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", section 4.2 and Figure 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.drawing import Drawing, Stroke
from strokewright.models.canvas_drawer.line_drawer import LineDrawer
from strokewright.models.canvas_drawer.sliding import Order, Piece, draw_sliding
from strokewright.render.protocol import to_cubic
from strokewright.render.skia import render_ink


def draw_in_passes(
    drawers: Sequence[LineDrawer],
    ink: NDArray[np.float32],
    canvas: NDArray[np.float32] | None = None,
    *,
    order: Order = "interleaved",
) -> Iterator[list[Piece]]:
    """Draw a picture with one drawer after the other; each sees, by the true renderer, what is drawn already.

    Args:
        drawers: In the order of the passes; the paper's have fields of 128 and of 64 px.
        ink: The picture, (height, width) float32, 0 = bare paper.
        canvas: What is drawn already, same shape; None: nothing.
        order: As in `draw_sliding`.

    Yields:
        The pieces of each pass.

    Raises:
        OptionError: As in `draw_sliding`.
    """
    drawn = np.zeros_like(ink) if canvas is None else canvas
    for drawer in drawers:
        pieces = list(draw_sliding(drawer, ink, drawn, order=order))
        yield pieces
        drawn = np.maximum(drawn, render_ink(to_drawing(pieces, (ink.shape[1], ink.shape[0]))))


def to_drawing(pieces: Iterable[Piece], size: tuple[float, float]) -> Drawing:
    """Set pieces out on a page of that width and height, one stroke each, in their order."""
    return Drawing(
        tuple(Stroke.from_controls(to_cubic(piece.control)[None], width=piece.width) for piece in pieces), size
    )
