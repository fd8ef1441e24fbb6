"""Curves: exact operations against their definitions, the fit by its distance to what it fits."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from strokewright.drawing import curves
from strokewright.drawing.drawing import Stroke
from strokewright.errors import DrawingError, OptionError

coordinates = st.floats(-500, 500, allow_nan=False, width=32)
cubics = arrays(np.float64, (4, 2), elements=coordinates)


def distance_to_polyline(points, line):
    start, step = line[:-1], np.diff(line, axis=0)
    offset = points[:, None] - start
    t = (offset * step).sum(-1) / np.maximum((step * step).sum(-1), 1e-12)
    return np.linalg.norm(offset - np.clip(t, 0, 1)[..., None] * step, axis=-1).min(axis=1)


def wave(count=600):
    t = np.linspace(0, 1, count)
    return np.stack([500 * t, 250 + 100 * np.sin(14 * t) + 20 * np.cos(30 * t)], axis=1)


@given(cubics, st.floats(0, 1))
def test_split_traces_the_same_curve(cubic, t):
    left, right = curves.split(cubic, t)
    at = np.linspace(0, 1, 7)
    assert np.allclose(curves.evaluate(left, at), curves.evaluate(cubic, at * t), atol=1e-6)
    assert np.allclose(curves.evaluate(right, at), curves.evaluate(cubic, t + at * (1 - t)), atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(cubics, st.sampled_from([0.05, 0.5, 3.0]))
def test_flatten_stays_within_tolerance_and_reverses(cubic, tolerance):
    stroke = Stroke.from_controls(cubic[None], width=[1, 3])
    points, width = curves.flatten_with_width(stroke, tolerance)
    assert distance_to_polyline(curves.evaluate(cubic, np.linspace(0, 1, 200)), points).max() <= tolerance + 1e-6
    assert width[0] == 1
    assert width[-1] == 3
    assert (np.diff(width) >= 0).all()
    back, back_width = curves.flatten_with_width(stroke.reversed(), tolerance)
    assert np.allclose(back[::-1], points, atol=1e-6)
    assert np.allclose(width, back_width[::-1], atol=1e-3)
    flat_length = np.linalg.norm(np.diff(curves.flatten(stroke, 0.01), axis=0), axis=1).sum()
    assert curves.stroke_length(stroke) == pytest.approx(flat_length, rel=0.01, abs=0.5)


@settings(deadline=None, max_examples=30)
@given(cubics)
@example(np.array([[7, 3], [1.5, 0], [0, 498], [0, 498]]))  # its last knot, worked out as a share, was off by 1e-16
def test_fit_recovers_a_curve(cubic):
    points = curves.flatten(Stroke.from_controls(cubic[None]), 0.05)
    controls = curves.fit(points, 1.0)
    if len(controls) == 0:
        assert np.ptp(points, axis=0).max() == 0
        return
    fitted = Stroke.from_controls(controls)
    assert (fitted.nodes[0] == points[0]).all()
    assert (fitted.nodes[-1] == points[-1]).all()
    assert distance_to_polyline(curves.resample(points, 1), curves.flatten(fitted, 0.05)).max() <= 1.1
    assert len(controls) <= 9


def test_fit_needs_few_segments_and_chains_smoothly():
    controls = curves.fit(wave(), 1.0)
    assert len(controls) <= 18
    assert (controls[1:, 0] == controls[:-1, 3]).all()
    into, out = controls[:-1, 3] - controls[:-1, 2], controls[1:, 1] - controls[1:, 0]
    cosine = (into * out).sum(1) / np.linalg.norm(into, axis=1) / np.linalg.norm(out, axis=1)
    assert cosine.min() > 0.99


def test_fit_sees_corners_and_lines_through_pixel_steps():
    square = curves.resample([[10, 10], [110, 13], [107, 113], [7, 110], [10, 10]], 1.0)
    for start in (0, 30):
        pixels = np.round(np.roll(square[:-1], start, axis=0))
        stroke = curves.fit_stroke(pixels, 3.0, closed=True)
        assert len(stroke.handles) <= 6
        assert stroke.is_closed
        assert distance_to_polyline(square, curves.flatten(stroke, 0.05)).max() <= 3.0
    angle = np.linspace(0, 2 * np.pi, 300)
    circle = np.round(60 * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    ring = curves.fit(circle, 3.0, closed=True)
    assert len(ring) <= 6
    seam = np.cross(np.append(ring[0, 1] - ring[0, 0], 0), np.append(ring[-1, 3] - ring[-1, 2], 0))
    assert abs(seam[2]) < 0.1 * np.linalg.norm(ring[0, 1] - ring[0, 0]) * np.linalg.norm(ring[-1, 3] - ring[-1, 2])


def test_fit_follows_the_width():
    points = curves.resample([[0, 0], [200, 0]], 1.0)
    width = np.where(points[:, 0] < 100, 2.0, 8.0)
    stroke = curves.fit_stroke(points, 1.0, width=width)
    x, measured = curves.flatten_with_width(stroke)
    assert np.abs(np.interp([50, 150], x[:, 0], measured) - [2, 8]).max() < 1
    assert len(curves.fit_stroke(points, 1.0, width=np.linspace(2, 9, len(points))).handles) == 1


def test_dots_and_repeated_points():
    assert curves.fit([[3, 4], [3, 4]], 1.0).shape == (0, 4, 2)
    assert curves.fit_stroke([[3, 4]], 1.0, width=[5]).is_dot
    assert len(curves.fit([[0, 0], [0, 0], [9, 0], [9, 0]], 1.0)) == 1
    dot = Stroke([[1, 2]])
    assert curves.flatten(dot).tolist() == [[1, 2]]
    assert curves.stroke_length(dot) == 0


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, st.tuples(st.integers(2, 40), st.just(2)), elements=coordinates), st.floats(0.1, 50))
def test_simplify_and_resample_stay_close(points, size):
    kept = curves.simplify(points, size)
    assert kept[0] == 0
    assert kept[-1] == len(points) - 1
    assert distance_to_polyline(points, points[kept]).max() <= size + 1e-6
    even = curves.resample(points, size)
    assert np.linalg.norm(np.diff(even, axis=0), axis=1).max(initial=0) <= size + 1e-6
    assert (even[0] == points[0]).all()


def test_bad_input_is_refused():
    with pytest.raises(DrawingError, match="finite"):
        curves.fit([[0, 0], [np.nan, 1]], 1.0)
    with pytest.raises(DrawingError, match="shape"):
        curves.resample([], 1.0)
    with pytest.raises(OptionError):
        curves.fit([[0, 0], [1, 1]], 0)
