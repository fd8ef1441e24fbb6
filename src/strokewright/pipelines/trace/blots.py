"""Connected blots of pixels and the distance to their rims, by SciPy, with exact types and bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_BAND_PX, _MARGIN_PX = 1024, 128  # distances are worked out by bands of rows that overlap
_FOUR = ndimage.generate_binary_structure(2, 1)
_EIGHT = ndimage.generate_binary_structure(2, 2)


def label(mask: NDArray[np.bool_], diagonal: bool = True) -> tuple[NDArray[np.int32], int]:
    """Number the connected blots of a mask (height, width): labels 1..count, 0 = outside; and their count.

    With `diagonal`, pixels that touch at a corner belong together.
    """
    found: Any = ndimage.label(mask, _EIGHT if diagonal else _FOUR)
    labels, count = found
    return np.asarray(labels, dtype=np.int32), int(count)


def distance_to_paper(solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every solid pixel of a mask (height, width) to the nearest other one; around the page is paper.

    Exact up to 128 px; in pictures of several bands larger distances may come out smaller.
    """
    distance = np.empty(solid.shape, dtype=np.float32)
    for top in range(0, len(solid), _BAND_PX):
        first = max(0, top - _MARGIN_PX)
        part = np.pad(solid[first : top + _BAND_PX + _MARGIN_PX], 1)
        found = np.asarray(ndimage.distance_transform_edt(part))[1:-1, 1:-1]
        distance[top : top + _BAND_PX] = found[top - first :][:_BAND_PX]
    return distance
