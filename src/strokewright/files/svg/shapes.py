"""SVG's basic shapes as chains of cubic segments, in the shape's own coordinates.

Where a shape begins and which way it runs is as SVG says: rectangles at the top left, circles at the right, clockwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from strokewright.files.svg.path_data import Chain, Point, arc_to_cubics, parse_path
from strokewright.files.svg.values import parse_length, parse_numbers

Attributes = Mapping[str, str]
Viewport = tuple[float, float]


def chains_of(tag: str, attributes: Attributes, viewport: Viewport) -> list[Chain]:
    """Return the subpaths of a shape; none where SVG draws nothing.

    Args:
        tag: One of SHAPES.
        attributes: With the style cascade applied.
        viewport: Width and height that percentages refer to.

    Raises:
        ValueError: A value that is no number, or a negative size.
    """
    return SHAPES[tag](attributes, viewport)


def length(attributes: Attributes, name: str, viewport: Viewport, default: str = "0") -> float:
    """Return a length attribute; percentages are of the viewport's width, height or diagonal, by the name."""
    width, height = viewport
    across = name in ("x", "cx", "x1", "x2", "width", "rx")
    down = name in ("y", "cy", "y1", "y2", "height", "ry")
    whole = width if across else height if down else math.hypot(width, height) / math.sqrt(2)
    return parse_length(attributes.get(name) or default, whole)


def _size(attributes: Attributes, name: str, viewport: Viewport) -> float:
    value = length(attributes, name, viewport)
    if value < 0:
        raise ValueError(f"{name}: expected ≥ 0, got {value:g}")
    return value


def _path(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    return parse_path(attributes.get("d", ""))


def _line(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    x1, y1, x2, y2 = (length(attributes, name, viewport) for name in ("x1", "y1", "x2", "y2"))
    chain = Chain((x1, y1))
    chain.line_to((x2, y2))
    return [chain]


def _polyline(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    numbers = parse_numbers(attributes.get("points", ""))
    points: list[Point] = list(zip(numbers[::2], numbers[1::2], strict=False))  # SVG drops a number without a partner
    if len(points) < 2:
        return []
    chain = Chain(points[0])
    for point in points[1:]:
        chain.line_to(point)
    return [chain]


def _polygon(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    chains = _polyline(attributes, viewport)
    for chain in chains:
        chain.close()
    return chains


def _rect(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    x, y = length(attributes, "x", viewport), length(attributes, "y", viewport)
    width, height = _size(attributes, "width", viewport), _size(attributes, "height", viewport)
    if width == 0 or height == 0:
        return []
    rounding = [attributes.get(name, "auto") for name in ("rx", "ry")]
    rx = 0.0 if rounding[0] == "auto" else _size(attributes, "rx", viewport)
    ry = 0.0 if rounding[1] == "auto" else _size(attributes, "ry", viewport)
    rx, ry = (ry if rounding[0] == "auto" else rx), (rx if rounding[1] == "auto" else ry)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    right, bottom = x + width, y + height
    sides: list[tuple[Point, Point]] = [
        ((right - rx, y), (right, y + ry)),
        ((right, bottom - ry), (right - rx, bottom)),
        ((x + rx, bottom), (x, bottom - ry)),
        ((x, y + ry), (x + rx, y)),
    ]
    chain = Chain((x + rx, y))
    for corner, after in sides:
        if corner != chain.end:
            chain.line_to(corner)
        if rx > 0 and ry > 0:
            chain.segments.extend(arc_to_cubics(corner, rx, ry, 0.0, False, True, after))
    chain.close()
    return [chain]


def _circle(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    radius = _size(attributes, "r", viewport)
    return _round(attributes, viewport, radius, radius)


def _ellipse(attributes: Attributes, viewport: Viewport) -> list[Chain]:
    return _round(attributes, viewport, _size(attributes, "rx", viewport), _size(attributes, "ry", viewport))


def _round(attributes: Attributes, viewport: Viewport, rx: float, ry: float) -> list[Chain]:
    if rx == 0 or ry == 0:
        return []
    cx, cy = length(attributes, "cx", viewport), length(attributes, "cy", viewport)
    right, left = (cx + rx, cy), (cx - rx, cy)
    chain = Chain(right)
    for start, end in ((right, left), (left, right)):
        chain.segments.extend(arc_to_cubics(start, rx, ry, 0.0, False, True, end))
    chain.close()
    return [chain]


SHAPES: dict[str, Callable[[Attributes, Viewport], list[Chain]]] = {
    "path": _path,
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
}
