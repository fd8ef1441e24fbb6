"""The generator: a U-Net of masked residual units that sees the sketch at every scale, and noise at its bottom."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.mru import DecoderUnit, EncoderUnit, initialise
from strokewright.models.sketch2img.norms import ConditionalBatchNorm, smooth_relu

STEM_CHANNELS = 8
_DEVIATION = 0.02
_HALVINGS = 4
_STRIDE_FROM_PX = 64  # smaller pictures are not halved by the stem, and take one decoder unit less


class Generator(nn.Module):
    """Distance map, label and noise in, picture out.

    Base b, size 64: the stem gives 8 channels at 32 px; encoder units b, 2b, 4b, 8b at 16, 8, 4, 2 px; decoder units
    6b, 4b, 2b, 2b, b at 4, 8, 16, 32, 64 px. Decoder units are given noise (the first), the encoder's maps at 8, 16
    and 32 px, and the sketch at every size. Noise z ~ N(0, I) becomes b channels by a linear layer and the activation;
    it is not batch-normalised, which would wipe it out in a batch of one picture.

    Source: the program of SketchyGAN; start="label" and norm="plain" are the report's own variants.
    """

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        self.config = config
        b, classes = config.base, len(config.labels) if config.norm == "conditional" else 1
        stride = 2 if config.size >= _STRIDE_FROM_PX else 1
        self.narrow_px = config.size // stride // 2 ** (_HALVINGS - 1)
        norm = partial(ConditionalBatchNorm, classes=classes, deviation=config.class_deviation)
        self.label_picture = nn.Embedding(len(config.labels), config.size**2) if config.start == "label" else None
        self.stem = nn.Conv2d(1, STEM_CHANNELS, 7, stride, padding=3)
        widths = (STEM_CHANNELS, b, 2 * b, 4 * b, 8 * b)
        self.encoder = nn.ModuleList(
            EncoderUnit(widths[i], 1, widths[i + 1], norm, lambda: smooth_relu) for i in range(_HALVINGS)
        )
        self.encoded = norm(8 * b)
        self.noise = nn.Linear(config.noise_size, b * self.narrow_px**2)
        shape = [(8 * b, b, 6 * b), (6 * b, 2 * b, 4 * b), (4 * b, b, 2 * b), (2 * b, STEM_CHANNELS, 2 * b)]
        shape += [(2 * b, 0, b)] if stride == 2 else []
        self.decoder = nn.ModuleList(DecoderUnit(c, 1 + skip, out, norm, smooth_relu) for c, skip, out in shape)
        self.paint = nn.Conv2d(shape[-1][2], 3, 7, padding=3)
        initialise(self, partial(nn.init.normal_, std=_DEVIATION))

    def forward(self, distance: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        """Return pictures (batch, 3, size, size) in [-1, 1].

        Args:
            distance: (batch, 1, size, size) in [-1, 1]: -1 on strokes, 1 where strokes are farthest.
            label: (batch,) numbers of the classes.
            noise: (batch, noise_size).
        """
        channels_last = torch.empty_like(distance, memory_format=torch.channels_last).copy_(distance)
        sketches = {distance.shape[-1]: channels_last}  # beside maps laid out so; one channel alone could be either
        while (side := min(sketches)) > self.narrow_px:
            sketches[side // 2] = F.avg_pool2d(sketches[side], 2)
        begin = distance
        if self.label_picture is not None:
            begin = self.label_picture(label).view_as(distance)
        maps = [self.stem(begin)]
        for unit in self.encoder:
            maps.append(unit(maps[-1], sketches[maps[-1].shape[-1]].to(maps[-1].dtype), label))
        x = smooth_relu(self.encoded(maps[-1], label))
        chance = smooth_relu(self.noise(noise)).view(len(noise), -1, self.narrow_px, self.narrow_px)
        skips = [chance, maps[2], maps[1], maps[0], None]
        for unit, skip in zip(self.decoder, skips, strict=False):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            sketch = sketches[x.shape[-1]].to(x.dtype)
            x = unit(x, sketch if skip is None else torch.cat([skip.to(x.dtype), sketch], 1), label)
        return torch.tanh(self.paint(x).float())


class UNetGenerator(nn.Module):
    """The generator of the baseline: strided convolutions down and up with skips, as pix2pix has them.

    Label and noise join at the bottom as further channels: the baseline is told as much as the others.

    Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, section 6.1.
    """

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        self.config = config
        b, downs = config.base, config.size.bit_length() - 2  # down to 2 px
        widths = [min(b * 2**i, 8 * b) for i in range(downs)]
        norm = partial(nn.BatchNorm2d, track_running_stats=True)
        self.down = nn.ModuleList(nn.Conv2d(a, c, 4, 2, 1) for a, c in zip([1, *widths], widths, strict=False))
        self.down_norms = nn.ModuleList([nn.Identity(), *(norm(c) for c in widths[1:])])
        self.label = nn.Embedding(len(config.labels), b)
        self.noise = nn.Linear(config.noise_size, b)
        below = [widths[-1] + 2 * b, *(2 * c for c in reversed(widths[:-1]))]
        above = [*reversed(widths[:-1]), b]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, c, 4, 2, 1) for a, c in zip(below, above, strict=True))
        self.up_norms = nn.ModuleList(norm(c) for c in above)
        self.paint = nn.Conv2d(b, 3, 3, padding=1)
        initialise(self, partial(nn.init.normal_, std=_DEVIATION))

    def forward(self, distance: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        """Return pictures (batch, 3, size, size) in [-1, 1]; arguments as of `Generator`."""
        maps = [distance]
        for layer, norm in zip(self.down, self.down_norms, strict=True):
            maps.append(F.leaky_relu(norm(layer(maps[-1])), 0.2))
        told = torch.cat([self.label(label), self.noise(noise)], 1)[:, :, None, None]
        x = torch.cat([maps[-1], told.expand(-1, -1, *maps[-1].shape[2:]).to(maps[-1].dtype)], 1)
        for i, (layer, norm) in enumerate(zip(self.up, self.up_norms, strict=True)):
            x = F.relu(norm(layer(x)))
            if i < len(self.up) - 1:
                x = torch.cat([x, maps[-2 - i]], 1)
        return torch.tanh(self.paint(x).float())


def make_generator(config: Sketch2ImgConfig) -> Generator | UNetGenerator:
    """Build the generator that the config names."""
    return Generator(config) if config.network == "mru" else UNetGenerator(config)
