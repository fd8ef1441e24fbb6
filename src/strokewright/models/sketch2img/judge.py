"""The judge: a residual network that learned real photos, and tells what a picture made of a sketch shows.

It scores and never trains: the perceptual loss sees photos through another network of another shape and seed
(`classifier.py`). The features before its last layer are what the distances "KID-own" and "FID-own" compare.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.pretrained import Pretrained
from strokewright.models.sketch2img.augment import augment
from strokewright.models.sketch2img.sketch2img import to_unit


class PhotoJudgeConfig(BaseModel):
    """Shape of a judge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...] = Field(("photo",), min_length=1, description="Names of the classes")
    size: int = Field(64, ge=16, description="Side of the photos it learned from, in pixels")
    base: int = Field(24, ge=4, description="Channels of the first stage")
    smoothing: float = Field(0.1, ge=0, lt=1, description="How far the targets are from certain")


class _Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut; the first may halve the picture."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.GroupNorm(_groups(channels), channels), nn.GroupNorm(_groups(out), out)
        self.first = nn.Conv2d(channels, out, 3, 1 if channels == out else 2, 1)
        self.second = nn.Conv2d(out, out, 3, 1, 1)
        self.shortcut = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        active = F.silu(self.first_norm(x))
        aside = self.shortcut(F.avg_pool2d(x, 2) if self.first.stride[0] == 2 else x)
        return aside + self.second(F.silu(self.second_norm(self.first(active))))


class PhotoJudge(Pretrained):
    """A stem that brings the photo to about 32 px, four residual units of which three halve it, group norms throughout.

    Args:
        config: Its shape.
    """

    def __init__(self, config: PhotoJudgeConfig) -> None:
        super().__init__()
        self.config = config
        stride = max(1, config.size // 32)
        self.stem = nn.Conv2d(3, config.base, 2 * stride + 1, stride, stride)
        widths = [config.base, *(config.base * share for share in (1, 2, 4, 6))]
        self.stages = nn.Sequential(*(_Residual(a, b) for a, b in pairwise(widths)))
        self.norm = nn.GroupNorm(_groups(widths[-1]), widths[-1])
        self.out = nn.Linear(widths[-1], len(config.labels))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, picture: Tensor) -> Tensor:
        """Return features (batch, 6 × base) of pictures (batch, 3, size, size) in [-1, 1]."""
        return F.silu(self.norm(self.stages(self.stem(picture)))).mean((2, 3)).float()

    def forward(self, picture: Tensor) -> Tensor:
        """Return logits (batch, classes) of pictures (batch, 3, size, size) in [-1, 1]."""
        return self.out(self.features(picture))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Any]:
        """Return cross-entropy and accuracy; in training, photos are shifted, recoloured and made less sharp."""
        photo = to_unit(batch["photo"])
        if self.training:
            photo = augment(_softened(photo), torch.zeros_like(photo[:, :1]), ("translation", "colour"))[0]
        logits = self(photo)
        smoothing = self.config.smoothing if self.training else 0.0
        right = (logits.argmax(1) == batch["label"]).float().mean()
        return {"loss": F.cross_entropy(logits, batch["label"], label_smoothing=smoothing), "accuracy": right}


def _groups(channels: int) -> int:
    return next(groups for groups in (8, 6, 4, 2, 1) if channels % groups == 0)


def _softened(photo: Tensor) -> Tensor:
    """Mix each photo with its mean over 3×3 px, as much as chance will."""
    soft = F.avg_pool2d(F.pad(photo, [1] * 4, mode="replicate"), 3, 1)
    return torch.lerp(photo, soft, torch.rand(len(photo), 1, 1, 1, device=photo.device))
