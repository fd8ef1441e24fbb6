"""The losses of Sketch2Img, each a function of tensors. All are to be minimised.

Source: the report and the program of SketchyGAN (cross-entropy, focal class loss, DRAGAN, diversity); Lim and Ye,
Geometric GAN (hinge); Huang et al., The GAN is dead; long live the GAN! (relativistic pairs, R1 and R2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Judge = Callable[[Tensor], Tensor]
"""Pictures in, logits out: the discriminator with the sketches held fixed."""


class Targets(NamedTuple):
    """What the discriminator's cross-entropy wants to see.

    Args:
        real: Of real pictures: 1, or less for soft labels.
        noise: The targets vary by up to so much.
        flip_share: Share of the pictures whose target is swapped.
    """

    real: float = 1.0
    noise: float = 0.0
    flip_share: float = 0.0

    def like(self, logits: Tensor, is_real: bool) -> Tensor:
        """Draw targets for logits (batch, …)."""
        shape = (len(logits), *[1] * (logits.dim() - 1))
        flip = torch.rand(shape, device=logits.device) < self.flip_share
        target = torch.where(flip != is_real, self.real, 0.0)
        target = target + self.noise * (2 * torch.rand(shape, device=logits.device) - 1)
        return target.clamp(0, 1).expand_as(logits)


def discriminator_loss(kind: str, real: Tensor, fake: Tensor, targets: Targets | None = None) -> Tensor:
    """Return the adversarial loss of the discriminator for logits of real and fake pictures of the same sketches."""
    if kind == "relativistic":
        return F.softplus(fake - real).mean()
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    wanted = targets or Targets()
    on_real = F.binary_cross_entropy_with_logits(real, wanted.like(real, is_real=True))
    return on_real + F.binary_cross_entropy_with_logits(fake, wanted.like(fake, is_real=False))


def generator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """Return the adversarial loss of the generator; `real` counts in the relativistic one alone."""
    if kind == "relativistic":
        return F.softplus(real - fake).mean()
    return -fake.mean() if kind == "hinge" else F.softplus(-fake).mean()


def focal_loss(logits: Tensor, label: Tensor, focus: float) -> Tensor:
    """Return the mean of (1 - p)^focus · -log p, p the probability of the right class: easy pictures count less."""
    log_p = F.log_softmax(logits, 1).gather(1, label[:, None])[:, 0]
    return -((1 - log_p.exp()) ** focus * log_p).mean()


def dragan_penalty(judge: Judge, real: Tensor) -> Tensor:
    """Return mean(max(0, |∇D(x')| - 1)²) for x' = x + a·½·std(X)·u near real pictures x alone.

    The norm is over all channels and pixels, a ~ U[0, 1] for each picture, u ~ U[0, 1) for each pixel; the deviation is
    that of the whole batch. D of a picture is the sum of its map of logits, as in the program of SketchyGAN. The
    report's program went from real to fake pictures, and took norms of pixels.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    moved = real + share * 0.5 * real.std() * torch.rand_like(real)
    return F.relu(_slopes(lambda x: judge(x).flatten(1).sum(1), moved).sqrt() - 1).square().mean()


def zero_centred_penalty(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """Return (R1 + R2)/2: half the mean squared slope of D, the mean of its map, at real and at fake pictures."""
    return 0.5 * _slopes(lambda x: judge(x).flatten(1).mean(1), torch.cat([real, fake])).sum() / len(real)


def _slopes(score: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """Return the squared norm of the gradient of each picture's score, (batch,)."""
    pictures = pictures.detach().requires_grad_()
    (slope,) = torch.autograd.grad(score(pictures).sum(), pictures, create_graph=True)
    return slope.square().sum((1, 2, 3)) + 1e-12  # the root's gradient at 0


def diversity_loss(one: Tensor, other: Tensor, z_one: Tensor, z_other: Tensor, limit: float | None = None) -> Tensor:
    """Return -mean(min(limit, |G(z1) - G(z2)| / |z1 - z2|)): the mean over a picture's pixels, the norm of z."""
    change = (one - other).abs().mean((1, 2, 3)) / (z_one - z_other).norm(dim=1)
    return -(change if limit is None else change.clamp(max=limit)).mean()
