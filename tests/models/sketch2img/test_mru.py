import pytest
import torch
from torch import nn

from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.discriminator import Discriminator
from strokewright.models.sketch2img.generator import Generator, UNetGenerator
from strokewright.models.sketch2img.mru import DecoderUnit, EncoderUnit, NoNorm, initialise, spread
from strokewright.models.sketch2img.norms import ConditionalBatchNorm


def test_masks_reach_from_0_to_1_and_flat_ones_are_0_with_a_finite_gradient():
    x = torch.randn(2, 3, 8, 8)
    x[0, 0] = 0.7
    x.requires_grad_()
    mask = spread(x)
    assert mask[0, 0].abs().max() == 0
    assert mask.amin((2, 3)).abs().max() == 0
    assert mask[0, 1:].amax((1, 2)).min() > 0.99
    mask.square().sum().backward()
    assert x.grad.isfinite().all()
    single = spread(torch.ones(1, 2, 1, 1))  # at 1×1 the original divides 0 by 0
    assert single.isfinite().all()


def test_masks_have_true_slopes_and_those_have_slopes_too():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(spread, x)
    assert torch.autograd.gradgradcheck(spread, x)  # R1, R2 and DRAGAN


def test_encoder_unit_follows_its_equations():
    torch.manual_seed(0)
    unit = EncoderUnit(2, 1, 5, lambda _: NoNorm(), lambda: torch.relu)
    h, image = torch.randn(3, 2, 8, 8), torch.randn(3, 1, 8, 8)
    initialise(unit, torch.nn.init.normal_)
    assert torch.all(unit.gate.bias == 0.5)
    assert not unit.first.bias.any()
    gate = spread(nn.functional.leaky_relu(unit.gate(torch.cat([torch.relu(h), image], 1)), 0.2))
    t = h + gate * unit.image(image)
    u = unit.second(torch.relu(unit.first(torch.relu(t))))
    expected = nn.functional.avg_pool2d(unit.pass_on(h) + u, 2)
    assert torch.allclose(unit(h, image), expected, atol=1e-5)


@pytest.mark.parametrize("out", [2, 5])
def test_decoder_unit_passes_on_or_changes_by_its_mask(out):
    torch.manual_seed(0)
    unit = DecoderUnit(2, 3, out, lambda c: ConditionalBatchNorm(c, 1), torch.relu).eval()
    h, image, label = torch.randn(3, 2, 8, 8), torch.randn(3, 3, 8, 8), torch.zeros(3, dtype=torch.long)
    masks = spread(nn.functional.leaky_relu(unit.gates(torch.cat([h, image], 1)), 0.2))
    keep, change = masks[:, :2], masks[:, 2:]
    u = torch.relu(unit.norms[0](unit.first(torch.cat([keep * h, image], 1)), label))
    u = torch.relu(unit.norms[1](unit.second(u), label))
    passed = h if out == 2 else torch.relu(unit.norms[2](unit.pass_on(h), label))
    assert torch.allclose(unit(h, image, label), (1 - change) * passed + change * u, atol=1e-5)


@pytest.mark.parametrize(("size", "stride"), [(32, 1), (32, 2), (64, 1), (64, 2), (128, 2)])
def test_networks_fit_every_size(size, stride):
    config = Sketch2ImgConfig(size=size, base=4, noise_size=4, labels=("a", "b", "c"), discriminator_stride=stride)
    distance, label, noise = torch.rand(2, 1, size, size), torch.tensor([0, 2]), torch.randn(2, 4)
    for network in (Generator(config), UNetGenerator(config)):
        picture = network(distance, label, noise)
        assert picture.shape == (2, 3, size, size)
        assert picture.abs().max() < 1
    logits, classes = Discriminator(config)(picture, distance)
    assert logits.shape == (2, 1, 4, 4)
    assert classes.shape == (2, 3)


def test_parameters_of_the_full_size_are_those_of_the_spec():
    """21.7 and 17.2 million at base 64, with 125 classes to scale, shift and tell apart."""
    config = Sketch2ImgConfig(labels=tuple(map(str, range(125))))
    counts = [sum(p.numel() for p in network(config).parameters()) / 1e6 for network in (Generator, Discriminator)]
    assert counts == pytest.approx([21.7, 17.2], rel=0.1)
