"""The small languages inside SVG attributes: lengths, colours, transforms, view boxes, lists of numbers.

A matrix here is (a, b, c, d, e, f), as in SVG: x' = a·x + c·y + e, y' = b·x + d·y + f.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache

from strokewright.drawing.drawing import Colour

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
PX_PER_INCH = 96.0

# Each pattern leaves one way to match a text, so that no text takes more than linear time.
_LENGTH = re.compile(rf"({NUMBER})\s*([a-zA-Z%]*)")
_NUMBERS = re.compile(rf"[\s,]*({NUMBER})")
_TRANSFORM = re.compile(r"[\s,]*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")
_PX_PER_UNIT = {
    "": 1.0,
    "px": 1.0,
    "in": PX_PER_INCH,
    "cm": PX_PER_INCH / 2.54,
    "mm": PX_PER_INCH / 25.4,
    "q": PX_PER_INCH / 101.6,
    "pt": PX_PER_INCH / 72,
    "pc": PX_PER_INCH / 6,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
}


def parse_length(text: str, whole: float) -> float:
    """Return a length such as "12mm" in pixels; "%" is of `whole`. Raises ValueError."""
    match = _LENGTH.fullmatch(text.strip())
    unit = match.group(2).lower() if match else "?"
    if match is None or (unit != "%" and unit not in _PX_PER_UNIT):
        raise ValueError(f"expected a length such as 12 or 12mm, got {text[:40]!r}")
    return finite(float(match.group(1)) * (whole / 100 if unit == "%" else _PX_PER_UNIT[unit]))


def parse_numbers(text: str) -> list[float]:
    """Return the numbers of a list parted by spaces or commas. Raises ValueError."""
    numbers: list[float] = []
    at = 0
    while match := _NUMBERS.match(text, at):
        numbers.append(finite(float(match.group(1))))
        at = match.end()
    if text[at:].strip():
        raise ValueError(f"expected numbers, got {text[at:].strip()[:40]!r}")
    return numbers


def finite(number: float) -> float:
    """Return the number. Raises ValueError for one too large to compute with."""
    if not math.isfinite(number):
        raise ValueError("expected finite numbers, got one too large")
    return number


def multiply(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first, then `outer`."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f


def scale_of(matrix: Matrix) -> float:
    """Return by how much a matrix scales lengths on average: the square root of its determinant."""
    a, b, c, d, _, _ = matrix
    return math.sqrt(abs(a * d - b * c))


def parse_transform(text: str) -> Matrix:
    """Return the matrix of a transform list such as "translate(3 4) rotate(90)". Raises ValueError."""
    result, at = IDENTITY, 0
    while match := _TRANSFORM.match(text, at):
        result = multiply(result, _one_transform(match.group(1), parse_numbers(match.group(2))))
        at = match.end()
    if text[at:].strip() not in ("", "none"):
        raise ValueError(f"expected a transform, got {text[at:].strip()[:40]!r}")
    return result


def _one_transform(kind: str, values: list[float]) -> Matrix:
    match kind, values:
        case "matrix", [a, b, c, d, e, f]:
            return a, b, c, d, e, f
        case "translate", [x, *rest] if len(rest) < 2:
            return 1.0, 0.0, 0.0, 1.0, x, rest[0] if rest else 0.0
        case "scale", [x, *rest] if len(rest) < 2:
            return x, 0.0, 0.0, rest[0] if rest else x, 0.0, 0.0
        case "rotate", [angle]:
            cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            return cos, sin, -sin, cos, 0.0, 0.0
        case "rotate", [angle, x, y]:
            turned = multiply((1.0, 0.0, 0.0, 1.0, x, y), _one_transform("rotate", [angle]))
            return multiply(turned, (1.0, 0.0, 0.0, 1.0, -x, -y))
        case "skewX", [angle]:
            return 1.0, 0.0, math.tan(math.radians(angle)), 1.0, 0.0, 0.0
        case "skewY", [angle]:
            return 1.0, math.tan(math.radians(angle)), 0.0, 1.0, 0.0, 0.0
        case _:
            raise ValueError(f"expected a transform, got {kind} with {len(values)} numbers")


def fit_view_box(box: Sequence[float], width: float, height: float, fit: str) -> Matrix:
    """Return the matrix that maps a view box (x, y, width, height) onto a viewport, as preserveAspectRatio says.

    Raises:
        ValueError: The box is not four numbers with positive sides.
    """
    if len(box) != 4 or box[2] <= 0 or box[3] <= 0:
        raise ValueError(f"expected a viewBox of x y width height, got {list(box)}")
    x, y, box_width, box_height = box
    across, down = width / box_width, height / box_height
    words = fit.split() or ["xMidYMid"]
    if words[0] != "none":
        across = down = max(across, down) if "slice" in words else min(across, down)
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    share_x, share_y = share.get(words[0][1:4], 0.5), share.get(words[0][5:8], 0.5)
    return (
        across,
        0.0,
        0.0,
        down,
        (width - box_width * across) * share_x - x * across,
        (height - box_height * down) * share_y - y * down,
    )


@cache
def parse_colour(text: str) -> tuple[Colour, float] | None:
    """Return a CSS colour and its opacity; None for "none" and "transparent". Raises ValueError."""
    from PIL import ImageColor  # knows all the names

    low = text.strip().lower()
    if low in ("none", "transparent"):
        return None
    if match := re.fullmatch(r"rgba?\(([^()]*)\)", low):
        parts = [part for part in re.split(r"[\s,/]+", match.group(1).strip()) if part]
        if len(parts) not in (3, 4):
            raise ValueError(f"expected a colour, got {text[:40]!r}")
        channels = [_channel(part, 255.0) for part in parts[:3]]
        return (channels[0], channels[1], channels[2]), _channel(parts[3], 1.0) if len(parts) == 4 else 1.0
    try:
        red, green, blue, *alpha = ImageColor.getrgb(low)
    except ValueError as error:
        raise ValueError(f"expected a colour, got {text[:40]!r}") from error
    return (red / 255, green / 255, blue / 255), alpha[0] / 255 if alpha else 1.0


def _channel(text: str, top: float) -> float:
    return min(1.0, max(0.0, parse_length(text, 1.0) if text.endswith("%") else parse_length(text, 1.0) / top))


def parse_opacity(text: str) -> float:
    """Return an opacity in [0, 1] from "0.5" or "50%". Raises ValueError."""
    return min(1.0, max(0.0, parse_length(text, 1.0)))
