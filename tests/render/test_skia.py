"""The true renderer: coverage, order, size."""

import numpy as np
import pytest

from strokewright import Drawing
from strokewright.drawing.drawing import Box, Prism, Stamp, Stroke
from strokewright.errors import DrawingError
from strokewright.render.skia import render, render_ink

CURVE = Stroke([[10, 10], [40, 50], [55, 12]], [[[30, 5], [40, 30]], [[40, 70], [60, 40]]])


def dense_discs(stroke: Stroke, side: int, fine: int = 8) -> np.ndarray:
    """Ink of a stroke as the union of very many discs, on a fine grid."""
    y, x = (np.mgrid[: side * fine, : side * fine] + 0.5) / fine
    inked = np.zeros(x.shape, bool)
    for control, start, end in zip(stroke.controls, stroke.width[:-1], stroke.width[1:], strict=True):
        for t in np.linspace(0, 1, 300):
            weights = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
            (cx, cy), radius = weights @ control, (start + (end - start) * t) / 2
            inked |= (x - cx) ** 2 + (y - cy) ** 2 <= radius**2
    return inked.reshape(side, fine, side, fine).mean((1, 3))


@pytest.mark.parametrize("width", [(3, 3, 3), (2, 9, 3), (12, 1, 8)])
def test_strokes_cover_what_dense_discs_cover(width):
    stroke = CURVE.replace(width=width)
    ink = render_ink(Drawing((stroke,), (64, 64)))
    assert ((ink - dense_discs(stroke, 64)) ** 2).mean() < 1e-4


def test_ribbons_have_no_seams_and_opacity_counts_once():
    ink = render_ink(Drawing((CURVE.replace(width=(8, 10, 8), opacity=0.5),), (64, 64)))
    assert ink.max() == pytest.approx(0.5, abs=0.01)


def test_later_marks_lie_over_earlier_ones():
    red, blue = Box(0, 0, 8, 8, (1, 0, 0)), Box(4, 4, 8, 8, (0, 0, 1))
    picture = render(Drawing((red, blue), (8, 8)))
    assert picture.shape == (3, 8, 8)
    assert picture[:, 2, 2].tolist() == [1, 0, 0]
    assert picture[:, 6, 6].tolist() == [0, 0, 1]


def test_dots_stamps_and_nothing():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    marks = (Stroke([[8, 8]], width=4), Stamp(square, np.array([[4, 0, 20], [0, 4, 20]])), Stroke([[1, 1]], width=0))
    ink = render_ink(Drawing(marks, (32, 32)))
    assert ink[:16, :16].sum() == pytest.approx(np.pi * 4, rel=0.05)
    assert ink[20:24, 20:24].min() == 1
    assert ink.sum() == pytest.approx(np.pi * 4 + 16, rel=0.05)
    assert not render_ink(Drawing((), (5, 7))).any()


def test_size_stretches_the_page():
    drawing = Drawing((Box(0, 0, 5, 10),), (10, 10))
    assert render_ink(drawing, (40, 20))[:, :20].min() == 1
    assert render_ink(drawing, (40, 20)).shape == (20, 40)
    assert render_ink(drawing.replace(size=(9.2, 10))).shape == (10, 10)


def test_bands_of_a_tall_picture_join():
    line = Drawing.from_points([[(4, 0), (4, 3000)]], (8, 3000), width=2.0)
    assert (render_ink(line)[:, 3:5] == 1).all()


def test_errors_say_what_to_do():
    with pytest.raises(DrawingError, match="20000 px a side"):
        render(Drawing((), (30_000, 10)))


def test_prisms_are_shown_on_a_sheet_of_views():
    picture = render(Drawing((Prism([0, 0, 0], [1, 0.5, 1], (1, 0, 0)),), (100, 100)))
    red = (picture[1] < 0.3).mean()
    assert 0.3 < red < 0.6, "the top view is full, front and side are half full"
    assert picture[:, 75 - 10, 25].tolist() == [1, 0, 0]
    assert picture[:, 75 + 10, 25].tolist() == [1, 1, 1]
