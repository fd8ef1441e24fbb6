"""stroke-3 and stroke-5: the conventions by example, round trips by property."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from strokewright.drawing import Box, Drawing, Stroke
from strokewright.drawing.sequence import (
    from_stroke3,
    from_stroke5,
    stroke3_to_stroke5,
    stroke5_to_stroke3,
    to_stroke3,
    to_stroke5,
)
from strokewright.errors import DrawingError, OptionError

TWO_STROKES = Drawing.from_points([[(3, 4), (5, 4)], [(10, 10)]], size=(20, 20))


def drawings() -> st.SearchStrategy[Drawing]:
    number = st.floats(0, 500, width=32)
    stroke = st.lists(st.tuples(number, number), min_size=1, max_size=6)
    return st.lists(stroke, max_size=5).map(lambda strokes: Drawing.from_points(strokes, size=(500, 500)))


def assert_same_points(ours: Drawing, expected: Drawing, tolerance: float) -> None:
    assert [len(stroke.nodes) for stroke in ours.strokes] == [len(stroke.nodes) for stroke in expected.strokes]
    for a, b in zip(ours.strokes, expected.strokes, strict=True):
        assert_allclose(a.nodes, b.nodes, atol=tolerance)


def test_rows_follow_the_conventions() -> None:
    assert_array_equal(to_stroke3(TWO_STROKES), [[3, 4, 0], [2, 0, 1], [5, 6, 1]])
    assert_array_equal(to_stroke3(TWO_STROKES, absolute_start=False)[0], [0, 0, 0])
    assert_array_equal(
        to_stroke5(TWO_STROKES, n_max=4),
        [[0, 0, 1, 0, 0], [3, 4, 1, 0, 0], [2, 0, 0, 1, 0], [5, 6, 0, 1, 0], [0, 0, 0, 0, 1]],
    )


@settings(deadline=None)
@given(drawings())
def test_round_trips_keep_every_point(drawing: Drawing) -> None:
    assert_same_points(from_stroke3(to_stroke3(drawing), size=drawing.size), drawing, 1e-9)
    assert_same_points(from_stroke5(to_stroke5(drawing), size=drawing.size), drawing, 1e-9)
    rows = to_stroke3(drawing)
    assert_array_equal(stroke5_to_stroke3(stroke3_to_stroke5(rows, n_max=len(rows) + 3)), rows)


@settings(deadline=None)
@given(drawings(), st.floats(-300, 300))
def test_an_unknown_page_holds_all_points(drawing: Drawing, shift: float) -> None:
    rows = to_stroke3(drawing)
    rows[:1, 0] += shift
    moved = from_stroke3(rows)
    assert len(moved.strokes) == len(drawing.strokes)
    for stroke in moved.strokes:
        assert (stroke.nodes >= 0).all()
        assert (stroke.nodes <= moved.size).all()


def test_a_curve_is_flattened_and_other_marks_are_left_out() -> None:
    curve = Stroke([[0, 0], [100, 0]], [[[0, 60], [100, 60]]])
    rows = to_stroke3(Drawing((curve, Box(0, 0, 5, 5)), (100, 100)))
    points = np.cumsum(rows[:, :2], axis=0)
    assert len(rows) > 8
    assert_allclose(points[:, 1].max(), 45, atol=0.1)
    assert rows[:, 2].sum() == 1


def test_probabilities_and_unfinished_strokes_are_understood() -> None:
    rows = [[0, 0, 1, 0, 0], [1, 2, 0.7, 0.2, 0.1], [3, 0, 0.4, 0.5, 0.1], [1, 1, 0.9, 0, 0.1], [9, 9, 0.1, 0.1, 0.8]]
    assert_array_equal(stroke5_to_stroke3(rows), [[1, 2, 0], [3, 0, 1], [1, 1, 1]])
    assert len(from_stroke3([[1, 1, 0], [1, 1, 0]]).strokes) == 1
    assert from_stroke5(np.zeros((0, 5))).marks == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 2]], "shape"),
        ([[1, float("nan"), 0]], "row 0"),
        ([["a", "b", "c"]], "numbers"),
        ([[1e308, 0, 0]] * 9, "add up"),
    ],
)
def test_bad_rows_are_refused(rows: list[list[float]], message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        from_stroke3(rows)


def test_too_long_for_n_max_is_refused() -> None:
    with pytest.raises(OptionError, match="3 steps, got 2"):
        to_stroke5(TWO_STROKES, n_max=2)
