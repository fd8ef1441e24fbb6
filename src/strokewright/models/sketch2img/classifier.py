"""A small classifier of photos, whose inner maps the perceptual loss can compare. It is never the one that scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.pretrained import Pretrained
from strokewright.models.sketch2img.augment import augment
from strokewright.models.sketch2img.sketch2img import to_unit


class PhotoClassifierConfig(BaseModel):
    """Shape of a classifier of photos."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...] = Field(("photo",), min_length=1, description="Names of the classes")
    size: int = Field(64, ge=16, description="Side of the photos it learned from, in pixels")
    base: int = Field(24, ge=4, description="Channels of the first stage; each further one has twice as many")
    dropout: float = Field(0.3, ge=0, lt=1, description="Share of the last features left out while training")


class PhotoClassifier(Pretrained):
    """Four stages of two 3×3 convolutions, each but the last halved by 2×2 means, then the mean and one layer.

    Args:
        config: Its shape.
    """

    def __init__(self, config: PhotoClassifierConfig) -> None:
        super().__init__()
        self.config = config
        widths = [3, *(config.base * 2**i for i in range(4))]
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
                nn.Conv2d(b, b, 3, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            )
            for a, b in pairwise(widths)
        )
        self.drop = nn.Dropout(config.dropout)
        self.out = nn.Linear(widths[-1], len(config.labels))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, picture: Tensor) -> Sequence[Tensor]:
        """Return the four stages' maps of pictures (batch, 3, size, size) in [-1, 1]."""
        maps: list[Tensor] = []
        for stage in self.stages:
            picture = stage(F.avg_pool2d(maps[-1], 2) if maps else picture)
            maps.append(picture)
        return maps

    def forward(self, picture: Tensor) -> Tensor:
        """Return logits (batch, classes) of pictures (batch, 3, size, size) in [-1, 1]."""
        return self.out(self.drop(self.features(picture)[-1].mean((2, 3)))).float()

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Any]:
        """Return the cross-entropy and the accuracy on photos; in training these are shifted and recoloured."""
        photo = to_unit(batch["photo"])
        if self.training:
            photo = augment(photo, torch.zeros_like(photo[:, :1]), ("translation", "colour"))[0]
        logits = self(photo)
        right = (logits.argmax(1) == batch["label"]).float().mean()
        return {"loss": F.cross_entropy(logits, batch["label"]), "accuracy": right}
