import numpy as np
import pytest
import torch

from strokewright import weights
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import CanvasNetwork
from strokewright.models.canvas_drawer.canvas.actions import Layers, check_renderer, paint_layers, random_actions
from strokewright.models.canvas_drawer.canvas.coordinate import measure_reach
from strokewright.render import analytic
from strokewright.render.actions import render_layers
from strokewright.render.protocol import VOCABULARIES, Column, Vocabulary

QUADRATIC = VOCABULARIES["quadratic"]
STAMP = Vocabulary(
    "stamps",
    (Column("x", "field"), Column("y", "field"), Column("side", "px", 2, 12)),
)


def stamp(actions, size=24):
    """A user's renderer: squares."""
    row = STAMP.decode(actions, size)[:, :, None, None]
    y, x = np.mgrid[:size, :size] + 0.5
    return np.float32((abs(x - row[:, 0]) < row[:, 2] / 2) & (abs(y - row[:, 1]) < row[:, 2] / 2))


def build(**options):
    torch.manual_seed(0)
    return CanvasNetwork.from_options({"hidden": 8, "depth": 1, "channels": 8, "blocks": 1, "size_px": 24} | options)


@pytest.fixture(scope="module")
def strokes():
    return weights.load_model("canvas/strokes", "cpu").requires_grad_(False)


@pytest.mark.parametrize("preset", ["coordinate", "paper"])
@pytest.mark.parametrize("name", VOCABULARIES)
def test_layers_have_the_form_of_the_renderers(name, preset):
    vocabulary = VOCABULARIES[name]
    network = build(vocabulary=name, preset=preset)
    actions = random_actions(vocabulary, np.random.default_rng(0), 3, 24)
    layer = network.layer(network.blank(3, 24), torch.from_numpy(actions).float())
    assert layer.shape == render_layers(vocabulary, actions, 24).shape
    assert network.lay(network.blank(3, 24), layer).shape == network.blank(3, 24).shape
    assert network.samples({"action": torch.from_numpy(actions), "layer": layer.detach()}).shape[0] == 3


def test_the_bundled_network_is_faithful_on_fields_of_other_sizes(strokes):
    found = strokes.fidelity(count=128, seed=5)
    assert found.error_share < 0.03
    assert strokes.fidelity(count=128, seed=5, size_px=28).error_share < 0.03
    assert sum(part.count for part in found.by_size) == sum(part.count for part in found.by_width) == found.count
    assert [case.error_share for case in found.worst] == sorted((c.error_share for c in found.worst), reverse=True)
    assert found.worst[0].truth.shape == found.worst[0].painted.shape == (3, 64, 64)
    assert f"{found.error_share:.4f}" in str(found)


def test_fidelity_of_a_network_that_paints_nothing_and_of_a_perfect_one(monkeypatch):
    network = build()
    monkeypatch.setattr(network, "layer", lambda canvas, action: torch.zeros_like(canvas))
    assert network.fidelity(count=20).error_share == pytest.approx(1)
    truth = {}

    def renderer(actions):
        truth["layers"] = torch.from_numpy(render_layers(QUADRATIC, actions, 24))
        truth["actions"] = torch.from_numpy(actions).float()
        return truth["layers"].numpy()

    def perfect(canvas, action):
        rows = (action[:, None] == truth["actions"]).all(2).float().argmax(1)
        return truth["layers"][rows]

    monkeypatch.setattr(network, "layer", perfect)
    found = network.fidelity(renderer, count=20)
    assert (found.error_share, found.mse, found.worst[0].error_share) == (0, 0, 0)


