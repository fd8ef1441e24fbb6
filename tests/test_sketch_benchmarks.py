"""The measures of the benchmark of sketch-rnn."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from strokewright.drawing import Drawing, Stroke
from strokewright.models.sketch_rnn import SketchRNN, SketchRNNConfig
from strokewright.recipes.doodle_classifier import Classifier, rasters

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import sketch_likelihood
from benchmarks.doodle_classifier import accuracy


def line(*points):
    return Drawing((Stroke(np.array(points, dtype=float)),), (900, 900))


def test_rasters_fit_the_drawing_to_the_top_left_corner():
    small, large = line((40, 40), (50, 60)), line((0, 0), (400, 800))
    pictures = rasters([small, large, Drawing((), (9, 9))])
    assert (pictures[0] == pictures[1]).all()
    assert pictures[0][0, 0] > 100
    assert pictures[0][27, 14] > 60
    assert pictures[0][:, 16:].max() == 0
    assert pictures[2].max() == 0


def test_accuracy_counts_over_all_drawings():
    classifier = Classifier(["a", "b", "c"])
    with torch.no_grad():
        classifier.out.weight.zero_()
        classifier.out.bias.copy_(torch.tensor([1.0, 0.0, 5.0]))  # always c, else a
    drawings = {"a": [line((0, 0), (5, 5))] * 3, "b": [line((0, 0), (9, 1))]}
    assert accuracy(classifier, drawings) == 0.75


@pytest.mark.parametrize("scale", [10.0, 40.0])
def test_another_unit_costs_nothing_when_the_model_follows_it(monkeypatch, scale):
    """One density of pixels, told in two units: the loss in the class's unit is the same."""
    monkeypatch.setattr(sketch_likelihood, "unit_px", lambda name: 20.0)
    config = SketchRNNConfig(
        decoder_cell="lstm", decoder_size=4, latent_size=0, components=1, labels=("owl",), scale_px=scale
    )
    torch.manual_seed(0)
    model = SketchRNN(config).eval()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([0.0, 0, 0, 0, 0, 0, *[math.log(30 / scale)] * 2, 0]))  # 30 px of deviation
    drawing = np.random.default_rng(0).normal(0, 30, (50, 3)).astype(np.float32)
    drawing[:, 2] = np.arange(50) % 5 == 4
    found = sketch_likelihood.our_likelihood(model, "owl", [drawing], 0)
    squares = ((drawing[:, :2] / 30) ** 2).sum(axis=1) / 2
    assert found.offsets == pytest.approx(squares.mean() + math.log(2 * math.pi) + 2 * math.log(30 / 20), abs=2e-3)
    assert found.pens == pytest.approx(math.log(3) * 51 / 50, abs=1e-4)
    assert found.code == 0
