"""How painters learned: what their runs painted of the same held-out picture as the training went on.

The thesis shows this beside its painting processes (Figures 4.3 to 5.18). Runs keep a sheet of pictures and paintings
every so many steps; the first pair of some of these sheets is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.harness import RESULTS_DIR, save_sheet
from benchmarks.painters import Case

_STEPS = (250, 500, 1000, 2000, 4000, 8000)
_FEWEST = 3  # of them, or nothing is to be seen
_GAP_PX = 2  # around each pair of a run's sheet, see `Painter.samples`

Pixels = NDArray[np.float64]


def save_progress(cases: Sequence[Case]) -> None:
    """Write `painter_progress.png`: a row for each run that has kept enough sheets."""
    rows: list[tuple[str, list[Pixels]]] = []
    for case in cases:
        sheets = {int(path.stem[5:]): path for path in (case.trained.run / "samples").glob("step-*.png")}
        shown = [sheets[step] for step in _STEPS if step in sheets]
        if len(shown) < _FEWEST:
            continue
        last = sheets[max(sheets)]
        blank = [np.zeros((1, 1))] * (len(_STEPS) - len(shown))
        picture, final = _pair(last, case.size_px)
        paintings = [_pair(path, case.size_px)[1] for path in shown]
        rows.append((f"{case.case}\n{max(sheets)} steps".replace(", ", "\n"), [*paintings, *blank, final, picture]))
    if rows:
        header = [f"{step} steps" for step in _STEPS]
        save_sheet(RESULTS_DIR / "painter_progress.png", [*header, "the end", "picture"], rows, cell_px=84, colours=32)


def _pair(path: Path, side: int) -> tuple[Pixels, Pixels]:
    """Cut the first picture (side, side, 3) and its painting out of a run's sheet."""
    sheet = np.asarray(Image.open(path).convert("RGB")) / 255
    row = sheet[_GAP_PX : _GAP_PX + side, _GAP_PX : _GAP_PX + 2 * side]
    zoom = max(1, 84 // side)
    row = row.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return row[:, : side * zoom], row[:, side * zoom :]
