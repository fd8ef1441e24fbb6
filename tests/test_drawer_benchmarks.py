"""The drawers' benchmarks: colours are read right and wrong ones are not, distances are those of the pixels."""

import numpy as np
import pytest
from benchmarks.coloured import lab_distance, nearest_digit, visible_ink
from benchmarks.drawers import in_red, true_distance
from benchmarks.plot import Axes, save_plot
from PIL import Image

from strokewright.models.canvas_drawer.pictures import DIGIT_RGB
from strokewright.render.actions import render_actions
from strokewright.render.colour import WHITE_LAB, to_lab
from strokewright.render.protocol import VOCABULARIES


@pytest.fixture
def coloured():
    """Ten grey bars with soft edges, and each in its digit's colour: ink (10, 1, 28, 28), canvases (10, 3, 28, 28)."""
    ink = np.zeros((10, 1, 28, 28), dtype=np.float32)
    ink[:, :, 5:20, 12:15] = 1
    ink[:, :, 5:20, 11] = ink[:, :, 5:20, 15] = 0.4
    paper = np.float32(WHITE_LAB)[:, None, None]
    return ink, paper + (to_lab(DIGIT_RGB)[:, :, None, None] - paper) * ink


def test_true_colours_are_all_right_and_shifted_ones_all_wrong(coloured):
    ink, canvases = coloured
    for weight in (ink, visible_ink(canvases)):
        assert np.array_equal(nearest_digit(canvases, weight), np.arange(10))
    assert not (nearest_digit(np.roll(canvases, 1, axis=0), ink) == np.arange(10)).any()


def test_lab_distance_is_zero_for_the_same_and_not_for_white(coloured):
    _, canvases = coloured
    white = np.broadcast_to(np.float32(WHITE_LAB)[:, None, None], canvases.shape)
    assert lab_distance(canvases, canvases) == 0
    black = lab_distance(canvases[9:], white[9:])
    assert black == pytest.approx(0.91**2 * (45 + 30 * 0.16) / 784, rel=0.05), "L falls by 91 on the ink"


def test_true_distance_is_that_of_the_pictures():
    vocabulary = VOCABULARIES["quadratic"]
    actions = np.random.default_rng(0).random((3, 2, 8))
    target = render_actions(vocabulary, actions, 28)
    assert true_distance(vocabulary, actions, target) == 0
    expected = np.square(target[[1, 2, 0]] - target).mean()
    assert true_distance(vocabulary, actions[[1, 2, 0]], target) == pytest.approx(expected, rel=1e-5)
    assert in_red(vocabulary, actions[0], 28).shape == (3, 112, 112)


def test_a_plot_shows_every_curve(tmp_path):
    curves = {"a": [(10.0, 0.1), (100.0, 0.01)], "b": [(20.0, 0.2)]}
    save_plot(tmp_path / "plot.png", curves, Axes("pictures", "loss", {"blank": 0.3}))
    pixels = np.asarray(Image.open(tmp_path / "plot.png").convert("RGB"), dtype=int)
    for colour in ((192, 57, 43), (36, 113, 163)):
        assert (np.abs(pixels - colour).max(axis=2) < 20).sum() > 15
