"""Contact sheets of the sketch-rnn benchmark: reconstructions, blends, analogies, endings, what each model draws.

All begin with real drawings that no model has learned from; nothing is picked out, the first that fit are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import RESULTS_DIR, save_sheet
from strokewright import Drawing
from strokewright.pipelines.sketch_rnn.sketcher import Sketcher
from strokewright.render.skia import render, render_ink

_CELL_PX, _COLOURS = 96, 64
_PAGE_PX = 192  # pages are rendered larger than they are shown
_TEMPERATURES = (0.01, 0.2, 0.4, 0.6, 0.8, 1.0)
_RECONSTRUCTED = ("bicycle", "bird", "dolphin", "monkey", "palm tree", "rabbit")
_CORNERS = ("sheep", "palm tree", "dolphin", "bicycle")
_BEGUN = ("ambulance", "bear", "bicycle", "lobster", "mosquito", "rabbit")
_BEGUN_SHARE = 0.4  # of a drawing's strokes, which are given to the model
_ANALOGIES = (("rabbit", "sheep"), ("monkey", "bear"), ("dolphin", "bird"))
_ENDINGS, _ANALOGUES, _DRAWN = 6, 3, 10
_GIVEN = (0.1, 0.35, 0.85)
Picture = NDArray[np.floating]


def save_figures(sketcher: Sketcher, real: dict[str, list[Drawing]], seed: int) -> None:
    """Write the sheets to `results/`.

    Args:
        sketcher: Draws with `sketch/doodles`.
        real: Real held-out drawings of each class.
        seed: Of all drawing.
    """
    _save_reconstructions(sketcher, real, seed)
    _save_blends(sketcher, real, seed)
    _save_analogies(sketcher, real, seed)
    _save_endings(sketcher, real, seed)


def save_samples(name: str, groups: dict[str, list[Drawing]]) -> None:
    """Write `results/{name}.png`: a row of drawings for each caption."""
    rows = [(caption, _inks(drawings)) for caption, drawings in groups.items()]
    _save(name, [""] * max(len(drawings) for drawings in groups.values()), rows)


def _save_reconstructions(sketcher: Sketcher, real: dict[str, list[Drawing]], seed: int) -> None:
    """Figure 3: a drawing, and drawn again at rising temperatures."""
    rows: list[tuple[str, Sequence[Picture]]] = []
    for name in _RECONSTRUCTED:
        again = [
            sketcher.reconstruct(real[name][0], label=name, temperature=temperature, seed=seed)[0]
            for temperature in _TEMPERATURES
        ]
        rows.append((name, _inks([real[name][0], *again])))
    _save("sketch_rnn_reconstructions", ["drawn by hand", *(f"T = {t}" for t in _TEMPERATURES)], rows)


def _save_blends(sketcher: Sketcher, real: dict[str, list[Drawing]], seed: int) -> None:
    """Figure 5: what lies between four drawings."""
    a, b, c, d = (_coloured(real[name][1], i) for i, name in enumerate(_CORNERS))
    grid = sketcher.blend([[a, b], [c, d]], size=(7, 9), seed=seed)
    rows = [("", [render(drawing, (_PAGE_PX, _PAGE_PX)) for drawing in row]) for row in grid]
    _save("sketch_rnn_blends", [""] * len(grid[0]), rows)


def _save_analogies(sketcher: Sketcher, real: dict[str, list[Drawing]], seed: int) -> None:
    """Figure 6: what is to c as b is to a, where a and b are of one class and c of another."""
    rows = [
        (f"{second}s as {first}s", _inks([a, b, c, sketcher.analogy(a, b, c, seed=seed)]))
        for first, second in _ANALOGIES
        for a, b, c in zip(real[first], real[first][1:], real[second][: _ANALOGUES - 1], strict=False)
    ]
    _save("sketch_rnn_analogies", ["a", "b", "c", "code(b) - code(a) + code(c)"], rows)


def _save_endings(sketcher: Sketcher, real: dict[str, list[Drawing]], seed: int) -> None:
    """Figure 7: a begun drawing, and endings of it."""
    rows: list[tuple[str, Sequence[Picture]]] = []
    for name in _BEGUN:
        whole = next((d for d in real[name] if len(d.strokes) >= 3), real[name][0])
        count = max(1, round(_BEGUN_SHARE * len(whole.strokes)))
        begun = whole.replace(marks=tuple(stroke.replace(colour=_GIVEN) for stroke in whole.strokes[:count]))
        endings = sketcher.complete(begun, n=_ENDINGS, label=name, temperature=0.3, seed=seed)
        black = [_blackened(ending, count) for ending in endings]
        rows.append((name, [render(d, (_PAGE_PX, _PAGE_PX)) for d in (begun, *black)]))
    _save("sketch_rnn_endings", ["begun by hand", *["ended"] * _ENDINGS], rows)


def _blackened(drawing: Drawing, count: int) -> Drawing:
    """Return the drawing with the strokes after the first `count` in black."""
    new = (stroke.replace(colour=(0.0, 0.0, 0.0)) for stroke in drawing.strokes[count:])
    return drawing.replace(marks=(*drawing.strokes[:count], *new))


def _coloured(drawing: Drawing, place: int) -> Drawing:
    colour = ((0.1, 0.3, 0.8), (0.1, 0.55, 0.2), (0.8, 0.2, 0.1), (0.55, 0.15, 0.6))[place]
    return drawing.replace(marks=tuple(stroke.replace(colour=colour) for stroke in drawing.strokes))


def _inks(drawings: Sequence[Drawing]) -> list[Picture]:
    return [render_ink(drawing, (_PAGE_PX, _PAGE_PX)) for drawing in drawings]


def _save(name: str, header: Sequence[str], rows: Sequence[tuple[str, Sequence[Picture]]]) -> None:
    save_sheet(RESULTS_DIR / f"{name}.png", header, rows, cell_px=_CELL_PX, colours=_COLOURS)
