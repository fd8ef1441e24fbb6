"""The drawers of the sketches benchmark: what Table 2 compares, where the weights lie, how each draws a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.trained import Trained
from strokewright import weights
from strokewright.models.canvas_drawer import LineDrawer, Piece, draw_sliding
from strokewright.models.canvas_drawer.hierarchy import draw_in_passes
from strokewright.models.canvas_drawer.sliding import Order
from strokewright.recipes import RECIPES
from strokewright.training.run import Run

BUNDLED = "trace/lineart"
PAPER = "Canvas-Drawer paper, Table 2, on its own sketches"


@dataclass(frozen=True)
class Variant:
    """One way to draw a page.

    Args:
        name: The case's name in the rows.
        drawers: A recipe, whose run lies in `runs/`, or the name of a bundled model; several: one pass each.
        reference: The paper's mean squared distance, None where its Table 2 has none.
        order: How the field moves; the paper's is row by row.
        stride_px: Distance between fields; None: half a field.
    """

    name: str
    drawers: tuple[str, ...]
    reference: float | None = None
    order: Order = "raster"
    stride_px: int | None = None

    @property
    def bundled(self) -> bool:
        """Whether all its weights come with the package."""
        return all(name not in RECIPES for name in self.drawers)


TEN = Variant("ten steps, LSTM", ("sketches_ten",), 0.0530)
FOUR = Variant("four steps, LSTM", ("sketches_four",), 0.0569)
NO_OVERLAP = Variant("ten steps, no overlap", ("sketches_ten",), 0.0737, stride_px=64)
NO_LSTM = Variant("ten steps, no LSTM", ("sketches_no_lstm",), 0.0810)
FIXED_WIDTH = Variant("ten steps, fixed thickness", ("sketches_fixed_width",), 0.137)
FLOOD = Variant("ten steps, flood-fill order", ("sketches_ten",), order="flood")
HIERARCHY = Variant("hierarchy, 128 then 64 px", ("sketches_128", "sketches_ten"))
SHIPPED = Variant(f"bundled {BUNDLED}", (BUNDLED,))
TABLE_2 = (TEN, FOUR, NO_OVERLAP, NO_LSTM, FIXED_WIDTH)
"""In the paper's order, best first."""
VARIANTS = (*TABLE_2, FLOOD, Variant("ten steps, another seed", ("sketches_ten_again",)), HIERARCHY, SHIPPED)


def missing(variant: Variant) -> list[str]:
    """The recipes of a variant whose runs are not there or not at their end."""
    return [name for name in variant.drawers if name in RECIPES and not _finished(name)]


def draw(variant: Variant, ink: NDArray[np.float32], solid: float = 0.5) -> list[Piece]:
    """Draw a page; `solid` as in `draw_sliding`, for variants of one pass."""
    return [piece for pieces in draw_passes(variant, ink, solid) for piece in pieces]


def draw_passes(variant: Variant, ink: NDArray[np.float32], solid: float = 0.5) -> list[list[Piece]]:
    """Draw a page as `draw` does, and tell the passes apart."""
    drawers = [_load(name) for name in variant.drawers]
    if len(drawers) > 1:
        return list(draw_in_passes(drawers, ink, order=variant.order))
    return [list(draw_sliding(drawers[0], ink, order=variant.order, stride_px=variant.stride_px, solid=solid))]


def _finished(recipe: str) -> bool:
    run = Trained(recipe).run
    return (run / "config.json").exists() and Run(run).finished


@cache
def _load(name: str) -> LineDrawer:
    model = weights.open_model(Trained(name).run if name in RECIPES else name, "cpu")
    if not isinstance(model, LineDrawer):
        raise TypeError(f"{name}: expected a LineDrawer, got {type(model).__name__}")
    return model
