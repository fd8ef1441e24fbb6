"""The true renderer: a Drawing becomes anti-aliased pixels through Skia; exact, fast, not differentiable.

A stroke of one width is stroked by Skia with round caps and joins. A stroke whose width changes is one filled path: the
union of discs along the centre line and the trapezoids that bridge them, so no seam and no double opacity can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import skia as skia_module
from numpy.typing import NDArray

from strokewright.drawing.drawing import Box, Colour, Drawing, Mark, Prism, Stamp, Stroke
from strokewright.drawing.solids import to_sheet
from strokewright.errors import DrawingError

skia: Any = skia_module  # its compiled names are unknown to type checkers
Pixels = NDArray[np.float32]
MAX_SIDE_PX = 20_000
_OVERSAMPLING = 2  # Skia places edges on a quarter of a pixel; twice as fine keeps the squared error under 1e-4
_BAND_PX = 1024  # rows painted at a time, which bounds the memory
_SAMPLE_STEP_PX = 1.5
_EVEN_WIDTH = 1e-3  # relative difference of width below which a stroke counts as one width


def render(
    drawing: Drawing,
    size: tuple[int, int] | None = None,
    background: Colour | None = None,
    antialias: bool = True,
) -> Pixels:
    """Render a drawing in colour; later marks lie over earlier ones.

    Args:
        drawing: What to draw; prisms as the sheet of `drawing.solids.to_sheet`.
        size: Width and height of the picture in pixels; the page is stretched to it. None: the page's own, rounded up.
        background: Paper colour, red, green, blue in [0, 1]. None: the drawing's.
        antialias: Smooth edges by coverage; False gives hard ones.

    Returns:
        (3, height, width) float32 in [0, 1].

    Raises:
        DrawingError: A picture larger than 20,000 px a side.
    """
    paper = drawing.background if background is None else background
    pixels = _paint(drawing, size, (*paper, 1.0), antialias, ink_only=False)
    return np.ascontiguousarray(pixels[..., :3].transpose(2, 0, 1))


def render_ink(drawing: Drawing, size: tuple[int, int] | None = None) -> Pixels:
    """Render how much of every pixel the marks cover, whatever their colour: 0 = bare paper, 1 = full ink.

    Args:
        drawing: What to draw; the opacity of its marks counts.
        size: Width and height in pixels, as in `render`.

    Returns:
        (height, width) float32 in [0, 1].
    """
    return _paint(drawing, size, (0.0, 0.0, 0.0, 0.0), antialias=True, ink_only=True)


def _paint(
    drawing: Drawing,
    size: tuple[int, int] | None,
    background: tuple[float, float, float, float],
    antialias: bool,
    ink_only: bool,
) -> Pixels:
    """Paint all marks on a fresh surface: (height, width, 4) RGBA float32, or their alpha alone (height, width)."""
    width, height = (int(np.ceil(side)) for side in drawing.size) if size is None else size
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        raise DrawingError(f"picture size: expected 1 to {MAX_SIDE_PX} px a side, got {width}×{height}; pass size=")
    drawing = to_sheet(drawing)
    fine = _OVERSAMPLING if antialias else 1
    pixels = np.empty((height, width) if ink_only else (height, width, 4), dtype=np.float32)
    for top in range(0, height, _BAND_PX):
        rows = min(_BAND_PX, height - top)
        array = np.zeros((rows * fine, width * fine, 4), dtype=np.uint8)
        canvas: Any = skia.Canvas(array, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
        canvas.clear(skia.Color4f(*background))
        canvas.scale(fine, fine)
        canvas.translate(0, -top)
        if size is not None:
            canvas.scale(width / drawing.size[0], height / drawing.size[1])
        for mark in drawing.marks:
            _draw_mark(canvas, mark, antialias, ink_only)
        del canvas
        pixels[top : top + rows] = _shrink(array[..., 3] if ink_only else array, fine)
    return pixels


def _shrink(array: NDArray[np.uint8], fine: int) -> Pixels:
    """Average blocks of fine × fine pixels; 0..255 becomes [0, 1]."""
    total = array.astype(np.uint16)
    total = sum((total[row::fine] for row in range(1, fine)), total[::fine])
    total = sum((total[:, column::fine] for column in range(1, fine)), total[:, ::fine])
    return total.astype(np.float32) / np.float32(255 * fine * fine)


def _draw_mark(canvas: Any, mark: Mark, antialias: bool, ink_only: bool) -> None:
    opacity = 1.0 if isinstance(mark, Box | Prism) else mark.opacity
    colour = (0.0, 0.0, 0.0) if ink_only else mark.colour
    paint: Any = skia.Paint(AntiAlias=antialias, Color4f=skia.Color4f(*colour, opacity), Style=skia.Paint.kFill_Style)
    match mark:
        case Stroke():
            _draw_stroke(canvas, mark, paint)
        case Box():
            canvas.drawRect(skia.Rect(mark.x0, mark.y0, mark.x1, mark.y1), paint)
        case Stamp():
            corners = mark.outline @ mark.affine[:, :2].T + mark.affine[:, 2]
            canvas.drawPath(_polygons([corners]), paint)
        case Prism():
            pass  # to_sheet has put boxes and stamps in its place


def _draw_stroke(canvas: Any, stroke: Stroke, paint: Any) -> None:
    widest = float(stroke.width.max())
    if widest <= 0:
        return
    if len(stroke.nodes) == 1 or not np.ptp(stroke.controls.reshape(-1, 2), axis=0).any():
        canvas.drawCircle(*stroke.nodes[0].tolist(), widest / 2, paint)
    elif np.ptp(stroke.width) <= _EVEN_WIDTH * widest:
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(widest)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        paint.setStrokeJoin(skia.Paint.kRound_Join)
        canvas.drawPath(_centre_line(stroke), paint)
    else:
        canvas.drawPath(_ribbon(*_sampled(stroke)), paint)


def _centre_line(stroke: Stroke) -> Any:
    path: Any = skia.PathBuilder()
    path.moveTo(*stroke.nodes[0].tolist())
    if stroke.is_polyline:
        for node in stroke.nodes[1:].tolist():
            path.lineTo(*node)
    else:
        for handles, node in zip(stroke.handles.reshape(-1, 4).tolist(), stroke.nodes[1:].tolist(), strict=True):
            path.cubicTo(*handles, *node)
    return path.detach()


def _sampled(stroke: Stroke) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sample the centre line densely: points (n, 2) and radii (n,)."""
    points, radii = [stroke.nodes[:1]], [stroke.width[:1] / 2]
    for control, start, end in zip(stroke.controls, stroke.width[:-1], stroke.width[1:], strict=True):
        outline = np.linalg.norm(np.diff(control, axis=0), axis=1).sum()
        t = np.linspace(0, 1, 1 + int(np.clip(np.ceil(outline / _SAMPLE_STEP_PX), 1, 2000)))[1:, None]
        weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
        points.append(weights @ control)
        radii.append((start + (end - start) * t[:, 0]) / 2)
    return np.concatenate(points), np.concatenate(radii)


