"""Sketch2Img: the model that is kept, a generator with its labels. Its training is in `gan.py`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from strokewright.models.pretrained import Pretrained
from strokewright.models.sketch2img.config import Sketch2ImgConfig
from strokewright.models.sketch2img.generator import make_generator

_BLACK, _FULL = -0.95, 0.98  # mean of a black picture, size of a saturated value; of [-1, 1]
_SHEET_COLUMNS = 8


class Sketch2Img(Pretrained):
    """A sketch and a label in, pictures out.

    Args:
        config: Its shape, and how it is trained.
    """

    def __init__(self, config: Sketch2ImgConfig) -> None:
        super().__init__()
        self.config = config
        self.network = make_generator(config)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU

    def forward(self, distance: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        """Return pictures (batch, 3, size, size) in [-1, 1]; see `Generator`."""
        return self.network(distance, label, noise)

    def as_photos(self, picture: Tensor) -> Tensor:
        """Undo the report's scaling where the model learned with it: pictures or scaled photos, to [-1, 1]."""
        scaling = self.config.scaling
        if scaling is None:
            return picture
        return ((picture * scaling.photo_reach + scaling.photo_mean) / 127.5 - 1).clamp(-1, 1)

    def draw_noise(self, count: int) -> Tensor:
        """Draw z ~ N(0, I), (count, noise_size), on the model's device."""
        return torch.randn(count, self.config.noise_size, device=next(self.parameters()).device)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Any]:
        """Return the mean absolute difference to the photos, of [0, 1]: how far from the one right answer."""
        photo, distance = self.as_photos(to_unit(batch["photo"])), to_unit(batch["distance"])[:, None]
        picture = self.as_photos(self(distance, batch["label"], self.draw_noise(len(photo))))
        return {"loss": (picture - photo).abs().mean() / 2}

    def metrics(self, batch: dict[str, Tensor]) -> dict[str, Any]:
        """Return what shows a collapse: the pictures' change over z (of [0, 1]), shares of black and saturated ones."""
        distance = to_unit(batch["distance"])[:, None]
        one, other = (self.as_photos(self(distance, batch["label"], self.draw_noise(len(distance)))) for _ in range(2))
        return {"diversity": (one - other).abs().mean() / 2, **signs_of_collapse(one)}

    def samples(self, batch: dict[str, Tensor]) -> Tensor:
        """Return a sheet (3, height, width) in [0, 1]: sketches, photos, and two pictures of each sketch."""
        batch = {name: values[:_SHEET_COLUMNS] for name, values in batch.items()}
        distance = to_unit(batch["distance"])[:, None]
        rows = [to_unit(batch["sketch"])[:, None].expand(-1, 3, -1, -1), self.as_photos(to_unit(batch["photo"]))]
        rows += [self.as_photos(self(distance, batch["label"], self.draw_noise(len(distance)))) for _ in range(2)]
        return torch.cat([torch.cat(list(row), 2) for row in rows], 1) / 2 + 0.5


def to_unit(pixels: Tensor) -> Tensor:
    """Map uint8 onto [-1, 1]."""
    return pixels.float() / 127.5 - 1


def signs_of_collapse(picture: Tensor) -> dict[str, Tensor]:
    """Return the shares of black pictures and of saturated values among pictures in [-1, 1]."""
    return {
        "black": (picture.mean((1, 2, 3)) < _BLACK).float().mean(),
        "saturated": (picture.abs() > _FULL).float().mean(),
    }
