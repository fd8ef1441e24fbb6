"""Drawings as pictures: .png shows the drawing, .gif how it is drawn, stroke by stroke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strokewright.drawing import Drawing, Stroke
from strokewright.errors import FormatError, OptionError
from strokewright.files.format import Format
from strokewright.files.raster import MAX_PIXELS, to_image, write_picture

MAX_FRAMES = 500
_GIF_SIDE_PX = 512
_LAST_FRAME_MS = 1500


def write_png(drawings: Sequence[Drawing], stream: BinaryIO, size: tuple[int, int] | None = None) -> None:
    """Write the one drawing as it looks.

    Args:
        drawings: One drawing.
        stream: Where to.
        size: Width and height in pixels; None: the page's own.
    """
    write_picture(_pixels(drawings[0], size or _own_size(drawings[0])), stream)


def write_gif(
    drawings: Sequence[Drawing],
    stream: BinaryIO,
    size: tuple[int, int] | None = None,
    frames: int = 60,
    seconds: float = 4.0,
) -> None:
    """Write how the one drawing is drawn, at an even pace of nodes; it ends with the whole drawing and repeats.

    Args:
        drawings: One drawing.
        stream: Where to.
        size: Width and height in pixels; None: the page's own, at most 512 px a side.
        frames: Number of pictures, 1 to 500; fewer where the drawing has fewer nodes.
        seconds: How long the drawing takes, > 0.

    Raises:
        OptionError: An option is out of range.
    """
    if not 1 <= frames <= MAX_FRAMES:
        raise OptionError(f"frames: expected 1 to {MAX_FRAMES}, got {frames}")
    if not seconds > 0:
        raise OptionError(f"seconds: expected > 0, got {seconds:g}")
    drawing = drawings[0]
    width, height = size or _own_size(drawing)
    if size is None and max(width, height) > _GIF_SIDE_PX:
        scale = _GIF_SIDE_PX / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    total = sum(_weight(mark) for mark in drawing.marks)
    counts = sorted({round(step * total / frames) for step in range(1, frames + 1)})
    last = to_image(_pixels(drawing, (width, height))).quantize(256)
    pictures = [
        to_image(_pixels(first_nodes(drawing, count), (width, height))).quantize(palette=last, dither=Image.Dither.NONE)
        for count in counts[:-1]
    ]
    pause_ms = max(20, round(1000 * seconds / max(1, len(counts))))
    first, *others = [*pictures, last]
    durations = [*(pause_ms for _ in pictures), _LAST_FRAME_MS]
    extra: dict[str, Any] = {"save_all": True, "append_images": others, "loop": 0} if others else {}
    first.save(stream, "GIF", duration=durations if others else _LAST_FRAME_MS, **extra)


def write_frames(
    drawings: Sequence[Drawing], stream: BinaryIO, size: tuple[int, int] | None = None, seconds: float = 4.0
) -> None:
    """Write drawings as the frames of a GIF that runs to and fro.

    Args:
        drawings: At least one, at most 500.
        stream: Where to.
        size: Width and height in pixels; None: the first page's own.
        seconds: From the first drawing to the last, > 0.

    Raises:
        OptionError: An option is out of range.
    """
    if not 1 <= len(drawings) <= MAX_FRAMES:
        raise OptionError(f"frames: expected 1 to {MAX_FRAMES} drawings, got {len(drawings)}")
    if not seconds > 0:
        raise OptionError(f"seconds: expected > 0, got {seconds:g}")
    images = [to_image(_pixels(drawing, size or _own_size(drawings[0]))).quantize(64) for drawing in drawings]
    pause_ms = max(20, round(1000 * seconds / max(1, len(images) - 1)))
    first, *others = images + images[-2:0:-1]
    extra: dict[str, Any] = {"save_all": True, "append_images": others, "loop": 0} if others else {}
    first.save(stream, "GIF", duration=pause_ms, **extra)


def first_nodes(drawing: Drawing, count: int) -> Drawing:
    """Return the drawing as it stands when the pen has passed `count` nodes; marks other than strokes count as one."""
    marks: list[Any] = []
    for mark in drawing.marks:
        if count <= 0:
            break
        if isinstance(mark, Stroke) and len(mark.nodes) > count:
            mark = mark.replace(
                nodes=mark.nodes[:count],
                handles=mark.handles[: count - 1],
                width=mark.width[:count],
                times_ms=None if mark.times_ms is None else mark.times_ms[:count],
            )
        marks.append(mark)
        count -= _weight(mark)
    return drawing.replace(marks=tuple(marks))


def _weight(mark: Any) -> int:
    return len(mark.nodes) if isinstance(mark, Stroke) else 1


def _own_size(drawing: Drawing) -> tuple[int, int]:
    width, height = (int(np.ceil(side)) for side in drawing.size)
    return width, height


def _pixels(drawing: Drawing, size: tuple[int, int]) -> NDArray[np.float32]:
    from strokewright.render.skia import render

    if size[0] * size[1] > MAX_PIXELS:
        raise FormatError(f"expected at most {MAX_PIXELS // 10**6} megapixels, got {size[0]}×{size[1]} px; pass size=")
    return render(drawing, size).transpose(1, 2, 0)


PNG = Format("PNG", "the drawing as a picture", write=write_png)
GIF = Format("GIF", "how the drawing is drawn, stroke by stroke", write=write_gif)
