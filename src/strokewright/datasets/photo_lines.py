"""Lines as a hand would draw them, made from a photo.

1. The photo is enlarged to 128 px. Its figure is told from its ground: a colour belongs to the figure as far as its
   pixels lie in the middle and hang together, and to the ground as far as they lie at the rim.
2. Edges: the structure tensor of the three Lab channels gives how strongly, and in which direction, the colour changes;
   its ridges are kept by hysteresis. Or XDoG: where a difference of Gaussians is dark, which draws a thin dark thing as
   one line and not as two edges.
3. Both are thinned to one pixel; chains of pixels become polylines, are joined where they go on in one direction, and
   smoothed as a pen smooths.
4. People draw little: of photos of the Sketchy Database 2.6 sides of the page in the median, hardly anything at the
   rim. So lines that are long, strong and on the figure come first, until `LENGTH` is drawn.

Source: edges, Canny 1986; the tensor of several channels, Di Zenzo 1986; XDoG, Winnemöller 2011.
"""

from __future__ import annotations

from typing import Literal

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
from strokewright.errors import OptionError
from strokewright.render.colour import DISTANCE, to_lab

PAGE_PX = 128
LINE_PX = 2.0
PARTS = 128
"""Points are rounded to this part of a pixel."""
LENGTH = 4.5
"""How much is drawn at most, in sides of the page."""
LineStyle = Literal["edges", "xdog"]
LINE_STYLES = ("edges", "xdog")

_SOFT_PX, _TENSOR_PX = 1.2, 1.0
_HIGH, _LOW = 0.25, 0.1  # of the 99th percentile of the strength
_XDOG_PX, _XDOG_RATIO = 1.4, 1.6
_XDOG_DARK = (0.5, 1.4)  # by how much of lightness, 0 to 100, a line is darker than around it: all of it, some of it
_SHORTEST_PX, _SPECK_PX = 9.0, 4.0
_SMOOTH_PX = 2.0
_JOIN_PX, _JOIN_TURN = 6.0, 0.8
_FIGURE_PX = 64
_REACH_PX, _FIGURE_FROM = 19, 0.3  # how far from the figure lines may lie, and what counts as figure
_COLOURS = 24
_ROUNDS = 4


def photo_lines(photo: Photo, style: LineStyle = "edges", length: float = LENGTH) -> Drawing:
    """Return lines of a photo, the most telling ones first, on a page whose longer side is 128 px.

    Args:
        photo: (height, width, 3) uint8.
        style: "edges" or "xdog".
        length: How much to draw at most, in sides of the page.

    Raises:
        OptionError: Another style.
    """
    if style not in LINE_STYLES:
        raise OptionError(f"style: expected one of {', '.join(LINE_STYLES)}, got {style!r}")
    height, width = photo.shape[:2]
    scale = PAGE_PX / max(height, width)
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    large = np.asarray(Image.fromarray(np.ascontiguousarray(photo)).resize(size, Image.Resampling.BICUBIC))
    lab = to_lab(large.astype(np.float32) / np.float32(255)) * np.array(DISTANCE, np.float32) * 100
    strength, angle = edge_strength(lab)
    thin = thin_edges(strength, angle) if style == "edges" else dark_lines(lab[..., 0])
    share = figure(large)
    weight = strength * _near(share)
    on_figure = ndimage.maximum_filter(share, _REACH_PX) > _FIGURE_FROM
    chains = [chain for chain in pixel_chains(thin & on_figure) if running_length(chain)[-1] > _SPECK_PX]
    strokes = join([Stroke(chain) for chain in chains], _JOIN_PX, _JOIN_TURN)
    return Drawing(tuple(_chosen(strokes, weight, length)), (float(size[0]), float(size[1])))


