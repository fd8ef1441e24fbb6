"""The sliding field: places, orders, canvases, odd sizes."""

import numpy as np
import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import LineDrawer, LineDrawerConfig, draw_sliding
from strokewright.models.canvas_drawer.sliding import _Grid

ORDERS = pytest.mark.parametrize("order", ["interleaved", "raster", "flood"])


@pytest.fixture(scope="module")
def drawer():
    torch.manual_seed(0)
    return LineDrawer(LineDrawerConfig(steps=2, channels=(8, 8, 8), hidden=16)).eval()


def page(height, width):
    ink = np.zeros((height, width), np.float32)
    ink[height // 2 : height // 2 + 3] = 1
    ink[:, width // 3 : width // 3 + 3] = 1
    return ink


@ORDERS
@pytest.mark.parametrize("shape", [(1, 1), (63, 64), (64, 64), (65, 130), (200, 97)])
def test_any_size_in_any_order(drawer, order, shape):
    ink = page(*shape)
    before = ink.copy()
    pieces = list(draw_sliding(drawer, ink, order=order, least_ink=0.0001, least_missing=0.0001))
    assert np.array_equal(ink, before)
    assert pieces
    for piece in pieces:
        assert piece.control.shape == (3, 2)
        assert piece.width.shape == (2,)
        assert (piece.control >= -4).all()
        assert (piece.control <= np.array(shape)[::-1] + 64 + 4).all()


@ORDERS
def test_batches_cover_each_inked_place_once_and_never_overlap(order):
    grid = _Grid(64, 32, 7, 5)
    inked = np.random.default_rng(0).random((7, 5)) < 0.7
    batches = list(grid.batches(order, inked))
    for batch in batches:
        apart = np.abs(batch[:, None] - batch[None]).max(axis=2)
        assert (apart + 2 * np.eye(len(batch)) >= 2).all()
    assert sorted(map(tuple, np.concatenate(batches))) == sorted(map(tuple, np.argwhere(inked)))


def test_raster_order_waits_for_the_places_above_and_left():
    when = {}
    for turn, batch in enumerate(_Grid(64, 32, 5, 6).batches("raster", np.ones((5, 6), bool))):
        when |= {tuple(place): turn for place in batch}
    for (row, column), turn in when.items():
        for earlier in ((row, column - 1), (row - 1, column - 1), (row - 1, column), (row - 1, column + 1)):
            assert when.get(earlier, -1) < turn


def test_blank_and_finished_pictures_draw_nothing(drawer):
    assert list(draw_sliding(drawer, np.zeros((100, 100), np.float32))) == []
    ink = page(150, 150)
    assert list(draw_sliding(drawer, ink, ink)) == []
    assert list(draw_sliding(drawer, ink))


def test_a_canvas_leaves_only_what_is_missing(drawer):
    ink = page(256, 256)
    canvas = ink.copy()
    canvas[:, 192:] = 0
    pieces = list(draw_sliding(drawer, ink, canvas, least_missing=0.001))
    assert pieces
    assert {piece.place % 7 for piece in pieces} <= {5, 6}  # columns of places that see x ≥ 192


def test_grey_is_drawn_once_it_counts_as_ink(drawer):
    grey = np.full((128, 128), 0.4, np.float32)
    assert list(draw_sliding(drawer, grey)) == []
    assert list(draw_sliding(drawer, grey, solid=0.1))


def test_streams_and_repeats(drawer):
    ink = page(200, 200)
    whole = list(draw_sliding(drawer, ink))
    first = next(draw_sliding(drawer, ink))
    assert np.array_equal(first.control, whole[0].control)
    assert [p.place for p in whole] == [p.place for p in draw_sliding(drawer, ink)]


def test_wrong_shapes_are_named(drawer):
    with pytest.raises(OptionError, match="canvas of shape"):
        next(draw_sliding(drawer, page(80, 80), page(80, 81)))
    with pytest.raises(OptionError, match="stride"):
        next(draw_sliding(drawer, page(80, 80), stride_px=0))
