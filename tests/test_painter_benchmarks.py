"""The painter's benchmark: every case names a recipe and a known score; distances and hidden moves are right."""

import pytest
import torch
from benchmarks import painters
from benchmarks.painter import METRICS
from benchmarks.painters import BOUND_CASES, PICTURE_CASES, SCENE_CASES

from strokewright.datasets.shapes import RULES
from strokewright.models.painter import Painter, PainterConfig
from strokewright.recipes import RECIPES


def two_discs():
    """A painter whose first disc lies wholly under the second, whatever it sees."""
    painter = Painter(PainterConfig(templates=("circle",), moves=2, hidden=8)).eval()
    with torch.no_grad():
        painter.act.weight.zero_()
        painter.start.zero_()
        painter.start[:, 2:4] = torch.tensor([[-1.5], [-0.5]])
        painter.start[:, 4] = torch.tensor([3.0, -3.0])
    return painter


def test_every_case_can_be_trained_and_scored():
    cases = (*SCENE_CASES, *PICTURE_CASES, *BOUND_CASES)
    assert all(case.recipe in RECIPES and case.metric in METRICS for case in cases)
    assert all(case.data in RULES for case in SCENE_CASES)
    assert len({case.recipe for case in cases}) == len(cases)


def test_hidden_moves_and_errors_after_each():
    painter, white = two_discs(), torch.ones(3, 1, 28, 28)
    moves = painters.moves_of(painter, white)
    assert painters.hidden_share(painter, moves, 28) == 0.5
    first, second = painters.error_by_moves(painter, moves, white)
    assert first < 0.001 < second
    assert painters.painting_error(painter, moves, white) == pytest.approx(second, rel=0.05)
    assert painters.marks_error(painter, moves, white) < 1e-3


def test_a_process_ends_with_the_painting_and_the_picture():
    painter, white = two_discs(), torch.ones(2, 1, 28, 28)
    rows = painters.process(painter, painters.moves_of(painter, white), white, columns=5)
    assert [len(row) for row in rows] == [3, 3]
    assert rows[0][1].min() < 0.1
    assert rows[0][2].min() == 1
