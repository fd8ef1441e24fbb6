"""Connected blots of pixels and the distance to their rims, by SciPy, with exact types and bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Pixels = NDArray[np.intp]
_BAND_PX, _MARGIN_PX = 1024, 128  # distances are worked out by bands of rows that overlap
_FOUR = ndimage.generate_binary_structure(2, 1)
_EIGHT = ndimage.generate_binary_structure(2, 2)


def label(mask: NDArray[np.bool_], diagonal: bool = True) -> tuple[NDArray[np.int32], int]:
    """Number the connected blots of a mask (height, width): labels 1..count, 0 = outside; and their count.

    With `diagonal`, pixels that touch at a corner belong together.
    """
    found: Any = ndimage.label(mask, _EIGHT if diagonal else _FOUR)
    labels, count = found
    return np.asarray(labels, dtype=np.int32), int(count)


def touching(rows: Pixels, columns: Pixels) -> list[tuple[Pixels, Pixels]]:
    """Group pixels that touch, corners included, without a picture: the cost grows with the pixels alone.

    Args:
        rows: (n,) of each pixel; the pixels come row by row, as `np.nonzero` lists them.
        columns: (n,) likewise.

    Returns:
        Rows and columns of every group, groups and pixels in the order in which they came.
    """
    if len(rows) == 0:
        return []
    stride = int(columns.max()) + 2  # one free column, so that rows do not touch around the rim
    key = rows * stride + columns
    pairs: list[tuple[Pixels, Pixels]] = []
    for step in (1, stride - 1, stride, stride + 1):
        place = np.searchsorted(key, key + step).clip(max=len(key) - 1)
        found = np.flatnonzero(key[place] == key + step)
        pairs.append((found, place[found]))
    one, other = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    graph = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(len(key), len(key)))
    result: Any = connected_components(graph, directed=False)
    group = np.asarray(result[1], dtype=np.intp)
    order = np.argsort(group, kind="stable")
    bounds = np.cumsum(np.bincount(group))[:-1]
    return list(zip(np.split(rows[order], bounds), np.split(columns[order], bounds), strict=True))


def distance_to_paper(solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every solid pixel of a mask (height, width) to the nearest other one; around the page is paper.

    Exact up to 128 px; in pictures of several bands larger distances may come out smaller.
    """
    distance = np.empty(solid.shape, dtype=np.float32)
    for top in range(0, len(solid), _BAND_PX):
        first = max(0, top - _MARGIN_PX)
        part = np.pad(solid[first : top + _BAND_PX + _MARGIN_PX], 1)
        found = np.asarray(ndimage.distance_transform_edt(part))[1:-1, 1:-1]
        distance[top : top + _BAND_PX] = found[top - first :][:_BAND_PX]
    return distance
