"""How a Sketch2Img is trained: a generator and a discriminator, each with a turn of its own in every step.

In its turn the discriminator compares photos with fakes made for the same sketches. In the generator's turn the very
same fakes, whose graph was kept, are judged again by the discriminator as it is now: a step runs the generator once.
"""

from __future__ import annotations

from collections.abc import Generator as Frame
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.errors import OptionError
from strokewright.models import import_object
from strokewright.models.pretrained import Pretrained, load_pretrained
from strokewright.models.sketch2img.augment import augment
from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.discriminator import advance_spectral_norms, make_discriminator
from strokewright.models.sketch2img.features import FeatureNet, Pyramid, perceptual_distance
from strokewright.models.sketch2img.losses import (
    Targets,
    discriminator_loss,
    diversity_loss,
    dragan_penalty,
    focal_loss,
    generator_loss,
    zero_centred_penalty,
)
from strokewright.models.sketch2img.sketch2img import Sketch2Img, signs_of_collapse, to_unit

Scores = dict[str, Any]
_MOST_BLACK, _MOST_SATURATED = 0.5, 0.95


@dataclass(frozen=True)
class _Real:
    """What the discriminator is shown as real: the photos of the step's sketches, or pairs of a loader of its own."""

    photo: Tensor
    distance: Tensor
    kind: Tensor


@dataclass(frozen=True)
class _Step:
    """What both turns of a step share.

    Args:
        real: For the discriminator.
        photo: (batch, 3, size, size) in [-1, 1].
        distance: (batch, 1, size, size) in [-1, 1].
        kind: (batch,) classes of the class losses: the batch's column `kind`, or its labels.
        fake: (batch + twins, 3, size, size), with its graph; the last ones are the first sketches with other noise.
        noise: (batch + twins, noise_size).
    """

    real: _Real
    photo: Tensor
    distance: Tensor
    kind: Tensor
    fake: Tensor
    noise: Tensor


