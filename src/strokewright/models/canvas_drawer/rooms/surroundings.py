"""What a plan's areas say of a rectangle from outside: how thick the walls are, and where it borders on the open.

A plan has no scale; how thick its walls and how long their pieces are hints at how large a room is. Rooms with an outer
wall differ from rooms without.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
SURROUNDING_COLUMNS = 9
_WALL_PX = 14  # an enclosed area narrower than this is the inside of a wall, a door or a window
_LEAST_LENGTH_PX = 10
_BESIDE_PX = 14.0  # as far from a rectangle as the thickest walls reach
_USUAL_PX = np.array([6.0, 8.0, 25.0, 15.0])  # about the median of each measure of the walls


def surroundings(labels: NDArray[np.int32], boxes: Floats) -> Floats:
    """Describe the surroundings of boxes.

    Args:
        labels: Numbers of the connected areas between lines (512, 512), 0 = line.
        boxes: x0, y0, x1, y1 in pixels (n, 4).

    Returns:
        (n, 9): logs of the walls' thickness (median and upper end), of their pieces' length (median and lower end), and
        of their number, the same for all boxes; how much of the four sides borders on the open: their mean, the most,
        the second most; and how much of the box is open itself.
    """
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    outside = np.isin(labels, rim[rim > 0])
    result = np.empty((len(boxes), SURROUNDING_COLUMNS), dtype=np.float32)
    result[:, :5] = _walls(labels)
    last = np.array(labels.shape[::-1] * 2) - 1
    beside = (boxes + np.array([-1, -1, 1, 1]) * _BESIDE_PX).astype(int).clip(0, last).tolist()
    within = boxes.astype(int).clip(0, last).tolist()
    for row, (x0, y0, x1, y1), (left, top, right, bottom) in zip(result, beside, within, strict=True):
        rows, columns = slice(y0, y1 + 1), slice(x0, x1 + 1)
        sides = [outside[rows, x0], outside[rows, x1], outside[y0, columns], outside[y1, columns]]
        most = sorted((float(side.mean()) for side in sides), reverse=True)
        row[5:8] = sum(most) / 4, most[0], most[1]
        row[8] = outside[top : max(bottom, top + 1), left : max(right, left + 1)].mean()
    return result


def _walls(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the five measures of the walls."""
    sides = [
        sorted((columns.stop - columns.start, rows.stop - rows.start)) for rows, columns in ndimage.find_objects(labels)
    ]
    walls = np.array([side for side in sides if side[0] < _WALL_PX and side[1] >= _LEAST_LENGTH_PX])
    count = len(walls)
    if not count:
        walls = np.array([[5, 20]])
    thickness, length = walls.T
    measures = [np.median(thickness), np.quantile(thickness, 0.85), np.median(length), np.quantile(length, 0.25)]
    return np.append(np.log(np.array(measures) / _USUAL_PX), np.log(max(1, count) / 40))
