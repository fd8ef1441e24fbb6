"""One small picture → the strokes of a drawer of whole pictures: `load("draw/characters")("a.png")`.

A drawer knows pictures of one small size with the ink in their middle, such as 28×28. So the ink is cut out, thickened
if it would vanish, and shrunk; the strokes come back in the picture's own coordinates, with the widths its lines had.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.measure import block_reduce

from strokewright import weights
from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import EmptyError, OptionError
from strokewright.files.raster import read_picture
from strokewright.models.canvas_drawer import Drawer
from strokewright.pipelines.batch import Source
from strokewright.pipelines.convert import WriteOptions
from strokewright.pipelines.trace.clean import CleanPicture, clean
from strokewright.render.actions import to_drawing

DEFAULT_MODEL = "draw/characters"
_INNER_SHARE = 20 / 28  # of the field's side that the ink's longer side fills, as in MNIST
_THINNEST = 1.8  # line width in pixels of the field below which lines are thickened
_LARGEST_PX = 1024  # larger pictures are shrunk by a whole factor first
_SOLID = 0.5  # of full ink; such pixels show the pen's colour
_INKED = 0.3  # of full ink; paler pixels are the lines' soft edges
_Ink = NDArray[np.float32]


@dataclass(frozen=True)
class Field:
    """What the drawer sees of a picture, and where it lies.

    Args:
        ink: (size, size) in [0, 1].
        left: x of its left border in the picture, pixels.
        top: y of its upper border.
        scale: Pixels of the picture a pixel of the field.
        thickened: How many times wider the lines are than in the picture.
    """

    ink: _Ink
    left: float
    top: float
    scale: float
    thickened: float


class PictureDrawer:
    """A small picture in, the strokes a trained drawer draws it with out.

    Args:
        name: Short name of a bundled drawer of whole pictures.
        device: Where it runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The name is unknown, or the file is missing or damaged.
        OptionError: The name is that of another kind of model.
    """

    def __init__(self, name: str = DEFAULT_MODEL, device: str = "auto") -> None:
        model = weights.load_model(name, device)
        if not isinstance(model, Drawer) or not _draws_pictures(model):
            fitting = [card.name for card in weights.cards() if card.pipeline.endswith(f":{type(self).__name__}")]
            got = type(model).__name__ + (f" of {model.vocabulary.name}" if isinstance(model, Drawer) else "")
            raise OptionError(f"{name}: expected a drawer of pictures, got {got}; choose one of {', '.join(fitting)}")
        self.name = name
        self.drawer = model

    def __call__(self, picture: Any) -> Drawing:
        """Draw one picture (path, bytes, stream, PIL image or array).

        Returns:
            As many strokes as the drawer has steps, in its order, on a page of the picture's size. A drawer of colours
            chooses them itself; otherwise strokes take the picture's.

        Raises:
            FormatError: The picture cannot be read.
            EmptyError: The picture is blank.
        """
        return draw_picture(self.drawer, picture).replace(maker=self.name)


def _draws_pictures(drawer: Drawer) -> bool:
    """Whether a drawer sees one grey picture and draws strokes on one page."""
    return drawer.vocabulary.shape == "stroke" and drawer.vocabulary.views == drawer.config.hint_channels == 1


def draw_picture(drawer: Drawer, picture: Any) -> Drawing:
    """Draw a picture by a drawer; see `PictureDrawer`."""
    cleaned = clean(read_picture(picture))
    if not cleaned.ink.any():
        raise EmptyError("expected a picture of a figure, found bare paper; check that the drawing is dark enough")
    field = to_field(cleaned.ink, drawer.config.size_px)
    seen = torch.from_numpy(field.ink)[None, None].to(next(drawer.parameters()).device)
    actions = drawer.draw(seen)[0].cpu().double().numpy()
    height, width = cleaned.ink.shape
    matrix = [[field.scale, 0, field.left], [0, field.scale, field.top]]
    drawn = to_drawing(drawer.vocabulary, actions, drawer.config.size_px).transformed(matrix, (width, height))
    strokes = [stroke.replace(width=stroke.width / field.thickened) for stroke in drawn.strokes]
    if drawer.vocabulary.paint == "ink":
        strokes = _in_their_colours(strokes, cleaned)
    return drawn.replace(marks=tuple(strokes), background=cleaned.paper)


def _in_their_colours(strokes: list[Stroke], cleaned: CleanPicture) -> list[Stroke]:
    """Give strokes the colour of the ink under them; those beside the ink, or of one pen, the colour of all of it."""
    inked = cleaned.ink > _SOLID
    y, x = np.nonzero(inked if inked.any() else cleaned.ink == cleaned.ink.max())
    common = cleaned.colour_along(np.stack([x, y], axis=1).astype(np.float64))
    if not cleaned.is_coloured:
        return [stroke.replace(colour=common) for stroke in strokes]
    height, width = inked.shape
    result: list[Stroke] = []
    for stroke in strokes:
        points = flatten(stroke)
        column, line = points.astype(int).clip(0, (width - 1, height - 1)).T
        touching = points[inked[line, column]]
        result.append(stroke.replace(colour=cleaned.colour_along(touching) if len(touching) else common))
    return result


def to_field(ink: _Ink, size_px: int) -> Field:
    """Fit the ink into a field as MNIST's makers did: a longer side of 20/28 of it, the centre of mass in the middle.

    Args:
        ink: (height, width) in [0, 1], not blank.
        size_px: Side of the field in pixels.
    """
    block = -(-max(ink.shape) // _LARGEST_PX)
    ink = block_reduce(ink, block, np.max)  # the strongest ink of a block: thin lines must not fade
    solid = ink > _INKED * float(ink.max())
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    scale = float(side / (_INNER_SHARE * size_px))
    ink, thickened = _thickened(ink, solid, _THINNEST * scale)
    total = float(ink.sum())
    y = float(ink.sum(axis=1) @ np.arange(len(ink))) / total + 0.5
    x = float(ink.sum(axis=0) @ np.arange(ink.shape[1])) / total + 0.5
    span = scale * size_px
    left, top = x - span / 2, y - span / 2
    margin = int(np.ceil(span))  # the centre lies inside the picture, so the field ends within this of it
    padded = Image.fromarray(np.pad(ink, margin))
    box = (left + margin, top + margin, left + margin + span, top + margin + span)
    small = padded.resize((size_px, size_px), Image.Resampling.BOX if scale > 1 else Image.Resampling.BILINEAR, box)
    seen = np.asarray(small, dtype=np.float32).clip(0, 1)
    return Field(seen, block * left, block * top, block * scale, thickened)


def _thickened(ink: _Ink, solid: NDArray[np.bool_], wanted_px: float) -> tuple[_Ink, float]:
    """Widen lines to at least wanted_px; return the ink, and how many times wider they are."""
    inside = np.asarray(ndimage.distance_transform_edt(np.pad(solid, 1)), dtype=np.float64)[1:-1, 1:-1]
    ridge = inside[solid & (inside == ndimage.maximum_filter(inside, 3))]
    width_px = max(1.0, 2 * float(np.median(ridge)) - 1)
    if width_px >= wanted_px:
        return ink, 1.0
    away = np.asarray(ndimage.distance_transform_edt(~np.pad(solid, 1)), dtype=np.float64)[1:-1, 1:-1]
    reach = (wanted_px - width_px) / 2
    return np.maximum(ink, np.clip(reach + 0.5 - away, 0, 1)).astype(np.float32), wanted_px / width_px


@dataclass(frozen=True)
class DrawFile:
    """The work on one file: picture in, drawing out. Small enough to be sent to a worker; the model is loaded there."""

    model: str
    write: WriteOptions

    def drawing(self, source: Source) -> Drawing:
        """Draw a picture. Raises EmptyError for a blank one."""
        return _loaded(self.model)(source)

    def __call__(self, source: Source, output: Path) -> dict[str, float]:
        """Draw a picture and write the drawing; return its stats. Raises EmptyError for a blank picture."""
        drawing = self.drawing(source)
        drawing.save(output, **self.write.chosen())
        return drawing.stats()


@cache
def _loaded(model: str) -> PictureDrawer:
    return PictureDrawer(model)
