"""Sketches as the networks see them: lines at the network's size, and the distance to the nearest line.

A line of one pixel that is averaged down to 8×8 or 4×4 keeps 1/8 or 1/16 of its contrast, so raw lines hardly reach the
coarse units. The distance map says at every scale where the lines are: 0 on a line, 255 farthest from all.

Source: the preprocessing of SketchyGAN (Chen and Hays 2018); a blank sketch, which it divides by zero for, is 255.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from strokewright.drawing import Drawing, Stroke
from strokewright.render.skia import render_ink

PAPER = 255
_STROKE_UNDER = 245  # a pixel darker than this counts as drawn
_LINE_SHARE, _LEAST_LINE_PX = 1 / 64, 1.0  # width of a line: in sides of the picture, and at least

Bytes = NDArray[np.uint8]


def line_px(size_px: int) -> float:
    """Return how wide lines are drawn in a picture of that side."""
    return max(size_px * _LINE_SHARE, _LEAST_LINE_PX)


def distance_map(sketch: Bytes) -> Bytes:
    """Return the distance of every pixel to the nearest line, divided by its largest and times 255.

    Args:
        sketch: (height, width) uint8, 255 = bare paper.

    Returns:
        (height, width) uint8: 0 on lines; 255 everywhere if there are none.
    """
    paper = sketch >= _STROKE_UNDER
    if paper.all():
        return np.full(sketch.shape, 255, np.uint8)
    distance = np.asarray(ndimage.distance_transform_edt(paper), dtype=np.float64)
    return np.rint(distance * (255 / max(distance.max(), 1.0))).astype(np.uint8)


def sketch_of_drawing(strokes: Sequence[Stroke], page_px: tuple[float, float], size_px: int) -> Bytes:
    """Draw strokes in black lines of one width, whatever theirs is.

    Args:
        strokes: Strokes on a page.
        page_px: Width and height of the page, which is put whole into the square, centred.
        size_px: Side of the square.

    Returns:
        (size_px, size_px) uint8, 255 = bare paper.
    """
    width = line_px(size_px)
    return lines_on_paper(
        [s.replace(width=np.full(len(s.nodes), width)) for s in placed(strokes, page_px, size_px)], size_px
    )


def placed(strokes: Sequence[Stroke], page_px: tuple[float, float], side: float) -> list[Stroke]:
    """Scale strokes so that their page lies whole and centred in a square of that side."""
    scale = side / max(page_px)
    left, top = ((side - scale * length) / 2 for length in page_px)
    return [stroke.transformed([[scale, 0, left], [0, scale, top]]) for stroke in strokes]


def lines_on_paper(strokes: Sequence[Stroke], size_px: int) -> Bytes:
    """Return strokes in pixels of the picture as (size_px, size_px) uint8, 255 = bare paper."""
    ink = render_ink(Drawing(tuple(strokes), (size_px, size_px)))
    return (255.5 - 255 * ink).astype(np.uint8)


def sketch_of_picture(sketch: Bytes, size_px: int) -> Bytes:
    """Average a picture of lines, 255 = paper, down to a square; what is not square is set on paper first.

    Args:
        sketch: (height, width) uint8.
        size_px: Side of the result.
    """
    height, width = sketch.shape
    side = max(height, width)
    if height != width:
        square = np.full((side, side), PAPER, np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = sketch
        sketch = square
    how = Image.Resampling.BOX if side >= size_px else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(sketch).resize((size_px, size_px), how))


def photo_at(photo: Bytes, size_px: int) -> Bytes:
    """Scale a photo (height, width, 3) to a square (3, size_px, size_px); its border is repeated where it has none."""
    height, width = photo.shape[:2]
    side = max(height, width)
    above, before = (side - height) // 2, (side - width) // 2
    rows, columns = (above, side - height - above), (before, side - width - before)
    square = np.pad(photo, (rows, columns, (0, 0)), mode="edge") if height != width else photo
    how = Image.Resampling.BOX if side >= size_px else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(square)).resize((size_px, size_px), how)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def recoloured(photo: Bytes, amount: float, rng: np.random.Generator) -> Bytes:
    """Scale a photo's contrast about its mean by 1 ± amount, and move its light by up to half as much.

    Args:
        photo: uint8 of any shape.
        amount: 0 to 1; SketchyGAN has 0.2.
        rng: Where the change comes from.
    """
    contrast, light = 1 + amount * rng.uniform(-1, 1), 255 * amount / 2 * rng.uniform(-1, 1)
    mean = photo.mean()
    return np.rint((photo - mean) * contrast + mean + light).clip(0, 255).astype(np.uint8)
