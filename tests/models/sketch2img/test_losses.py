import math

import pytest
import torch
import torch.nn.functional as F

from strokewright.models.sketch2img.augment import augment
from strokewright.models.sketch2img.features import Pyramid, perceptual_distance
from strokewright.models.sketch2img.losses import (
    Targets,
    discriminator_loss,
    diversity_loss,
    dragan_penalty,
    focal_loss,
    generator_loss,
    zero_centred_penalty,
)


@pytest.mark.parametrize("kind", ["cross-entropy", "hinge", "relativistic"])
def test_each_side_is_rewarded_for_its_own_end(kind):
    real, fake = torch.full((4, 1, 2, 2), 0.3), torch.full((4, 1, 2, 2), -0.2)
    before, more = discriminator_loss(kind, real, fake), discriminator_loss(kind, real + 0.1, fake - 0.1)
    assert more < before
    assert generator_loss(kind, real, fake + 0.1) < generator_loss(kind, real, fake)


def test_adversarial_losses_are_those_of_the_formulas():
    real, fake = torch.tensor([[0.3], [2.0]]), torch.tensor([[-0.2], [1.0]])
    expected = (F.softplus(fake) + F.softplus(-real)).mean()
    assert discriminator_loss("cross-entropy", real, fake).item() == pytest.approx(expected.item())
    assert discriminator_loss("hinge", real, fake).item() == pytest.approx(0.35 + (0.8 + 2.0) / 2)
    assert generator_loss("relativistic", real, fake).item() == pytest.approx(
        (math.log1p(math.exp(0.5)) + math.log1p(math.exp(1.0))) / 2
    )


def test_soft_noisy_and_flipped_targets():
    torch.manual_seed(0)
    logits = torch.zeros(4000, 1, 2, 2)
    assert torch.all(Targets().like(logits, True) == 1)
    assert torch.all(Targets().like(logits, False) == 0)
    target = Targets(0.9, 0.05, 0.2).like(logits, True)
    assert (target > 0.5).float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert target[target > 0.5].min() >= 0.85
    assert target[target > 0.5].max() <= 0.95


def test_focal_loss_counts_sure_pictures_less():
    logits, label = torch.tensor([[4.0, 0.0], [0.2, 0.0]]), torch.tensor([0, 0])
    assert focal_loss(logits, label, 0).item() == pytest.approx(F.cross_entropy(logits, label).item())
    p = torch.softmax(logits, 1)[:, 0]
    assert focal_loss(logits, label, 2).item() == pytest.approx(((1 - p) ** 2 * -p.log()).mean().item())


def test_dragan_stays_near_real_pictures_and_is_one_sided_over_all_channels_and_pixels():
    """Fault 3 of the report: it went towards fakes, took the norm of each pixel, and punished small slopes too."""
    torch.manual_seed(0)
    real = torch.randn(5, 3, 8, 8)
    weight = torch.randn(3, 8, 8)
    seen = []

    def judge(x, scale):
        seen.append(x.detach())
        return (x * weight * scale).sum(1, keepdim=True)  # a map of logits; their sum is D

    steep = dragan_penalty(lambda x: judge(x, 1.0), real)
    assert steep.item() == pytest.approx((weight.norm().item() - 1) ** 2, rel=1e-4)
    assert dragan_penalty(lambda x: judge(x, 0.5 / weight.norm()), real).item() == 0
    for moved in seen:
        assert ((moved - real) >= 0).all()
        assert (moved - real).max() <= 0.5 * real.std() + 1e-6


def test_r1_and_r2_are_the_mean_squared_slopes():
    real, fake = torch.ones(4, 3, 2, 2), torch.full((4, 3, 2, 2), 3.0)
    for places in (1, 5):  # a map's mean counts, however large it is
        penalty = zero_centred_penalty(lambda x, n=places: (x**2).sum((1, 2, 3))[:, None].expand(-1, n) / 2, real, fake)
        assert penalty.item() == pytest.approx(0.5 * (12 * 1 + 12 * 9))


def test_diversity_is_a_reward_that_ends():
    one, other = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    z = torch.zeros(2, 4), torch.ones(2, 4)
    assert diversity_loss(one, other, *z).item() == pytest.approx(-0.25)
    assert diversity_loss(one, other, *z, limit=0.1).item() == pytest.approx(-0.1)
    assert diversity_loss(one, one, *z).item() == 0


def test_perceptual_loss_compares_features():
    """Fault 4 of the report: its loss was a difference of two scores, the same for a picture and its mirror image."""
    photo = torch.rand(2, 3, 32, 32)
    assert perceptual_distance(Pyramid(), photo, photo).item() == 0
    mirrored = photo.flip(3).requires_grad_()
    distance = perceptual_distance(Pyramid(), mirrored, photo)
    assert distance.item() > 0.05
    distance.backward()
    assert mirrored.grad.abs().sum() > 0


def test_augmentation_moves_sketch_and_picture_together():
    torch.manual_seed(0)
    picture, distance = torch.zeros(16, 3, 32, 32), torch.ones(16, 1, 32, 32)
    picture[:, :, 10, 12], distance[:, :, 10, 12] = 1, -1
    moved, moved_distance = augment(picture, distance, ("translation",))
    assert torch.equal(moved[:, :1] == 1, moved_distance == -1)
    assert (moved[:, 0, 10, 12] == 0).any()
    cut, cut_distance = augment(picture, distance, ("cutout",))
    assert torch.equal(cut[:, :1] == 1, cut_distance == -1)
    coloured, same = augment(picture, distance, ("colour",))
    assert torch.equal(same, distance)
    assert coloured.std((1, 2, 3)).std() > 0
