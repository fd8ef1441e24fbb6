"""A stroke of changing width as a filled outline: one closed path for the nonzero fill rule.

The left edge runs forth and the right edge back, each tangent to the discs that the pen leaves at its nodes, with round
caps between. Where the line turns, the outer edge gets an arc around the corner, and the inner edge passes through the
corner itself. So the outline is a sum of the segments' quadrilaterals and of the sectors between them that all turn
the same way, and the nonzero rule fills exactly their union.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Stroke
from strokewright.drawing.curves import flatten_with_width
from strokewright.files.svg.path_data import PathWriter

_TOLERANCE_PX = 0.05
_SHORTEST_PX = 1e-3
_CORNER_RAD = 0.25  # edges that turn by more get a round join; by less, one point on the pen's disc
_MOST_LEAN = 0.999

Floats = NDArray[np.float64]
Waypoint = tuple[Floats, float, bool]  # where to, radius of the arc that leads there (0 = straight), over a half turn


def spell_ribbon(stroke: Stroke, writer: PathWriter) -> str:
    """Return the path data of the stroke's outline: lines and arcs, all clockwise."""
    points, width = flatten_with_width(stroke, _TOLERANCE_PX)
    moves = np.append(True, np.hypot(*np.diff(points, axis=0).T) > _SHORTEST_PX)
    points, radii = points[moves], width[moves] / 2
    if len(points) == 1:
        return _spell_disc(points[0], float(width.max()) / 2, writer)
    forth, back = _edge(points, radii), _edge(points[::-1], radii[::-1])
    grows_out, grows_in = bool(radii[-1] > radii[-2]), bool(radii[0] > radii[1])
    waypoints = [
        *forth,
        (back[0][0], float(radii[-1]), grows_out),
        *back[1:],
        (forth[0][0], float(radii[0]), grows_in),
    ]
    return writer.spell_outline(forth[0][0], waypoints[1:])


def _spell_disc(centre: Floats, radius: float, writer: PathWriter) -> str:
    reach = np.array([radius, 0.0])
    left, right = centre - reach, centre + reach
    return writer.spell_outline(left, [(right, radius, False), (left, radius, False)])


def _edge(points: Floats, radii: Floats) -> list[Waypoint]:
    """Return the left edge of a line, from beside its first point to beside its last."""
    steps = np.diff(points, axis=0)
    length = np.hypot(steps[:, 0], steps[:, 1])
    along = steps / length[:, None]
    lean = np.clip((radii[:-1] - radii[1:]) / length, -_MOST_LEAN, _MOST_LEAN)[:, None]
    normals = along * lean + np.column_stack([along[:, 1], -along[:, 0]]) * np.sqrt(1 - lean**2)
    before, after = normals[:-1], normals[1:]
    turns = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(axis=1))
    edge: list[Waypoint] = [(points[0] + radii[0] * normals[0], 0.0, False)]
    for index, turn in enumerate(turns.tolist()):
        corner, radius = points[index + 1], float(radii[index + 1])
        arrive, leave = corner + radius * before[index], corner + radius * after[index]
        room = 0.5 * min(length[index], length[index + 1])
        if turn > _CORNER_RAD:  # y points down: a turn to the right, so this edge is outside
            edge += [(arrive, 0.0, False), (leave, radius, False)]
        elif turn < -_CORNER_RAD or (turn < 0 and radius * math.tan(-turn / 2) > room):
            edge += [(arrive, 0.0, False), (corner, 0.0, False), (leave, 0.0, False)]
        else:
            middle = before[index] + after[index]
            edge.append((corner + radius * middle / math.hypot(*middle), 0.0, False))
    edge.append((points[-1] + radii[-1] * normals[-1], 0.0, False))
    return edge
