import pytest
import torch
from pydantic import ValidationError

from strokewright.models.painter import Painter, PainterConfig
from strokewright.models.painter.actions import from_corners, layout, opening, to_corners
from strokewright.models.painter.restack import descended, places_changed, unusual


def stacked(*boxes):
    """Actions (1, moves, columns) of grey boxes left, right, top, bottom on [-1, 1], each above those before it."""
    config = PainterConfig(moves=len(boxes), sorter="depth")
    actions = opening(config)[None].clone()
    rows = to_corners(config, actions)
    rows[0, :, :4] = torch.tensor(boxes)
    actions = from_corners(config, rows)
    actions[..., layout(config).depth.start] = torch.arange(len(boxes)).float()
    return config, actions


def test_the_one_that_comes_to_lie_below_grows_under_the_other():
    config, actions = stacked((-0.8, 0.0, -0.5, 0.5), (0.0, 0.8, -0.2, 0.2))  # the second ends at the first's side
    changed = places_changed(config, actions, 0, 1)
    assert changed[0, :, layout(config).depth.start].tolist() == [1, 0]
    corners = to_corners(config, changed)[0, :, :4]
    assert torch.allclose(corners[0], torch.tensor([-0.8, 0.0, -0.5, 0.5]), atol=1e-5)
    assert torch.allclose(corners[1], torch.tensor([-0.2, 0.8, -0.2, 0.2]), atol=1e-5)


def test_moves_far_apart_keep_their_sizes():
    config, actions = stacked((-0.9, -0.5, -0.9, -0.5), (0.5, 0.9, 0.5, 0.9))
    changed = places_changed(config, actions, 0, 1)
    assert torch.allclose(to_corners(config, changed)[..., :4], to_corners(config, actions)[..., :4], atol=1e-5)


def test_a_descent_never_ends_above_its_beginning():
    goal = torch.tensor([0.3, -0.2])

    def cost(actions):
        return (actions - goal).square().sum((1, 2))

    actions = torch.stack([goal[None], goal[None] + 0.2])
    lower = descended(cost, actions, steps=60, rate=0.02)
    assert torch.equal(lower[0], actions[0])
    assert cost(lower)[1] < 0.05 * cost(actions)[1]


def test_the_usual_size_costs_nothing():
    config = PainterConfig(moves=1, usual_size=(-1.0, 0.5), usual_weight=2.0)
    actions = opening(config)[None].clone()
    actions[..., layout(config).centre] = 0
    actions[..., layout(config).axes] = torch.tensor([-1.0, -0.5])
    assert unusual(config, actions).tolist() == pytest.approx([2.0])


def test_what_lies_beyond_the_page_costs():
    config, on_the_page = stacked((-0.8, 0.2, -0.6, 0.6))
    config = config.model_copy(update={"usual_weight": 1.0})
    beyond = on_the_page.clone()
    beyond[..., layout(config).centre] -= 0.5
    cost = unusual(config, beyond) - unusual(config, on_the_page)
    assert cost.item() == pytest.approx(0.3**2, abs=0.01)  # 0.3 half pages, of a deviation of 1


def test_two_moves_change_places_where_that_is_better():
    config, wrong = stacked((-0.8, 0.2, -0.6, 0.6), (-0.1, 0.8, -0.3, 0.3))
    colour = layout(config).colour.start
    wrong[0, :, colour] = torch.tensor([-2.0, 0.0])
    painter = Painter(config.model_copy(update={"looks": 1, "feels": True})).eval()
    right = wrong.clone()
    right[0, :, layout(config).depth.start] = torch.tensor([1.0, 0.0])
    page = painter.page()
    picture = painter.canvas_of(right, page).detach()
    painter.config = painter.config.model_copy(update={"polish": 30, "restacks": 1})
    painter._propose = lambda features, page: (wrong, torch.zeros(1))  # what it would have painted
    painting = painter.paint(picture, page)
    depth = painter.depth(painting.actions[-1])[0]
    assert depth[0] > depth[1]
    assert (painting.canvases[-1] - picture).square().mean() < 1e-4


def test_only_moves_with_a_depth_can_change_places():
    with pytest.raises(ValidationError, match='expected sorter: "depth"'):
        PainterConfig(restacks=1)
