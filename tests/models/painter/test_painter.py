"""The painter: its three networks, its settings, its colours and looks, its marks against the true renderer."""

import numpy as np
import pytest
import torch

from strokewright.datasets.shapes import SceneBatches
from strokewright.errors import OptionError
from strokewright.models.painter import Painter, PainterConfig
from strokewright.models.painter.actions import to_features
from strokewright.models.painter.painter import read_colours, render_all
from strokewright.models.painter.state import Page
from strokewright.recipes import find_recipe
from strokewright.recipes.painter import SETTINGS

SMALL = {"hidden": 16, "latent_size": 4}


def small_painter(seed=0, **changes):
    torch.manual_seed(seed)
    return Painter(PainterConfig(**(SMALL | changes))).eval()


def scenes(name="2-rectangles", count=6):
    batch = SceneBatches(name=name, split="valid", count=50).batch(0, count)
    return {key: torch.from_numpy(values) for key, values in batch.items()}


@pytest.mark.parametrize("network", ["simple", "recurrent", "canvas-recurrent"])
@pytest.mark.parametrize("encoder", ["dense", "convolutional"])
def test_paints_a_fixed_number_of_moves(network, encoder):
    painter = small_painter(network=network, encoder=encoder, moves=3, freedom="sheared", colours=3)
    moves = painter.moves(torch.rand(2, 3, 28, 28))
    assert moves.where.shape == (2, 3, 2, 3)
    assert moves.what.shape == (2, 3, 3)
    assert torch.equal(moves.which, torch.ones(2, 3, 1))
    assert [len(drawing.marks) for drawing in painter.draw(torch.rand(2, 3, 28, 28))] == [3, 3]


def test_only_the_canvas_recurrent_painter_looks_at_what_it_painted():
    """Its second move depends on the colour of its first."""
    for network, depends in (("recurrent", False), ("canvas-recurrent", True)):
        painter, picture = small_painter(network=network), torch.rand(2, 1, 28, 28)
        before = painter.paint(picture).actions[-1][:, 1]
        with torch.no_grad():
            painter.start[0, 4] += 3.0
        after = painter.paint(picture).actions[-1][:, 1]
        assert torch.equal(before, after) != depends


@pytest.mark.parametrize("letter", SETTINGS)
def test_ten_settings(letter):
    latent, cost, entropy = SETTINGS[letter]
    painter, batch = small_painter(latent=latent, cost=cost, entropy_loss=entropy), scenes()
    torch.manual_seed(0)
    first, second = painter.loss(batch), painter.loss(batch)
    assert (first["loss"] == second["loss"]) == (latent == "none")
    assert (first["cost"] > 0) == (cost != "none")
    assert find_recipe(f"painter_setting_{letter}").model.config["latent"] == latent
    if entropy:
        assert first["loss"] > 50  # nats a picture
    else:
        assert first["loss"].item() == pytest.approx((first["pixels"] + first["cost"] / 784).item(), rel=1e-5)


@pytest.mark.parametrize("changes", [{"freedom": "sheared"}, {"sorter": "depth"}, {"templates": ("square", "circle")}])
def test_marks_repaint_the_canvas(changes):
    painter, picture = small_painter(moves=4, gamma=30.0, **changes), torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        torch.nn.init.normal_(painter.act.weight, std=0.5)
        painter.start[:, 2:4] -= 0.5
    canvas = painter.paint(picture).canvases[-1].detach().numpy()
    assert np.square(render_all(painter.draw(picture), 1) - canvas).mean() < 0.002


def test_colours_are_read_where_a_move_is_seen():
    picture = torch.zeros(1, 1, 4, 4)
    picture[..., 2:] = 0.9
    masks = torch.zeros(1, 3, 4, 4)
    masks[0, 0] = 1.0
    masks[0, 1, :, 2:] = 1.0  # hides half of the first, and is half hidden itself
    masks[0, 2, :2] = 1.0
    colour = torch.sigmoid(2 * read_colours(picture, masks))[0, :, 0]
    assert colour.tolist() == pytest.approx([0.02, 0.9, 0.45], abs=0.01)


def test_an_untrained_painter_that_reads_colours_is_a_mosaic():
    picture = torch.rand(2, 1, 28, 28).round()
    plain, reading = (small_painter(moves=25, reads_colour=reads).loss({"target": picture}) for reads in (False, True))
    assert reading["pixels"] < plain["pixels"]


