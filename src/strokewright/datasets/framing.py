"""Sketches and photos on white paper, brought into one frame: in the middle, the longer side 80 % of the square.

People draw anywhere on the page and at any size; in one frame, a sketch and what it shows lie upon each other. The
Sketchy Database does the same by its tx 000100000000, with 78 %.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHARE = 0.8
_PAPER_FROM = 245


def centred(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Move what is drawn into the middle of a square, and scale it to 80 % of it.

    Args:
        picture: (height, width) or (height, width, 3), on white.
        side_px: Side of the result.

    Returns:
        (side_px, side_px), or with 3 channels; white where nothing is drawn.
    """
    drawn = (picture if picture.ndim == 2 else picture.min(axis=2)) < _PAPER_FROM
    if not drawn.any():
        return np.full((side_px, side_px, *picture.shape[2:]), 255, np.uint8)
    (top, bottom), (left, right) = (np.flatnonzero(drawn.any(axis=axis))[[0, -1]].tolist() for axis in (1, 0))
    height, width = bottom + 1 - top, right + 1 - left
    side = max(height, width) / SHARE
    margin = int(np.ceil(side))
    around = ((margin, margin), (margin, margin), *((0, 0),) * (picture.ndim - 2))
    x0, y0 = left + width / 2 - side / 2 + margin, top + height / 2 - side / 2 + margin
    padded = Image.fromarray(np.pad(picture, around, constant_values=255))
    how = Image.Resampling.BILINEAR
    return np.asarray(padded.resize((side_px, side_px), how, (x0, y0, x0 + side, y0 + side)))
