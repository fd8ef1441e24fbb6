"""Order, direction and joining: nothing is lost, travel falls, people are imitated, ends that meet become one."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strokewright.drawing import Stroke
from strokewright.drawing.curves import fit_stroke, rotate_closed, stroke_length
from strokewright.drawing.plan import join, order_strokes, pen_travel
from strokewright.errors import OptionError


def scattered(count, seed=0):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 1000, (count, 1, 2))
    return [Stroke(points, width=k) for k, points in enumerate(start + rng.normal(0, 20, (count, 4, 2)))]


def same_line(a, b):
    """Whether two strokes are one line, however begun and directed."""

    def segments(stroke):
        both = np.concatenate([stroke.controls, stroke.controls[:, ::-1]]) if not stroke.is_dot else stroke.nodes
        return sorted(both.round(9).reshape(len(both), -1).tolist())

    return segments(a) == segments(b)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 30), st.integers(0, 1000), st.sampled_from(["hand", "plot", "keep"]))
def test_ordering_keeps_every_line(count, seed, mode):
    strokes = scattered(count, seed)
    if count > 3:
        strokes[1] = Stroke(np.append(strokes[1].nodes, strokes[1].nodes[:1], axis=0), width=1)
        strokes[2] = Stroke(strokes[2].nodes[:1], width=2)
    ordered = order_strokes(strokes, mode)
    assert sorted(s.width[0] for s in ordered) == list(range(count))
    for stroke in ordered:
        assert same_line(stroke, strokes[int(stroke.width[0])])
    if mode == "keep":
        assert ordered == strokes


def test_plotting_travels_little_and_soon():
    strokes = scattered(60)
    ordered = order_strokes(strokes, "plot")
    assert pen_travel(ordered) < 0.2 * pen_travel(strokes)
    row = [Stroke([[x, 0], [x + 5, 0]]) for x in range(0, 200, 10)]
    shuffled = [row[k] if k % 3 else row[k].reversed() for k in np.random.default_rng(1).permutation(20)]
    assert pen_travel(order_strokes(shuffled, "plot")) == pytest.approx(95)
    many = scattered(4000)
    before = time.process_time()
    travel = pen_travel(order_strokes(many, "plot"))
    assert time.process_time() - before < 3  # well under a second on an idle core
    assert travel < 0.04 * pen_travel(many)


def test_the_hand_draws_letters_as_people_do():
    down = Stroke([[20, 10], [20, 90]])
    bar = Stroke([[5, 20], [60, 20]])
    dot = Stroke([[40, 5]])
    word = order_strokes([dot, down.reversed(), bar.reversed()], "hand")
    assert {s.nodes.tobytes() for s in word} == {s.nodes.tobytes() for s in (down, bar, dot)}
    rows = [Stroke([[0, y], [100, y]]) for y in (0, 40, 80)]
    assert order_strokes([rows[2], rows[0].reversed(), rows[1]], "hand") == rows
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = fit_stroke(50 + 40 * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.5, closed=True)
    drawn = order_strokes([ring], "hand")[0]
    assert drawn.nodes[0, 1] < 30
    x, y = drawn.nodes.T
    assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) < 0  # counter-clockwise, y down


def test_the_hand_reads_a_page_row_by_row():
    cells = [(column * 100.0, row * 100.0) for row in range(4) for column in range(4)]
    letters = [Stroke([[x + 10, y + 10], [x + 50, y + 60]]) for x, y in cells]
    mixed = [letters[k] for k in np.random.default_rng(0).permutation(16)]
    assert order_strokes(mixed, "hand") == letters
    before = time.process_time()
    assert len(order_strokes(scattered(1500), "hand")) == 1500
    assert time.process_time() - before < 4


def test_unknown_mode_is_refused():
    with pytest.raises(OptionError, match="plot"):
        order_strokes([], "best")


def test_joining_runs_on_through_small_gaps():
    a, b = Stroke([[0, 0], [10, 0]], width=[1, 2]), Stroke([[30, 0], [12, 0]], width=[4, 3])
    (whole,) = join([a, b], gap_px=3, max_angle_rad=0.5)
    assert whole.nodes.tolist() == [[30, 0], [12, 0], [10, 0], [0, 0]]  # as its longest part ran
    assert whole.width.tolist() == [4, 3, 2, 1]
    assert join([a, b], gap_px=1, max_angle_rad=0.5) == [a, b]
    corner = Stroke([[10, 0], [10, 20]])
    assert join([a, corner], gap_px=3, max_angle_rad=0.5) == [a, corner]
    assert len(join([a, corner], gap_px=3, max_angle_rad=2)) == 1
    assert join([a, b.replace(colour=(1, 0, 0))], 3, 0.5)[1].colour == (1, 0, 0)


def test_joining_takes_the_best_partner_and_closes_rings():
    left, straight, bent = Stroke([[0, 0], [20, 0]]), Stroke([[20, 0], [40, 1]]), Stroke([[20, 0], [38, 8]])
    joined = join([left, bent, straight], gap_px=2, max_angle_rad=0.8)
    assert len(joined) == 2
    assert joined[0].nodes.tolist() == [[0, 0], [20, 0], [40, 1]]
    assert joined[1] == bent
    angle = np.linspace(0, 2 * np.pi, 41)
    circle = 50 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    halves = [fit_stroke(circle[:21], 0.2), fit_stroke(circle[20:], 0.2).reversed()]
    (ring,) = join(halves, gap_px=2, max_angle_rad=0.5)
    assert ring.is_closed
    assert stroke_length(ring) == pytest.approx(100 * np.pi, rel=0.01)
    for start in range(len(ring.nodes)):
        assert same_line(rotate_closed(ring, start), ring)
    with pytest.raises(OptionError, match="gap_px"):
        join([], -1, 0)


def test_dots_stay_alone():
    strokes = [Stroke([[0, 0], [10, 0]]), Stroke([[11, 0]]), Stroke([[12, 0], [20, 0]])]
    assert len(join(strokes, gap_px=3, max_angle_rad=0.5)) == 2
    assert strokes[1] in join(strokes, gap_px=1.5, max_angle_rad=0.5)
