"""Ways through the latent space: between two codes, over a grid between corners.

A code is what stands beside every row of the decoder's input: z, then the label's embedding for a model that has
labels. z goes along a sphere, since normal z of many units all have about one length.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 4.3; White, Sampling Generative Networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.drawing import Colour
from strokewright.errors import OptionError
from strokewright.pipelines.sketch_rnn.options import Mode

Code = NDArray[np.float32]
_PARALLEL = 1e-4  # radians; closer directions, or opposite ones, have no arc of their own
CORNER_COLOURS: tuple[Colour, ...] = ((0.85, 0.15, 0.15), (0.1, 0.35, 0.85), (0.1, 0.6, 0.25), (0.9, 0.6, 0.05))
"""Of corners that are all of one colour."""


def slerp(a: Code, b: Code, share: float) -> Code:
    """Go from a to b (n,) along the arc between them; along the line where there is no such arc.

    Args:
        a: Where share is 0.
        b: Where share is 1.
        share: In [0, 1].
    """
    exact = a.astype(np.float64), b.astype(np.float64)  # near its ends, arccos needs the digits
    lengths = float(np.linalg.norm(exact[0])), float(np.linalg.norm(exact[1]))
    if min(lengths) == 0:
        return lerp(a, b, share)
    angle = float(np.arccos(np.clip(exact[0] @ exact[1] / (lengths[0] * lengths[1]), -1, 1)))
    if angle < _PARALLEL or angle > np.pi - _PARALLEL:
        return lerp(a, b, share)
    parts = np.sin([(1 - share) * angle, share * angle]) / np.sin(angle)
    return (parts[0] * a + parts[1] * b).astype(np.float32)


def lerp(a: Code, b: Code, share: float) -> Code:
    """Go from a to b along the line between them."""
    return ((1 - share) * a + share * b).astype(np.float32)


def between(a: Code, b: Code, share: float, latent: int, mode: Mode) -> Code:
    """Go from one code to another; the first `latent` numbers are z.

    By slerp, the class is that of the nearer end; by lerp, the embedding goes straight, too, through what no drawing
    has taught.
    """
    if mode == "lerp":
        return lerp(a, b, share)
    return np.concatenate([slerp(a[:latent], b[:latent], share), (a if share < 0.5 else b)[latent:]])


def grid(corners: Sequence[Sequence[Code]], size: tuple[int, int], latent: int, mode: Mode) -> list[list[Code]]:
    """Fill a grid between corners.

    Args:
        corners: Rows of codes: [[a, b]], [[a], [b]], [[a, b], [c]] or [[a, b], [c, d]]; a row of one holds throughout.
        size: Rows and columns of the grid.
        latent: As in `between`.
        mode: As in `between`.

    Returns:
        Rows of codes, with the corners at its corners.
    """
    ends = [[(row[0], row[-1]) for row in corners][index] for index in (0, -1)]
    result: list[list[Code]] = []
    for down in _shares(size[0]):
        cells: list[Code] = []
        for across in _shares(size[1]):
            top, bottom = (between(left, right, across, latent, mode) for left, right in ends)
            cells.append(between(top, bottom, down, latent, mode))
        result.append(cells)
    return result


def grid_colours(corners: Sequence[Sequence[Colour]], size: tuple[int, int]) -> list[list[Colour]]:
    """Blend the corners' colours over a grid, arguments as in `grid`."""
    codes = [[np.array(colour, np.float32) for colour in row] for row in corners]
    mixed = grid(codes, size, 0, "lerp")
    return [[(float(r), float(g), float(b)) for r, g, b in row] for row in mixed]


def along(codes: Sequence[Code], steps: int, latent: int, mode: Mode) -> list[Code]:
    """Take steps, evenly spaced, from the first code over all others to the last."""
    places = np.linspace(0, len(codes) - 1, steps)
    pieces = np.minimum(places.astype(int), len(codes) - 2).tolist()
    return [
        between(codes[piece], codes[piece + 1], float(place - piece), latent, mode)
        for place, piece in zip(places, pieces, strict=True)
    ]


def check_corners(corners: Sequence[object]) -> list[list[object]]:
    """Return corners as one or two rows of one or two.

    Raises:
        OptionError: Another layout, or fewer than two corners.
    """
    rows = [list(row) if isinstance(row, list | tuple) else row for row in corners]
    if not any(isinstance(row, list) for row in rows):
        rows = [rows] if len(rows) < 3 else [rows[:2], rows[2:]]
    shape = [len(row) if isinstance(row, list) else 0 for row in rows]
    if shape not in ([2], [1, 1], [2, 1], [1, 2], [2, 2]):
        raise OptionError(
            f"blend: expected 2 to 4 drawings such as [a, b] or [[a, b], [c, d]], got rows of {shape}; leave some out"
        )
    return [row for row in rows if isinstance(row, list)]


def _shares(count: int) -> list[float]:
    return np.linspace(0, 1, count).tolist() if count > 1 else [0.0]
