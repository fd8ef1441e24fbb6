"""Templates: shapes that a painter places; outlines for marks, signed distances for gradients.

A template lives in its own square [-1, 1]², y down. Its field holds, at `side` × `side` points spread over
[-EXTENT, EXTENT]², the distance to the outline: positive inside, negative outside. A distance, unlike a mask, gives
smooth edges at every size and tells shapes that do not touch a picture's ink in which direction it lies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strokewright.errors import OptionError

Floats = NDArray[np.float64]
EXTENT = 1.5
SIDE = 64
_FINE = 256
_CORNERS = 72  # of a circle's outline: it lies within 0.1 % of the circle
LINE_HALF_WIDTH = 0.125
_CURVE_RADIUS = 0.875
_SMALLEST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class Template:
    """One shape.

    Args:
        name: What users call it.
        outline: (n, 2) corners of one polygon; separate parts and holes hang together by cuts of no width.
        field: (side, side) float32 signed distances, positive inside; rows run with y.
    """

    name: str
    outline: Floats
    field: NDArray[np.float32]


def _grid(side: int) -> tuple[Floats, Floats]:
    """Coordinates x, y (side, side) of a field's points."""
    line = np.linspace(-EXTENT, EXTENT, side)
    return np.broadcast_to(line, (side, side)), np.broadcast_to(line[:, None], (side, side))


def _arc(radius: float, first: float, last: float, corners: int) -> Floats:
    angle = np.linspace(first, last, corners)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _circle(x: Floats, y: Floats) -> Floats:
    return 1 - np.hypot(x, y)


def _box(x: Floats, y: Floats, half_height: float) -> Floats:
    dx, dy = np.abs(x) - 1, np.abs(y) - half_height
    return -(np.hypot(dx.clip(0), dy.clip(0)) + np.maximum(dx, dy).clip(max=0))


def _curve(x: Floats, y: Floats) -> Floats:
    """A band along the upper half of a circle; its middle line is centred in the square."""
    y = y - _CURVE_RADIUS / 2
    along = np.abs(np.hypot(x, y) - _CURVE_RADIUS)
    ends = np.hypot(np.abs(x) - _CURVE_RADIUS, y)
    return LINE_HALF_WIDTH - np.where(y <= 0, along, ends)


def _curve_outline() -> Floats:
    """Outer arc, round end, inner arc, round end."""
    wide, ends = _CURVE_RADIUS, 12
    outer = _arc(wide + LINE_HALF_WIDTH, -np.pi, 0, _CORNERS // 2)
    inner = _arc(wide - LINE_HALF_WIDTH, 0, -np.pi, _CORNERS // 2)
    end, shift = _arc(LINE_HALF_WIDTH, 0, np.pi, ends)[1:-1], np.array([wide, 0])
    return np.concatenate([outer, end + shift, inner, end - shift]) + np.array([0, _CURVE_RADIUS / 2])


def _corners(half_height: float) -> Floats:
    return np.array([(-1, -half_height), (1, -half_height), (1, half_height), (-1, half_height)], dtype=np.float64)


_SHAPES: dict[str, tuple[Callable[[Floats, Floats], Floats], Callable[[], Floats]]] = {
    "circle": (_circle, lambda: _arc(1, 0, 2 * np.pi, _CORNERS + 1)[:-1]),
    "square": (lambda x, y: _box(x, y, 1), lambda: _corners(1)),
    "line": (lambda x, y: _box(x, y, LINE_HALF_WIDTH), lambda: _corners(LINE_HALF_WIDTH)),
    "curve": (_curve, _curve_outline),
}
TEMPLATES = tuple(_SHAPES)
"""The built-in templates by name."""


def built_in(name: str) -> Template:
    """Return a built-in template.

    Raises:
        OptionError: No such template.
    """
    if name not in _SHAPES:
        raise OptionError(
            f"template: expected one of {', '.join(TEMPLATES)}, got {name!r}; a picture of yours also will do"
        )
    distance, outline = _SHAPES[name]
    return Template(name, outline(), distance(*_grid(SIDE)).astype(np.float32))


def from_ink(name: str, ink: ArrayLike, side: int = SIDE) -> Template:
    """Make a template of any picture: what is darker than half is its shape.

    Args:
        name: What to call it.
        ink: (height, width) in [0, 1], 0 = bare paper; the shape is fitted into the square, its proportions kept.
        side: Points of the field each way.

    Raises:
        OptionError: The picture is empty, or full of ink.
    """
    picture = np.asarray(ink, dtype=np.float64)
    inside = picture >= 0.5
    if picture.ndim != 2 or not _SMALLEST_SHARE < inside.mean() < 1 + _SMALLEST_SHARE:
        raise OptionError(
            f"template {name}: expected a picture (height, width) with a dark shape on light paper, got shape "
            f"{picture.shape} with {inside.mean():.1%} ink; make the shape larger or darker"
        )
    fine = _fitted(picture)
    return from_field(name, _to_distance(fine, side))


def from_field(name: str, field: NDArray[np.float32]) -> Template:
    """Make a template of a field (side, side), learned for example; its outline is where the field is 0."""
    return Template(name, outline_of(field), np.asarray(field, dtype=np.float32))


def _fitted(picture: Floats) -> Floats:
    """Cut the shape out and sample it on the points of a fine field."""
    from scipy import ndimage

    rows, columns = np.nonzero(picture >= 0.5)
    half = max(np.ptp(rows), np.ptp(columns)) / 2 + 0.5
    x, y = _grid(_FINE)
    places = [np.mean([rows.min(), rows.max()]) + half * y, np.mean([columns.min(), columns.max()]) + half * x]
    return ndimage.map_coordinates(picture, places, order=1, mode="constant")


def _to_distance(fine: Floats, side: int) -> NDArray[np.float32]:
    """Turn a fine picture of ink into a field."""
    from scipy import ndimage

    step = 2 * EXTENT / (len(fine) - 1)
    inside = fine >= 0.5
    within, beyond = (np.asarray(ndimage.distance_transform_edt(part)) for part in (inside, ~inside))
    signed = within - beyond
    signed -= np.sign(signed) * 0.5  # the outline lies half way between the last pixel inside and the first outside
    places = np.linspace(0, len(fine) - 1, side)
    grid = np.meshgrid(places, places, indexing="ij")
    smooth = ndimage.gaussian_filter(signed, 1.0)
    return (ndimage.map_coordinates(smooth, grid, order=1, mode="nearest") * step).astype(np.float32)


def outline_of(field: NDArray[np.float32]) -> Floats:
    """Trace where a field (side, side) is 0, as one polygon; a field without inside gives a point."""
    from skimage.measure import approximate_polygon, find_contours

    edged = np.pad(np.asarray(field, dtype=np.float64), 1, constant_values=-1.0)
    step = 2 * EXTENT / (len(field) - 1)
    rings = [approximate_polygon(ring, 0.05) for ring in find_contours(edged, 0.0)]
    rings = [(ring[:-1, ::-1] - 1) * step - EXTENT for ring in rings if len(ring) > 3]
    return _joined(rings) if rings else np.zeros((1, 2))


def _joined(rings: list[Floats]) -> Floats:
    """Tie rings into one polygon: out along a cut to each further ring, once round, and back along the same cut."""
    first, *others = sorted(rings, key=len, reverse=True)
    anchor = first[:1]
    pieces = [first, anchor]
    for ring in others:
        pieces += [ring, ring[:1], anchor]
    return np.concatenate(pieces) if others else first