class Sketch2ImgGAN(Pretrained):
    """A Sketch2Img with its discriminator. What is averaged, scored and kept is `product`.

    Args:
        config: As of `Sketch2Img`.
    """

    watched = (
        "discriminator.class_accuracy",
        "generator.diversity",
        "generator.black",
        "generator.saturated",
    )

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        self.config = config
        self.product = Sketch2Img(config)
        self.discriminator = make_discriminator(config)
        self.discriminator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._features = (_feature_net(config.feature_net),)  # in a tuple: neither trained nor saved
        self._share, self._number = 0.0, 0
        self._step: _Step | None = None

    def set_progress(self, share: float) -> None:
        """Hear how much of the run is used up: weights change with it."""
        self._share = share

    def set_step(self, step: int) -> None:
        """Hear the step's number: the penalty comes each so many steps."""
        self._number = step

    def turns(self) -> dict[str, nn.Module]:
        """Return the turns of a step, in order, and what each moves."""
        return {"discriminator": self.discriminator, "generator": self.product}

    def turn(self, name: str, batch: dict[str, Tensor]) -> Scores:
        """Return the loss of a turn, and what is worth knowing beside it."""
        if name == "discriminator":
            self._step = self._paint(batch)
            return self._discriminate(self._step)
        assert self._step is not None  # the discriminator's turn is the first
        scores = self._generate(self._step)
        self._step = None
        return scores

    def _paint(self, batch: dict[str, Tensor]) -> _Step:
        photo, distance, label = to_unit(batch["photo"]), to_unit(batch["distance"])[:, None], batch["label"]
        twins = round(len(photo) * self.config.diversity_share) if self.config.diversity_weight else 0
        noise = self.product.draw_noise(len(photo) + twins)
        fake = self.product(torch.cat([distance, distance[:twins]]), torch.cat([label, label[:twins]]), noise)
        kind = batch.get("kind", label)
        return _Step(self._real(batch, _Real(photo, distance, kind)), photo, distance, kind, fake, noise)

    def _real(self, batch: dict[str, Tensor], own: _Real) -> _Real:
        if "real_photo" not in batch:
            return own
        if self.config.adversarial == "relativistic":
            raise OptionError(
                "real_edge_share: the relativistic loss compares real and fake of the same sketch, so it takes no "
                "photos of a second loader; leave the option out, or choose cross-entropy or hinge"
            )
        return _Real(to_unit(batch["real_photo"]), to_unit(batch["real_distance"])[:, None], batch["real_kind"])

    def _discriminate(self, step: _Step) -> Scores:
        config, count = self.config, len(step.photo)
        advance_spectral_norms(self.discriminator)
        pictures, distances = _beside(step)
        logits, classes = self.discriminator(*augment(pictures, distances, config.augment))
        real, fake = logits.split(count)
        targets = Targets(config.real_target, config.target_noise, config.flip_share)
        loss = discriminator_loss(config.adversarial, real, fake, targets)
        right = (classes.argmax(1) == torch.cat([step.real.kind, step.kind])).float()
        scores = {"real": real.mean(), "fake": fake.mean()}
        scores |= {"class_accuracy": right[:count].mean(), "fake_class_accuracy": right[count:].mean()}
        if config.class_weight:
            scores["class_loss"] = focal_loss(classes[:count], step.real.kind, config.focus)
            loss = loss + config.class_weight * scores["class_loss"]
            if config.class_on_fakes:
                loss = loss + config.class_weight * focal_loss(classes[count:], step.kind, config.focus)
        if config.penalty != "none" and self._number % config.penalty_every == 0:
            scores["penalty"] = config.penalty_every * self._penalty(step)  # means over steps are then its own
            loss = loss + self._penalty_weight() * scores["penalty"]
        return {"loss": self._unless_collapsed(loss, step), **scores}

    def _penalty_weight(self) -> float:
        return self._between(self.config.penalty_weight, self.config.penalty_weight_end)

    def _penalty(self, step: _Step) -> Tensor:
        """Return the penalty, in single precision: it is a slope's slope."""
        count = len(step.photo)
        with torch.autocast(step.photo.device.type, enabled=False):
            if self.config.penalty == "dragan":
                real = step.real
                return dragan_penalty(lambda x: self.discriminator(x, real.distance)[0], real.photo)
            pictures, distances = augment(*_beside(step), self.config.augment)
            return zero_centred_penalty(lambda x: self.discriminator(x, distances)[0], *pictures.split(count))

    def _generate(self, step: _Step) -> Scores:
        config, count = self.config, len(step.photo)
        fake = step.fake[:count]
        with _at_rest(self.discriminator):
            logits, classes = self.discriminator(*augment(fake, step.distance, config.augment))
            real = logits
            if config.adversarial == "relativistic":
                with torch.no_grad():
                    real = self.discriminator(*augment(step.photo, step.distance, config.augment))[0]
        adversarial = generator_loss(config.adversarial, real, logits)
        l1 = (fake - step.photo).abs().mean()
        loss = adversarial + self._between(config.l1_weight, config.l1_weight_end) * l1
        scores: Scores = {"adversarial": adversarial, "l1": l1 / 2, **signs_of_collapse(self.product.as_photos(fake))}
        if config.generator_class_weight:
            scores["class_loss"] = F.cross_entropy(classes, step.kind)
            loss = loss + config.generator_class_weight * scores["class_loss"]
        if config.perceptual_weight:
            scores["perceptual"] = perceptual_distance(self._seen_by(fake.device), fake, step.photo)
            loss = loss + config.perceptual_weight * scores["perceptual"]
        if (twins := len(step.fake) - count) > 0:
            other = step.fake[count:]
            reward = diversity_loss(fake[:twins], other, step.noise[:twins], step.noise[count:], config.diversity_limit)
            scores["diversity"] = (fake[:twins] - other).abs().mean() / 2
            loss = loss + config.diversity_weight * reward
        return {"loss": self._unless_collapsed(loss, step), **scores}

    def _unless_collapsed(self, loss: Tensor, step: _Step) -> Tensor:
        """Return the loss, or NaN if most fakes have become black, or all values extreme, where photos are not.

        The loop skips such a step, and goes back to good weights when it happens again.
        """
        fake = step.fake[: len(step.photo)]
        now, wanted = (signs_of_collapse(self.product.as_photos(pictures)) for pictures in (fake, step.photo))
        black = (now["black"] > _MOST_BLACK) & (wanted["black"] < _MOST_BLACK / 2)
        extreme = (now["saturated"] > _MOST_SATURATED) & (wanted["saturated"] < _MOST_SATURATED)
        return torch.where(black | extreme, torch.nan, loss)

    def _seen_by(self, device: torch.device) -> FeatureNet:
        """Return the feature net on a device; it is no part of the model that the loop moves."""
        net = self._features[0]
        return net.to(device) if isinstance(net, nn.Module) else net

    def _between(self, first: float, last: float) -> float:
        return first + (last - first) * self._share


def _beside(step: _Step) -> tuple[Tensor, Tensor]:
    """Return real and then fake pictures, cut off from the generator, and the maps of their sketches."""
    fake = step.fake[: len(step.photo)].detach()
    return torch.cat([step.real.photo, fake]), torch.cat([step.real.distance, step.distance])


@contextmanager
def _at_rest(network: nn.Module) -> Frame[None]:
    """Keep gradients away from a network's weights inside a with block; they pass through it."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def _feature_net(place: str) -> FeatureNet:
    if not place:
        return Pyramid()
    net: Any = import_object(place)() if ":" in place and not Path(place).exists() else load_pretrained(place)
    if not callable(getattr(net, "features", None)):
        raise OptionError(f"feature_net: expected a photo classifier or another FeatureNet, got a {type(net).__name__}")
    if isinstance(net, nn.Module):
        net.eval().requires_grad_(False)
    return cast(FeatureNet, net)
