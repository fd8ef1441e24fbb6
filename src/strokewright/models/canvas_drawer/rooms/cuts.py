"""Rectangles inside an open area whose sides follow its walls: how an open kitchen may be cut from the living room.

The sides' places are those of the longest straight lines along the area. Of all rectangles between them that lie within
the area, those with most line along their sides come first, and none that is much like one before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
_LEAST_RUN_PX = 10
_MOST_PLACES = 14
_LEAST_SIDE_PX = 16
_LEAST_INSIDE = 0.85  # share of a rectangle that must lie in the area
_MOST_ALIKE = 0.7
_RANKED = 400


def cut(lines: Mask, area: Mask, box: tuple[int, int, int, int], most: int) -> Floats:
    """Cut rectangles out of an area.

    Args:
        lines: Where the picture has ink (height, width).
        area: Which pixels belong to the area, same shape.
        box: The part of the picture to look at: x0, y0, x1, y1.
        most: How many rectangles at most.

    Returns:
        x0, y0, x1, y1 in pixels (n, 4), best first.
    """
    height, width = lines.shape
    left, top = max(0, box[0] - 2), max(0, box[1] - 2)
    part = np.s_[top : min(height, box[3] + 2), left : min(width, box[2] + 2)]
    inside = area[part]
    near = lines[part] & np.asarray(ndimage.binary_dilation(inside, iterations=3), dtype=np.bool_)
    xs, ys = _places(near), _places(near.T)
    boxes = np.concatenate([_between(xs, ys), np.zeros((0, 4), dtype=np.intp)])
    boxes = boxes[_inside(inside, boxes) > _LEAST_INSIDE]
    if not len(boxes):
        return np.zeros((0, 4), dtype=np.float32)
    order = np.argsort(-_worth(near, boxes), kind="stable")[:_RANKED]
    ranked = boxes[order].astype(np.float32)
    kept: list[int] = []
    alike = overlaps(ranked, ranked) > _MOST_ALIKE
    for index in range(len(ranked)):
        if len(kept) < most and not alike[index, kept].any():
            kept.append(index)
    return ranked[kept] + np.array([left, top, left, top], dtype=np.float32)


def _places(lines: Mask) -> NDArray[np.intp]:
    """Return where the longest vertical runs of ink stand, at most 14 columns."""
    run, longest = np.zeros(lines.shape[1], dtype=np.intp), np.zeros(lines.shape[1], dtype=np.intp)
    for row in lines:
        run = (run + 1) * row
        np.maximum(longest, run, out=longest)
    edges = np.flatnonzero(np.diff(np.pad(longest >= _LEAST_RUN_PX, 1).astype(np.int8)))
    spans = edges.reshape(-1, 2).tolist()  # first column of each bundle of lines, and the one after its last
    ranked = sorted(spans, key=lambda span: -int(longest[span[0] : span[1]].max()))[:_MOST_PLACES]
    return np.array(sorted((start + stop) // 2 for start, stop in ranked), dtype=np.intp)


def _between(xs: NDArray[np.intp], ys: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return all boxes (n, 4) between two of the xs and two of the ys that are large enough."""
    (i, j), (k, m) = np.triu_indices(len(xs), 1), np.triu_indices(len(ys), 1)
    columns, rows = np.meshgrid(np.arange(len(i)), np.arange(len(k)), indexing="ij")
    boxes = np.stack([xs[i][columns], ys[k][rows], xs[j][columns], ys[m][rows]], axis=-1).reshape(-1, 4)
    return boxes[((boxes[:, 2:] - boxes[:, :2]) >= _LEAST_SIDE_PX).all(axis=1)]


def _inside(area: Mask, boxes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the share of each box (n, 4) that lies in the area, by a summed table."""
    sums = np.pad(area.cumsum(axis=0, dtype=np.intp).cumsum(axis=1), ((1, 0), (1, 0)))
    x0, y0, x1, y1 = boxes.T
    return (sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]) / np.maximum((x1 - x0) * (y1 - y0), 1)


def _worth(lines: Mask, boxes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Rank boxes (n, 4): the share of their sides with a line, the share of their barest side, and their size."""
    wide = ndimage.binary_dilation(lines, iterations=2)
    down = np.pad(wide.cumsum(axis=0, dtype=np.intp), ((1, 0), (0, 1)))
    across = np.pad(wide.cumsum(axis=1, dtype=np.intp), ((0, 1), (1, 0)))
    x0, y0, x1, y1 = boxes.T
    height, width = y1 - y0, x1 - x0
    lined = np.stack(
        [
            (down[y1, x0] - down[y0, x0]) / height,
            (down[y1, x1] - down[y0, x1]) / height,
            (across[y0, x1] - across[y0, x0]) / width,
            (across[y1, x1] - across[y1, x0]) / width,
        ]
    )
    whole = ((lined[0] + lined[1]) * height + (lined[2] + lined[3]) * width) / (2 * (height + width))
    return whole + 0.3 * lined.min(axis=0) + 0.2 * (height * width) ** 0.25 / 10


def overlaps(a: Floats, b: Floats) -> Floats:
    """Return the IoU of each box of a (n, 4) with each of b (m, 4), (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = np.clip(high - low, 0, None).prod(axis=2)
    sizes = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (a, b)]
    return inner / np.maximum(sizes[0][:, None] + sizes[1] - inner, 1e-6)
