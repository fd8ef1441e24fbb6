"""Sorters: two moves by the thesis' rule, many by depth, and the order they end in."""

import pytest
import torch

from strokewright.models.painter import sorter
from strokewright.render.template import Moves, superpose_all


def masks_and_colours(moves, seed=0):
    torch.manual_seed(seed)
    masks = (torch.rand(3, moves, 6, 6) > 0.5).float()
    return masks, torch.rand(3, moves, 1), torch.full((3, 1, 6, 6), 0.5)


def test_two_moves_mix_where_they_meet():
    masks, colours, canvas = masks_and_colours(2)
    depth = torch.tensor([[0.0, 1.0]]).expand(3, 2)
    both = (masks[:, 0] * masks[:, 1]).bool()
    share = torch.sigmoid(torch.tensor(1.0))
    mixed = (colours[:, 0] * (1 - share) + colours[:, 1] * share)[..., None].expand(3, 6, 6)
    assert torch.allclose(sorter.pair(masks, colours, depth, canvas)[:, 0][both], mixed[both])


def test_the_rule_for_many_is_that_for_two():
    masks, colours, canvas = masks_and_colours(2)
    depth = torch.randn(3, 2)
    two, many = (sort(masks, colours, depth, canvas) for sort in (sorter.pair, sorter.by_depth))
    assert torch.allclose(two, many, atol=1e-5)


@pytest.mark.parametrize("moves", [2, 5, 10])
def test_great_differences_of_depth_are_an_order(moves):
    masks, colours, canvas = masks_and_colours(moves)
    depth = 60 * torch.stack([torch.randperm(moves) for _ in range(3)]).float()
    ordered = sorter.in_order(Moves(masks, colours, torch.ones(3, moves, 1)), depth)
    expected = superpose_all(canvas, ordered.where, ordered.what)
    assert torch.allclose(sorter.by_depth(masks, colours, depth, canvas), expected, atol=1e-4)


def test_a_wrong_order_of_ten_is_mended_by_gradient():
    masks, _, canvas = masks_and_colours(10)
    colours = torch.linspace(0, 1, 10).view(1, 10, 1).expand(3, -1, -1)
    target = superpose_all(canvas, masks, colours)
    depth = torch.linspace(0.1, -0.1, 10).repeat(3, 1).requires_grad_()
    optimiser = torch.optim.Adam([depth], 0.3)
    for _ in range(60):
        loss = (sorter.by_depth(masks, colours, depth, canvas) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    ordered = sorter.in_order(Moves(masks, colours, torch.ones(3, 10, 1)), depth.detach())
    assert (superpose_all(canvas, ordered.where, ordered.what) - target).square().mean() < 0.005


def test_in_order_moves_every_part():
    where = torch.zeros(1, 3, 2, 3)
    where[0, :, 0, 0] = torch.tensor([1.0, 2.0, 3.0])
    moves = Moves(where, torch.tensor([[[0.1], [0.2], [0.3]]]), torch.ones(1, 3, 1), torch.tensor([[1.0, 0.0, 1.0]]))
    ordered = sorter.in_order(moves, torch.tensor([[2.0, 0.0, 1.0]]))
    assert ordered.where[0, :, 0, 0].tolist() == [2.0, 3.0, 1.0]
    assert torch.allclose(ordered.what[0, :, 0], torch.tensor([0.2, 0.3, 0.1]))
    assert ordered.there is not None
    assert ordered.there[0].tolist() == [0.0, 1.0, 1.0]
