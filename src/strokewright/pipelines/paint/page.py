"""A picture of any size as the target of a painting: shrunk, laid on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from strokewright.files.raster import read_picture

_LONGEST_PX = 256
_BINS = 8  # a channel, for the commonest colour
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Page:
    """What is to be painted.

    Args:
        target: (3, height, width) in [0, 1], its longer side at most 256 px.
        size: Height and width of the picture itself.
        paper: (3,) colour to paint on.
    """

    target: Tensor
    size: tuple[int, int]
    paper: Tensor


def read_page(picture: Any, paper: Colour | None) -> Page:
    """Read a picture (path, bytes, stream, PIL image or array).

    Args:
        picture: The picture; what is transparent lies on the paper, or on white.
        paper: Colour to paint on; None: the picture's commonest.

    Raises:
        FormatError: The picture cannot be read.
    """
    rgba = read_picture(picture, np.uint8)
    height, width = rgba.shape[:2]
    scale = min(1.0, _LONGEST_PX / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk = np.asarray(Image.fromarray(rgba).resize(small, Image.Resampling.BOX), dtype=np.float32) / 255
    colours, alpha = shrunk[..., :3], shrunk[..., 3:]
    laid = (colours * alpha + np.array(paper or (1.0, 1.0, 1.0)) * (1 - alpha)).astype(np.float32)
    target = torch.from_numpy(np.ascontiguousarray(laid.transpose(2, 0, 1)))
    chosen = np.array(paper, dtype=np.float32) if paper is not None else _commonest(laid)
    return Page(target, (height, width), torch.from_numpy(chosen))


def _commonest(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean colour (3,) of the fullest bin of colours."""
    flat = pixels.reshape(-1, 3)
    bins = (flat * _BINS).astype(int).clip(0, _BINS - 1) @ np.array([_BINS**2, _BINS, 1])
    return flat[bins == np.bincount(bins).argmax()].mean(axis=0).astype(np.float32)
