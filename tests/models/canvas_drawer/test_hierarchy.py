"""Passes with fields of several sizes, each on the canvas that the one before left."""

import numpy as np
import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import LineDrawer, LineDrawerConfig, draw_sliding
from strokewright.models.canvas_drawer.hierarchy import draw_in_passes, to_drawing
from strokewright.render.skia import render_ink


def small_drawer(field_px, seed=0):
    torch.manual_seed(seed)
    return LineDrawer(LineDrawerConfig(field_px=field_px, steps=2, channels=(8, 8, 8), hidden=16)).eval()


@pytest.fixture(scope="module")
def page():
    ink = np.zeros((150, 200), np.float32)
    ink[70:76] = 1
    ink[:, 60:66] = 1
    return ink


def same(left, right):
    return len(left) == len(right) and all(
        np.array_equal(a.control, b.control) and np.array_equal(a.width, b.width)
        for a, b in zip(left, right, strict=True)
    )


def test_each_pass_goes_on_from_the_canvas_that_the_last_one_left(page):
    large, small = small_drawer(128), small_drawer(64)
    before = page.copy()
    first, second = draw_in_passes([large, small], page)
    assert np.array_equal(page, before)
    assert same(first, list(draw_sliding(large, page)))
    left = render_ink(to_drawing(first, (200, 150)))
    assert same(second, list(draw_sliding(small, page, left)))
    assert not same(second, list(draw_sliding(small, page)))


def test_nothing_is_left_to_draw_on_a_finished_page(page):
    assert list(draw_in_passes([small_drawer(128), small_drawer(64)], page, page)) == [[], []]


def test_a_page_of_its_own_size(page):
    (pieces,) = draw_in_passes([small_drawer(64)], page)
    drawing = to_drawing(pieces, (200, 150))
    assert drawing.size == (200, 150)
    assert len(drawing.strokes) == len(pieces)
    assert render_ink(drawing).shape == page.shape


def test_a_wrong_canvas_is_named(page):
    with pytest.raises(OptionError, match="canvas of shape"):
        list(draw_in_passes([small_drawer(64)], page, page[:-1]))
