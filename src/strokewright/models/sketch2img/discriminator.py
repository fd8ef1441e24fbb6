"""The discriminator: is it a photo of this sketch, and what does it show? It sees picture and sketch together."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.mru import EncoderUnit, NoNorm, initialise
from strokewright.models.sketch2img.norms import LearnedLeak, SpectralNorm

_STEM_CHANNELS = 8
_LAST_PX = 4  # side of the map of logits
_PLAIN_SLOPE = 0.2


class Discriminator(nn.Module):
    """Masked residual units without norm, and two heads: a 4×4 map of logits, and classes.

    Base b, size 64: the stem gives 8 channels; units of 2b, 4b, 8b, 12b channels at 64, 32, 16, 8 px halve the map to
    4×4. With `discriminator_stride` 2 the stem halves it and one unit is left out, at a third of the cost.

    Differs from the original in seeing the sketch; batch norm beside spectral norm, which the report has, is left out.
    """

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        self.config = config
        b, stride = config.base, config.discriminator_stride
        stem = _STEM_CHANNELS * stride
        seen = 4 if config.discriminator_sees_sketch else 3
        units = (config.size // stride // _LAST_PX).bit_length() - 1
        widths = [stem, *[2 * b, 4 * b, 8 * b, 12 * b, 12 * b, 12 * b][:units]]
        self.stem = nn.Conv2d(seen, stem, 7, stride, padding=3)
        self.stem_leak = LearnedLeak()
        self.units = nn.ModuleList(
            EncoderUnit(a, seen, c, lambda _: NoNorm(), LearnedLeak) for a, c in pairwise(widths)
        )
        self.last_leak = LearnedLeak()
        self.logit = nn.Conv2d(widths[-1], 1, 1)
        self.classes = nn.Linear(widths[-1], config.kinds or len(config.labels))
        _prepare(self, config.spectral_norm)

    def forward(self, picture: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (batch, 1, 4, 4), high for photos, and logits of the classes (batch, classes).

        Args:
            picture: (batch, 3, size, size) in [-1, 1].
            distance: (batch, 1, size, size), the map of its sketch.
        """
        image = torch.cat([picture, distance], 1) if self.config.discriminator_sees_sketch else picture
        x = self.stem_leak(self.stem(image))
        image = image.to(x.dtype, memory_format=torch.channels_last)  # as x is: joining both would else convert x
        if self.config.discriminator_stride == 2:
            image = F.avg_pool2d(image, 2)
        for unit in self.units:
            x = unit(x, image)
            image = F.avg_pool2d(image, 2)
        x = self.last_leak(x)
        return self.logit(x).float(), self.classes(x.mean((2, 3))).float()


class PatchDiscriminator(nn.Module):
    """The baseline's: four convolutions that judge overlapping patches of picture and sketch, and a class head.

    Source: Isola et al., section 6.1, without norm in its layers; the class head is ours, for the same losses.
    """

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        b = config.base
        widths = [4, b, 2 * b, 4 * b]
        self.layers = nn.ModuleList(nn.Conv2d(a, c, 4, 2, 1) for a, c in pairwise(widths))
        self.logit = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.classes = nn.Linear(widths[-1], config.kinds or len(config.labels))
        _prepare(self, config.spectral_norm)

    def forward(self, picture: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (batch, 1, size/8, size/8) and logits of the classes; arguments as of `Discriminator`."""
        x = torch.cat([picture, distance], 1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _PLAIN_SLOPE)
        return self.logit(x).float(), self.classes(x.mean((2, 3))).float()


def make_discriminator(config: Sketch2ImgConfig) -> Discriminator | PatchDiscriminator:
    """Build the discriminator that the config names."""
    return Discriminator(config) if config.network == "mru" else PatchDiscriminator(config)


def advance_spectral_norms(network: nn.Module) -> None:
    """Take one power iteration of every spectral norm: once a step, before its first forward pass."""
    for layer in network.modules():
        if parametrize.is_parametrized(layer, "weight"):
            norms = layer.parametrizations["weight"]  # type: ignore[index,union-attr]
            norms[0].advance(norms.original)  # type: ignore[index,operator]


def _prepare(network: nn.Module, spectral_norm: bool) -> None:
    """Begin with He's weights, which keep the scale of a network without norms; divide them by their norm if asked."""
    initialise(network, partial(nn.init.kaiming_normal_, a=_PLAIN_SLOPE))
    for layer in list(network.modules()):
        if spectral_norm and isinstance(layer, nn.Conv2d | nn.Linear):
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))
