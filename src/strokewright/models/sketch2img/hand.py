"""A sketch drawn another time: the same lines, shaken, bent, moved a little, some of them left out.

Strokes are bent point by point; a picture of lines is bent as a whole, since its strokes are not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from strokewright.drawing import Stroke
from strokewright.drawing.drawing import Floats
from strokewright.models.sketch2img.sketches import PAPER, Bytes, line_px, lines_on_paper

_GRID = 4  # knots of the bending along a side
_BEND = 0.018  # of a knot, in sides of the picture
_TURN, _SCALE, _SHIFT = 0.04, 0.04, 0.015  # of the whole sketch: radians, logarithm, sides
_OWN_TURN, _OWN_SCALE, _OWN_SHIFT = 0.03, 0.03, 0.006  # of each stroke
_DROP = 0.25  # largest share of strokes left out; the first ones, most telling, stay
_WIDTHS = (0.8, 1.5)  # of a line, in its usual width
_THICK = 0.3  # how often the lines of a picture are thickened by a pixel
_COARSE = 9  # points along a side at which the bending of a picture is worked out


class _Bend:
    """A smooth random motion of the plane, and a small turn, scaling and shift of the whole."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._knots = rng.normal(0, _BEND, (2, _GRID + 3, _GRID + 3))
        turn, scale = rng.normal(0, _TURN), np.exp(rng.normal(0, _SCALE, 2))
        cos, sin = np.cos(turn), np.sin(turn)
        self._matrix = np.array([[cos, -sin], [sin, cos]]) * scale
        self._shift = rng.normal(0, _SHIFT, 2)

    def __call__(self, points: Floats) -> Floats:
        """Move points (n, 2), in sides of the picture."""
        places = np.clip(points, 0, 1) * _GRID + 1
        moved = [ndimage.map_coordinates(knots, places.T, order=3, mode="nearest") for knots in self._knots]
        return (points - 0.5) @ self._matrix.T + 0.5 + self._shift + np.stack(moved, axis=1)


def redrawn(lines: Sequence[Floats], size_px: int, rng: np.random.Generator) -> Bytes:
    """Draw lines another time.

    Args:
        lines: Points (n, 2) of each stroke in sides of the picture; the most telling ones first: these are left out
            last.
        size_px: Side of the picture.
        rng: Where all changes come from.

    Returns:
        (size_px, size_px) uint8, 255 = bare paper.
    """
    dropping = rng.uniform(0, 2 * _DROP) * np.arange(len(lines)) / max(1, len(lines))
    kept = [line for line, leave in zip(lines, rng.random(len(lines)) < dropping, strict=True) if not leave]
    if not kept:
        return np.full((size_px, size_px), PAPER, np.uint8)
    moved = _Bend(rng)(np.concatenate([_own_motion(line, rng) for line in kept])) * size_px
    width = line_px(size_px) * float(np.exp(rng.uniform(*np.log(_WIDTHS))))
    ends = np.cumsum([len(line) for line in kept])[:-1]
    return lines_on_paper([Stroke(points, width=width) for points in np.split(moved, ends)], size_px)  # type: ignore[arg-type]


def _own_motion(points: Floats, rng: np.random.Generator) -> Floats:
    """Turn, scale and shift one stroke a little about its middle."""
    turn, scale = rng.normal(0, _OWN_TURN), np.exp(rng.normal(0, _OWN_SCALE))
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    middle = points.mean(axis=0)
    return (points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle + rng.normal(0, _OWN_SHIFT, 2)


def redrawn_picture(picture: Bytes, size_px: int, rng: np.random.Generator) -> Bytes:
    """Draw a picture of lines another time.

    Args:
        picture: (side, side) uint8, 255 = bare paper.
        size_px: Side of the result.
        rng: Where all changes come from.
    """
    side = len(picture)
    at = np.linspace(0, 1, _COARSE)
    coarse = _Bend(rng)(np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)).reshape(_COARSE, _COARSE, 2)
    grid = np.stack([_enlarged(coarse[..., axis], side) for axis in (1, 0)]) * np.float32(side - 1)
    bent = ndimage.map_coordinates(picture, grid, order=1, mode="constant", cval=PAPER)
    if rng.random() < _THICK:
        bent = np.asarray(ndimage.minimum_filter(bent, 2), dtype=np.uint8)
    return np.asarray(Image.fromarray(bent).resize((size_px, size_px), Image.Resampling.BOX))


def _enlarged(values: Floats, side: int) -> NDArray[np.float32]:
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))
