"""What the perceptual loss compares: anything that turns pictures into feature maps; one that needs no training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

_SCALES = 4


class FeatureNet(Protocol):
    """Sees pictures as feature maps. One is never also used for scoring."""

    def features(self, picture: Tensor) -> Sequence[Tensor]:
        """Return feature maps of pictures (batch, 3, size, size) in [-1, 1]."""
        ...


class Pyramid:
    """The fallback: the picture's means over 2, 4 and 8 px, and the steps between neighbours at each scale."""

    def features(self, picture: Tensor) -> Sequence[Tensor]:
        """Return seven maps of pictures (batch, 3, size, size)."""
        maps: list[Tensor] = []
        for scale in range(_SCALES):
            if scale:
                picture = F.avg_pool2d(picture, 2)
                maps.append(picture)
            across = picture[..., 1:] - picture[..., :-1]
            down = picture[..., 1:, :] - picture[..., :-1, :]
            maps.append(torch.cat([across.flatten(1), down.flatten(1)], 1))
        return maps


def perceptual_distance(net: FeatureNet, picture: Tensor, photo: Tensor) -> Tensor:
    """Return the mean absolute difference of features, averaged over the maps."""
    with torch.no_grad():
        wanted = net.features(photo)
    seen = net.features(picture)
    return torch.stack([(a - b).abs().mean() for a, b in zip(seen, wanted, strict=True)]).mean()
