"""Every model of the table: finite loss, a gradient for every parameter, the same under a seed, saved = loaded."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from sketch2img_models import LABELS, SMALL, shapes
from strokewright.datasets.shapes import SceneBatches
from strokewright.errors import OptionError, WeightsError
from strokewright.models import MODELS, find_model
from strokewright.models.canvas_drawer.rooms.batches import plan_row
from strokewright.models.canvas_drawer.rooms.namer import ROOM_FACTS
from strokewright.models.pretrained import load_pretrained
from strokewright.render.actions import render_layers
from strokewright.render.protocol import VOCABULARIES


def drawer_batch():
    ink = torch.zeros(4, 64, 64)
    ink[:2, 30:33, 5:50] = 1
    ink[1:3, 8:40, 20:23] = 1
    canvas = ink.clone()
    canvas[:, :, 25:] = 0
    return {"ink": ink, "canvas": canvas}


def picture_batch():
    return {"target": drawer_batch()["ink"][:, None, 4:52:2, 4:52:2]}


def scene_batch():
    batch = SceneBatches(name="2-rectangles", count=8).batch(0, 8)
    return {name: torch.from_numpy(values) for name, values in batch.items()}


def plan_batch():
    types = np.zeros((512, 512), dtype=np.uint8)
    types[100:260, 100:300], types[100:260, 304:400], types[264:400, 100:400] = 3, 5, 11
    ink = np.where(ndimage.binary_dilation(types > 0, iterations=3) & (types == 0), 255, 0).astype(np.uint8)
    rows = [plan_row(ink, types), plan_row(ink.T, types.T)]
    return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def action_batch():
    action = torch.rand(4, 8, generator=torch.Generator().manual_seed(1))
    layer = render_layers(VOCABULARIES["quadratic"], action.double().numpy(), 24)
    return {"action": action, "layer": torch.from_numpy(layer)}


def choice_batch():
    corners = torch.rand(2, 5, 2, 2, generator=torch.Generator().manual_seed(0)) * 200
    corners[..., 1, :] += 220
    return {
        "crops": torch.arange(2 * 5 * 4 * 1600).remainder(251).byte().view(2, 5, 4, 40, 40),
        "boxes": (16 * corners).int().flatten(2),
        "facts": torch.linspace(0, 1, 270).view(2, 5, 27),
        "links": torch.arange(50).view(2, 5, 5) % 3 == 0,
        "span": torch.tensor([[0, 0, 6720, 6720]] * 2),
        "types": torch.tensor([[0, 3, 9, 1, 5], [2, 0, 7, -1, -1]]),
        "fit": torch.linspace(0, 1, 10).view(2, 5),
        "map": torch.full((2, 10, 32, 32), 0.1),
    }


def name_batch():
    rooms = choice_batch()
    facts = torch.randn(2, 5, ROOM_FACTS, generator=torch.Generator().manual_seed(0))
    return rooms | {"facts": facts, "types": rooms["types"].clamp(max=8)}


def step_batch():
    rows = torch.zeros(4, 9, 5)
    rows[:, 1:, :2] = torch.randn(4, 8, 2, generator=torch.Generator().manual_seed(0))
    length = torch.tensor([3, 7, 5, 1])
    for row, n in zip(rows, length.tolist(), strict=True):
        row[: n + 1, 2] = 1
        row[n + 1 :] = torch.tensor([0.0, 0, 0, 0, 1])
    return {"rows": rows, "length": length, "label": torch.tensor([0, 1, 1, 0])}


EXAMPLES = {
    "air": ({"hidden": 16, "template": "square"}, scene_batch),
    "canvas-network": ({"hidden": 8, "depth": 2}, action_batch),
    "draw": ({"hidden": 16, "latent_size": 4}, scene_batch),
    "drawer": ({"size_px": 24, "steps": 2, "channels": (8, 8, 8), "hidden": 16}, picture_batch),
    "line-drawer": (
        {"steps": 3, "channels": (8, 8, 8), "hidden": 16, "soft_share": 0.0, "stop_share": 0.0},
        drawer_batch,
    ),
    "photo-classifier": ({"labels": LABELS, "size": 32, "base": 4, "dropout": 0.0}, shapes),
    "photo-judge": ({"labels": LABELS, "size": 32, "base": 4}, shapes),
    "painter": ({"hidden": 16, "looks": 1, "early_share": 0.3, "lesson": 1.0, "lesson_share": 1.0}, scene_batch),
    "room-chooser": ({"width": 16, "layers": 1, "channels": (4, 4, 4), "dropout": 0.0}, choice_batch),
    "room-namer": (
        {"members": 2, "width": 16, "layers": 1, "channels": (4, 4, 4), "dropout": 0.0, "facts_dropout": 0.0},
        name_batch,
    ),
    "room-drawer": ({"channels": (8, 8, 8, 8), "dropout": 0.0}, plan_batch),
    "sketch-rnn": (
        {
            "encoder_size": 8,
            "decoder_cell": "layer-norm",  # a HyperLSTM begins with scales that its smaller cell cannot move
            "decoder_size": 12,
            "latent_size": 4,
            "components": 3,
            "labels": ("cat", "bus"),
            "label_size": 3,
            "n_max": 12,
            "kl_weight_start": 1.0,
            "kl_floor": 0.0,
        },
        step_batch,
    ),
    "sketch2img": (SMALL, shapes),
}


@pytest.fixture(params=MODELS)
def name(request):
    assert request.param in EXAMPLES, "give the new model a small config and a batch in EXAMPLES"
    return request.param


def build(name, seed=0):
    torch.manual_seed(seed)
    return find_model(name).from_options(EXAMPLES[name][0])


def test_loss_is_finite_and_reaches_every_parameter(name):
    model, batch = build(name), EXAMPLES[name][1]()
    scores = model.loss(batch)
    assert all(torch.isfinite(torch.as_tensor(score)).all() for score in scores.values())
    assert scores["loss"].shape == ()
    scores["loss"].backward()
    for place, parameter in model.named_parameters():
        assert parameter.grad is not None, place
        assert torch.isfinite(parameter.grad).all(), place
        assert parameter.grad.abs().sum() > 0, place


def test_repeatable_under_a_seed(name):
    batch = EXAMPLES[name][1]()
    losses = [build(name, seed).loss(batch)["loss"].item() for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_learns_one_batch(name):
    model, batch = build(name), EXAMPLES[name][1]()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = model.loss(batch)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < losses[0]


def test_saved_equals_loaded(name, tmp_path):
    model, batch = build(name), EXAMPLES[name][1]()
    model.save_pretrained(tmp_path)
    loaded = load_pretrained(tmp_path)
    assert loaded.config == model.config
    losses = []
    for either in (loaded, model.eval()):
        torch.manual_seed(0)  # a model may draw noise while it is scored too
        losses.append(either.loss(batch)["loss"].item())
    assert losses[0] == losses[1]
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(WeightsError):
        load_pretrained(tmp_path)


def test_a_wrong_option_names_the_field(name):
    with pytest.raises(OptionError, match="no_such_field"):
        find_model(name).from_options({"no_such_field": 1})
