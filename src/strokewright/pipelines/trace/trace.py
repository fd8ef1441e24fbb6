"""A picture becomes an ordered drawing: clean → propose → order → refine, stroke by stroke."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten, stroke_length
from strokewright.drawing.plan import order_strokes
from strokewright.errors import EmptyError, OptionError
from strokewright.files.raster import read_picture
from strokewright.models.canvas_drawer import LineDrawer
from strokewright.pipelines.trace.clean import CleanPicture, clean
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.propose import WorkingInk, drawer_strokes, skeleton_strokes
from strokewright.pipelines.trace.refine import one_thread, refine_in_chunks

_STEPS = 60


def trace(picture: Any, options: TraceOptions | None = None, drawer: LineDrawer | None = None) -> Drawing:
    """Turn a picture into an ordered drawing.

    Args:
        picture: Path, bytes, binary stream, PIL image, or array as `read_picture` takes it.
        options: See `TraceOptions`.
        drawer: The trained drawer, which every method but skeleton needs.

    Returns:
        Strokes with widths and colours, in drawing order, on a page of the picture's size.

    Raises:
        FormatError: The picture cannot be read.
        EmptyError: The picture is blank.
        OptionError: The method needs a drawer and there is none.
    """
    options = options or TraceOptions()
    cleaned = clean(read_picture(picture))
    strokes = tuple(_strokes(cleaned, options, drawer))
    if not strokes:
        raise EmptyError("expected a picture with lines, found bare paper; check that the drawing is dark enough")
    height, width = cleaned.ink.shape
    return Drawing(strokes, (width, height), cleaned.paper, maker=f"strokewright trace {options.method}")


def trace_stream(
    picture: Any, options: TraceOptions | None = None, drawer: LineDrawer | None = None
) -> Iterator[Stroke]:
    """Yield the strokes that `trace` returns one by one, in drawing order, each as soon as it is final."""
    yield from _strokes(clean(read_picture(picture)), options or TraceOptions(), drawer)


def _strokes(cleaned: CleanPicture, options: TraceOptions, drawer: LineDrawer | None) -> Iterator[Stroke]:
    if not cleaned.ink.any():
        return
    with one_thread():
        proposals = _propose(cleaned, options, drawer)
    if options.max_strokes is not None:
        proposals = _largest(proposals, options.max_strokes)
    ordered = order_strokes(proposals, options.order)
    for chunk in refine_in_chunks(cleaned.ink, ordered, _STEPS, options.price_px):
        for stroke in chunk:
            yield stroke.replace(colour=cleaned.colour_along(flatten(stroke)))


def _propose(cleaned: CleanPicture, options: TraceOptions, drawer: LineDrawer | None) -> list[Stroke]:
    """Candidate strokes by the chosen method."""
    if options.method != "skeleton" and drawer is None:
        raise OptionError(
            f"method {options.method}: expected a drawer, got none; use load('trace/lineart') or 'skeleton'"
        )
    working = WorkingInk.of(cleaned.ink)
    strokes: list[Stroke] = []
    if options.method != "drawer":
        strokes = skeleton_strokes(working, options.tolerance_px, cleaned.chroma_along if cleaned.is_coloured else None)
    if options.method != "skeleton" and drawer is not None:
        strokes += drawer_strokes(drawer, working, strokes, options.tolerance_px)
    return strokes


def _largest(strokes: list[Stroke], count: int) -> list[Stroke]:
    """The strokes that lay down most ink, in their old order."""
    ink = np.array([(stroke_length(s) + s.width.mean()) * s.width.mean() for s in strokes])
    keep: NDArray[np.intp] = np.sort(np.argsort(-ink, kind="stable")[:count])
    return [strokes[i] for i in keep]
