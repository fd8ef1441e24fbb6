import numpy as np
import pytest

from strokewright.drawing import Drawing, Stroke
from strokewright.pipelines.trace.measure import measure
from strokewright.pipelines.trace.skeleton import Path, skeleton_paths
from strokewright.render.skia import render_ink


def longest_path(ink):
    return max(skeleton_paths(ink), key=lambda path: len(path.points))


@pytest.mark.parametrize("width_px", [2.0, 4.3, 8.0])
@pytest.mark.parametrize("end", [(90.7, 61.4), (90.7, 25.4), (12.0, 90.0)], ids=["steep", "flat", "upright"])
def test_a_line_is_measured_below_the_pixel(end, width_px):
    start = np.array((10.3, 20.2))
    ink = render_ink(Drawing.from_points([[start, end]], (100, 100), width_px))
    measured = measure(ink, longest_path(ink))
    along = (end - start) / np.hypot(*(end - start))
    inner = measured.points[3:-3] - start
    assert np.abs(inner @ (-along[1], along[0])).max() < 0.12
    assert np.sqrt(np.mean((inner @ (-along[1], along[0])) ** 2)) < 0.06
    assert np.abs(measured.width_px[8:-8] - width_px).max() < 0.12
    assert np.median(measured.width_px) == pytest.approx(width_px, abs=0.1)


def test_a_circle_is_measured_all_around():
    angle = np.linspace(0, 2 * np.pi, 200)
    ring = np.stack([50.4 + 30 * np.cos(angle), 49.7 + 30 * np.sin(angle)], axis=1)
    ink = render_ink(Drawing.from_points([ring], (100, 100), 4.0))
    measured = measure(ink, longest_path(ink))
    assert measured.closed
    assert np.abs(np.hypot(*(measured.points - (50.4, 49.7)).T) - 30).max() < 0.12
    assert np.abs(measured.width_px - 4.0).max() < 0.15


def test_a_growing_width_is_followed():
    ink = render_ink(Drawing((Stroke([[10, 50], [110, 50]], [[[43, 50], [77, 50]]], width=[2, 8]),), (120, 100)))
    measured = measure(ink, longest_path(ink))
    x = measured.points[:, 0]
    inner = (x > 15) & (x < 105)
    assert np.abs(measured.width_px - (2 + 6 * (x - 10) / 100))[inner].max() < 0.25


def test_where_lines_meet_the_measurements_run_on():
    """At a crossing the ink is wider than the line; the width comes from both sides of it."""
    ink = render_ink(Drawing.from_points([[(10, 50.3), (110, 50.3)], [(60, 5), (60, 95)]], (120, 100), 4.0))
    flat = Path(np.stack([np.arange(12.5, 108), np.full(96, 50.5)], axis=1), np.full(96, 4.0))
    measured = measure(ink, flat)
    assert np.abs(measured.points[:, 1] - 50.3).max() < 0.1
    assert np.abs(measured.width_px[4:-4] - 4.0).max() < 0.2


def test_a_dot_and_a_path_off_the_ink_come_back():
    dot = Path(np.array([[5.0, 5.0]]), np.array([3.0]))
    blank = np.zeros((20, 20), dtype=np.float32)
    assert measure(blank, dot) is dot
    path = Path(np.array([[2.0, 3.0], [12.0, 3.0]]), np.array([2.0, 2.0]))
    measured = measure(blank, path)
    assert np.abs(measured.points[:, 1] - 3).max() == 0
    assert (measured.width_px == 2).all()
