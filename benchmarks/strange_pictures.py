"""Pictures unlike what a line drawer learns on: photo, shaded balls, handwriting, floor plan, icon, flat greys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from skimage import data
from skimage.transform import resize

from benchmarks.sketch_variants import Variant, draw
from strokewright import Dataset, Drawing
from strokewright.drawing import Stroke
from strokewright.models.canvas_drawer.hierarchy import to_drawing
from strokewright.render.skia import render_ink

SIDE_PX = 512
GREYS = tuple(round(step / 10, 1) for step in range(11))
LEAST_GREY = 0.05
"""Ink above this counts as ink on grey pictures."""
_PATCH_PX = 192
_RIM_PX = 32  # where fewer fields overlap
Ink = NDArray[np.float32]


@dataclass(frozen=True)
class Tone:
    """What a drawer made of a flat grey.

    Args:
        grey: Ink asked for, in [0, 1].
        drawn: Mean ink drawn, away from the rim.
        drawing: The strokes.
    """

    grey: float
    drawn: float
    drawing: Drawing


@cache
def tones(variant: Variant) -> tuple[Tone, ...]:
    """Draw a flat patch of each grey."""
    made: list[Tone] = []
    inside = slice(_RIM_PX, _PATCH_PX - _RIM_PX)
    for grey in GREYS:
        ink = np.full((_PATCH_PX, _PATCH_PX), grey, dtype=np.float32)
        drawing = to_drawing(draw(variant, ink, LEAST_GREY), (_PATCH_PX, _PATCH_PX))
        made.append(Tone(grey, float(render_ink(drawing)[inside, inside].mean()), drawing))
    return tuple(made)


def pictures() -> dict[str, Ink]:
    """The pictures by caption, (512, 512) ink each."""
    return {
        "photo": _photo(),
        "shaded balls": _balls(),
        "handwriting": _handwriting(),
        "floor plan": _floor_plan(),
        "icon, 43 px lines": _icon(),
    }


def _photo() -> Ink:
    """The cameraman of scikit-image (CC0)."""
    return (1 - data.camera().astype(np.float32) / 255)[:SIDE_PX, :SIDE_PX]


def _balls() -> Ink:
    """Three balls lit from the upper left, over a ramp from white to black."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32)
    ink = np.where(y >= 416, x / SIDE_PX, 0.0)
    for centre_x, centre_y, radius in ((140, 150, 110), (370, 130, 80), (340, 310, 90)):
        u, v = (x - centre_x) / radius, (y - centre_y) / radius
        height = np.sqrt(np.clip(1 - u * u - v * v, 0, None))
        light = np.clip((-0.5 * u - 0.6 * v + 0.62 * height), 0, 1)
        ink = np.where(u * u + v * v <= 1, 1 - light, ink)
    return ink.astype(np.float32)


def _handwriting() -> Ink:
    """Twenty-five test digits of MNIST, enlarged from 28 to 96 px."""
    digits = Dataset.open("mnist").split("test")
    page = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    for place in range(25):
        top, left = 16 + place // 5 * 96, 16 + place % 5 * 96
        page[top : top + 96, left : left + 96] = resize(digits[place].picture, (96, 96), order=3)
    return page.clip(0, 1)


def _floor_plan() -> Ink:
    """Walls of 9 px with gaps for doors, their swings and leaves, and windows as double lines."""
    walls = [
        [(60, 60), (452, 60), (452, 452), (60, 452), (60, 60)],
        [(60, 230), (130, 230)],
        [(190, 230), (280, 230), (280, 150)],
        [(280, 90), (280, 60)],
        [(280, 230), (280, 300)],
        [(280, 360), (280, 452)],
        [(280, 260), (452, 260)],
    ]
    quarter = np.linspace(0, np.pi / 2, 20)
    swings = [
        np.stack([130 + 60 * np.cos(quarter), 230 + 60 * np.sin(quarter)], axis=1),
        np.stack([280 + 60 * np.sin(quarter), 90 + 60 * np.cos(quarter)], axis=1),
        np.stack([280 - 60 * np.sin(quarter), 300 + 60 * np.cos(quarter)], axis=1),
    ]
    leaves = [[(130, 230), (130, 290)], [(280, 90), (340, 90)], [(280, 300), (220, 300)]]
    windows = [[(340, y), (410, y)] for y in (54, 66)] + [[(x, 320), (x, 400)] for x in (446, 458)]
    thick = [Stroke(np.array(line, dtype=np.float64), width=9.0) for line in walls]  # type: ignore[arg-type]
    thin = [Stroke(np.array(line, dtype=np.float64), width=1.5) for line in [*swings, *leaves, *windows]]  # type: ignore[arg-type]
    return render_ink(Drawing((*thick, *thin), (SIDE_PX, SIDE_PX)))


def _icon() -> Ink:
    """A test icon of Lucide at its designers' width, which no pen of the drawer has."""
    drawing = Dataset.open("lucide", width_px=SIDE_PX * 2 / 24).split("test")[0].drawing
    return render_ink(drawing if drawing is not None else Drawing((), (SIDE_PX, SIDE_PX)))
