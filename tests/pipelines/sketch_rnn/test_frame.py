"""Pages and units: what goes in comes out where it was."""

import numpy as np
import pytest

from strokewright import Drawing
from strokewright.drawing.sequence import stroke5_to_stroke3
from strokewright.errors import OptionError
from strokewright.pipelines.sketch_rnn.frame import (
    Frame,
    Habits,
    centred_frame,
    frame_of_whole,
    frame_on_page,
    points_of,
    to_strokes,
)

SPAN = 8.0


def test_polylines_survive_the_way_to_units_and_back():
    lines = [[(50, 60), (150, 60), (150, 200)], [(80, 90)], [(300, 310), (200, 290)]]
    drawing = Drawing.from_points(lines, (512, 400))
    frame = frame_of_whole(drawing, SPAN)
    rows = frame.to_steps(drawing, SPAN, 300)
    assert rows.shape == (5, 5)
    assert rows[:, 3].tolist() == [0, 1, 1, 0, 1]
    assert np.ptp(np.cumsum(rows[:, :2], 0), 0).max() <= SPAN
    back = to_strokes(points_of(stroke5_to_stroke3(rows)), frame)
    assert [len(stroke.nodes) for stroke in back] == [3, 1, 2]
    for stroke, line in zip(back, lines, strict=True):
        assert np.abs(stroke.nodes - line).max() < 1e-4


def test_a_first_dot_is_not_lost():
    drawing = Drawing.from_points([[(50, 60)], [(80, 90), (180, 90)]], (256, 256))
    frame = frame_of_whole(drawing, SPAN)
    rows = frame.to_steps(drawing, SPAN, 300)
    assert rows[0].tolist() == [0, 0, 0, 1, 0]
    back = to_strokes(points_of(stroke5_to_stroke3(rows)), frame)
    assert [len(stroke.nodes) for stroke in back] == [1, 2]
    assert np.abs(back[1].nodes - [(80, 90), (180, 90)]).max() < 1e-4


def test_lines_are_simplified_by_two_of_255_pixels():
    x = np.linspace(0, 510, 1021)
    drawing = Drawing.from_points([np.c_[x, 1.5 * np.sin(x / 3)], np.c_[x, 60 + 10 * np.sin(x / 30)]], (520, 90))
    rows = frame_of_whole(drawing, SPAN).to_steps(drawing, SPAN, 300)
    first, second = np.diff([0, *(np.flatnonzero(rows[:, 3]) + 1)])
    assert first == 1, "waves of 1.5 px, on 510, vanish"
    assert 6 < second < 60


def test_a_drawing_of_too_many_points_is_simplified_further_or_refused():
    rng = np.random.default_rng(0)
    scribble = Drawing.from_points([np.cumsum(rng.normal(size=(20_000, 2)), 0) * 3 + 500], (1000, 1000))
    rows = frame_of_whole(scribble, SPAN).to_steps(scribble, SPAN, 100)
    assert 20 < len(rows) <= 100
    dots = Drawing.from_points([[(i, i)] for i in range(200)], (256, 256))
    with pytest.raises(OptionError, match="at most 100 steps, got one of 200"):
        frame_of_whole(dots, SPAN).to_steps(dots, SPAN, 100)


def test_drawings_lie_in_the_middle_and_large_ones_are_shrunk():
    for side, filled in ((SPAN, 0.9), (SPAN / 2, 0.45), (SPAN * 3, 0.9)):
        rows = np.array([[side, 0, 0], [0, side, 1.0]])
        points = np.concatenate([centred_frame(rows, SPAN, (256, 256)).to_page(p) for p in points_of(rows)])
        assert np.allclose((points.min(0) + points.max(0)) / 2, 128)
        assert np.ptp(points) == pytest.approx(filled * 256)


def test_habits_are_those_of_the_drawings_unless_the_stated_unit_is_near():
    square = [np.array([[side, 0, 0], [0, side, 0], [-side, 0, 1.0]]) for side in (5, 6, 7)]
    far, near = Habits.measured(square, 10.0), Habits.measured(square, 255 / 6.5)
    assert far.span == 6
    assert near.span == pytest.approx(6.5)
    assert far.start == (-3, -3)
    assert Habits.measured([np.zeros((0, 3))], 51.0).span == 5
    frame = frame_on_page(Habits(6.0, (-3.0, -3.0)), (256, 256))
    assert frame.to_page(np.array([3.0, 3.0])).tolist() == [128, 128]
    assert isinstance(frame, Frame)
