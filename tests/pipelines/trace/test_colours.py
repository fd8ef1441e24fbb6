"""Pens of several colours, on paper under uneven light."""

import numpy as np
import pytest

from strokewright.drawing import Drawing, Stroke
from strokewright.pipelines.trace import TraceOptions, trace
from strokewright.render.skia import render

RED, GREEN, BLUE = (0.8, 0.1, 0.15), (0.1, 0.5, 0.2), (0.1, 0.2, 0.7)
SKELETON = TraceOptions(method="skeleton")


def picture_of(*strokes):
    return np.moveaxis(render(Drawing(strokes, (240, 160))), 0, 2)


def colours_of(drawing):
    return sorted(stroke.colour for stroke in drawing.strokes)


def test_pens_of_two_colours_that_nearly_touch_along_their_way_stay_two_strokes():
    """By direction alone, each would better run on in the other's colour."""
    down = Stroke([[20, 40], [120, 80], [220, 40]], [[[60, 50], [90, 80]], [[150, 80], [180, 50]]], 3.0, BLUE)
    up = Stroke([[20, 120], [120, 80], [220, 120]], [[[60, 110], [90, 80]], [[150, 80], [180, 110]]], 3.0, GREEN)
    drawing = trace(picture_of(down, up), SKELETON)
    assert len(drawing.strokes) in (2, 3, 4)
    for stroke in drawing.strokes:
        heights = stroke.nodes[:, 1]
        assert (heights < 84).all() if stroke.colour[2] > 0.5 else (heights > 76).all()


def test_shade_on_the_paper_is_taken_from_the_pens_too():
    strokes = [Stroke([[20, y], [220, y]], width=4.0, colour=c) for y, c in ((40, RED), (80, GREEN), (120, BLUE))]
    shade = np.linspace(0.95, 0.7, 240, dtype=np.float32)[None, :, None]
    drawing = trace(picture_of(*strokes) * shade, SKELETON)
    assert drawing.background == (1, 1, 1)
    assert np.array(colours_of(drawing)) == pytest.approx(np.array(sorted((RED, GREEN, BLUE))), abs=0.06)
