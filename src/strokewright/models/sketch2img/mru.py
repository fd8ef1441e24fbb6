"""Masked residual units: a network is given the same picture at every scale, and masks choose what it takes from it.

A mask is spread over [0, 1] for each picture and channel by its own smallest and largest value. Where a mask is flat
the original divides 0 by 0 and restarts on NaN; here a small constant in the quotient gives a mask of 0.

Source: Chen and Hays, SketchyGAN, and its program: the units "v3" (encoder, discriminator) and "v2" (decoder).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-3
_GATE_BIAS, _GATE_SLOPE = 0.5, 0.2

MakeNorm = Callable[[int], nn.Module]
"""Makes a norm for so many channels, which is called with a feature map and labels."""
Activation = Callable[[Tensor], Tensor]


class NoNorm(nn.Module):
    """Leaves a feature map as it is: the discriminator's norm."""

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        """Return x."""
        return x


class _Spread(torch.autograd.Function):
    """What `spread` does, six times faster on a CPU than by `amin` and `amax`.

    Extremes come from pooling, and their slopes go to two places alone, where the others share them among equal values.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        high, at_high = F.max_pool2d(x, x.shape[2:], return_indices=True)
        below, at_low = F.max_pool2d(-x, x.shape[2:], return_indices=True)
        ctx.save_for_backward(x, at_low[:, :, 0, 0], at_high[:, :, 0, 0])
        return (x + below).mul_(1 / (high + below + EPSILON))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x, at_low, at_high), slope = ctx.saved_tensors, gradients[0]
        batch, channels = x.shape[:2]
        rows, columns = torch.arange(batch, device=x.device)[:, None], torch.arange(channels, device=x.device)
        flat = x.flatten(2)
        low, high = flat[rows, columns, at_low], flat[rows, columns, at_high]
        share = 1 / (high - low + EPSILON)
        along = share * (slope * (x - low[:, :, None, None])).sum((2, 3))
        result = slope * share[:, :, None, None]
        places = result.view(batch, channels, -1)
        places.index_put_((rows, columns, at_low), share * (along - slope.sum((2, 3))), accumulate=True)
        places.index_put_((rows, columns, at_high), -share * along, accumulate=True)
        return result


def spread(x: Tensor) -> Tensor:
    """Map each channel of each picture of (batch, channels, height, width) onto [0, 1]; a flat one becomes 0."""
    return cast(Tensor, _Spread.apply(x))


class EncoderUnit(nn.Module):
    """The unit of encoders: m = spread(lrelu(C[φ(N(h)) ; I])), t = h + m·C[I], y = P(h) + C[φ(N(C[φ(N(t))]))].

    Args:
        channels: Channels of h.
        image_channels: Channels of the picture I.
        out_channels: Channels of y.
        make_norm: Makes a norm N; every place has its own.
        make_activation: Makes an activation φ; every place has its own.
    """

    def __init__(
        self,
        channels: int,
        image_channels: int,
        out_channels: int,
        make_norm: MakeNorm,
        make_activation: Callable[[], Activation],
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(make_norm(width) for width in (channels, channels, out_channels))
        self.activations = [make_activation() for _ in range(3)]
        self.leaks = nn.ModuleList(one for one in self.activations if isinstance(one, nn.Module))
        self.gate = nn.Conv2d(channels + image_channels, channels, 3, padding=1)
        self.image = nn.Conv2d(image_channels, channels, 3, padding=1)
        self.first = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.pass_on = nn.Conv2d(channels, out_channels, 1) if channels != out_channels else nn.Identity()

    def forward(self, h: Tensor, image: Tensor, label: Tensor | None = None) -> Tensor:
        """Return y (batch, out_channels, height/2, width/2): the unit and 2×2 means."""

        def ready(place: int, x: Tensor) -> Tensor:
            return self.activations[place](self.norms[place](x, label))

        mask = spread(F.leaky_relu(self.gate(torch.cat([ready(0, h), image], 1)), _GATE_SLOPE))
        taken = h + mask * self.image(image)
        residual = self.second(ready(2, self.first(ready(1, taken))))
        return self.pass_on(F.avg_pool2d(h, 2)) + F.avg_pool2d(residual, 2)  # P is linear: cheaper on the means


def initialise(network: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Draw the weights of all convolutions and linear layers; biases begin at 0, those of encoder units' masks at ½.

    Args:
        network: The network.
        draw: Fills a weight in place.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            draw(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()
    for unit in network.modules():
        if isinstance(unit, EncoderUnit) and unit.gate.bias is not None:
            unit.gate.bias.data.fill_(_GATE_BIAS)


class DecoderUnit(nn.Module):
    """The unit of decoders: r, z = spread(lrelu(C[h ; I])), u = φ(N(C[φ(N(C[r·h ; I]))])), y = (1 - z)·h' + z·u.

    h' is h, through a 1×1 convolution, norm and activation where the number of channels changes. Both masks come out
    of one convolution.

    Args:
        channels: Channels of h.
        image_channels: Channels of the picture I.
        out_channels: Channels of y.
        make_norm: Makes a norm N.
        activation: The activation φ.
    """

    def __init__(
        self, channels: int, image_channels: int, out_channels: int, make_norm: MakeNorm, activation: Activation
    ) -> None:
        super().__init__()
        self.channels, self.out_channels, self.activation = channels, out_channels, activation
        self.gates = nn.Conv2d(channels + image_channels, channels + out_channels, 3, padding=1)
        self.first = nn.Conv2d(channels + image_channels, out_channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([make_norm(out_channels), make_norm(out_channels)])
        self.pass_on = None
        if channels != out_channels:
            self.pass_on = nn.Conv2d(channels, out_channels, 1, bias=False)
            self.norms.append(make_norm(out_channels))

    def forward(self, h: Tensor, image: Tensor, label: Tensor) -> Tensor:
        """Return y (batch, out_channels, height, width) for h and image of the same size."""

        def done(place: int, x: Tensor) -> Tensor:
            return self.activation(self.norms[place](x, label))

        masks = spread(F.leaky_relu(self.gates(torch.cat([h, image], 1)), _GATE_SLOPE))
        keep, change = masks.split((self.channels, self.out_channels), 1)
        update = done(0, self.first(torch.cat([keep * h, image], 1)))
        update = done(1, self.second(update))
        if self.pass_on is not None:
            h = done(2, self.pass_on(h))
        return h + change * (update - h)
