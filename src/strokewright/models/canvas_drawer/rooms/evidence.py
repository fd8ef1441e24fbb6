"""What the lines of a floor plan say by themselves: the areas that they enclose, and how far it is to the next line.

A convolution sees a neighbourhood, but a room ends at lines far away. So each place is told the box of the connected
area it lies in, whether that area is open to the picture's rim, and the distance to the first line in four directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

PICTURE_PX = 512
FIELD = 128
CHANNELS = 10
_LINE = 0.4  # ink from which a line separates areas
_SCALE_PX = 8.0
_FAR_PX = 4 * PICTURE_PX

Floats = NDArray[np.float32]


def evidence(ink: NDArray[np.uint8]) -> Floats:
    """Measure one picture.

    Args:
        ink: (512, 512), 255 = full ink.

    Returns:
        (10, 128, 128): open to the rim; distances to the left, top, right, bottom side of the connected area's box;
        the share of that box that the area fills; distances to the first line to the left, up, right, down. Distances
        d px are log(1 + d/8); places on lines have no area and all its values are 0.
    """
    half = ink.reshape(256, 2, 256, 2).max(axis=(1, 3)) >= 255 * _LINE
    result = np.empty((CHANNELS, FIELD, FIELD), dtype=np.float32)
    result[:6] = _areas(half)
    result[6:] = _rays(half)
    return result


def connected(mask: NDArray[np.bool_], corners: bool = False) -> NDArray[np.int32]:
    """Number the connected areas of a mask from 1, 0 = outside of it; `corners` connects diagonally too."""
    labels: Any = ndimage.label(mask, np.ones((3, 3)) if corners else None)
    return labels[0]


def _areas(lines: NDArray[np.bool_]) -> Floats:
    """Return the six channels of connected areas; lines (256, 256)."""
    labels = connected(~lines)
    count = int(labels.max())
    table = np.zeros((count + 1, 6), dtype=np.float32)  # open, x0, y0, x1, y1, fill
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    table[rim, 0] = 1
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        table[number, 1:5] = columns.start, rows.start, columns.stop, rows.stop
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    table[:, 5] = sizes / np.maximum((table[:, 3] - table[:, 1]) * (table[:, 4] - table[:, 2]), 1)
    table[0] = 0
    seen = labels[1::2, 1::2]
    found = table[seen].transpose(2, 0, 1)
    at = 2 * np.arange(FIELD, dtype=np.float32) + 1.5  # of the places, in pixels of the halved picture
    sides = np.stack([at - found[1], at[:, None] - found[2], found[3] - at, found[4] - at[:, None]])
    inside = seen > 0
    return np.concatenate([found[:1], _log(2 * sides) * inside, found[5:]])


def _rays(lines: NDArray[np.bool_]) -> Floats:
    """Return the distances to the first line to the left, up, right, down; lines (256, 256)."""
    before = [_last_line(lines), _last_line(lines.T).T]
    after = [_last_line(lines[:, ::-1])[:, ::-1], _last_line(lines.T[:, ::-1])[:, ::-1].T]
    return _log(2 * np.stack([distance[1::2, 1::2] for distance in before + after]))


def _last_line(lines: NDArray[np.bool_]) -> Floats:
    """Return how many pixels to the left the last line lies, far if there is none."""
    at = np.arange(lines.shape[1], dtype=np.float32)
    latest = np.maximum.accumulate(np.where(lines, at, -np.float32(_FAR_PX)), axis=1)
    return np.minimum(at - latest, _FAR_PX)


def _log(distance_px: Floats) -> Floats:
    return np.log1p(np.maximum(distance_px, 0) / np.float32(_SCALE_PX))
