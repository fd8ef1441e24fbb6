"""The Omniglot drawer on what it learned, and on what it never saw: other alphabets, digits, hand drawings."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawers import draw_all, enlarged, in_red, true_distance
from benchmarks.harness import RESULTS_DIR, report, row, save_sheet
from benchmarks.trained import Trained, not_trained
from strokewright.datasets import open_dataset
from strokewright.datasets.download import find
from strokewright.drawing.drawing import Drawing, bounds
from strokewright.models.canvas_drawer import Drawer
from strokewright.models.canvas_drawer.pictures import Pictures
from strokewright.render.skia import render_ink

SEED = 0
SIZE_PX = 28
DRAWER = Trained("characters", card="draw/characters")
METRIC = "mean squared pixel distance"
_INNER_PX, _LINE_PX = 22.0, 2.0  # hand drawings are fitted into the middle and drawn with such a pen
_QUICK = 100
_SHEET_COLUMNS = 8


def run(quick: bool) -> dict[str, Any]:
    """Draw all sets; beside each loss stands that of a blank page."""
    started = time.perf_counter()
    drawer = DRAWER.load(Drawer, bundled_only=quick)
    rows: list[dict[str, Any]] = []
    sheet: list[tuple[str, list[NDArray[np.float32]]]] = []
    for name, pictures in picture_sets().items():
        target = pictures[:: len(pictures) // _QUICK] if quick else pictures
        blank: dict[str, Any] = {
            "reference": float(np.square(target, dtype=np.float64).mean()),
            "reference_source": "blank page",
        }
        case = f"{name}, {len(target)}"
        if drawer is None:
            rows.append(row(not_trained(case, DRAWER.command), METRIC, None, **blank))
            continue
        actions = draw_all(drawer, target)
        rows.append(row(case, METRIC, true_distance(drawer.vocabulary, actions, target), **blank))
        shown = range(0, len(target), len(target) // _SHEET_COLUMNS)[:_SHEET_COLUMNS]
        sheet.append((name, [enlarged(target[i, 0]) for i in shown]))
        sheet.append(("strokes", [in_red(drawer.vocabulary, actions[i], SIZE_PX) for i in shown]))
    if sheet and not quick:
        save_sheet(RESULTS_DIR / "characters.png", [""] * _SHEET_COLUMNS, sheet, cell_px=112)
    return report("characters", rows, started=started, seed=SEED, data="ten strokes a picture, 28×28, true renderer")


def picture_sets() -> dict[str, NDArray[np.float32]]:
    """Name → pictures (n, 1, 28, 28) of ink; only the first set is of the kind that it learned from."""
    background = Pictures(dataset="omniglot", split="test")
    evaluation = str(find("omniglot/images_evaluation.npz"))
    return {
        "known characters, new drawers": _all(background),
        "new alphabets": _all(Pictures(dataset=evaluation, split=("train", "valid", "test")))[::4],
        "MNIST test digits": _all(Pictures(split="test")),
        "hand drawings of 8 things": _hand_drawings("handdrawn/course8_simplified.npz"),
        "hand-drawn shapes": _hand_drawings("handdrawn/shapes6_simplified.npz"),
    }


def _all(pictures: Pictures) -> NDArray[np.float32]:
    return pictures.pixels[:, None].astype(np.float32) / np.float32(255)


def _hand_drawings(name: str) -> NDArray[np.float32]:
    """Render test drawings by the true renderer, fitted into the middle of the field."""
    drawings = [sample.drawing for sample in open_dataset(find(name)).split("test") if sample.drawing is not None]
    return np.stack([render_ink(_fitted(drawing))[None] for drawing in drawings])


def _fitted(drawing: Drawing) -> Drawing:
    x0, y0, x1, y1 = bounds(drawing.strokes)
    scale = _INNER_PX / max(x1 - x0, y1 - y0, 1.0)
    left, top = (SIZE_PX - scale * (x0 + x1)) / 2, (SIZE_PX - scale * (y0 + y1)) / 2
    small = drawing.transformed([[scale, 0, left], [0, scale, top]], (SIZE_PX, SIZE_PX))
    return small.replace(marks=tuple(s.replace(width=np.full_like(s.width, _LINE_PX)) for s in small.strokes))
