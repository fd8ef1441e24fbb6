"""Connected blots of pixels, by SciPy, with exact types."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_FOUR = ndimage.generate_binary_structure(2, 1)
_EIGHT = ndimage.generate_binary_structure(2, 2)


def label(mask: NDArray[np.bool_], diagonal: bool = True) -> tuple[NDArray[np.int32], int]:
    """Number the connected blots of a mask (height, width): labels 1..count, 0 = outside; and their count.

    With `diagonal`, pixels that touch at a corner belong together.
    """
    found: Any = ndimage.label(mask, _EIGHT if diagonal else _FOUR)
    labels, count = found
    return np.asarray(labels, dtype=np.int32), int(count)
