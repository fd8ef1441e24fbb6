"""The drawer of whole pictures: its steps, its loss by hand, its canvases against the true renderer."""

import numpy as np
import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import Drawer, DrawerConfig
from strokewright.render.colour import WHITE_LAB

SMALL = {"steps": 3, "channels": (8, 8, 8), "hidden": 16}


def small_drawer(seed=0, **changes):
    torch.manual_seed(seed)
    return Drawer(DrawerConfig(**(SMALL | changes))).eval()


@pytest.mark.parametrize("vocabulary", ["quadratic", "cubic", "thin", "quadratic-colour", "rectangle"])
@pytest.mark.parametrize("lstm", [True, False])
def test_draws_a_fixed_number_of_actions_in_range(vocabulary, lstm):
    drawer = small_drawer(vocabulary=vocabulary, lstm=lstm)
    actions = drawer.draw(torch.rand(5, 1, 28, 28))
    assert actions.shape == (5, 3, len(drawer.vocabulary.columns))
    assert 0 <= actions.min() <= actions.max() <= 1


def test_soft_canvases_agree_with_the_true_renderer():
    drawer = small_drawer(size_px=32)
    with torch.no_grad():
        torch.nn.init.normal_(drawer.act.weight, std=0.5)
    hint = torch.rand(4, 1, 32, 32)
    soft = drawer.roll_out(hint)[0][-1].detach()
    true = torch.from_numpy(drawer.true_canvases(drawer.draw(hint)))
    assert true.max() > 0.5
    assert (soft - true).square().mean() < 1e-3


def test_first_actions_lie_in_the_middle_and_outside_is_punished():
    drawer = small_drawer()
    with torch.no_grad():
        drawer.act.weight.zero_()
    blank = {"target": torch.zeros(2, 1, 28, 28)}
    assert torch.equal(drawer.draw(blank["target"]), torch.full((2, 3, 8), 0.5))
    assert drawer.loss(blank)["penalty"] == 0
    with torch.no_grad():
        drawer.act.bias[0] = 1.5  # (1 - 0.25) · 30 a step
    assert drawer.loss(blank)["penalty"].item() == pytest.approx(0.75 * 30, rel=1e-3)


def test_loss_is_the_mean_squared_distance_of_the_last_canvas():
    drawer = small_drawer()
    target = torch.rand(3, 1, 28, 28)
    last = drawer.roll_out(target)[0][-1]
    scores = drawer.loss({"target": target})
    assert scores["pixels"].item() == pytest.approx((last - target).square().mean().item(), rel=1e-5)
    assert scores["loss"].item() == pytest.approx((scores["pixels"] + scores["penalty"]).item(), rel=1e-6)
    drawer.set_progress(0.0)
    assert drawer.loss({"target": target})["loss"] != scores["loss"]  # soft edges, coarse scales


def test_a_colour_canvas_begins_white_and_is_measured_in_delta_e():
    drawer = small_drawer(vocabulary="quadratic-colour")
    white = drawer.blank(2)
    assert white[0, :, 0, 0].tolist() == pytest.approx(WHITE_LAB)
    black = white.clone()
    black[:, 0] = 0
    scores = drawer.metrics({"hint": torch.zeros(2, 1, 28, 28), "target": black})
    assert scores["blank_pixels"] == pytest.approx(1.0)  # ΔE = 100
    assert 0 < scores["true_pixels"] < 1


@pytest.mark.parametrize("joint", [True, False])
def test_without_memory_a_step_knows_picture_canvas_and_its_number(joint):
    drawer = small_drawer(lstm=False, joint=joint)
    encoded, canvas = drawer.encode(torch.rand(2, 1, 28, 28)), drawer.blank(2)
    first, state = drawer.look(encoded, canvas, drawer.start(2))
    assert state[0].tolist() == [1, 1]
    assert torch.equal(drawer.look(encoded, canvas, drawer.start(2))[0], first)
    assert not torch.equal(drawer.look(encoded, canvas, state)[0], first)
    assert not torch.equal(drawer.look(encoded, canvas + 1, drawer.start(2))[0], first)


def test_a_sheet_shows_pairs():
    sheet = small_drawer().samples({"target": torch.rand(9, 1, 28, 28)})
    assert sheet.shape == (3, 2 * 32, 8 * 60)
    assert np.isfinite(sheet.numpy()).all()


def test_a_wrong_config_names_the_choices():
    with pytest.raises(OptionError, match="quadratic"):
        Drawer.from_options({"vocabulary": "crayon"})
    with pytest.raises(OptionError, match="channels"):
        Drawer.from_options({"channels": (8, 8)})
