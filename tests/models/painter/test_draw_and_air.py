"""DRAW, T-DRAW, AIR and T-AIR: shapes, lower bounds, samples, that they learn a batch."""

import pytest
import torch

from strokewright.datasets.shapes import SceneBatches
from strokewright.models.painter.air import Air, AirConfig
from strokewright.models.painter.draw import Draw, DrawConfig, normal_cost

SMALL = {"hidden": 24, "steps": 3}


def target(count=6):
    return {k: torch.from_numpy(v) for k, v in SceneBatches(split="valid", count=30).batch(0, count).items()}


@pytest.mark.parametrize("kind", [Draw, Air])
@pytest.mark.parametrize("template", ["", "square"])
def test_bounds_and_learning(kind, template):
    torch.manual_seed(0)
    config = DrawConfig if kind is Draw else AirConfig
    model, batch = kind(config(**SMALL, template=template)), target()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    bounds = []
    for _ in range(15):
        scores = model.loss(batch)
        assert scores["loss"].item() == pytest.approx((scores["reconstruction"] + scores["cost"]).item(), rel=1e-5)
        assert scores["cost"] > 0
        optimiser.zero_grad()
        scores["loss"].backward()
        optimiser.step()
        bounds.append(scores["loss"].item())
    assert min(bounds[-4:]) < bounds[0]
    assert ("solved" in model.metrics(batch)) == bool(template)


def test_draw_samples_its_prior():
    model = Draw(DrawConfig(**SMALL))
    pictures = model.sample(4, seed=3)
    assert pictures.shape == (4, 1, 28, 28)
    assert torch.equal(pictures, model.sample(4, seed=3))
    assert 0 <= pictures.min() <= pictures.max() <= 1


def test_the_cost_of_a_normal():
    assert normal_cost(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == [0, 0]
    assert normal_cost(torch.ones(1, 3), torch.zeros(1, 3)).item() == pytest.approx(1.5)


def test_air_paints_nothing_when_there_is_nothing():
    torch.manual_seed(0)
    model = Air(AirConfig(**SMALL, template="square"))
    with torch.no_grad():
        model.whether.weight.zero_()
        model.whether.bias.fill_(-30.0)
    objects = model.run(target()["target"])
    assert torch.allclose(objects.canvases[:, -1], torch.ones(6, 1, 28, 28), atol=1e-4)
