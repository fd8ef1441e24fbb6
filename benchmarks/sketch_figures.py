"""The contact sheets of the sketches benchmark: Figures 8, 9 and 10 of the paper, and the hatching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import RESULTS_DIR, save_sheet
from benchmarks.sketch_sets import page_sets
from benchmarks.sketch_variants import (
    FIXED_WIDTH,
    FLOOD,
    FOUR,
    HIERARCHY,
    NO_LSTM,
    NO_OVERLAP,
    SHIPPED,
    TEN,
    Variant,
    draw,
    draw_passes,
    missing,
)
from benchmarks.strange_pictures import GREYS, LEAST_GREY, pictures, tones
from strokewright import Drawing
from strokewright.models.canvas_drawer import Piece
from strokewright.models.canvas_drawer.hierarchy import to_drawing
from strokewright.render.skia import render, render_ink

_CELL_PX = 200
_HATCHING_PX = 128
_COLOURS = 48
_RED = (0.85, 0.1, 0.1)
Picture = NDArray[np.floating]
Row = tuple[str, list[Picture]]


def save_figures() -> None:
    """Write the sheets whose drawers' weights are there to `results/`; Figure 8 has the columns that can be made."""
    art, _, sheets = page_sets(4)
    pages = [art.drawings[0], art.drawings[2], sheets.drawings[1]]
    columns = [v for v in (TEN, FOUR, NO_LSTM, FLOOD, NO_OVERLAP, FIXED_WIDTH) if not missing(v)]
    if columns:
        _save_figure_8(pages, columns)
    if not missing(HIERARCHY):
        _save_figure_9(pages[:2])
    if not missing(TEN):
        _save_figure_10()
        _save_hatching()


def in_red(drawing: Drawing, width_px: float = 2.0, scale: int = 1) -> Picture:
    """The centre lines alone in red on white, (3, h, w), `scale` times as large as the page."""
    lines = tuple(stroke.replace(width=width_px / scale, colour=_RED) for stroke in drawing.strokes)
    width, height = (int(side * scale) for side in drawing.size)
    return render(drawing.replace(marks=lines, background=(1.0, 1.0, 1.0)), (width, height))


def _enlarged(drawing: Drawing) -> Picture:
    """The lines in the middle of the page, three times as large, (3, 480, 480)."""
    return in_red(drawing, 4.0, scale=3)[:, 528:1008, 528:1008]


def _both(pieces: list[Piece], ink: Picture) -> tuple[Picture, Picture]:
    """What pieces look like: as ink, and as lines in red."""
    drawing = to_drawing(pieces, (ink.shape[1], ink.shape[0]))
    return render_ink(drawing), in_red(drawing)


def _two_rows(caption: str, columns: list[tuple[Picture, Picture]]) -> list[Row]:
    return [(caption, [ink for ink, _ in columns]), ("strokes", [lines for _, lines in columns])]


def _save_figure_8(pages: list[Drawing], variants: list[Variant]) -> None:
    """Truth and variants, each as ink and as strokes."""
    rows: list[Row] = []
    for number, truth in enumerate(pages, 1):
        ink = render_ink(truth)
        drawn = [_both(draw(variant, ink), ink) for variant in variants]
        rows += _two_rows(f"page {number}", [(ink, in_red(truth)), *drawn])
    header = ["truth", *(variant.name for variant in variants)]
    save_sheet(RESULTS_DIR / "sketches_figure_8.png", header, rows, _CELL_PX, _COLOURS)


def _save_figure_9(pages: list[Drawing]) -> None:
    """The passes of the hierarchy, the end, and the drawer without one; whole pages, and a corner enlarged."""
    rows: list[Row] = []
    for number, truth in enumerate(pages, 1):
        ink = render_ink(truth)
        first, second = draw_passes(HIERARCHY, ink)
        parts = (first, second, [*first, *second], draw(TEN, ink))
        rows += _two_rows(f"page {number}", [(ink, in_red(truth)), *(_both(pieces, ink) for pieces in parts)])
        drawings = [truth, *(to_drawing(pieces, truth.size) for pieces in parts)]
        rows.append(("strokes, enlarged", [_enlarged(drawing) for drawing in drawings]))
    header = ["truth", "128 px pass", "64 px pass", "both passes", "64 px alone"]
    save_sheet(RESULTS_DIR / "sketches_figure_9.png", header, rows, 240, _COLOURS)


def _save_figure_10() -> None:
    """Pictures out of distribution, and what the ten-step and the bundled drawer make of them."""
    rows: list[Row] = []
    for caption, ink in pictures().items():
        drawn = [_both(draw(variant, ink, LEAST_GREY), ink) for variant in (TEN, SHIPPED)]
        rows.append((caption, [ink, *drawn[0], *drawn[1]]))
    header = ["picture", TEN.name, "its strokes", SHIPPED.name, "its strokes"]
    save_sheet(RESULTS_DIR / "sketches_figure_10.png", header, rows, _CELL_PX, _COLOURS)


def _save_hatching() -> None:
    """Flat greys, and for the ten-step and the bundled drawer the tone drawn and its strokes."""
    rows: list[Row] = [("asked", [np.full((_HATCHING_PX, _HATCHING_PX), grey) for grey in GREYS])]
    for variant in (TEN, SHIPPED):
        made = tones(variant)
        drawn = "\n".join(f"{tone.grey:.1f}: {tone.drawn:.2f}" for tone in made[1::2])
        caption = f"{variant.name}\nmean ink drawn\n{drawn}"
        rows.append((caption, [render_ink(tone.drawing) for tone in made]))
        rows.append(("strokes", [in_red(tone.drawing, 1.0) for tone in made]))
    save_sheet(RESULTS_DIR / "sketches_hatching.png", [f"{grey:.1f}" for grey in GREYS], rows, _HATCHING_PX, _COLOURS)
