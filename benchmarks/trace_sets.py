"""The pictures of the trace benchmark, each with the strokes that it was rendered from. None is ever trained on.

Pages are of 512 px, lines of 2.5 px (on the sheets 2 to 5 px). OpenMoji and Lucide come a second time at their own
designers' width (2 of 72 and 2 of 24 units of the page). Outlines of filled shapes in OpenMoji are not pen lines: they
are left out of picture and truth alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strokewright import Dataset, Drawing
from strokewright.render.skia import render_ink

SEED = 0
LINE_PX = 2.5
MOST_PICTURES = 90
QUICK_PICTURES = 2
Ink = NDArray[np.float32]


@dataclass(frozen=True)
class PictureSet:
    """Drawings to be rendered and traced.

    Args:
        name: The case's name in the rows.
        drawings: The true strokes.
        main: Whether the issue's bounds are for this set.
        by_pen: Whether order and direction are those of a person's pen.
    """

    name: str
    drawings: list[Drawing]
    main: bool = True
    by_pen: bool = False


def picture_sets(quick: bool) -> list[PictureSet]:
    """Load the sets; quick: a few pictures of each, main sets alone."""
    most = QUICK_PICTURES if quick else MOST_PICTURES
    sets = [
        PictureSet("TU-Berlin", _test("tuberlin", LINE_PX, most), by_pen=True),
        PictureSet("OpenMoji", _test("openmoji", LINE_PX, most)),
        PictureSet("Lucide", _test("lucide", LINE_PX, most)),
        PictureSet("Omniglot sheets", sheets(1 if quick else 40), main=False, by_pen=True),
    ]
    if not quick:
        for key, name, width_px in (("openmoji", "OpenMoji", 512 * 2 / 72), ("lucide", "Lucide", 512 * 2 / 24)):
            drawings = _test(key, width_px, MOST_PICTURES // 3)
            sets.append(PictureSet(f"{name}, lines of {width_px:.1f} px", drawings, main=False))
    return sets


def _test(key: str, width_px: float, most: int) -> list[Drawing]:
    """Up to `most` drawings of a test split, spread evenly over it, without filled shapes."""
    split = Dataset.open(key, width_px=width_px).split("test")
    chosen = np.linspace(0, len(split) - 1, min(most, len(split))).round().astype(int)
    drawings = [split[int(i)].drawing for i in chosen]
    lines = [d.replace(marks=tuple(s for s in d.strokes if s.layer != "filled")) for d in drawings if d is not None]
    return [drawing for drawing in lines if drawing.marks]


def sheets(count: int) -> list[Drawing]:
    """Seeded sheets of characters by the held-out drawers."""
    split = Dataset.open("sheets", split="test", seed=SEED, count=count)
    return [sample.drawing for sample in split if sample.drawing is not None]


def characters(count: int) -> list[Drawing]:
    """A seeded choice of single Omniglot characters by the held-out drawers (18 to 20) on their pages of 105 px."""
    split = Dataset.open("omniglot-strokes").split("test")
    chosen = np.random.default_rng(SEED).choice(len(split), min(count, len(split)), replace=False)
    drawings = [split[int(i)].drawing for i in np.sort(chosen)]
    return [drawing for drawing in drawings if drawing is not None]


def render_8_bit(drawing: Drawing) -> Ink:
    """Render ink (h, w) in the 256 steps of a picture file."""
    return (render_ink(drawing) * 255).round() / np.float32(255)


def large_picture(side_px: int = 4000, across: int = 8) -> Ink:
    """TU-Berlin test drawings side by side on a page of side_px × side_px."""
    drawings = _test("tuberlin", LINE_PX, MOST_PICTURES)
    cell_px = side_px / across
    scale = cell_px / 512
    strokes = [
        stroke.transformed([[scale, 0, column * cell_px], [0, scale, line * cell_px]])
        for line in range(across)
        for column in range(across)
        for stroke in drawings[(line * across + column) % len(drawings)].strokes
    ]
    return render_8_bit(Drawing(tuple(strokes), (side_px, side_px)))