def _ribbon(points: NDArray[np.float64], radii: NDArray[np.float64]) -> Any:
    """Unite discs at the points and trapezoids between them in one path with winding fill."""
    chord = np.diff(points, axis=0)
    length = np.linalg.norm(chord, axis=1)
    moves = length > 1e-9
    chord, length = chord[moves], length[moves, None]
    start, end, r0, r1 = points[:-1][moves], points[1:][moves], radii[:-1][moves, None], radii[1:][moves, None]
    # The outer tangents of two discs touch them where the normal leans by asin((r0 - r1) / length).
    along = chord / length
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    lean = np.clip((r0 - r1) / length, -1, 1)
    left = along * lean + across * np.sqrt(1 - lean**2)
    right = along * lean - across * np.sqrt(1 - lean**2)
    corners = np.stack([start + r0 * right, end + r1 * right, end + r1 * left, start + r0 * left], axis=1)
    path: Any = _polygons(corners, finish=False)
    for (x, y), radius in zip(points.tolist(), radii.tolist(), strict=True):
        if radius > 0:
            path.addCircle(x, y, radius, skia.PathDirection.kCW)
    return path.detach()


def _polygons(corners: Iterable[NDArray[np.float64]] | Sequence[NDArray[np.float64]], finish: bool = True) -> Any:
    path: Any = skia.PathBuilder()
    path.setFillType(skia.PathFillType.kWinding)
    for polygon in corners:
        path.addPolygon([skia.Point(x, y) for x, y in polygon.tolist()], True)
    return path.detach() if finish else path
