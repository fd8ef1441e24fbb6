import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.discriminator import Discriminator, advance_spectral_norms
from strokewright.models.sketch2img.norms import ConditionalBatchNorm, SpectralNorm, smooth_relu


def test_each_class_has_its_own_scale_and_shift():
    norm = ConditionalBatchNorm(3, 2)
    norm.shift.data[1] = 5
    norm.scale.data[1] = 2
    x = torch.randn(64, 3, 4, 4) * 3 + 1
    label = torch.arange(64) % 2
    y = norm(x, label).detach()
    assert y[label == 0].mean() == pytest.approx(0, abs=0.2)
    assert y[label == 1].mean() == pytest.approx(5, abs=0.4)
    assert y[label == 1].std() == pytest.approx(2, abs=0.2)


def test_classes_begin_alike_unless_told_otherwise():
    alike, apart = ConditionalBatchNorm(64, 4), ConditionalBatchNorm(64, 4, deviation=0.1)
    assert (alike.scale == 1).all()
    assert not alike.shift.any()
    assert apart.scale.std(0).mean().item() == pytest.approx(0.1, rel=0.3)
    assert apart.shift.std(0).mean().item() == pytest.approx(0.1, rel=0.3)
    assert apart.scale.mean().item() == pytest.approx(1, abs=0.05)


def test_evaluation_uses_running_statistics():
    norm = ConditionalBatchNorm(3, 1, momentum=1.0)
    x = torch.randn(8, 3, 4, 4) * 3 + 1
    label = torch.zeros(8, dtype=torch.long)
    norm(x, label)
    norm.eval()
    together = norm(x, label).detach()
    assert torch.allclose(norm(x[:1], label[:1]), together[:1], atol=1e-6)
    assert together[0].mean() != pytest.approx(0, abs=1e-4)


def test_smooth_relu_has_the_slope_of_its_formula():
    x = torch.linspace(-3, 3, 31, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(smooth_relu(x), (x + (x * x + 0.09).sqrt()) / 2)
    assert torch.autograd.gradcheck(smooth_relu, x)


def test_spectral_norm_finds_the_largest_singular_value_and_moves_once_a_step():
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 6, 3)
    parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))
    norm = layer.parametrizations.weight[0]
    for _ in range(50):
        norm.advance(layer.parametrizations.weight.original)
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)

    network = Discriminator(Sketch2ImgConfig(size=32, base=4, labels=("a", "b"), spectral_norm=True))
    u = network.stem.parametrizations.weight[0].u.clone()
    picture, distance = torch.rand(2, 3, 32, 32), torch.rand(2, 1, 32, 32)
    outputs = [network(picture, distance)[0] for _ in range(2)]
    assert torch.equal(*outputs)
    assert torch.equal(u, network.stem.parametrizations.weight[0].u)
    network.stem.parametrizations.weight.original.data.mul_(torch.rand(8, 1, 1, 1))
    advance_spectral_norms(network)
    assert not torch.equal(u, network.stem.parametrizations.weight[0].u)
