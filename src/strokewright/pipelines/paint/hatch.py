"""A painting for pens: strokes along each move, only where its colour is seen; so layers of colours need no order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing, Stamp, Stroke
from strokewright.render.skia import render

_LONGEST_PX = 2048  # side of the map of what is seen
_FINENESS = 4.0  # points of that map between two strokes
_SAME_COLOUR = 1e-3
_SPARE = 0.3  # of a distance of lines; another line for less would lie on its neighbours
_INSET = 0.3  # of the width, by which round ends stay inside; half of it would leave notches


def hatch(painting: Drawing, spacing_px: float, layers: Sequence[str]) -> Drawing:
    """Turn solid stamps into strokes.

    Args:
        painting: Stamps, solid.
        spacing_px: Distance of two strokes beside each other, and their width.
        layers: Name of each stamp's layer.

    Returns:
        Strokes, layer by layer in the order of their first stamps; within a layer in the order of the painting, each
        move hatched to and fro along its longer side. What has the paper's colour is left bare.
    """
    scale = min(_FINENESS / spacing_px, _LONGEST_PX / max(painting.size))
    seen = _seen(painting, scale)
    strokes: dict[str, list[Stroke]] = {name: [] for name in dict.fromkeys(layers)}
    for number, (mark, layer) in enumerate(zip(painting.marks, layers, strict=True)):
        if isinstance(mark, Stamp) and np.abs(np.subtract(mark.colour, painting.background)).max() > _SAME_COLOUR:
            for ends in _lines(mark, seen == number + 1, scale, spacing_px):
                strokes[layer].append(Stroke(ends, width=np.full(2, spacing_px), colour=mark.colour, layer=layer))
    return painting.replace(marks=tuple(stroke for members in strokes.values() for stroke in members))


def _seen(painting: Drawing, scale: float) -> NDArray[np.int64]:
    """Map which stamp is seen at each point: its number from 1, 0 where the paper is."""
    marks = tuple(
        Stamp(mark.outline, mark.affine, _to_colour(number + 1))
        for number, mark in enumerate(painting.marks)
        if isinstance(mark, Stamp)
    )
    width, height = (max(1, round(side * scale)) for side in painting.size)
    numbered = painting.replace(marks=marks, background=(0.0, 0.0, 0.0))
    pixels = np.rint(render(numbered, (width, height), antialias=False) * 255).astype(np.int64)
    return pixels[0] * 65536 + pixels[1] * 256 + pixels[2]


def _to_colour(number: int) -> tuple[float, float, float]:
    red, green, blue = (number >> shift & 255 for shift in (16, 8, 0))
    return red / 255, green / 255, blue / 255


def _lines(stamp: Stamp, seen: NDArray[np.bool_], scale: float, spacing_px: float) -> Iterable[NDArray[np.float64]]:
    """Yield the ends (2, 2) of the strokes of one stamp, in pixels of the page."""
    if not seen.any():
        return
    rows, columns = np.nonzero(seen)
    points = np.stack([columns + 0.5, rows + 0.5], axis=1) / scale
    along = _direction(stamp)
    across = np.array([-along[1], along[0]])
    offsets, places = points @ across, points @ along
    first_offset, span = offsets.min() - 0.5 / scale, np.ptp(offsets) + 1 / scale
    count = max(1, int(np.ceil(span / spacing_px - _SPARE)))  # spread evenly; more often closer than asked for
    line = np.floor((offsets - first_offset) / span * count).astype(int).clip(0, count - 1)
    forwards = True
    for number in range(count):
        offset = first_offset + (number + 0.5) * span / count
        runs = _runs(np.sort(places[line == number]), 2.5 / scale, spacing_px)
        for first, last in runs if forwards else reversed(runs):
            ends = np.array([first, last])[:, None] * along + offset * across
            yield ends if forwards else ends[::-1]
        forwards = not forwards


def _runs(places: NDArray[np.float64], gap: float, width_px: float) -> list[tuple[float, float]]:
    """Join sorted places that lie no further apart than `gap`; strokes of that width end inside."""
    if not len(places):
        return []
    inset = _INSET * width_px
    breaks = np.flatnonzero(np.diff(places) > gap)
    firsts = places[np.concatenate([[0], breaks + 1])] + inset
    lasts = places[np.concatenate([breaks, [len(places) - 1]])] - inset
    middle, lengths = (firsts + lasts) / 2, lasts - firsts
    kept = lengths > -inset
    ends = np.stack([np.where(lengths > 0, firsts, middle), np.where(lengths > 0, lasts, middle)], axis=1)
    return [(first, last) for first, last in ends[kept].tolist()]


def _direction(stamp: Stamp) -> NDArray[np.float64]:
    """The direction (2,) in which a placed template is longest."""
    corners = stamp.outline @ stamp.affine[:, :2].T
    _, _, axes = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)
    return axes[0]
