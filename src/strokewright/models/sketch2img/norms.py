"""Norms and activations of Sketch2Img: batch norm with a scale and shift for each class, and spectral norm."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CURVE = 0.3


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale and shift depend on the class.

    In evaluation it uses running statistics. The original program uses the batch's own there too, so that its output
    depends on the other pictures of a batch, and a single picture's noise vanishes.

    Args:
        channels: Channels of the feature map.
        classes: How many classes; 1 is plain batch norm.
        momentum: Share of a batch in the running statistics.
        deviation: Of the scales and shifts at first. With 0 all classes begin alike, as in the original, and a rare one
            is told from the others only once its own rows have moved far.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, classes: int, momentum: float = 0.1, deviation: float = 0.0) -> None:
        super().__init__()
        self.momentum = momentum
        self.scale = nn.Parameter(torch.ones(classes, channels))
        self.shift = nn.Parameter(torch.zeros(classes, channels))
        if deviation:
            nn.init.normal_(self.scale, 1.0, deviation)
            nn.init.normal_(self.shift, 0.0, deviation)
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Normalise x (batch, channels, height, width) for the classes label (batch,)."""
        x = F.batch_norm(
            x, self.running_mean, self.running_var, training=self.training, momentum=self.momentum, eps=1e-5
        )
        row = label if len(self.scale) > 1 else torch.zeros_like(label)
        scale, shift = self.scale[row].to(x.dtype), self.shift[row].to(x.dtype)
        return torch.addcmul(shift[:, :, None, None], x, scale[:, :, None, None])


class _SmoothRelu(torch.autograd.Function):
    """(x + √(x² + c²)) / 2. Its slope is y/√(x² + c²), so two tensors are kept in place of the chain's five."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        root = torch.addcmul(torch.tensor(_CURVE**2, dtype=x.dtype, device=x.device), x, x).sqrt_()
        y = (x + root).mul_(0.5)
        ctx.save_for_backward(y, root)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        y, root = ctx.saved_tensors
        return gradients[0] * (y / root)


def smooth_relu(x: Tensor) -> Tensor:
    """Return (x + √(x² + 0.3²)) / 2, the generator's activation. It cannot be differentiated twice."""
    return cast(Tensor, _SmoothRelu.apply(x))


class LearnedLeak(nn.Module):
    """max(a·x, x) with one learned slope a, the discriminator's activation."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.full((1,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        """Apply it elementwise."""
        return F.prelu(x, self.slope.to(x.dtype))


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, which one power iteration a step follows.

    A parametrisation: `parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))`. The vectors
    change in `advance` alone and not with every forward pass: all passes of a step see the same weight.

    Args:
        weight: The weight as it is at first, (rows, …).
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        u = F.normalize(torch.randn(len(matrix)), dim=0)
        self.register_buffer("u", u)
        self.register_buffer("v", F.normalize(matrix.T @ u, dim=0))
        for _ in range(5):
            self.advance(weight)

    @torch.no_grad()
    def advance(self, weight: Tensor) -> None:
        """Take one step of the power iteration towards the weight's largest singular value."""
        matrix = weight.flatten(1)
        with torch.autocast(weight.device.type, enabled=False):
            self.u.copy_(F.normalize(matrix @ self.v, dim=0))
            self.v.copy_(F.normalize(matrix.T @ self.u, dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight divided by uᵀ·W·v."""
        return weight / (self.u[:, None] * weight.flatten(1) * self.v).sum()  # elementwise: in single precision
