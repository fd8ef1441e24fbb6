"""Painting in windows: the same canvas and gradients as painting on whole pages, and what each move is worth."""

import pytest
import torch

from strokewright.render.template import Moves, TemplateBank, invert, paint, placed
from strokewright.render.template_windows import LocalMoves, Windows

SIZE = (36, 52)
COUNT = 12


@pytest.fixture
def bank():
    return TemplateBank(["circle", "curve"])


@pytest.fixture
def moves():
    torch.manual_seed(0)
    centre, half = torch.rand(COUNT, 2) * 2.4 - 1.2, torch.rand(COUNT, 2) ** 2 * 0.5 + 0.03
    where = invert(placed(centre, half, torch.rand(COUNT) * 6)).requires_grad_()
    what, there = torch.rand(COUNT, 3, requires_grad=True), (0.5 + torch.rand(COUNT) / 2).requires_grad_()
    return LocalMoves([i % 2 for i in range(COUNT)], where, what, there)


def on_whole_pages(bank, moves, canvas):
    which = torch.nn.functional.one_hot(torch.tensor(moves.which), 2).float()
    rows = Moves(moves.where[None], moves.what[None], which[None], moves.there[None])
    *_, last = paint(bank, rows, canvas[None])
    return last[0]


def test_the_canvas_and_its_gradients_are_those_of_whole_pages(bank, moves):
    canvas, target = torch.rand(3, *SIZE), torch.rand(3, *SIZE)
    local = Windows(bank, moves, SIZE).paint(moves, canvas)
    whole = on_whole_pages(bank, moves, canvas)
    assert torch.allclose(local, whole, atol=1e-4)
    inputs = [moves.where, moves.what, moves.there]
    found = torch.autograd.grad((local - target).square().sum(), inputs)
    wanted = torch.autograd.grad((whole - target).square().sum(), inputs)
    for mine, theirs in zip(found, wanted, strict=True):
        assert (mine - theirs).abs().max() < 5e-3 * theirs.abs().max()


def test_the_cost_of_a_move_is_the_error_without_it(bank, moves):
    canvas, target = torch.ones(3, *SIZE), torch.rand(3, *SIZE)
    moves = moves._replace(**{name: getattr(moves, name).detach() for name in ("where", "what", "there")})
    windows = Windows(bank, moves, SIZE)
    costs = windows.costs_of_removal(moves, canvas, target)

    def error(there):
        painted = windows.paint(moves._replace(there=there), canvas)
        return float((painted - target).square().sum())

    for move in range(COUNT):
        without = moves.there.clone()
        without[move] = 0
        assert costs[move] == pytest.approx(error(without) - error(moves.there), abs=0.02)


def test_hidden_moves_are_not_seen(bank):
    whole = invert(placed(torch.zeros(2, 2), torch.full((2, 2), 3.0)))
    moves = LocalMoves([0, 0], whole, torch.rand(2, 3), torch.ones(2))
    areas, sums = Windows(bank, moves, SIZE).seen(moves, torch.ones(3, *SIZE))
    assert areas.tolist() == [0, SIZE[0] * SIZE[1]]
    assert sums[1].tolist() == [SIZE[0] * SIZE[1]] * 3
