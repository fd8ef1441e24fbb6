"""Curves over a logarithmic axis as a PNG, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#7d3c98", "#b9770e", "#566573")
_SIZE = (960, 600)
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 40, 930, 540
_FINER = 2  # drawn larger and shrunk, for smooth lines


@dataclass(frozen=True)
class Curve:
    """Points (x, y) with x > 0 and y > 0, in order of x, and what they show."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axes:
    """Two logarithmic axes."""

    x_label: str
    y_label: str
    levels: Sequence[tuple[str, float]] = field(default_factory=tuple)
    """Names and heights of level lines."""


def save_plot(path: Path, curves: Sequence[Curve], axes: Axes) -> None:
    """Draw curves over two logarithmic axes.

    Args:
        path: PNG to write.
        curves: At least one, with at least one point each.
        axes: Captions and level lines.
    """
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points] + [y for _, y in axes.levels]
    low, high = (min(xs), min(ys)), (max(xs) * 1.05, max(ys) * 1.1)

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / low[0]) / math.log(high[0] / low[0])
        up = math.log(y / (0.9 * low[1])) / math.log(high[1] / (0.9 * low[1]))
        return _FINER * (_LEFT + across * (_RIGHT - _LEFT)), _FINER * (_BOTTOM - up * (_BOTTOM - _TOP))

    picture = Image.new("RGB", (_FINER * _SIZE[0], _FINER * _SIZE[1]), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13 * _FINER)
    for x in _ticks(low[0], high[0]):
        at, _ = place(x, low[1])
        draw.line([(at, _FINER * _TOP), (at, _FINER * _BOTTOM)], "#e5e8e8", 2)
        draw.text((at, _FINER * (_BOTTOM + 8)), f"{x:,.0f}", "black", font, anchor="ma")
    for y in _ticks(0.9 * low[1], high[1]):
        _, at = place(low[0], y)
        draw.line([(_FINER * _LEFT, at), (_FINER * _RIGHT, at)], "#e5e8e8", 2)
        draw.text((_FINER * (_LEFT - 8), at), f"{y:g}", "black", font, anchor="rm")
    for name, y in axes.levels:
        _, at = place(low[0], y)
        for x in range(_FINER * _LEFT, _FINER * _RIGHT, 24):
            draw.line([(x, at), (x + 12, at)], "#7f8c8d", 2)
        draw.text((_FINER * (_RIGHT - 4), at - 2), name, "#566573", font, anchor="rs")
    for number, (curve, colour) in enumerate(zip(curves, COLOURS, strict=False)):
        places = [place(x, y) for x, y in curve.points]
        draw.line(places, colour, 5, joint="curve")
        for x, y in places:
            draw.ellipse([x - 6, y - 6, x + 6, y + 6], colour)
        at = _FINER * (_TOP + 10 + 20 * number)
        draw.line([(_FINER * 600, at), (_FINER * 630, at)], colour, 5)
        draw.text((_FINER * 640, at), curve.name, "black", font, anchor="lm")
    draw.rectangle([_FINER * _LEFT, _FINER * _TOP, _FINER * _RIGHT, _FINER * _BOTTOM], outline="black", width=2)
    draw.text((_FINER * (_LEFT + _RIGHT) / 2, _FINER * (_BOTTOM + 30)), axes.x_label, "black", font, anchor="ma")
    draw.text((_FINER * 10, _FINER * 12), axes.y_label, "black", font)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.resize(_SIZE, Image.Resampling.LANCZOS).save(path, optimize=True)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between low and high; the powers alone where that would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 300 else (1,)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
