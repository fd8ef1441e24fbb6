"""Prisms on a page: the three views of an engineer's drawing, and an isometric look.

The scene is a cube with sides of 1: x to the right, y down, z away from the eye. The views are those of third-angle
projection, each as large as the cube's face:

    front  x across, y down; what has the lower z hides the rest
    side   from the right: z across, y down; the higher x hides the rest
    top    from above: x across, z upwards; the lower y hides the rest
"""

from __future__ import annotations

import numpy as np

from strokewright.drawing.drawing import Box, Drawing, Prism

VIEWS = ("front", "side", "top")


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
