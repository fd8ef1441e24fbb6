"""Colours in CIE LAB, scaled to [0, 1]: L/100, (a + 128)/255, (b + 128)/255.

Distances in LAB follow the eye, so canvases of coloured vocabularies hold it. `DISTANCE` turns differences of the
scaled channels into ΔE/100: the squared length of `difference * DISTANCE` is (ΔE/100)².

Source: "Unsupervised image to sequence translation with canvas-drawer networks", section 7.1.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

WHITE_LAB = (1.0, 128 / 255, 128 / 255)
DISTANCE = (1.0, 2.55, 2.55)
_SPAN, _SHIFT = np.array([100, 255, 255]), np.array([0, 128, 128])


def to_lab(rgb: ArrayLike) -> NDArray[np.float32]:
    """Turn sRGB (…, 3) in [0, 1] into scaled LAB (…, 3)."""
    from skimage.color import rgb2lab  # slow to import, and only colour needs it

    lab = rgb2lab(np.asarray(rgb, dtype=np.float32))
    return ((lab + _SHIFT) / _SPAN).astype(np.float32)


def to_rgb(lab: ArrayLike) -> tuple[float, float, float]:
    """Turn one scaled LAB colour (3,) into sRGB; colours outside its gamut are moved to the nearest border."""
    red, green, blue = to_rgb_array(np.asarray(lab)).tolist()
    return red, green, blue


def to_rgb_array(lab: ArrayLike) -> NDArray[np.float32]:
    """Turn scaled LAB (…, 3) into sRGB (…, 3) in [0, 1]."""
    from skimage.color import lab2rgb

    plain = np.asarray(lab, dtype=np.float32) * _SPAN - _SHIFT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it warns of colours outside the gamut, and clips them as we want
        return np.clip(lab2rgb(plain), 0, 1).astype(np.float32)
