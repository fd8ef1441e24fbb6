"""Three pictures → three square views of one size, and the colour of their paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.drawing.solids import VIEWS
from strokewright.errors import FormatError
from strokewright.files.raster import read_picture
from strokewright.render.colour import to_lab

LEAST_PX = 24
MOST_PX = 192  # larger pictures are averaged down to it: finer corners than that are not asked for
_PAPER_NEAR = 0.3  # a colour farther than this from the paper's has no paper in it


@dataclass(frozen=True)
class Views:
    """Front, side and top.

    Args:
        pixels: (9, size, size) sRGB, view after view.
        paper: (9, 1, 1), the colour of the paper in each.
    """

    pixels: Tensor
    paper: Tensor

    @property
    def size_px(self) -> int:
        """Side of a view in pixels."""
        return self.pixels.shape[-1]

    @classmethod
    def read(cls, front: Any, side: Any, top: Any) -> Self:
        """Read three pictures (paths, bytes, streams, PIL images or arrays); what is transparent counts as white.

        Raises:
            FormatError: A picture that cannot be read, is not square, or is smaller than 24 px a side.
        """
        squares = [_read_square(source, name) for source, name in zip((front, side, top), VIEWS, strict=True)]
        size = min(MOST_PX, *(len(square) for square in squares))
        pixels = np.concatenate([_averaged(square, size).transpose(2, 0, 1) for square in squares])
        paper = np.concatenate([_paper(square) for square in squares])
        return cls(
            torch.from_numpy(pixels.astype(np.float32)), torch.from_numpy(paper.astype(np.float32))[:, None, None]
        )

    def resized(self, size_px: int) -> Views:
        """Average the views down to size_px a side."""
        planes = self.pixels.numpy().transpose(1, 2, 0)
        return Views(torch.from_numpy(_averaged(planes, size_px).transpose(2, 0, 1).copy()), self.paper)

    def on_white(self, size_px: int) -> Tensor:
        """Return them as the drawer knows views: (9, size, size) scaled LAB on white paper."""
        small = self.resized(size_px).pixels.unflatten(0, (3, 3))
        paper = self.paper.unflatten(0, (3, 3))
        bare = 1 - (small - paper).norm(dim=1, keepdim=True) / _PAPER_NEAR
        white = (small + (1 - paper) * bare.clamp(min=0)).clamp(0, 1)
        return torch.from_numpy(to_lab(white.movedim(1, -1).numpy())).movedim(-1, 1).flatten(0, 1)


def _read_square(source: Any, name: str) -> NDArray[np.float32]:
    picture = read_picture(source)
    height, width = picture.shape[:2]
    if height != width or width < LEAST_PX:
        raise FormatError(
            f"{name}: expected a square view of the whole cube, {LEAST_PX} px a side or more, got {width}×{height} px; "
            "crop or scale it"
        )
    alpha = picture[..., 3:]
    return picture[..., :3] * alpha + (1 - alpha)


def _averaged(picture: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Average (side, side, channels) down to size_px a side; each pixel counts by its part that lies inside."""
    side = len(picture)
    if side == size_px:
        return picture
    edges = np.arange(side + 1) * (size_px / side)
    target = np.arange(size_px)[:, None]
    inside = np.minimum(edges[1:], target + 1) - np.maximum(edges[:-1], target)
    weights = np.maximum(inside, 0).astype(np.float32)  # (size, side); rows sum to 1
    return np.einsum("yh,xw,hwc->yxc", weights, weights, picture, optimize=True)


def _paper(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the commonest colour along the border, (3,)."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    _, index, counts = np.unique(np.rint(border * 16), axis=0, return_inverse=True, return_counts=True)
    return np.median(border[index.reshape(-1) == counts.argmax()], axis=0)
