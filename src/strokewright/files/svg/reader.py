"""SVG → Drawing: walks the tree in file order, carrying transform, style, layer and viewport along.

A stroked shape becomes one stroke for each subpath, its width scaled by the transform. A shape that is only filled
becomes its outline, 1 px wide, in the fill's colour; a filled rectangle that covers the page before anything else is
drawn becomes the background. What is hidden, or neither stroked nor filled, is left out, and so are text, images and
clipping. A gradient counts as its fallback colour, or black. References to other files are never followed.

Our own attributes bring back what SVG has no word for: `data-width` (a width for each node), `data-line` (the centre
line of a ribbon), `data-order` (the place among all strokes), `data-label` and `data-score` (a Box), `data-template` (a
Stamp).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Box, Drawing, Mark, Stamp, Stroke
from strokewright.drawing.drawing import Colour, bounds
from strokewright.errors import DrawingError, FormatError
from strokewright.files.svg.css import StyleSheet
from strokewright.files.svg.facts import WHITE, read_facts
from strokewright.files.svg.path_data import MAX_SEGMENTS, Chain, parse_path
from strokewright.files.svg.shapes import SHAPES, Attributes, Viewport, chains_of, length
from strokewright.files.svg.style import Style
from strokewright.files.svg.tree import MAX_DEPTH, XLINK, Element, parse_xml
from strokewright.files.svg.values import fit_view_box, multiply, parse_length, parse_numbers

MAX_COPIES = 50_000
_OUTLINE_WIDTH_PX = 1.0
_GROUPS = ("g", "a", "switch")
_UNSIZED = (300.0, 150.0)  # what browsers give an SVG that states no size


def parse_svg(data: bytes) -> Drawing:
    """Read an SVG. Raises FormatError, with the line where known."""
    root = parse_xml(data)
    if root.tag != "svg":
        raise FormatError(f"expected an <svg> element first, got <{root.tag[-40:]}>; is this SVG?", line=root.line)
    return _Reader(root).read()


class _Reader:
    """Holds the style sheet, the elements by id, and the marks found so far."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.by_id: dict[str, Element] = {}
        self.sheet = StyleSheet()
        self.page: Viewport = _UNSIZED
        self.background: Colour | None = None
        self.marks: list[Mark] = []
        self.order: list[float | None] = []
        self.copies = 0
        self.segments = 0

    def read(self) -> Drawing:
        self.index(self.root)
        try:
            size = _page_size(self.root.attributes)
            facts = read_facts(self.root)
        except ValueError as error:
            raise FormatError(f"<svg>: {error}", line=self.root.line) from error
        self.page = size or _UNSIZED
        self.visit(self.root, [], Style(self.page))
        return Drawing(
            tuple(self.in_order()),
            size or self.size_around(),
            self.background or facts.background or WHITE,
            facts.maker,
            facts.seed,
            facts.metadata,
        )

    def index(self, element: Element) -> None:
        """Note ids and style rules of the whole tree: both may be used before they are written."""
        self.by_id.setdefault(element.attributes.get("id", ""), element)
        if element.tag == "style":
            self.sheet.add(element.text)
        for child in element.children:
            self.index(child)

    def in_order(self) -> list[Mark]:
        places = [place for place in self.order if place is not None]
        if len(places) != len(self.marks):
            return self.marks
        return [self.marks[i] for i in np.argsort(places, kind="stable").tolist()]

    def size_around(self) -> Viewport:
        """Return a page that holds all strokes, for files that state none."""
        strokes = [mark for mark in self.marks if isinstance(mark, Stroke)]
        if not strokes:
            return _UNSIZED
        _, _, right, bottom = bounds(strokes)
        return max(1.0, float(np.ceil(right + 1))), max(1.0, float(np.ceil(bottom + 1)))

    def visit(self, element: Element, ancestors: list[Element], style: Style, in_copy: bool = False) -> None:
        """Draw an element and what is inside it; two calls deep for each level, so 200 levels are safe."""
        tag = element.tag
        if tag not in SHAPES and tag not in _GROUPS and tag not in ("svg", "use", "symbol"):
            return
        if len(ancestors) > MAX_DEPTH:
            raise FormatError("expected <use> to end somewhere, got one inside its own copy", line=element.line)
        self.copies += in_copy
        if self.copies > MAX_COPIES:
            raise FormatError(f"expected at most {MAX_COPIES} elements copied by <use>, got more", line=element.line)
        attributes = self.sheet.apply(element, ancestors)
        if attributes.get("display", "").strip() == "none":
            return
        try:
            style = style.descend(attributes)
            if tag in SHAPES:
                self.draw(tag, attributes, style)
                return
            children, style = self.inside(element, attributes, style)
        except (ValueError, OverflowError, DrawingError) as error:
            raise FormatError(f"<{tag}>: {error}", line=element.line) from error
        for child in children:
            self.visit(child, [*ancestors, element], style, in_copy or tag == "use")

    def inside(self, element: Element, attributes: Attributes, style: Style) -> tuple[list[Element], Style]:
        """Return what a container shows, and the state in it."""
        if element.tag in _GROUPS:
            return element.children, style
        if element.tag == "use":
            return self.used(attributes, style)
        if element is self.root:
            x, y, (width, height) = 0.0, 0.0, self.page
        else:
            x, y = (length(attributes, name, style.viewport) for name in ("x", "y"))
            width, height = (length(attributes, name, style.viewport, "100%") for name in ("width", "height"))
        matrix = multiply(style.matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        viewport = width, height
        if box := parse_numbers(attributes.get("viewBox", "")):
            fitted = fit_view_box(box, width, height, attributes.get("preserveAspectRatio", ""))
            matrix, viewport = multiply(matrix, fitted), (box[2], box[3])
        return element.children, replace(style, matrix=matrix, viewport=viewport)

    def used(self, attributes: Attributes, style: Style) -> tuple[list[Element], Style]:
        link = attributes.get("href") or attributes.get(f"{XLINK} href") or ""
        target = self.by_id.get(link[1:]) if link.startswith("#") and len(link) > 1 else None
        if target is None:
            return [], style
        x, y = (length(attributes, name, style.viewport) for name in ("x", "y"))
        if target.tag in ("symbol", "svg"):
            sized = {name: attributes[name] for name in ("width", "height") if name in attributes}
            target = replace(target, tag="svg", attributes=target.attributes | sized)
        return [target], replace(style, matrix=multiply(style.matrix, (1.0, 0.0, 0.0, 1.0, x, y)))

    def draw(self, tag: str, attributes: Attributes, style: Style) -> None:
        line = attributes.get("data-line")
        paint, opacity = style.stroke, style.stroke_opacity
        is_filled = paint is None or style.stroke_width == 0
        if is_filled:
            paint, opacity = style.fill, style.fill_opacity
        if paint is None or not style.visible:
            return
        chains = chains_of(tag, attributes, style.viewport) if line is None else parse_path(line)
        self.segments += sum(1 + len(chain.segments) for chain in chains)
        if self.segments > MAX_SEGMENTS:
            raise ValueError(f"expected at most {MAX_SEGMENTS} segments in all, got more")
        colour, opacity = paint[0], opacity * paint[1] * style.opacity
        if is_filled and tag == "rect" and self.takes_rectangle(attributes, chains, style, colour, opacity):
            return
        for chain in chains:
            if is_filled and "data-template" in attributes:
                self.keep(_to_stamp(chain, attributes["data-template"], style, colour, opacity), attributes)
                continue
            if is_filled and line is None:
                chain.close()
            width = _OUTLINE_WIDTH_PX if is_filled else style.width_px
            self.keep(_to_stroke(chain, attributes, style, width, len(chains) == 1, colour, opacity), attributes)

    def takes_rectangle(
        self, attributes: Attributes, chains: list[Chain], style: Style, colour: Colour, opacity: float
    ) -> bool:
        """Handle a filled rectangle that is one of our boxes, or the paper."""
        if not chains:
            return False
        corners = _to_page(chains[0].arrays()[0], style)
        (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        if "data-score" in attributes:
            score = parse_length(attributes["data-score"], 1.0)
            self.keep(Box(x0, y0, x1, y1, colour, attributes.get("data-label", ""), score), attributes)
            return True
        slack = 1e-3 * max(self.page)
        covers = x0 <= slack and y0 <= slack and x1 >= self.page[0] - slack and y1 >= self.page[1] - slack
        if covers and opacity == 1.0 and not self.marks:
            self.background = colour
            return True
        return False

    def keep(self, mark: Mark, attributes: Attributes) -> None:
        self.marks.append(mark)
        place = attributes.get("data-order")
        self.order.append(None if place is None else parse_length(place, 1.0))


def _to_stroke(
    chain: Chain, attributes: Attributes, style: Style, width: float, is_whole: bool, colour: Colour, opacity: float
) -> Stroke:
    nodes, handles = chain.arrays()
    widths: NDArray[np.float64] | float = width
    if is_whole and "data-width" in attributes:
        listed = np.array(parse_numbers(attributes["data-width"])) * style.width_px / (style.stroke_width or 1.0)
        if len(listed) in (1, len(nodes)):
            widths = listed if len(listed) == len(nodes) else float(listed[0])
    return Stroke(
        _to_page(nodes, style),
        _to_page(handles, style),
        widths,  # type: ignore[arg-type]
        colour,
        opacity,
        style.layer,
    )


def _to_stamp(chain: Chain, template: str, style: Style, colour: Colour, opacity: float) -> Stamp:
    """Take the corners of a filled shape as an outline; a last one that only closes it is left out."""
    corners = _to_page(chain.arrays()[0], style)
    outline = corners[:-1] if len(corners) > 1 and (corners[0] == corners[-1]).all() else corners
    return Stamp(outline, np.eye(2, 3), colour, opacity, template, style.layer)


def _to_page(points: NDArray[np.float64], style: Style) -> NDArray[np.float64]:
    a, b, c, d, e, f = style.matrix
    with np.errstate(over="ignore", invalid="ignore"):  # the Stroke refuses what overflows
        return points @ np.array([[a, b], [c, d]]) + np.array([e, f])


def _page_size(attributes: Attributes) -> Viewport | None:
    """Return the page in pixels, from width and height or else the view box; None where neither says."""
    box = parse_numbers(attributes.get("viewBox", ""))
    across, down = box[2:] if len(box) == 4 else (None, None)
    width = _side(attributes.get("width"), across)
    height = _side(attributes.get("height"), down)
    if across and down and (width is None or height is None):
        width = width or (across if height is None else height * across / down)
        height = height or width * down / across
    if width is None or height is None:
        return None
    if width <= 0 or height <= 0:
        raise ValueError(f"expected a page with width and height > 0, got {width:g}×{height:g}")
    return width, height


def _side(text: str | None, whole: float | None) -> float | None:
    if text is None or text.strip() == "auto" or text.strip().endswith("%"):
        return None
    return round(parse_length(text, whole or 0.0), 4)  # a whole number of pixels told in mm stays whole
