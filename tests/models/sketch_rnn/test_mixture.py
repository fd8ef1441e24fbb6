import math

import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.mixture import RULES, Mixture, draw_noise


def output(*shape, scale=1.0, seed=0):
    return scale * torch.randn(*shape, 3 + 6 * 4, generator=torch.Generator().manual_seed(seed))


def test_density_is_that_of_torch():
    y = output(5)
    mixture = Mixture.from_output(y)
    offsets = torch.randn(5, 2, generator=torch.Generator().manual_seed(1))
    sigma = mixture.log_sigma.exp()
    cross = mixture.rho * sigma.prod(-1)
    covariance = torch.stack([sigma[..., 0] ** 2, cross, cross, sigma[..., 1] ** 2], -1).unflatten(-1, (2, 2))
    normal = torch.distributions.MultivariateNormal(mixture.mean, covariance)
    expected = (torch.softmax(mixture.weight_logits, -1) * normal.log_prob(offsets[:, None]).exp()).sum(-1)
    torch.testing.assert_close(mixture.log_density(offsets), expected.log(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mixture.offset_loss(offsets), -(expected + 1e-6).log(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4, 1e30])
def test_no_output_gives_nan(scale):
    y = output(200, scale=scale).requires_grad_()
    mixture = Mixture.from_output(y)
    loss = mixture.offset_loss(torch.full((200, 2), 500.0)) - mixture.log_pen()[..., 0].clamp(min=-1e6)
    assert torch.isfinite(loss).all()
    assert loss.max() <= 1e6 + 14
    loss.sum().backward()
    assert torch.isfinite(y.grad).all()
    assert (mixture.rho.abs() < 1).all()


def test_under_autocast_losses_stay_exact():
    y, offsets = output(50), torch.randn(50, 2)
    expected = Mixture.from_output(y).offset_loss(offsets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(Mixture.from_output(y).offset_loss(offsets), expected)


def test_samples_follow_the_distribution():
    y = output(1, seed=5)
    mixture = Mixture.from_output(y.expand(20000, -1))
    rows = mixture.sample(draw_noise((20000,), torch.Generator().manual_seed(2)))
    weights = torch.softmax(mixture.weight_logits[0], -1)
    expected = (weights[:, None] * mixture.mean[0]).sum(0)
    torch.testing.assert_close(rows[:, :2].mean(0), expected, atol=0.05, rtol=0)
    square = (weights[:, None] * (mixture.mean[0] ** 2 + mixture.log_sigma[0].exp() ** 2)).sum(0)
    torch.testing.assert_close(rows[:, :2].square().mean(0), square, atol=0.3, rtol=0.1)
    cross = mixture.rho[0] * mixture.log_sigma[0].exp().prod(-1) + mixture.mean[0].prod(-1)
    assert rows[:, :2].prod(-1).mean().item() == pytest.approx((weights * cross).sum().item(), abs=0.1)
    torch.testing.assert_close(rows[:, 2:].mean(0), mixture.log_pen()[0].exp(), atol=0.02, rtol=0)
    assert (rows[:, 2:].sum(1) == 1).all()


@pytest.mark.parametrize("rule", RULES)
def test_at_temperature_zero_only_the_likeliest_remains(rule):
    mixture = Mixture.from_output(output(30)).tempered(0.0, rule)
    original = Mixture.from_output(output(30))
    rows = mixture.sample(draw_noise((30,), torch.Generator().manual_seed(3)))
    heaviest = original.weight_logits.argmax(-1)
    assert torch.equal(rows[:, :2], original.mean[torch.arange(30), heaviest])
    assert torch.equal(rows[:, 2:].argmax(-1), original.pen_logits.argmax(-1))


@pytest.mark.parametrize("rule", RULES)
def test_at_temperature_one_nothing_changes(rule):
    original = Mixture.from_output(output(3))
    same = original.tempered(1.0, rule)
    for ours, expected in zip(vars(same).values(), vars(original).values(), strict=True):
        assert torch.equal(ours, expected)


def test_a_draw_of_one_never_falls_off_the_end():
    noise = torch.tensor([[math.nextafter(1, 0), math.nextafter(1, 0), 0, 0]]).repeat(100, 1)
    assert torch.isfinite(Mixture.from_output(output(100)).sample(noise.float())).all()


def test_wrong_temperatures_and_rules():
    mixture = Mixture.from_output(output(1))
    for temperature in (-0.1, math.nan):
        with pytest.raises(OptionError, match=">= 0"):
            mixture.tempered(temperature)
    with pytest.raises(OptionError, match="paper, js, tf"):
        mixture.tempered(0.5, "tensorflow")
