"""The learned order by hand: odd features, a fit that learns a known rule, and its score on people's pens."""

import numpy as np
import pytest

from strokewright.datasets import Dataset
from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.hand_features import (
    CONTEXT_FEATURES,
    DIRECTION_FEATURES,
    ORDER_FEATURES,
    describe,
    direction_features,
    pair_features,
)
from strokewright.drawing.hand_order import HandModel, load_model
from strokewright.errors import DataError
from strokewright.recipes.stroke_order import fit, score, traced

RNG = np.random.default_rng(4)
STROKES = [Stroke(points) for points in np.cumsum(RNG.normal(0, 10, (7, 6, 2)), axis=1)]


def test_features_are_odd_or_even():
    lines = describe(STROKES)
    odd, even = pair_features(lines)
    assert odd.shape == (7, 7, len(ORDER_FEATURES))
    assert even.shape == (7, 7, len(CONTEXT_FEATURES))
    assert np.allclose(odd, -odd.transpose(1, 0, 2))
    assert np.allclose(even, even.transpose(1, 0, 2))
    for ours, reversed_lines in zip((odd, even), pair_features(lines[:, ::-1]), strict=True):
        assert np.allclose(ours, reversed_lines)
    odds = load_model().order_odds(lines)
    assert np.allclose(odds, -odds.T)
    ways = direction_features(lines)
    assert ways.shape == (7, len(DIRECTION_FEATURES))
    assert np.allclose(direction_features(lines[:, ::-1]), -ways)


def test_the_fit_learns_another_hand():
    """People who draw from right to left and upwards."""
    drawings = []
    for _ in range(60):
        starts = RNG.uniform(0, 100, (4, 1, 2))
        steps = np.array([[[0, 0], [1, 1.5]]]) * RNG.uniform(-20, 20, (4, 1, 1))
        lines = [Stroke(line if line[1, 1] < line[0, 1] else line[::-1]) for line in starts + steps]
        drawings.append(sorted(lines, key=lambda s: -s.nodes[:, 0].mean()))
    model = HandModel.from_table(fit([drawings[:40]], [1.0], steps=200))
    ours, bundled = score(drawings[40:], model), score(drawings[40:])
    assert ours["tau"] > 0.8
    assert ours["direction"] > 0.95
    assert bundled["tau"] < 0
    assert load_model().order.shape == (len(ORDER_FEATURES),)
    with pytest.raises(DataError, match="two"):
        fit([[drawings[0][:1]]], [1.0])


def test_traced_strokes_follow_the_pen():
    pen = [
        Stroke([(80, 50), (20, 50)], width=1),
        Stroke([(50, 90), (50, 10)], width=1),
        Stroke([(10, 10), (25, 12)], width=1),
    ]
    found = traced(Drawing(tuple(pen), (105, 105)), 4.0)
    assert len(found) == 3
    for ours, truth in zip(found, pen, strict=True):
        assert np.allclose(ours.nodes[[0, -1]], truth.nodes[[0, -1]], atol=2)
        assert ours.width.mean() == pytest.approx(4, abs=0.5)


@pytest.mark.data
def test_people_are_imitated(data_dir):
    pens = [s.drawing.strokes for s in Dataset.open("omniglot-strokes").split("valid")[::4]]
    scores = score(pens)
    assert scores["tau"] > 0.45
    assert scores["direction"] > 0.9
