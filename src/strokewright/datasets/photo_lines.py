"""Lines as a hand would draw them, made from a photo.

1. The photo is enlarged to 128 px and softened; the structure tensor of its three Lab channels gives how strongly and
   in which direction the colour changes.
2. Ridges of that strength one pixel wide, kept by hysteresis (Canny), are the edges.
3. Chains of edge pixels become polylines, joined where they go on in one direction, smoothed as a pen smooths.
4. A person draws few lines: those that are long, strong and not at the rim come first, until enough is drawn.

Source: edges, Canny 1986; the tensor of several channels, Di Zenzo 1986.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from strokewright.datasets.dataset import Photo
from strokewright.datasets.smoothing import smoothed
from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.drawing import Floats
from strokewright.drawing.fitting import running_length
from strokewright.drawing.joining import join
from strokewright.render.colour import DISTANCE, to_lab

PAGE_PX = 128
LINE_PX = 2.0
_SOFT_PX, _TENSOR_PX = 1.2, 1.0
_HIGH, _LOW = 0.22, 0.08  # of the 99th percentile of the strength
_SHORTEST_PX = 8.0
_MOST_LENGTH = 9.0  # of all lines together, in sides of the page
_MOST_STROKES = 40


def photo_lines(photo: Photo) -> Drawing:
    """Return lines of a photo, the most telling ones first, on a page whose longer side is 128 px.

    Args:
        photo: (height, width, 3) uint8.
    """
    height, width = photo.shape[:2]
    scale = PAGE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    large = np.asarray(Image.fromarray(np.ascontiguousarray(photo)).resize(size, Image.Resampling.BICUBIC))
    strength, angle = edge_strength(large)
    edges = thin_edges(strength, angle)
    chains = [chain for chain in pixel_chains(edges) if len(chain) > 2]
    strokes = join([Stroke(chain + 0.5, width=LINE_PX) for chain in chains], 3.5, 0.9)  # type: ignore[arg-type]
    return Drawing(tuple(_chosen(strokes, strength)), (float(size[0]), float(size[1])))


def edge_strength(photo: Photo) -> tuple[Floats, Floats]:
    """Return how strongly the colour changes at each pixel, in Lab units a pixel, and the angle of the change.

    Args:
        photo: (height, width, 3) uint8.

    Returns:
        Strength and angle in radians, (height, width) each.
    """
    lab = to_lab(photo.astype(np.float32) / np.float32(255)) * np.array(DISTANCE, np.float32) * 100
    soft = ndimage.gaussian_filter(lab, (_SOFT_PX, _SOFT_PX, 0))
    down, right = np.gradient(soft, axis=(0, 1))
    xx, yy, xy = (
        ndimage.gaussian_filter((a * b).sum(axis=2), _TENSOR_PX)
        for a, b in ((right, right), (down, down), (right, down))
    )
    root = np.hypot(xx - yy, 2 * xy)
    return np.sqrt(np.maximum((xx + yy + root) / 2, 0)), 0.5 * np.arctan2(2 * xy, xx - yy)


def thin_edges(strength: Floats, angle: Floats) -> NDArray[np.bool_]:
    """Return the ridges of the strength, one pixel wide, kept by hysteresis."""
    rows, columns = np.indices(strength.shape)
    step = np.stack([np.sin(angle), np.cos(angle)])
    ahead, behind = (
        ndimage.map_coordinates(strength, [rows + sign * step[0], columns + sign * step[1]], order=1, mode="nearest")
        for sign in (1, -1)
    )
    top = float(np.percentile(strength, 99))
    ridge = (strength > ahead) & (strength >= behind) & (strength > _LOW * top)
    labels, count = ndimage.label(ridge, np.ones((3, 3)))
    strong = np.zeros(count + 1, dtype=bool)
    strong[np.unique(labels[ridge & (strength > _HIGH * top)])] = True
    strong[0] = False
    return skeletonize(strong[labels])


def pixel_chains(thin: NDArray[np.bool_]) -> list[Floats]:
    """Cut a picture of thin lines at its junctions into chains of pixels.

    Args:
        thin: (height, width), lines one pixel wide.

    Returns:
        One array (n, 2) of x, y a chain; a closed one ends where it began.
    """
    neighbours = ndimage.convolve(thin.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant") - 1
    labels, _ = ndimage.label(thin & (neighbours <= 2), np.ones((3, 3)))
    chains: list[Floats] = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        pixels = np.argwhere(labels[place] == number)
        chain = _walk({(int(y), int(x)) for y, x in pixels})
        origin = (place[1].start, place[0].start)
        chains.append(np.array([(x, y) for y, x in chain], dtype=np.float64) + origin)
    return chains


_AROUND = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))


def _walk(pixels: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Go along one chain from an end of it, straight neighbours first."""

    def after(pixel: tuple[int, int], left: set[tuple[int, int]]) -> tuple[int, int] | None:
        steps = ((pixel[0] + dy, pixel[1] + dx) for dy, dx in _AROUND)
        return next((step for step in steps if step in left), None)

    ends = [p for p in sorted(pixels) if sum((p[0] + dy, p[1] + dx) in pixels for dy, dx in _AROUND) < 2]
    pixel: tuple[int, int] | None = ends[0] if ends else min(pixels)
    chain: list[tuple[int, int]] = []
    left = set(pixels)
    while pixel is not None:
        chain.append(pixel)
        left.discard(pixel)
        pixel = after(pixel, left)
    if not ends and len(chain) > 3 and max(abs(chain[0][i] - chain[-1][i]) for i in (0, 1)) == 1:
        chain.append(chain[0])
    return chain


def _chosen(strokes: list[Stroke], strength: Floats) -> list[Stroke]:
    """Smooth the strokes and keep the most telling ones."""
    height, width = strength.shape
    rated: list[tuple[float, float, Stroke]] = []
    for stroke in strokes:
        length = float(running_length(stroke.nodes)[-1])
        if length < _SHORTEST_PX:
            continue
        x, y = stroke.nodes.T
        strong = strength[np.clip(y.astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)]
        rim = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)).mean() / max(height, width)
        value = length**0.5 * float(strong.mean()) * min(1.0, 0.3 + 4 * float(rim))
        rated.append((value, length, stroke))
    rated.sort(key=lambda entry: -entry[0])
    total = np.cumsum([length for _, length, _ in rated])
    kept = rated[: min(_MOST_STROKES, int(np.searchsorted(total, _MOST_LENGTH * max(height, width))) + 1)]
    return [
        stroke.replace(nodes=nodes, handles=None, width=np.full(len(nodes), LINE_PX), times_ms=None)
        for _, _, stroke in kept
        for nodes in [smoothed(stroke.nodes, 2.0)]
    ]