def test_coarse_to_fine_begins_with_the_whole_page():
    """Without any training a smooth picture is painted roughly."""
    x = torch.linspace(-2, 2, 28)
    picture = torch.sigmoid(x[:, None] + x * 0.5 - 0.3)[None, None]
    painters = [small_painter(moves=40, reads_colour=True, opening=name) for name in ("even", "coarse-to-fine")]
    even, fine = (painter.loss({"target": picture})["pixels"].item() for painter in painters)
    assert fine < 0.01 < even
    with torch.no_grad():
        corners = painters[1].moves(picture).where[0, 0] @ torch.tensor([[-1.0, 1, 1], [-1, 1, 1], [1, 1, 1]])
    assert corners.norm(dim=0).max() < 1.1


def test_looks_change_moves_and_early_paintings_count():
    painter, batch = small_painter(looks=2, early_share=0.25).train(), scenes()
    painting = painter.paint(batch["target"])
    assert len(painting.canvases) == 3
    assert not torch.equal(painting.actions[0], painting.actions[2])
    losses = [(canvas - batch["target"]).square().mean().item() for canvas in painting.canvases]
    expected = 0.75 * losses[2] + 0.25 * (losses[0] + losses[1]) / 2
    assert painter.loss(batch)["loss"].item() == pytest.approx(expected, rel=1e-5)


def test_a_page_grows_large_and_sharp():
    painter = small_painter(coarse_px=14, coarse_share=0.5, softness_px=4.0, soft_share=0.5).train()
    painter.set_progress(0.0)
    assert painter.page() == Page(14, 4.0)
    painter.set_progress(0.6)
    assert painter.page() == Page(28, 0.0)
    painter.set_progress(0.0)
    assert painter.loss(scenes())["loss"].isfinite()
    assert painter.eval().page() == Page(28, 4.0)


def test_stops_leave_moves_out():
    painter = small_painter(stops=True)
    with torch.no_grad():
        painter.act.weight.zero_()
        painter.start[1, 5] = -3.0
    drawing, *_ = painter.draw(torch.rand(1, 1, 28, 28))
    assert len(drawing.marks) == 1


def test_lessons_teach_more_than_pixels():
    painter, batch = small_painter(lesson=3.0, hidden=64), scenes(count=20)
    optimiser = torch.optim.Adam(painter.parameters(), 5e-3)
    painter.set_progress(0.0)
    before = painter.metrics(batch)["mean_overlap"]
    for _ in range(60):
        loss = painter.loss(batch)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert painter.metrics(batch)["mean_overlap"] > before + 0.3


def test_dreams_come_from_the_prior():
    painter = small_painter(latent="moves")
    first, same, other = (painter.dream(5, seed).where for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    with pytest.raises(OptionError, match="painter_variational"):
        small_painter().dream(1)


def test_a_sheet_shows_pairs():
    sheet = small_painter().samples({"target": torch.rand(9, 1, 28, 28)})
    assert sheet.shape == (3, 2 * 32, 8 * 60)


def test_wrong_configs_say_what_is_expected():
    with pytest.raises(OptionError, match="circle"):
        Painter.from_options({"templates": ("star",)})
    with pytest.raises(OptionError, match="depth"):
        Painter.from_options({"sorter": "pair", "moves": 3})
    with pytest.raises(OptionError, match="reads_colour"):
        Painter.from_options({"sorter": "depth", "reads_colour": True})


@pytest.mark.parametrize(
    ("numbers", "changes"),
    [(6, {}), (7, {"sorter": "depth"}), (9, {"templates": ("circle", "square"), "stops": True})],
)
def test_features_have_one_row_a_picture(numbers, changes):
    painter = small_painter(moves=3, freedom="turned", **changes)
    found = painter.features(torch.rand(2, 1, 28, 28))
    assert found.shape == (2, 3 * numbers)
    assert found.isfinite().all()


def test_features_are_those_of_the_shape_not_of_the_way_it_was_turned():
    """An ellipse turned by half a turn, or by a quarter with its axes exchanged, is the same ellipse."""
    config = PainterConfig(moves=1, templates=("circle",), freedom="turned")
    rows = torch.tensor([[0.1, 0.2, -1.0, -0.5, 0.3, 0.4]]).repeat(4, 1)
    rows[1, 4] += np.pi
    rows[2, 4] += np.pi / 2
    rows[2, 2:4] = rows[2, 2:4].flip(0)
    rows[3, 4] += 0.2
    same, turned, exchanged, other = to_features(config, rows[:, None])[:, 0]
    assert torch.allclose(same, turned, atol=1e-5)
    assert torch.allclose(same, exchanged, atol=1e-5)
    assert (same - other).abs().max() > 0.01
    assert same[:2].tolist() == pytest.approx([0.1, 0.2])
