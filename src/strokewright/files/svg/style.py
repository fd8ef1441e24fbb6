"""What an SVG element inherits: transform, paint, widths, opacity, visibility, layer, viewport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from strokewright.drawing.drawing import BLACK, Colour
from strokewright.files.svg.tree import INKSCAPE
from strokewright.files.svg.values import (
    IDENTITY,
    Matrix,
    multiply,
    parse_colour,
    parse_length,
    parse_opacity,
    parse_transform,
    scale_of,
)

Paint = tuple[Colour, float] | None
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Style:
    """The inherited state. `stroke` and `fill` are a colour with its opacity, or None for no paint."""

    viewport: tuple[float, float]
    matrix: Matrix = IDENTITY
    stroke: Paint = None
    fill: Paint = (BLACK, 1.0)
    colour: Colour = BLACK
    stroke_width: float = 1.0
    opacity: float = 1.0
    stroke_opacity: float = 1.0
    fill_opacity: float = 1.0
    visible: bool = True
    layer: str = "1"
    scales_stroke: bool = True

    @property
    def width_px(self) -> float:
        """The stroke's width on the page."""
        return self.stroke_width * (scale_of(self.matrix) if self.scales_stroke else 1.0)

    def descend(self, attributes: Mapping[str, str]) -> Style:
        """Return the state inside an element with these attributes (the cascade applied).

        As CSS has it, a paint, width or opacity that cannot be read leaves the inherited one.

        Raises:
            ValueError: The transform cannot be read.
        """
        get = attributes.get
        inherited = _parsed(get("color"), parse_colour, (self.colour, 1.0))
        colour = inherited[0] if inherited else self.colour
        diagonal = ((self.viewport[0] ** 2 + self.viewport[1] ** 2) / 2) ** 0.5
        return replace(
            self,
            matrix=multiply(self.matrix, parse_transform(attributes["transform"])) if get("transform") else self.matrix,
            stroke=_parsed(get("stroke"), lambda text: _parse_paint(text, colour), self.stroke),
            fill=_parsed(get("fill"), lambda text: _parse_paint(text, colour), self.fill),
            colour=colour,
            stroke_width=max(0.0, _parsed(get("stroke-width"), lambda t: parse_length(t, diagonal), self.stroke_width)),
            opacity=self.opacity * _parsed(get("opacity"), parse_opacity, 1.0),
            stroke_opacity=_parsed(get("stroke-opacity"), parse_opacity, self.stroke_opacity),
            fill_opacity=_parsed(get("fill-opacity"), parse_opacity, self.fill_opacity),
            visible=_parsed(get("visibility"), _parse_visibility, self.visible),
            layer=self._layer(attributes),
            scales_stroke=get("vector-effect") != "non-scaling-stroke",
        )

    def _layer(self, attributes: Mapping[str, str]) -> str:
        if attributes.get(f"{INKSCAPE} groupmode") != "layer":
            return self.layer
        names = (attributes.get(name) for name in ("data-layer", f"{INKSCAPE} label", "id"))
        return next((name for name in names if name), self.layer)


def _parsed(text: str | None, parse: Callable[[str], _Value], inherited: _Value) -> _Value:
    if text is None or text == "inherit":
        return inherited
    try:
        return parse(text)
    except ValueError:
        return inherited


def _parse_paint(text: str, current: Colour) -> Paint:
    text = text.strip()
    if text.lower() == "currentcolor":
        return current, 1.0
    if text.startswith("url("):
        fallback = text.partition(")")[2].strip()
        return _parse_paint(fallback, current) if fallback else (BLACK, 1.0)
    return parse_colour(text)


def _parse_visibility(text: str) -> bool:
    return text.strip() == "visible"
