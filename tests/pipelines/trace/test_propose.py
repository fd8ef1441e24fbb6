import numpy as np
import pytest

from strokewright.drawing import Drawing, Stroke
from strokewright.pipelines.trace.propose import WorkingInk, drawer_strokes, skeleton_strokes
from strokewright.render.skia import render_ink

SIZE = (280, 220)
CURVE = Stroke([[20, 30], [150, 60], [250, 160]], [[[60, 20], [110, 30]], [[190, 90], [220, 130]]], width=3.0)
LINE = Stroke([[30, 200], [200, 120]], width=3.0)
DOT = Stroke([[220, 40]], width=8.0)


def ink_of(*strokes):
    return render_ink(Drawing(strokes, SIZE))


def covered(strokes, ink):
    """Share of the inked pixels that the strokes, a little widened, lie on."""
    wide = [stroke.replace(width=stroke.width + 1) for stroke in strokes]
    return (ink_of(*wide)[ink > 0.5] > 0.5).mean()


def test_the_skeleton_gives_whole_strokes_of_the_right_width():
    strokes = skeleton_strokes(WorkingInk.of(ink_of(CURVE, LINE, DOT)), tolerance_px=2.0)
    dot, line, curve = sorted(strokes, key=lambda stroke: len(stroke.nodes))
    assert dot.is_dot
    assert dot.nodes[0] == pytest.approx(DOT.nodes[0], abs=0.2)
    assert dot.width[0] == pytest.approx(8, abs=0.3)
    assert line.is_polyline
    assert max(line.width.max(), curve.width.max()) == pytest.approx(3, abs=0.2)
    assert covered(strokes, ink_of(CURVE, LINE, DOT)) > 0.98


@pytest.mark.parametrize(("width_px", "pixel"), [(0.8, 0.5), (3.0, 1.0), (20.0, 4.0)])
def test_thin_and_thick_lines_are_traced_in_a_picture_of_their_own_scale(width_px, pixel):
    line = Stroke([[20, 30], [250, 180]], width=width_px)
    working = WorkingInk.of(ink_of(line))
    assert working.pixel == pytest.approx(pixel, rel=0.15)
    (stroke,) = skeleton_strokes(working, tolerance_px=3.0)
    ends = stroke.nodes[np.argsort(stroke.nodes[:, 0])][[0, -1]]
    assert np.abs(ends - line.nodes).max() < 2 + width_px / 2
    assert np.median(stroke.width) == pytest.approx(width_px, rel=0.15)


def test_the_drawer_joins_its_pieces_to_strokes(tracer):
    """Each of the lines passes many fields; far fewer strokes come out."""
    ink = ink_of(CURVE, LINE, DOT)
    strokes = drawer_strokes(tracer.drawer, WorkingInk.of(ink), [], tolerance_px=2.0)
    assert covered(strokes, ink) > 0.8
    assert covered([CURVE, LINE, DOT], ink_of(*strokes)) > 0.8
    assert 2 <= len(strokes) <= 9


def test_the_drawer_draws_what_is_missing_and_nothing_else(tracer):
    working = WorkingInk.of(ink_of(CURVE, LINE))
    strokes = drawer_strokes(tracer.drawer, working, [CURVE], tolerance_px=2.0)
    assert covered(strokes, ink_of(LINE)) > 0.7
    assert covered(strokes, ink_of(CURVE)) < 0.1
    assert drawer_strokes(tracer.drawer, working, [CURVE, LINE], tolerance_px=2.0) == []
    assert drawer_strokes(tracer.drawer, WorkingInk.of(ink_of()), [], tolerance_px=2.0) == []
