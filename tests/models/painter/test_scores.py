"""Scores of scenes, lessons, reading and writing windows, the learned prior."""

import pytest
import torch

from strokewright.datasets.shapes import SceneBatches
from strokewright.models.painter import PainterConfig, attention
from strokewright.models.painter.actions import from_corners, layout, to_corners
from strokewright.models.painter.lessons import lesson
from strokewright.models.painter.prior import MovePrior
from strokewright.models.painter.scores import clean_share, meeting, overlap, scene_scores, told, what_is_seen
from strokewright.render.template import Moves, invert, placed


def truth_moves(batch):
    """The moves that painted the pictures of a batch."""
    corners = batch["corners"] / 14 - 1
    centre, half = (corners[..., :2] + corners[..., 2:]) / 2, (corners[..., 2:] - corners[..., :2]) / 2
    which = torch.nn.functional.one_hot(batch["kind"], 2).float()
    return Moves(invert(placed(centre, half)), batch["colour"][..., None], which, batch["there"])


def scenes(name, count=40):
    return {
        key: torch.from_numpy(v) for key, v in SceneBatches(name=name, split="test", count=60).batch(0, count).items()
    }


@pytest.mark.parametrize("name", ["2-rectangles", "0to2-rectangles", "2-shapes", "5-rectangles-occlusion"])
def test_the_truth_scores_full(name):
    batch = scenes(name)
    scores = scene_scores(truth_moves(batch), ("square", "circle"), batch, 28)
    assert list(scores.values()) == pytest.approx([1.0] * len(scores))
    assert ("ordered" in scores) == (name == "5-rectangles-occlusion")


def test_faults_cost_what_they_should():
    batch = scenes("5-rectangles-occlusion")
    moves = truth_moves(batch)
    flipped = Moves(*(part.flip(1) for part in moves))
    assert scene_scores(flipped, ("square", "circle"), batch, 28)["ordered"] == 0.0
    assert scene_scores(flipped, ("square", "circle"), batch, 28)["solved"] == 1.0
    pale = moves._replace(what=moves.what * 0.5 + 0.5)
    assert scene_scores(pale, ("square", "circle"), batch, 28)["solved"] == 0.0
    fewer = moves._replace(there=moves.there * torch.tensor([1.0, 1, 1, 1, 0]))
    assert scene_scores(fewer, ("square", "circle"), batch, 28)["number"] == 0.0
    assert overlap(torch.tensor([0.0, 0, 2, 2]), torch.tensor([1.0, 0, 3, 2])).item() == pytest.approx(1 / 3)


def test_what_meets_under_a_third_does_not_count():
    corners = torch.tensor(
        [[[0.0, 0, 8, 8], [4, 0, 12, 8], [3, 0, 13, 8]], [[0, 0, 8, 8], [4, 0, 12, 8], [20, 0, 24, 8]]]
    )
    meet = meeting(corners, torch.ones(2, 3, dtype=torch.bool), 28)
    assert meet[0].nonzero().tolist() == [[0, 2], [1, 2]]
    assert meet[1].nonzero().tolist() == [[0, 1]]
    seen = what_is_seen(corners, torch.ones(2, 3), 28).sum((2, 3))
    assert seen.tolist() == [[24.0, 0.0, 80.0], [32.0, 64.0, 32.0]]


def test_the_picture_tells_an_order_only_where_it_shows():
    corners = torch.tensor(
        [
            [[0.0, 0, 8, 8], [4, 4, 12, 12], [20, 0, 24, 8]],  # a corner of the first is missing
            [[0, 0, 8, 8], [6, 0, 14, 8], [20, 0, 24, 8]],  # a side: the first may end there, above the second
            [[0, 0, 8, 8], [6, 2, 14, 10], [4, 0, 10, 5]],  # the third hides where one could tell
            [[0, 0, 8, 8], [4, 4, 12, 12], [10, 6, 18, 20]],  # the second tells of the others
        ]
    )
    order = told(corners, torch.ones(4, 3), 28)
    assert order[0].nonzero().tolist() == [[0, 1]]
    assert order[1].nonzero().tolist() == []
    assert order[2].nonzero().tolist() == [[0, 2], [1, 2]]
    assert order[3].nonzero().tolist() == [[0, 1], [0, 2], [1, 2]]


def test_clean_pictures_keep_the_rule():
    batch = scenes("2-rectangles")
    moves = truth_moves(batch)
    assert clean_share(moves, 28) == 1.0
    assert clean_share(moves._replace(where=moves.where[:, :1].expand(-1, 2, -1, -1)), 28) == 0.0  # one over the other
    assert clean_share(moves._replace(what=moves.what + 0.4), 28) == 0.0


def test_a_lesson_ends_where_the_truth_is():
    config, batch = PainterConfig(sorter="depth"), scenes("2-rectangles-occlusion")
    corners = batch["corners"] / 14 - 1
    columns = layout(config)
    actions = torch.zeros(40, 2, columns.width)
    actions[..., columns.centre] = (corners[..., :2] + corners[..., 2:]) / 2
    actions[..., columns.axes] = ((corners[..., 2:] - corners[..., :2]) / 2 - 0.33 / 28).log()
    actions[..., columns.colour] = torch.logit(batch["colour"].clamp(1e-4, 1 - 1e-4))[..., None] / 2
    depth = torch.tensor([0.0, 50.0]).expand(40, 2)
    right = lesson(config, actions, depth, batch)
    assert right < 1e-3
    assert lesson(config, actions.flip(1), depth.flip(1), batch).item() == pytest.approx(right.item(), abs=1e-6)
    assert lesson(config, actions, -depth, batch) > right + 0.5
    actions[..., 0] += 0.1
    assert lesson(config, actions, depth, batch) > right + 0.03


def test_windows_are_read_and_written_back():
    torch.manual_seed(0)
    picture = torch.rand(1, 1, 16, 16)
    whole = torch.eye(2, 3).view(1, 1, 2, 3)
    assert torch.allclose(attention.read(picture, whole, 16)[:, 0], picture, atol=1e-6)
    quarter = torch.tensor([[[[0.5, 0, -0.5], [0, 0.5, 0.5]]]])
    seen = attention.read(picture, quarter, 8)[:, 0]
    assert torch.allclose(seen[..., 1:-1, 1:-1], picture[..., 9:15, 1:7], atol=1e-6)
    back = attention.write(seen, quarter[:, 0], (16, 16))
    assert torch.allclose(back[..., 9:15, 1:7], picture[..., 9:15, 1:7], atol=1e-5)
    assert back[..., :7, 9:].abs().max() == 0


def test_corners_and_actions_are_each_others_inverse():
    torch.manual_seed(0)
    config = PainterConfig()
    actions = torch.rand(5, 2, layout(config).width) - 0.8
    assert torch.allclose(from_corners(config, to_corners(config, actions)), actions, atol=1e-5)


def test_the_prior_is_a_density_and_its_samples_follow_it():
    torch.manual_seed(0)
    prior = MovePrior(2, components=4, hidden=16)
    line = torch.linspace(-12, 12, 241)
    rows = torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1).view(-1, 2)
    density = prior.log_density(rows).exp().view(241, 241) * 0.1**2
    assert density.sum().item() == pytest.approx(1.0, abs=0.02)
    drawn = prior.sample(4000, torch.Generator().manual_seed(0))
    mean = (density[..., None] * rows.view(241, 241, 2)).sum((0, 1))
    assert torch.allclose(drawn.mean(0), mean, atol=0.15)
    noisy, cost = prior.disturb(rows[:50])
    assert noisy.shape == (50, 2)
    assert cost.shape == (50,)
