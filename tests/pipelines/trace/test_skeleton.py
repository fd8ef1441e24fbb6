import numpy as np
import pytest

from strokewright.drawing import Drawing
from strokewright.pipelines.trace.skeleton import skeleton_paths
from strokewright.render.skia import render_ink

RING = [(50 + 30 * np.cos(t), 50 + 30 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 60)]
EIGHT = [(50 + 30 * np.sin(2 * t), 50 + 38 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 90)]


def paths_of(lines, width_px):
    return skeleton_paths(render_ink(Drawing.from_points(lines, (100, 100), width_px)))


def length(path):
    return np.hypot(*np.diff(path.points, axis=0).T).sum()


def ends(path):
    """Both end points, the left (then upper) one first, to be compared with some slack."""
    return np.array(sorted([path.points[0].tolist(), path.points[-1].tolist()]))


@pytest.mark.parametrize("width_px", [3.0, 5.0, 8.0])
@pytest.mark.parametrize(
    ("lines", "strokes"),
    [
        ([[(20, 20), (80, 80)], [(20, 80), (80, 20)]], 2),
        ([[(20, 50), (80, 50)], [(50, 20), (50, 80)]], 2),
        ([[(20, 20), (80, 20)], [(50, 20), (50, 80)]], 2),
        ([[(20, 20), (50, 50)], [(80, 20), (50, 50)], [(50, 50), (50, 90)]], 2),
        ([[(20, 20), (20, 80), (80, 80)]], 1),
        ([[(20, 20), (50, 80), (80, 20)]], 1),
        ([[(10, 30), (90, 30)], [(10, 70), (90, 60)]], 2),
    ],
    ids=["cross", "plus", "T", "Y", "L", "V", "two lines"],
)
def test_junctions_come_apart_into_the_pens_own_strokes(lines, strokes, width_px):
    paths = paths_of(lines, width_px)
    assert len(paths) == strokes
    assert not any(path.closed for path in paths)
    drawn_px = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines)
    assert sum(map(length, paths)) == pytest.approx(drawn_px, rel=0.12)
    assert np.median(np.concatenate([path.width_px for path in paths])) == pytest.approx(width_px, abs=1.3)


def test_a_crossing_is_passed_straight():
    one, other = paths_of([[(20, 20), (80, 80)], [(20, 80), (80, 20)]], 5.0)
    falling, rising = sorted((one, other), key=lambda path: -ends(path)[1, 1])
    assert np.abs(ends(falling) - [(20, 20), (80, 80)]).max() < 3
    assert np.abs(ends(rising) - [(20, 80), (80, 20)]).max() < 3


@pytest.mark.parametrize("line", [RING, EIGHT], ids=["ring", "eight"])
@pytest.mark.parametrize("width_px", [3.0, 8.0])
def test_a_ring_is_one_closed_stroke(line, width_px):
    (path,) = paths_of([line], width_px)
    assert path.closed
    assert length(path) == pytest.approx(np.hypot(*np.diff(line, axis=0).T).sum(), rel=0.12)


@pytest.mark.parametrize("width_px", [2.0, 5.0, 12.0])
def test_a_dot_is_kept(width_px):
    line, dot = sorted(paths_of([[(10, 90), (90, 90)], [(50, 30), (50.01, 30)]], width_px), key=lambda p: -length(p))
    assert length(line) > 70
    assert length(dot) < width_px
    assert np.abs(dot.points.mean(axis=0) - (50, 30)).max() < 1


def test_a_bump_on_a_line_is_no_stroke():
    line = Drawing.from_points([[(10, 50), (90, 50)]], (100, 100), 6.0)
    bump = Drawing.from_points([[(50, 50), (50, 46.5)]], (100, 100), 3.0)
    (path,) = skeleton_paths(np.maximum(render_ink(line), render_ink(bump)))
    assert length(path) == pytest.approx(80, abs=6)


def test_a_sharp_thick_corner_reaches_its_tip():
    """The skeleton of a thick angle ends short of its outer side; the path still runs through the corner."""
    (path,) = paths_of([[(20, 85), (50, 20), (80, 85)]], 9.0)
    tip = path.points[np.argmin(path.points[:, 1])]
    assert np.hypot(*(tip - (50, 20))) < 3.5


def test_blank_paper_has_no_paths_and_the_rim_does_no_harm():
    assert skeleton_paths(np.zeros((30, 40), dtype=np.float32)) == []
    assert skeleton_paths(np.ones((1, 1), dtype=np.float32))
    (path,) = skeleton_paths(np.ones((5, 60), dtype=np.float32))
    assert length(path) == pytest.approx(55, abs=6)