def test_its_gradient_points_where_the_true_renderers_differences_point(strokes):
    rng = np.random.default_rng(1)
    actions = random_actions(QUADRATIC, rng, 24, 28)
    moved = (actions + rng.normal(0, 0.04, actions.shape)).clip(0, 1)
    target = torch.from_numpy(render_layers(QUADRATIC, moved, 28))
    action = torch.from_numpy(actions).float().requires_grad_()
    (strokes.layer(strokes.blank(24, 28), action) - target).square().sum().backward()
    assert action.grad is not None
    numbers = np.empty_like(actions)
    for column in range(actions.shape[1]):
        steps = np.eye(actions.shape[1])[column] * 0.02
        ends = [np.square(render_layers(QUADRATIC, actions + s, 28) - target.numpy()) for s in (steps, -steps)]
        numbers[:, column] = (ends[0] - ends[1]).sum(axis=(1, 2, 3)) / 0.04
    assert np.corrcoef(action.grad.numpy().ravel(), numbers.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("name", ["quadratic", "rectangle", "prism"])
def test_chosen_pixels_are_those_of_the_whole_layer(name):
    network = build(vocabulary=name, waves=2)
    vocabulary = VOCABULARIES[name]
    action = torch.from_numpy(random_actions(vocabulary, np.random.default_rng(2), 3, 24)).float()
    whole = network.layer(network.blank(3, 24), action).flatten(2)
    owner, place = (whole.abs().sum(1) > 0).nonzero(as_tuple=True)
    torch.testing.assert_close(network.painter.paint_pixels(action, 24, owner, place), whole[owner, :, place])


def test_pixels_that_are_skipped_hold_no_ink():
    for name in ("quadratic", "cubic", "thin", "rectangle", "prism"):
        vocabulary = VOCABULARIES[name]
        network = build(vocabulary=name)
        actions = random_actions(vocabulary, np.random.default_rng(3), 64, 32)
        rows = analytic.to_pixels(vocabulary, torch.from_numpy(actions).float(), 32)
        line = torch.arange(32) + 0.5
        pixels = torch.cartesian_prod(line, line).flip(1)
        skipped = ~network.painter.view.reachable(rows, pixels)
        assert skipped.any()
        layers = render_layers(vocabulary, actions, 32).reshape(64, vocabulary.views, -1, 32 * 32)
        assert layers[:, :, -1].max(axis=1)[skipped.numpy()].max() < 0.02


def test_batches_repeat_and_roll_outs_hold_what_was_painted_before():
    first, second = (Layers(3, "rectangle", size_px=16, pool=64, roll_out=4) for _ in range(2))
    second.batch(0, 8)
    batches = first.batch(1, 8), second.batch(1, 8)
    assert batches[0].keys() == {"action", "layer", "canvas"}
    assert all((batches[0][name] == batches[1][name]).all() for name in batches[0])
    blank = np.float32(VOCABULARIES["rectangle"].blank)[:, None, None]
    empty = [(canvas == blank).all() for canvas in first.batch(2, 64)["canvas"]]
    assert any(empty)
    assert not all(empty)


def test_random_actions_cover_small_and_large_and_leave_the_field():
    actions = random_actions(QUADRATIC, np.random.default_rng(0), 2000, 64)
    assert actions.min() >= 0
    assert actions.max() <= 1
    length = np.linalg.norm((actions[:, 4:6] - actions[:, :2]) * 72, axis=1)
    assert (length < 2).mean() > 0.05
    assert (length > 40).mean() > 0.05
    assert (actions == 0).any()
    assert (actions[:, 6] == actions[:, 7]).mean() > 0.3


def test_the_loss_of_the_paper_preset_is_about_the_canvas_so_hidden_ink_costs_nothing():
    network = build(preset="paper").eval()
    action, layer = torch.rand(2, 8), torch.zeros(2, 1, 24, 24)
    full = {"action": action, "layer": layer, "canvas": torch.ones(2, 1, 24, 24)}
    assert network.loss(full)["pixels"] == 0
    assert network.loss({"action": action, "layer": layer})["pixels"] > 0
    with pytest.raises(OptionError, match="canvases of 24 px, got 28"):
        network.layer(network.blank(2, 28), action)


def test_an_own_vocabulary_travels_with_the_network(tmp_path):
    columns = [{"name": c.name, "unit": c.unit, "low": c.low, "high": c.high} for c in STAMP.columns]
    network = build(vocabulary="stamps", own={"columns": columns})
    network.save_pretrained(tmp_path)
    loaded = CanvasNetwork.from_pretrained(tmp_path)
    assert loaded.vocabulary.columns == STAMP.columns
    action = torch.rand(2, 3)
    assert torch.equal(loaded.layer(loaded.blank(2, 24), action), network.layer(network.blank(2, 24), action))
    assert loaded.fidelity(stamp, count=8).count == 8
    with pytest.raises(OptionError, match="pass renderer="):
        loaded.fidelity()
    with pytest.raises(OptionError, match="no marks"):
        loaded.vocabulary.to_mark([0.5, 0.5, 0.5], 24)
    with pytest.raises(OptionError, match="expected one of thin"):
        build(vocabulary="stamps")


def test_the_reach_of_a_renderer_is_measured():
    tried, ink = check_renderer(lambda a: render_layers(QUADRATIC, a, 24), QUADRATIC, 24)
    assert 0.4 < measure_reach(QUADRATIC, torch.from_numpy(tried).float(), torch.from_numpy(ink)) < 2


BAD = {
    "shape": (lambda a: np.zeros((len(a), 5, 5)), r"expected layers \(256, 1, 24, 24\).*got \(256, 5, 5\)"),
    "nan": (lambda a: np.full((len(a), 24, 24), np.nan), "expected values in"),
    "bytes": (lambda a: stamp(a) * 255, "divide bytes by 255"),
    "ragged": (lambda a: [[1.0], [1.0, 2.0]], "expected an array of numbers"),
    "blank": (lambda a: np.zeros((len(a), 24, 24)), "ink from most random actions, got some from 0%"),
    "always the same": (lambda a: np.repeat(stamp(np.full((1, 3), 0.5)), len(a), 0), "the same for all"),
    "polarity": (lambda a: 1 - stamp(a), "turn the polarity"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_renderer_is_found_out_before_training(name):
    renderer, message = BAD[name]
    with pytest.raises(OptionError, match=message):
        check_renderer(renderer, STAMP, 24)


def test_layers_of_ink_may_lack_the_channel():
    actions = np.random.default_rng(0).random((2, 3))
    assert paint_layers(stamp, STAMP, actions, 24).shape == (2, 1, 24, 24)
