"""Prisms on a page: the three views of an engineer's drawing, an isometric look, and the sheet that holds all four.

The scene is a cube with sides of 1: x to the right, y down, z away from the eye. The views are those of third-angle
projection, each as large as the cube's face:

    front  x across, y down; what has the lower z hides the rest
    side   from the right: z across, y down; the higher x hides the rest
    top    from above: x across, z upwards; the lower y hides the rest
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from strokewright.drawing.drawing import Box, Drawing, Floats, Mark, Prism, Stamp, Stroke

VIEWS = ("front", "side", "top")
_GREY = (0.75, 0.75, 0.75)
_MARGIN = 0.06  # of the sheet's side: around the views and between them
_TO_SCREEN = np.array([[1, 0, 1], [1, 2, -1]]) / np.sqrt([[2], [6]])  # isometric: x, y, z → right, down
_FACES = (  # corners (x, y, z) of the three faces that an isometric look shows, and their light: front, right, top
    (((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)), 1.0),
    (((1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)), 0.72),
    (((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)), 1.25),
)


def prisms(drawing: Drawing) -> list[Prism]:
    """Return the marks that are prisms, in order."""
    return [mark for mark in drawing.marks if isinstance(mark, Prism)]


def three_views(drawing: Drawing) -> tuple[Drawing, Drawing, Drawing]:
    """Return front, side and top: each prism as a box, far ones first; the cube's side is as long as the page is wide.

    Prisms must not run through one another.
    """
    side = drawing.size[0]
    front: list[tuple[float, Box]] = []
    right: list[tuple[float, Box]] = []
    top: list[tuple[float, Box]] = []
    for prism in prisms(drawing):
        (x0, y0, z0), (x1, y1, z1) = (np.asarray(c).tolist() for c in (prism.low * side, prism.high * side))
        front.append((-z0, Box(x0, y0, x1, y1, colour=prism.colour)))
        right.append((x1, Box(z0, y0, z1, y1, colour=prism.colour)))
        top.append((-y0, Box(x0, side - z1, x1, side - z0, colour=prism.colour)))

    def page(boxes: list[tuple[float, Box]]) -> Drawing:
        ordered = sorted(boxes, key=lambda item: item[0])
        return drawing.replace(marks=tuple(box for _, box in ordered), size=(side, side))

    return page(front), page(right), page(top)


def to_sheet(drawing: Drawing) -> Drawing:
    """Replace the prisms of a drawing by a sheet: top and isometric look above, front and side below.

    Drawings without prisms come back as they are; other marks stay, above the sheet.
    """
    if not prisms(drawing):
        return drawing
    side = min(drawing.size)
    cell = side * (1 - 3 * _MARGIN) / 2
    near, far = side * _MARGIN, side * (1 - _MARGIN) - cell
    marks: list[Mark] = []
    views = three_views(drawing.replace(size=(cell, cell)))
    for view, (left, top) in zip(views, ((near, far), (far, far), (near, near)), strict=True):
        marks += [_moved(box, left, top) for box in view.marks if isinstance(box, Box)]
        marks.append(_line(np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * cell + (left, top), side))
    marks += _isometric(drawing, np.array([far + cell / 2, near + cell / 2]), cell / np.sqrt(8 / 3), side)
    others = tuple(mark for mark in drawing.marks if not isinstance(mark, Prism))
    return drawing.replace(marks=(*marks, *others))


def _moved(box: Box, left: float, top: float) -> Box:
    return Box(box.x0 + left, box.y0 + top, box.x1 + left, box.y1 + top, colour=box.colour)


def _line(points: Floats, side: float) -> Stroke:
    return Stroke(points, width=np.full(len(points), side / 400), colour=_GREY)


def _isometric(drawing: Drawing, middle: Floats, scale: float, side: float) -> list[Mark]:
    """Draw the cube's edges and the prisms in it, far ones first."""

    def project(points: Floats) -> Floats:
        return (points - 0.5) @ _TO_SCREEN.T * scale + middle

    marks: list[Mark] = []
    for a, b in combinations(np.ndindex(2, 2, 2), 2):
        if np.abs(np.subtract(a, b)).sum() == 1:
            marks.append(_line(project(np.array([a, b], dtype=np.float64)), side))
    for prism in _far_to_near(prisms(drawing)):
        for corners, light in _FACES:
            outline = project(prism.low + np.array(corners) * (prism.high - prism.low))
            red, green, blue = (min(1.0, light * channel + (0.1 if light > 1 else 0.0)) for channel in prism.colour)
            marks.append(Stamp(outline, np.eye(2, 3), colour=(red, green, blue)))
    return marks


def _far_to_near(waiting: list[Prism]) -> list[Prism]:
    """Order prisms so that none hides a later one, seen from the right, above and before."""

    def before(one: Prism, other: Prism) -> bool:
        """Whether a plane parts them with one on the eye's side."""
        gap = max(one.low[0] - other.high[0], other.low[1] - one.high[1], other.low[2] - one.high[2])
        back = max(other.low[0] - one.high[0], one.low[1] - other.high[1], one.low[2] - other.high[2])
        return gap > back

    ordered: list[Prism] = []
    while waiting:
        free = [one for one in waiting if not any(before(one, other) for other in waiting if other is not one)]
        ordered.append(free[0] if free else waiting[0])
        waiting = [prism for prism in waiting if prism is not ordered[-1]]
    return ordered
