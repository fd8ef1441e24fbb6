"""Curves over two logarithmic axes as a PNG, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

COLOURS = (
    *("#c0392b", "#2471a3", "#1e8449", "#7d3c98", "#b9770e", "#566573"),
    *("#f1948a", "#85c1e9", "#82e0aa", "#c39bd3", "#f0b27a", "#17202a"),
)
"""Begun again after the last."""
_FINER = 2  # drawn larger and shrunk, for smooth lines
_WIDTH = 960 * _FINER
_LEFT, _TOP, _RIGHT, _BOTTOM = 90 * _FINER, 40 * _FINER, 930 * _FINER, 540 * _FINER
_LEGEND = 610 * _FINER  # its first line, below the captions
_LINE, _LINE_OF_TEXT = 2 * _FINER, 20 * _FINER

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axes:
    """What the axes mean, and level lines: name → height."""

    x_label: str
    y_label: str
    levels: dict[str, float]


@dataclass(frozen=True)
class _Frame:
    """The values at the frame's corners; both axes are logarithmic."""

    left: float
    right: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * math.log(value / self.left) / math.log(self.right / self.left)

    def y(self, value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * math.log(value / self.bottom) / math.log(self.top / self.bottom)


def save_plot(path: Path, curves: dict[str, Points], axes: Axes) -> None:
    """Draw curves: name → points (x, y), both > 0, in order of x.

    Args:
        path: PNG to write.
        curves: At least one, with at least one point each.
        axes: Captions and level lines.
    """
    xs = [x for points in curves.values() for x, _ in points]
    ys = [y for points in curves.values() for _, y in points] + list(axes.levels.values())
    frame = _Frame(0.9 * min(xs), 1.1 * max(xs), 0.9 * min(ys), 1.15 * max(ys))
    height = _LEGEND + _LINE_OF_TEXT * len(curves)
    picture = Image.new("RGB", (_WIDTH, height), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13 * _FINER)
    _draw_grid(draw, frame, axes, font)
    for number, ((name, points), colour) in enumerate(zip(curves.items(), cycle(COLOURS), strict=False)):
        places = [(frame.x(x), frame.y(y)) for x, y in points]
        draw.line(places, colour, _LINE, joint="curve")
        for x, y in places:
            draw.circle((x, y), 1.5 * _LINE, colour)
        at = _LEGEND + _LINE_OF_TEXT * number
        draw.line([(_LEFT, at), (_LEFT + 60, at)], colour, _LINE)
        draw.text((_LEFT + 80, at), name, "black", font, anchor="lm")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.resize((_WIDTH // _FINER, height // _FINER), Image.Resampling.LANCZOS).save(path, optimize=True)


def _draw_grid(draw: Any, frame: _Frame, axes: Axes, font: Any) -> None:
    for value in _ticks(frame.left, frame.right):
        x = frame.x(value)
        draw.line([(x, _TOP), (x, _BOTTOM)], "#e5e8e8", _FINER)
        draw.text((x, _BOTTOM + 8 * _FINER), f"{value:,.0f}", "black", font, anchor="ma")
    for value in _ticks(frame.bottom, frame.top):
        y = frame.y(value)
        draw.line([(_LEFT, y), (_RIGHT, y)], "#e5e8e8", _FINER)
        draw.text((_LEFT - 8 * _FINER, y), f"{value:g}", "black", font, anchor="rm")
    for name, value in axes.levels.items():
        y = frame.y(value)
        draw.line([(_LEFT, y), (_RIGHT, y)], "#7f8c8d", _FINER)
        draw.text((_RIGHT - 4 * _FINER, y - _FINER), name, "#566573", font, anchor="rs")
    draw.rectangle([_LEFT, _TOP, _RIGHT, _BOTTOM], outline="black", width=_FINER)
    draw.text(((_LEFT + _RIGHT) / 2, _BOTTOM + 32 * _FINER), axes.x_label, "black", font, anchor="ma")
    draw.text((_LEFT, _TOP - 8 * _FINER), axes.y_label, "black", font, anchor="ls")


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between low and high; the powers alone where that would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 300 else (1,)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