def edge_strength(lab: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return how strongly the colour changes at each pixel, in Lab units a pixel, and the angle of the change.

    Args:
        lab: (height, width, 3).

    Returns:
        Strength and angle in radians, (height, width) each.
    """
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
    down, right = np.sin(angle), np.cos(angle)
    ahead, behind = (
        ndimage.map_coordinates(strength, [rows + sign * down, columns + sign * right], order=1, mode="nearest")
        for sign in (1, -1)
    )
    top = float(np.percentile(strength, 99))
    ridge = (strength > ahead) & (strength >= behind)
    return skeletonize(_held(np.where(ridge, strength, 0), _LOW * top, _HIGH * top))


def dark_lines(lightness: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where the lightness (height, width), 0 to 100, is darker than what is around it, one pixel wide."""
    near, far = (ndimage.gaussian_filter(lightness, _XDOG_PX * ratio) for ratio in (1.0, _XDOG_RATIO))
    return skeletonize(_held(far - near, *_XDOG_DARK))


def _held(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.bool_]:
    """Return which pixels are over the low threshold and hang together with one over the high one."""
    labels = np.asarray(ndimage.label(values > low, np.ones((3, 3)))[0], dtype=np.int64)  # type: ignore[index]
    strong = np.zeros(labels.max() + 1, dtype=np.bool_)
    strong[labels[values > high]] = True
    strong[0] = False
    return strong[labels]


def figure(photo: Photo) -> NDArray[np.float32]:
    """Return how likely each pixel is to belong to what the photo shows, and not to the ground it lies on.

    Args:
        photo: (height, width, 3) uint8.

    Returns:
        (height, width) float32 in [0, 1].
    """
    height, width = photo.shape[:2]
    small = Image.fromarray(photo).resize((_FIGURE_PX, _FIGURE_PX), Image.Resampling.BOX)
    colours = np.asarray(small.quantize(_COLOURS, Image.Quantize.MEDIANCUT)).astype(np.int64)
    across = (np.arange(_FIGURE_PX) + 0.5) / _FIGURE_PX * 2 - 1
    rim = np.maximum(np.abs(across)[:, None], np.abs(across)[None])
    prior = 2.5 - 5.0 * np.maximum((across[:, None] ** 2 + across[None] ** 2) ** 0.5, rim**2)
    counts = np.bincount(colours.ravel(), minlength=_COLOURS) + 4.0
    share = 1 / (1 + np.exp(-prior))
    for _ in range(_ROUNDS):
        inside = np.bincount(colours.ravel(), share.ravel(), minlength=_COLOURS) + 4.0 * share.mean()
        odds = np.log(inside / (counts - inside + 1e-6)) - np.log(share.mean() / (1 - share.mean()))
        evidence = ndimage.gaussian_filter(odds[colours], 1.5)
        share = 1 / (1 + np.exp(-(2.5 * evidence + prior)))
    whole = Image.fromarray(share.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(whole)


def _near(share: NDArray[np.float32]) -> Floats:
    """Return how much a line counts that lies in the figure, on its border, or outside."""
    border = np.asarray(ndimage.gaussian_gradient_magnitude(share, 2.5), dtype=np.float64) * 12
    around = np.asarray(ndimage.maximum_filter(share, 5), dtype=np.float64)
    return 0.03 + 0.4 * around + np.minimum(border, 1.2)


def pixel_chains(thin: NDArray[np.bool_]) -> list[Floats]:
    """Cut a picture of thin lines at its junctions into chains of pixels.

    Args:
        thin: (height, width), lines one pixel wide.

    Returns:
        Centres of pixels, x and y, (n, 2) a chain; a closed one ends where it began.
    """
    square = np.ones((3, 3), np.uint8)
    counts = ndimage.convolve(thin.astype(np.uint8), square, mode="constant")
    lines = np.pad(thin & (counts <= 3), 1)
    ends = lines & (ndimage.convolve(lines.astype(np.uint8), square, mode="constant") <= 2)
    width = lines.shape[1]
    left = set(np.flatnonzero(lines.ravel()).tolist())
    around = (1, width, -1, -width, width + 1, 1 - width, width - 1, -width - 1)
    chains: list[Floats] = []
    for start in [*np.flatnonzero(ends.ravel()).tolist(), *sorted(left)]:
        if start not in left:
            continue
        chain = [start]
        left.discard(start)
        while following := [chain[-1] + step for step in around if chain[-1] + step in left][:1]:
            chain += following
            left.discard(following[0])
        if len(chain) > 3 and chain[0] - chain[-1] in around:
            chain.append(chain[0])
        y, x = np.divmod(np.array(chain), width)
        chains.append(np.stack([x, y], axis=1) - 0.5)
    return chains


def _chosen(strokes: list[Stroke], weight: NDArray[np.floating], most: float) -> list[Stroke]:
    """Keep the strokes that weigh most until the page is drawn enough, and smooth them."""
    height, width = weight.shape
    rated: list[tuple[float, float, Floats]] = []
    for stroke in strokes:
        length = float(running_length(stroke.nodes)[-1])
        if length >= _SHORTEST_PX:
            x, y = stroke.nodes.T.astype(int)
            weighs = float(weight[np.minimum(y, height - 1), np.minimum(x, width - 1)].mean())
            rated.append((min(length, 100.0) ** 0.5 * weighs, length, stroke.nodes))
    rated.sort(key=lambda entry: -entry[0])
    drawn = np.cumsum([length for _, length, _ in rated])
    count = int(np.searchsorted(drawn, most * max(height, width))) + 1
    least = 0.12 * rated[0][0] if rated else 0.0
    return [
        Stroke(np.rint(smoothed(nodes, _SMOOTH_PX) * PARTS) / PARTS, width=LINE_PX)  # type: ignore[arg-type]
        for value, _, nodes in rated[:count]
        if value >= least
    ]
