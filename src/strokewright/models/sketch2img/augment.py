"""Augmentation of all that the discriminator sees, differentiable, the sketch moved with the picture.

Real and fake pictures are changed alike, so the generator does not learn the changes.

Source: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor

_SHIFT_SHARE = 1 / 8  # of the side
_HOLE_SHARE = 1 / 2
_BARE = 1.0  # of a distance map: as far from strokes as can be


def augment(picture: Tensor, distance: Tensor, kinds: Collection[str]) -> tuple[Tensor, Tensor]:
    """Change pictures at random, each in its own way.

    Args:
        picture: (batch, 3, size, size) in [-1, 1].
        distance: (batch, 1, size, size), moved and cut as its picture.
        kinds: Of translation, colour, cutout.
    """
    if "colour" in kinds:
        picture = _recolour(picture)
    if "translation" in kinds:
        picture, distance = _shift(picture, distance)
    if "cutout" in kinds:
        keep = _hole(picture)
        picture, distance = picture * keep, (distance - _BARE) * keep + _BARE
    return picture, distance


def _recolour(picture: Tensor) -> Tensor:
    """Add up to ±0.5 of light, scale saturation by 0 to 2 and contrast by 0.5 to 1.5."""
    light, colour, contrast = torch.rand(3, len(picture), 1, 1, 1, device=picture.device)
    picture = picture + (light - 0.5)
    grey = picture.mean(1, keepdim=True)
    picture = torch.lerp(grey, picture, 2 * colour)
    return torch.lerp(picture.mean((1, 2, 3), keepdim=True), picture, contrast + 0.5)


def _shift(picture: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Move both by up to an eighth of the side; what comes in is grey, and bare paper."""
    size = picture.shape[-1]
    far = int(size * _SHIFT_SHARE + 0.5)
    both = torch.cat([F.pad(picture, [far] * 4), F.pad(distance, [far] * 4, value=_BARE)], 1)
    offsets = torch.randint(0, 2 * far + 1, (len(picture), 2)).tolist()
    moved = torch.stack([one[:, y : y + size, x : x + size] for one, (y, x) in zip(both, offsets, strict=True)])
    return moved[:, :3], moved[:, 3:]


def _hole(picture: Tensor) -> Tensor:
    """Return masks (batch, 1, size, size), 0 in a square of half the side that may stand out over the border."""
    size = picture.shape[-1]
    places = torch.arange(size, device=picture.device)
    corner = torch.randint(-size // 4, size - size // 4, (2, len(picture), 1), device=picture.device)
    inside = (places >= corner) & (places < corner + int(size * _HOLE_SHARE))
    return 1 - (inside[0][:, None, :, None] & inside[1][:, None, None, :]).to(picture.dtype)
