"""The benchmark of paintings: its rival paints, its ratios are those of the scores, a missing painter is said."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks import paint
from benchmarks.paint import Score, _rows, _timed, paint_at_random, painter_rows

from strokewright.drawing import Drawing, Stamp
from strokewright.render.skia import render
from strokewright.render.template_shapes import built_in


def test_random_moves_come_nearer_to_the_photo():
    photo = np.full((32, 32, 3), 0.9, dtype=np.float32)
    photo[8:24, 8:24] = 0.1
    errors = [float(((render(paint_at_random(photo, n)).transpose(1, 2, 0) - photo) ** 2).mean()) for n in (1, 12)]
    assert errors[1] < 0.5 * errors[0]
    assert paint_at_random(photo, 3) == paint_at_random(photo, 3)


def test_rows_compare_means():
    scores = {
        "random": [Score(0.02, 0.5, 9, 1, 1, 0.6, 0.5), Score(0.04, 0.7, 9, 1, 3, 0.8, 0.5)],
        "painted, 9": [Score(0.01, 0.9, 9, 30, 25, 0.9, 0.6)] * 2,
    }
    rows = {(row["case"], row["metric"]): row for row in _rows(scores, "x")}
    assert rows["painted, 9 ÷ random: x", "MSE ratio"]["ours"] == pytest.approx(1 / 3)
    edges = rows["painted, 9: x", "length of gradients ÷ the photo's, mean"]
    assert (edges["ours"], edges["reference"]) == pytest.approx((0.9, 0.7))
    late = next(row for (case, metric), row in rows.items() if case.startswith("painted") and "processor" in metric)
    assert (late["ours"], late["met"]) == (25, False)


def test_a_missing_painter_is_said(monkeypatch):
    monkeypatch.setattr(paint, "PAINTER", "paint/none")
    (row,) = painter_rows({})
    assert (row["ours"], row["met"]) == (None, False)


def test_gradients_tell_soft_from_sharp():
    photo = np.zeros((32, 32, 3), dtype=np.float32)
    photo[:, 16:] = 0.8
    square = Drawing(
        (Stamp(built_in("square").outline, [[8, 0, 24], [0, 16, 16]], (0.8, 0.8, 0.8)),), (32, 32), (0, 0, 0)
    )
    faint = replace(square, marks=(replace(square.marks[0], colour=(0.4, 0.4, 0.4)),))
    sharp, soft = (_timed(lambda photo, made=made: made, photo)[1] for made in (square, faint))
    assert sharp.gradient == pytest.approx(1, abs=0.02)
    assert soft.gradient == pytest.approx(0.5, abs=0.02)
    assert soft.correlation == pytest.approx(1, abs=0.02)
