"""The benchmark of features: the classifier learns what is to be learned, sorting sorts, a missing painter is said."""

import pytest
import torch
from benchmarks import painter_features
from benchmarks.painter_features import _sorted, feature_rows, features, score
from benchmarks.trained import Trained

from strokewright.models.painter import Painter, PainterConfig


def parts(rows):
    return dict(zip(("train", "valid", "test"), rows.chunk(3), strict=True))


def test_the_classifier_knows_what_a_line_divides():
    torch.manual_seed(0)
    rows, noise = torch.randn(300, 4), torch.randn(300, 4)
    labels = parts((rows[:, 0] > rows[:, 1]).long())
    assert score(parts(100 * rows + 7), labels) > 0.9
    assert score(parts(noise), labels) < 0.7


def test_features_are_as_many_as_the_moves_have():
    torch.manual_seed(0)
    painter = Painter(PainterConfig(moves=2, hidden=8)).eval()
    kinds = features(painter, {split: torch.rand(20, 1, 28, 28) for split in ("train", "valid", "test")})
    widths = [part["test"].shape for part in kinds.values()]
    assert widths == [(20, 12), (20, 12), (20, 784), (20, 12), (20, 12)]


def test_moves_are_sorted_whole():
    rows = torch.tensor([[0.5, 1.0, -0.5, 2.0, 0.0, 3.0]])
    assert _sorted(rows, 3).tolist() == [[-0.5, 2.0, 0.0, 3.0, 0.5, 1.0]]


def test_a_missing_painter_is_said(monkeypatch):
    monkeypatch.setattr(painter_features, "_TRAINED", Trained("painter_digits", folder="none"))
    (row,) = feature_rows(quick=False)
    assert row["ours"] is None
    assert "strokewright train painter_digits" in row["case"]


@pytest.mark.data
def test_moves_tell_more_than_pixels(monkeypatch):
    monkeypatch.setattr(painter_features, "_QUICK_COUNT", 200)
    moves, *_, pixels = (row["ours"] for row in feature_rows(quick=True)[:3])
    assert moves > pixels
