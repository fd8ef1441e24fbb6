"""The Drawing and its marks: what they refuse, how they compare, and what transforms and reversal keep."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from strokewright.drawing import Box, Drawing, Prism, Stamp, Stroke
from strokewright.drawing.curves import flatten
from strokewright.drawing.drawing import bounds
from strokewright.errors import DrawingError

numbers = st.floats(-1e4, 1e4, allow_nan=False, width=32)
nodes = arrays(np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=numbers)
WAVE = Stroke([[0, 0], [10, 0], [20, 5]], [[[3, 4], [7, 4]], [[13, -4], [20, 1]]], [1, 2, 3], times_ms=[0, 5, 9])


@given(nodes)
def test_a_polyline_has_its_handles_on_its_ends(points):
    stroke = Stroke(points, width=2)
    assert stroke.is_polyline
    assert stroke.width.tolist() == [2] * len(points)
    assert stroke.is_dot == (len(points) == 1)
    assert stroke == Stroke(points.tolist(), width=[2] * len(points))
    if not stroke.is_dot:
        assert Stroke.from_controls(stroke.controls, width=2) == stroke


@given(nodes)
def test_reversing_twice_changes_nothing_but_the_times(points):
    stroke = Stroke(points, width=np.arange(len(points)), times_ms=np.arange(len(points)))
    assert stroke.reversed().reversed() == stroke.replace(times_ms=None)
    assert stroke.reversed().nodes.tolist() == points[::-1].tolist()


@settings(deadline=None)
@given(arrays(np.float64, (2, 3), elements=st.floats(-3, 3, width=32)))
def test_transforming_moves_every_point_of_the_curve(matrix):
    moved = flatten(WAVE.transformed(matrix), 1e-3)
    expected = flatten(WAVE, 1e-4) @ matrix[:, :2].T + matrix[:, 2]
    distance = np.linalg.norm(moved[:, None] - expected, axis=2).min(axis=1)
    assert distance.max() < 0.3
    assert np.allclose(WAVE.transformed(matrix).width, WAVE.width * np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def test_marks_are_immutable_and_compare_by_value():
    with pytest.raises(ValueError, match="read-only"):
        WAVE.nodes[0] = 5
    with pytest.raises(AttributeError):
        WAVE.opacity = 0.5  # type: ignore[misc]
    assert WAVE.replace(layer="2") != WAVE
    assert Box(0, 0, 1, 1) != WAVE
    assert Box(0, 0, 1, 2) == Box(0, 0, 1, 2)
    assert Prism([0, 0, 0], [1, 1, 1]) != Prism([0, 0, 0], [1, 1, 0.5])
    assert Stamp([[0, 0]], np.eye(2, 3)) == Stamp([[0, 0]], np.eye(2, 3))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Stroke([]), r"shape|at least one"),
        (lambda: Stroke(np.zeros((0, 2))), "at least one point"),
        (lambda: Stroke([[0, np.nan]]), "finite"),
        (lambda: Stroke([[0, 0, 0]]), "shape"),
        (lambda: Stroke([["a", "b"]]), "numbers"),
        (lambda: Stroke([[0, 0], [1, 1]], width=-1), "≥ 0"),
        (lambda: Stroke([[0, 0], [1, 1]], width=[1, 2, 3]), "width"),
        (lambda: Stroke([[0, 0], [1, 1]], [[[0, 0]]]), "handles"),
        (lambda: Stroke([[0, 0]], times_ms=[1, 2]), "times_ms"),
        (lambda: Box(2, 0, 1, 1), "x0 ≤ x1"),
        (lambda: Drawing(("line",)), "Stroke, Box"),
        (lambda: Drawing((), (0, 5)), "> 0"),
        (lambda: Drawing((), (np.inf, 5)), "finite"),
        (lambda: Drawing.from_points([[(0, 0, 0)]], (5, 5)), "shape"),
        (lambda: bounds([]), "at least one stroke"),
    ],
)
def test_what_cannot_exist_is_refused(make, says):
    with pytest.raises(DrawingError, match=says):
        make()


def test_a_drawing_counts_and_moves_its_strokes():
    drawing = Drawing((Stroke([[0, 0], [3, 4]]), Box(0, 0, 1, 1), Stroke([[3, 10]])), (20, 20), metadata={"word": "i"})
    stats = drawing.stats()
    assert (stats["strokes"], stats["nodes"], stats["pen_lifts"]) == (2, 3, 1)
    assert stats["drawn_length_px"] == pytest.approx(5)
    assert stats["pen_travel_px"] == pytest.approx(6)
    half = drawing.transformed([[0.5, 0, 1], [0, 0.5, 2]], (10, 10))
    assert half.strokes[1].nodes.tolist() == [[2.5, 7]]
    assert half.marks[1] == drawing.marks[1]
    assert half.metadata == {"word": "i"}
    with pytest.raises(TypeError):
        drawing.metadata["word"] = "j"  # type: ignore[index]
    assert drawing == drawing.replace(size=(20, 20))
    assert bounds(drawing.strokes) == (0, 0, 3, 10)


def test_a_drawing_can_be_sent_to_another_process():
    drawing = Drawing((Stroke([[0, 0], [3, 4]], width=2),), (20, 20), maker="m", seed=3, metadata={"word": "i"})
    copy = pickle.loads(pickle.dumps(drawing))
    assert copy == drawing
    with pytest.raises(TypeError):
        copy.metadata["word"] = "j"
