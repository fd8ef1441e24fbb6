"""Picture → ink: paper shading, scanner noise, light on dark, colour and transparency are taken away here, once.

Ink is how far a pixel is from the paper around it, as a share of how far full ink is. A clean digital drawing passes
through exactly: its paper is one colour and its noise is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from strokewright.drawing.drawing import Colour
from strokewright.pipelines.trace.blots import label

Ink = NDArray[np.float32]
_BLOCK_PX = 32  # the paper's colour is measured once a block
_MOST_NOISE = 0.1  # a larger spread is a picture, not noise
_LEAST_CONTRAST = 0.08  # a picture whose ink differs less than this from its paper is blank
_FULL_BLACK = 0.2  # darker colours count as black
_LEAST_CHROMA = 0.15  # ink with a smaller spread of red, green and blue counts as grey


@dataclass(frozen=True)
class CleanPicture:
    """Ink (height, width) in [0, 1]; its colours under even light (height, width, 3); the paper's colour.

    The colours are the largest array by far, hence half precision.
    """

    ink: Ink
    colours: NDArray[np.float16]
    paper: Colour

    @property
    def is_coloured(self) -> bool:
        """Whether some of the ink is neither black, grey nor white."""
        inked = self.colours[self.ink > 0.5]
        return len(inked) > 0 and float(np.quantile(np.ptp(inked, axis=1), 0.995)) > _LEAST_CHROMA

    def chroma_along(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Median colour, less its grey (3,), of the strongest ink under points (n, 2): tells pens apart."""
        colour = self._median_along(points)
        return colour - colour.mean()

    def colour_along(self, points: NDArray[np.float64]) -> Colour:
        """Median colour of the strongest ink under points (n, 2); nearly black comes out black."""
        red, green, blue = self._median_along(points).tolist()
        if max(red, green, blue) < _FULL_BLACK:
            return 0.0, 0.0, 0.0
        return red, green, blue

    def _median_along(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        height, width = self.ink.shape
        x = points[:, 0].astype(int).clip(0, width - 1)
        y = points[:, 1].astype(int).clip(0, height - 1)
        strength = self.ink[y, x]
        strong = strength >= np.quantile(strength, 0.5)
        return np.median(self.colours[y[strong], x[strong]].astype(np.float64), axis=0)


def clean(rgba: NDArray[np.float32]) -> CleanPicture:
    """Separate ink from paper.

    Args:
        rgba: (height, width, 4) in [0, 1].

    Returns:
        The ink and what is needed to colour strokes. Ink is zero everywhere when the picture is blank.
    """
    colours = _flatten_alpha(rgba)
    paper = _paper(colours)
    globally = np.median(paper.reshape(-1, 3), axis=0)
    difference, noise = _difference(colours, paper, float(globally.mean()))
    ink = _to_ink(difference, noise)
    tint = _tint(globally.tolist())
    return CleanPicture(ink, _even_light(colours, paper, tint).astype(np.float16), tint)


def _tint(paper: list[float]) -> Colour:
    """The page's colour: light greyish paper is meant to be white, any other colour stays."""
    red, green, blue = paper
    if min(paper) > 0.5 and max(paper) - min(paper) < 0.2:
        return 1.0, 1.0, 1.0
    return red, green, blue


def _even_light(colours: Ink, paper: Ink, tint: Colour) -> Ink:
    """Colours as they would be on evenly lit paper of the page's colour; a dark page's are left alone."""
    page = np.array(tint, dtype=np.float32)
    if min(tint) <= 0.5 or np.array_equal(np.broadcast_to(page, paper.shape), paper):
        return colours
    return np.minimum(colours * (page / np.maximum(paper, 0.2)), 1, dtype=np.float32)


def _flatten_alpha(rgba: NDArray[np.float32]) -> Ink:
    """Lay a transparent picture on white, or on black when what is drawn is light."""
    colours, alpha = rgba[..., :3], rgba[..., 3:]
    if (alpha == 1).all():
        return np.ascontiguousarray(colours)
    weight = float(alpha.sum())
    lightness = float((colours.mean(axis=2, keepdims=True) * alpha).sum() / weight) if weight > 0 else 0.0
    mostly_bare = float(np.median(alpha)) < 0.5
    backdrop = 0.0 if mostly_bare and lightness > 0.7 else 1.0
    return (colours * alpha + np.float32(backdrop) * (1 - alpha)).astype(np.float32)


def _paper(colours: Ink) -> Ink:
    """Estimate the paper's colour at each pixel; broadcastable to (height, width, 3), (1, 1, 3) for even paper."""
    height, width, _ = colours.shape
    globally = np.median(colours[:: max(1, height // 512), :: max(1, width // 512)].reshape(-1, 3), axis=0)
    rows, columns = max(1, height // _BLOCK_PX), max(1, width // _BLOCK_PX)
    ys = np.linspace(0, height, rows + 1).astype(int)
    xs = np.linspace(0, width, columns + 1).astype(int)
    blocks = np.empty((rows, columns, 3), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            blocks[i, j] = np.median(colours[ys[i] : ys[i + 1] : 2, xs[j] : xs[j + 1] : 2].reshape(-1, 3), axis=0)
    # A block that is mostly ink says nothing of the paper.
    inked = np.abs(blocks - globally).max(axis=2) > 0.3
    blocks[inked] = globally
    if np.abs(blocks - globally).max() < 0.02:
        return globally[None, None].astype(np.float32)
    # Odd reflection continues the shading past the rim, for the filter and for the outer halves of the rim's blocks.
    blocks = np.pad(blocks, ((2, 2), (2, 2), (0, 0)), mode="reflect", reflect_type="odd").clip(0, 1)
    blocks = ndimage.median_filter(blocks, size=(3, 3, 1), mode="nearest")
    at_y = (np.arange(height) + 0.5) * rows / height + 1.5
    at_x = (np.arange(width) + 0.5) * columns / width + 1.5
    grid = np.meshgrid(at_y.astype(np.float32), at_x.astype(np.float32), indexing="ij")
    channels = [ndimage.map_coordinates(blocks[..., c], grid, order=1, mode="nearest") for c in range(3)]
    return np.stack(channels, axis=2).astype(np.float32)


def _difference(colours: Ink, paper: Ink, lightness: float) -> tuple[Ink, float]:
    """How far each pixel is from the paper towards the ink's side, (height, width), and the paper's noise (σ).

    Light paper under uneven light: ink takes away a share of what the paper reflects, so shares are compared.
    """
    light = lightness > 0.6
    signed = (paper - colours) / np.maximum(paper, 0.2) if light else paper - colours
    # Between neighbours, shading cancels and noise does not.
    steps = np.abs(np.diff(signed[::3], axis=1))
    noise = min(1.4826 / np.sqrt(2) * float(np.median(steps)), _MOST_NOISE) if steps.size else 0.0
    if light:
        return np.maximum(signed.max(axis=2), 0), noise
    if lightness < 0.4:
        return np.maximum(-signed.min(axis=2), 0), noise
    return np.abs(signed).max(axis=2), noise


def _to_ink(difference: Ink, noise: float) -> Ink:
    """Scale the difference so that full ink is 1, and drop what is noise."""
    noisy = noise > 0.004
    if noisy:
        difference = np.asarray(ndimage.gaussian_filter(difference, 0.6), dtype=np.float32)
    strongest = float(np.quantile(difference, 0.9995))
    if strongest < max(_LEAST_CONTRAST, 6 * noise):
        strongest = float(difference.max())  # a lone thin mark may cover less than that
        if strongest < max(_LEAST_CONTRAST, 12 * noise):
            return np.zeros_like(difference)
    marked = difference > 0.25 * strongest
    level: float | Ink = float(np.quantile(difference[marked], 0.9)) if noisy else strongest
    peaks = marked & (difference == ndimage.maximum_filter(difference, 5))
    if np.mean(difference[peaks] < 0.7 * level) > 0.2:  # several inks: each is full where it is strongest nearby
        nearby = ndimage.gaussian_filter(ndimage.maximum_filter(np.minimum(difference, level), 9), 2.0)
        level = np.maximum(nearby, 0.3 * np.float32(level))
    floor = np.float32(2.5 * noise if noisy else 0.0)
    ink = ((difference - floor) / np.maximum(level - floor, 1e-3)).clip(0, 1).astype(np.float32)
    return _without_specks(ink) if noisy else ink


def _without_specks(ink: Ink) -> Ink:
    """Remove isolated marks of a few pixels, which a noisy scan is full of."""
    labels, count = label(ink > 0.3)
    if count == 0:
        return ink
    mass = ndimage.sum_labels(ink, labels, np.arange(count + 1))
    specks: NDArray[np.bool_] = np.asarray(mass) < 4.0
    specks[0] = False
    return np.where(ndimage.grey_dilation(specks[labels], (3, 3)), 0, ink).astype(np.float32)
