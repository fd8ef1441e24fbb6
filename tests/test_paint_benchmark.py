"""The benchmark of paintings: its rival paints, its ratios are those of the scores, a missing painter is said."""

import numpy as np
import pytest
from benchmarks import paint
from benchmarks.paint import Score, _rows, paint_at_random, painter_rows

from strokewright.render.skia import render


def test_random_moves_come_nearer_to_the_photo():
    photo = np.full((32, 32, 3), 0.9, dtype=np.float32)
    photo[8:24, 8:24] = 0.1
    errors = [float(((render(paint_at_random(photo, n)).transpose(1, 2, 0) - photo) ** 2).mean()) for n in (1, 12)]
    assert errors[1] < 0.5 * errors[0]
    assert paint_at_random(photo, 3) == paint_at_random(photo, 3)


def test_rows_compare_means():
    scores = {
        "random": [Score(0.02, 0.5, 9, 1, 1), Score(0.04, 0.7, 9, 1, 3)],
        "painted, 9": [Score(0.01, 0.9, 9, 30, 25)] * 2,
    }
    rows = {(row["case"], row["metric"]): row for row in _rows(scores, "x")}
    assert rows["painted, 9 ÷ random: x", "MSE ratio"]["ours"] == pytest.approx(1 / 3)
    late = next(row for (case, metric), row in rows.items() if case.startswith("painted") and "processor" in metric)
    assert (late["ours"], late["met"]) == (25, False)


def test_a_missing_painter_is_said(monkeypatch):
    monkeypatch.setattr(paint, "PAINTER", "paint/none")
    (row,) = painter_rows({})
    assert (row["ours"], row["met"]) == (None, False)
