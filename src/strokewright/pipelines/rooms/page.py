"""A picture of any size becomes the models' page of 512 px, and boxes found there go back to the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from strokewright.models.canvas_drawer.rooms.batches import PlanBytes
from strokewright.models.canvas_drawer.rooms.candidates import Floats
from strokewright.models.canvas_drawer.rooms.evidence import PICTURE_PX

_LINE = 0.4
_SMALLEST_SHARE = 0.5  # a drawing that takes up less of the page is enlarged
_USUAL_PX = 440.0  # to this longer side


class Page(NamedTuple):
    """A picture on the models' page.

    Args:
        ink: (512, 512), 255 = full ink.
        scale: Pixels of the page a pixel of the picture.
        left: Where the picture's left edge lies on the page, in pixels of the page.
        top: Where its top edge lies.
    """

    ink: PlanBytes
    scale: float
    left: float
    top: float

    def to_picture(self, boxes: Floats, size: tuple[float, float]) -> NDArray[np.float64]:
        """Return boxes (n, 4) of the page in pixels of the picture, cut at its edges; size is width, height."""
        shift = np.array([self.left, self.top] * 2)
        return ((boxes - shift) / self.scale).clip(0, np.array(size * 2))


def fit_page(ink: NDArray[np.float32]) -> Page:
    """Fit ink (height, width) in [0, 1] on the page, centred; a small drawing in a large picture is enlarged.

    Lines are kept at least about a pixel wide: a thin line that is only averaged away would open rooms.
    """
    height, width = ink.shape
    scale = PICTURE_PX / max(height, width)
    left, top = (PICTURE_PX - scale * width) / 2, (PICTURE_PX - scale * height) / 2
    span = _span(ink)
    longer = scale * max(span[2] - span[0], span[3] - span[1])
    if 0 < longer < _SMALLEST_SHARE * PICTURE_PX:
        scale *= _USUAL_PX / longer
        left, top = (PICTURE_PX / 2 - scale * (span[axis] + span[axis + 2]) / 2 for axis in (0, 1))
    reduced = int(np.ceil(1 / scale - 1e-6))
    if reduced > 1:
        ink = np.asarray(ndimage.maximum_filter(ink, reduced), dtype=np.float32)
    page = np.rint(ink * 255).astype(np.uint8)
    if scale == 1 and page.shape == (PICTURE_PX, PICTURE_PX):
        return Page(page, 1.0, 0.0, 0.0)
    window = (-left / scale, -top / scale, (PICTURE_PX - left) / scale, (PICTURE_PX - top) / scale)
    margin = int(np.ceil(max(0.0, -min(window[:2]), window[2] - width, window[3] - height)))
    image = Image.fromarray(np.pad(page, margin))
    inside = tuple(side + margin for side in window)
    way = Image.Resampling.BOX if reduced > 1 else Image.Resampling.BILINEAR  # a wider filter would make lines pale
    fitted = image.resize((PICTURE_PX, PICTURE_PX), way, inside)
    return Page(np.asarray(fitted), scale, left, top)


def _span(ink: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Return the box around all lines: x0, y0, x1, y1 in pixels."""
    lines = ink >= _LINE
    columns, rows = np.flatnonzero(lines.any(axis=0)), np.flatnonzero(lines.any(axis=1))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
