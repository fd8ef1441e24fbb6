"""Drawing → SVG in four profiles. Numbers have 2 decimals (3 on pages under 100 units); nothing depends on the date.

edit      One path a stroke, its Bézier nodes as they are. SVG has one width a path, so a stroke of changing width is
          painted at its mean width and keeps all its widths in `data-width`; where the look matters more than the
          nodes, write `outline`.
plot      Strokes only, in mm, one Inkscape layer a pen (layer and colour), colour and width on the group; on a page of
          A4, A3 or letter, centred and turned if asked for.
outline   Every stroke as a filled ribbon, exact for changing widths; the centre line stays in `data-line`.
animate   As edit, and the strokes are drawn one after the other; other marks appear in their turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from strokewright.drawing import Box, Drawing, Mark, Stamp, Stroke
from strokewright.drawing.curves import stroke_length
from strokewright.drawing.drawing import BLACK, Colour
from strokewright.drawing.solids import to_sheet
from strokewright.errors import FormatError, OptionError
from strokewright.files.svg.facts import WHITE, spell_attribute, spell_colour, spell_facts, spell_text
from strokewright.files.svg.path_data import PathWriter
from strokewright.files.svg.ribbon import spell_ribbon
from strokewright.files.svg.tree import INKSCAPE, SVG
from strokewright.files.svg.values import PX_PER_INCH

PAGES_MM = {"a4": (210.0, 297.0), "a3": (297.0, 420.0), "letter": (215.9, 279.4)}
_MM_PER_PX = 25.4 / PX_PER_INCH
_SMALL_PAGE = 100.0
_FARTHEST = 1e9
_PEN = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'


def spell_svg(drawing: Drawing, profile: str, page: str | None, margin_mm: float, seconds: float) -> str:
    """Return the SVG text; the options are those of `strokewright.files.svg.to_svg`."""
    if profile != "plot" and profile not in _BODIES:
        raise OptionError(f"profile: expected one of {', '.join(_BODIES)}, plot, got {profile!r}")
    if page is not None and profile != "plot":
        raise OptionError(f"page: expected with profile=plot only, got {page!r} with {profile}")
    for mark in drawing.marks:
        if isinstance(mark, Stroke) and max(np.abs(mark.nodes).max(), np.abs(mark.handles).max(initial=0)) > _FARTHEST:
            raise FormatError(f"svg: expected points within ±{_FARTHEST:g}, got one beyond; scale the drawing down")
    drawing = to_sheet(drawing)
    if profile == "plot":
        return _spell_plot(drawing, page, margin_mm)
    writer = PathWriter(3 if max(drawing.size) < _SMALL_PAGE else 2)
    return _frame(drawing, drawing.size, "", _BODIES[profile](drawing, writer, seconds))


def _frame(drawing: Drawing, size: tuple[float, float], unit: str, body: Iterable[str]) -> str:
    width, height = (f"{side:.6f}".rstrip("0").rstrip(".") for side in size)
    lines = "".join(f"{line}\n" for line in body)
    inkscape = f' xmlns:inkscape="{INKSCAPE}"' if "inkscape:" in lines else ""
    return (
        f'<svg xmlns="{SVG}"{inkscape} width="{width}{unit}" height="{height}{unit}" viewBox="0 0 {width} {height}">\n'
        f"{spell_facts(drawing)}{lines}</svg>\n"
    )


@dataclass(frozen=True)
class _Pen:
    """What strokes share and a group can say for all of them."""

    colour: Colour
    width: str

    @classmethod
    def most_common(cls, strokes: Iterable[Stroke], writer: PathWriter) -> _Pen:
        pairs = Counter((stroke.colour, writer.number(mean_width(stroke))) for stroke in strokes)
        (colour, width), _ = pairs.most_common(1)[0] if pairs else ((BLACK, "1"), 0)
        return cls(colour, width)

    @property
    def attributes(self) -> str:
        return f'{_PEN} stroke="{spell_colour(self.colour)}" stroke-width="{self.width}"'


def mean_width(stroke: Stroke) -> float:
    """Return the width of a stroke, averaged over its length."""
    if stroke.is_dot or not np.ptp(stroke.width):
        return float(stroke.width.max())
    chords = np.linalg.norm(np.diff(stroke.controls, axis=1), axis=2).sum(axis=1)  # of the control polygon
    middle = (stroke.width[:-1] + stroke.width[1:]) / 2
    return float(np.average(middle, weights=chords)) if chords.sum() > 0 else float(stroke.width.max())


def _spell_stroke(stroke: Stroke, pen: _Pen, writer: PathWriter, more: str = "") -> str:
    parts = [f'<path d="{writer.spell(stroke)}"']
    if stroke.colour != pen.colour:
        parts.append(f'stroke="{spell_colour(stroke.colour)}"')
    if (width := writer.number(mean_width(stroke))) != pen.width:
        parts.append(f'stroke-width="{width}"')
    if stroke.opacity < 1:
        parts.append(f'stroke-opacity="{writer.number(stroke.opacity)}"')
    if widths := _spell_widths(stroke, writer):
        parts.append(widths)
    return " ".join(parts) + more + "/>"


def _spell_widths(stroke: Stroke, writer: PathWriter, always: bool = False) -> str:
    """Return the `data-width` attribute, or nothing where one width says it all."""
    widths = [writer.number(value) for value in stroke.width.tolist()]
    if len(set(widths)) > 1:
        return f'data-width="{" ".join(widths)}"'
    return f'data-width="{widths[0]}"' if always else ""


def _spell_other(mark: Mark, writer: PathWriter, more: str = "") -> str:
    """Return a box as a filled rectangle, a stamp as a filled outline."""
    paint = f'fill="{spell_colour(mark.colour)}" stroke="none"'
    match mark:
        case Box():
            sides = {"x": mark.x0, "y": mark.y0, "width": mark.x1 - mark.x0, "height": mark.y1 - mark.y0}
            numbers = " ".join(f'{name}="{writer.number(value)}"' for name, value in sides.items())
            facts = f"data-label={spell_attribute(mark.label)} data-score={spell_attribute(str(mark.score))}"
            title = f"<title>{spell_text(f'{mark.label} {mark.score:.2f}')}</title>" if mark.label else ""
            return f"<rect {numbers} {paint} {facts}{more}" + (f">{title}</rect>" if title else "/>")
        case Stamp():
            corners = mark.outline @ mark.affine[:, :2].T + mark.affine[:, 2]
            outline = writer.spell_outline(corners[0], [(corner, 0.0, False) for corner in corners[1:]])
            opacity = f' fill-opacity="{writer.number(mark.opacity)}"' if mark.opacity < 1 else ""
            template = f" data-template={spell_attribute(mark.template)}" if mark.template else ""
            return f'<path d="{outline}" {paint}{opacity}{template}{more}/>'
        case _:
            raise FormatError(f"svg: expected marks on a page, got a {type(mark).__name__}; write .gltf")


def _paper(drawing: Drawing) -> list[str]:
    colour = spell_colour(drawing.background)
    return [] if drawing.background == WHITE else [f'<rect width="100%" height="100%" fill="{colour}"/>']


def _in_layers(drawing: Drawing, spell: Callable[[Mark], str]) -> Iterable[str]:
    """Yield the marks in order, inside an Inkscape layer each time that the layer changes; layer "1" needs no group."""
    layers = {mark.layer for mark in drawing.marks if isinstance(mark, Stroke | Stamp)}
    for layer, marks in groupby(drawing.marks, lambda mark: mark.layer if isinstance(mark, Stroke | Stamp) else ""):
        if layer == "" or layers == {"1"}:
            yield from map(spell, marks)
        else:
            yield f"<g {_layer_attributes(layer)}>"
            yield from map(spell, marks)
            yield "</g>"


def _layer_attributes(layer: str) -> str:
    return f'inkscape:groupmode="layer" inkscape:label={spell_attribute(layer)}'


def _spell_edit(drawing: Drawing, writer: PathWriter, seconds: float) -> Iterable[str]:
    pen = _Pen.most_common(drawing.strokes, writer)
    yield from _paper(drawing)
    yield f"<g {pen.attributes}>"
    yield from _in_layers(
        drawing,
        lambda mark: _spell_stroke(mark, pen, writer) if isinstance(mark, Stroke) else _spell_other(mark, writer),
    )
    yield "</g>"


def _spell_animation(drawing: Drawing, writer: PathWriter, seconds: float) -> Iterable[str]:
    if not seconds > 0:
        raise OptionError(f"seconds: expected > 0, got {seconds:g}")
    pen = _Pen.most_common(drawing.strokes, writer)
    lengths = [stroke_length(mark) + 1.0 if isinstance(mark, Stroke) else 1.0 for mark in drawing.marks]
    pace = seconds / max(sum(lengths), 1.0)
    times = iter(zip(np.cumsum([0.0, *lengths[:-1]]).tolist(), lengths, strict=True) if lengths else ())

    def spell(mark: Mark) -> str:
        begin, length = next(times)
        timing = f"{length * pace:.3f}s linear {begin * pace:.3f}s both"
        if not isinstance(mark, Stroke):
            return _spell_other(mark, writer, f' style="animation:appear {timing}"')
        return _spell_stroke(mark, pen, writer, f' pathLength="1" style="animation:draw {timing}"')

    if drawing.strokes:
        yield (
            "<style>@keyframes draw{from{stroke-dasharray:1 2;stroke-dashoffset:1.01}to{stroke-dasharray:1 2}}</style>"
        )
    if len(drawing.strokes) < len(drawing.marks):
        yield "<style>@keyframes appear{from{opacity:0}}</style>"
    yield from _paper(drawing)
    yield f"<g {pen.attributes}>"
    yield from _in_layers(drawing, spell)
    yield "</g>"


def _spell_outline(drawing: Drawing, writer: PathWriter, seconds: float) -> Iterable[str]:
    def spell(mark: Mark) -> str:
        if not isinstance(mark, Stroke):
            return _spell_other(mark, writer)
        opacity = f' fill-opacity="{writer.number(mark.opacity)}"' if mark.opacity < 1 else ""
        colour = "" if mark.colour == BLACK else f' fill="{spell_colour(mark.colour)}"'
        centre = f'data-line="{writer.spell(mark)}" {_spell_widths(mark, writer, always=True)}'
        return f'<path d="{spell_ribbon(mark, writer)}"{colour}{opacity} {centre}/>'

    yield from _paper(drawing)
    yield from _in_layers(drawing, spell)


def _spell_plot(drawing: Drawing, page: str | None, margin_mm: float) -> str:
    size, matrix = _place_on_page(drawing, page, margin_mm)
    writer = PathWriter(3)
    strokes = [stroke.transformed(matrix) for stroke in drawing.strokes]
    if len(strokes) < len(drawing.marks):
        raise FormatError(
            "svg: expected strokes alone for a plotter, got other marks; write profile=edit, or paint with hatch_px"
        )
    pens = list(dict.fromkeys((stroke.layer, stroke.colour) for stroke in strokes))
    by_pen = [(pen, [(i, s) for i, s in enumerate(strokes) if (s.layer, s.colour) == pen]) for pen in pens]
    is_mixed = [i for _, members in by_pen for i, _ in members] != list(range(len(strokes)))
    colours_in = Counter(layer for layer, _ in pens)
    body: list[str] = []
    for (layer, colour), members in by_pen:
        pen = _Pen(colour, _Pen.most_common((stroke for _, stroke in members), writer).width)
        label = layer if colours_in[layer] == 1 else f"{layer} {spell_colour(colour)}"
        kept = "" if label == layer else f" data-layer={spell_attribute(layer)}"
        body.append(f"<g {_layer_attributes(label)}{kept} {pen.attributes}>")
        for index, stroke in members:
            body.append(_spell_stroke(stroke, pen, writer, f' data-order="{index}"' if is_mixed else ""))
        body.append("</g>")
    return _frame(drawing, size, "mm", body)


def _place_on_page(drawing: Drawing, page: str | None, margin_mm: float) -> tuple[tuple[float, float], np.ndarray]:
    """Return the page in mm and the (2, 3) matrix from pixels to it: as large as fits inside the margin, centred."""
    width, height = drawing.size
    if page is None:
        return (width * _MM_PER_PX, height * _MM_PER_PX), np.array([[_MM_PER_PX, 0, 0], [0, _MM_PER_PX, 0]])
    if page.lower() not in PAGES_MM:
        raise OptionError(f"page: expected one of {', '.join(PAGES_MM)}, got {page!r}")
    across, down = PAGES_MM[page.lower()]
    if width > height:
        across, down = down, across
    if not 0 <= margin_mm < min(across, down) / 2:
        raise OptionError(f"margin_mm: expected 0 up to half of the page's shorter side, got {margin_mm:g}")
    scale = min((across - 2 * margin_mm) / width, (down - 2 * margin_mm) / height)
    left, top = (across - scale * width) / 2, (down - scale * height) / 2
    return (across, down), np.array([[scale, 0, left], [0, scale, top]])


_BODIES: dict[str, Callable[[Drawing, PathWriter, float], Iterable[str]]] = {
    "edit": _spell_edit,
    "outline": _spell_outline,
    "animate": _spell_animation,
}
