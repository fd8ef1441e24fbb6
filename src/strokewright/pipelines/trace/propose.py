"""Candidate strokes, unrefined: from the skeleton, from the drawer, or from the skeleton and then the drawer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten_with_width, stroke_length
from strokewright.drawing.fitting import fit, fit_stroke, running_length
from strokewright.drawing.plan import join
from strokewright.models.canvas_drawer import LineDrawer, draw_sliding
from strokewright.pipelines.trace.blots import distance_to_paper, label
from strokewright.pipelines.trace.measure import measure
from strokewright.pipelines.trace.refine import reachable, refine_in_chunks
from strokewright.pipelines.trace.skeleton import Path, skeleton_paths, solid_ink
from strokewright.render.protocol import to_cubic
from strokewright.render.skia import render_ink

Floats = NDArray[np.float64]
Ink = NDArray[np.float32]
_LEAST_GAIN_PX, _LEAST_GAIN = 8, 0.4  # new ink that a drawer's piece must bring: pixels, and share of its own area
_LEAST_INK = 0.005  # share of inked pixels below which the drawer skips a place; dots are above
_JOIN_GAP_PX, _JOIN_ANGLE_RAD = 10.0, 0.9  # ends that one line may bridge, as the drawer left them
_MEET_GAP_PX, _MEET_ANGLE_RAD = 6.0, 1.3  # and once they lie on the ink; corners are whole strokes too
_SETTLE_STEPS, _SETTLE_PRICE_PX = 25, 4.0
_THICK_PX = 10.0  # thicker lines may be fitted more loosely
_LONG_PX = 150.0  # shorter lines are fitted more closely
_HAIR_RADIUS_PX, _MOST_DOUBLED = 0.8, 4_000_000  # pictures of hair lines are doubled, up to so many pixels
_WORKING_RADIUS_PX = 2.5  # skeletons are cleanest on lines about this thick


@dataclass(frozen=True)
class WorkingInk:
    """Ink resized so that its thinner lines are a few pixels thick, and how to get back to the picture's own pixels."""

    picture: Ink
    ink: Ink
    stretch: Floats  # picture pixels a working pixel, x and y

    @classmethod
    def of(cls, picture: Ink) -> WorkingInk:
        """Resize a picture's ink (height, width) for tracing."""
        scale = _working_scale(picture)
        if scale == 1:
            return cls(picture, picture, np.ones(2))
        height, width = (max(1, round(side * scale)) for side in picture.shape)
        small = np.asarray(resize(picture, (height, width), order=1, anti_aliasing=scale < 1), dtype=np.float32)
        return cls(picture, small, np.array([picture.shape[1] / width, picture.shape[0] / height]))

    @property
    def pixel(self) -> float:
        """Side of a working pixel in picture pixels."""
        return float(self.stretch.mean())


def skeleton_strokes(
    working: WorkingInk, tolerance_px: float, chroma_along: Callable[[Floats], Floats] | None = None
) -> list[Stroke]:
    """Trace the middle lines of the ink.

    Args:
        working: The picture's ink.
        tolerance_px: How far a fitted curve may leave the measured centre line.
        chroma_along: Colour, less its grey (3,), under points (n, 2) in picture pixels: pens of two colours are never
            one stroke. None for ink of one colour.

    Returns:
        Strokes with widths in picture pixels, in no particular order.
    """
    strokes: list[Stroke] = []
    chroma = None if chroma_along is None else lambda points: chroma_along(points * working.stretch)
    for path in skeleton_paths(working.ink, chroma_along=chroma):
        large = Path(path.points * working.stretch, path.width_px * working.pixel, path.closed)
        measured = measure(working.picture, large, step_px=working.pixel)
        strokes.append(_to_stroke(working.picture, measured, tolerance_px))
    return strokes


def drawer_strokes(
    drawer: LineDrawer, working: WorkingInk, drawn: Sequence[Stroke], tolerance_px: float
) -> list[Stroke]:
    """Let the trained drawer slide over the picture and draw what is missing.

    Args:
        drawer: The trained network.
        working: The picture's ink.
        drawn: Strokes that are there already, in picture pixels.
        tolerance_px: How far a fitted curve may leave the drawer's own line.

    Returns:
        New strokes in picture pixels: pieces of neighbouring fields joined to whole strokes.
    """
    height, width = working.ink.shape
    canvas = np.zeros_like(working.ink)
    if drawn:
        page = Drawing(tuple(drawn), (working.picture.shape[1], working.picture.shape[0]))
        # Strokes that are not refined yet may be off by the tolerance; that is not missing ink.
        grown = ndimage.maximum_filter(render_ink(page, (width, height)), 1 + 2 * round(tolerance_px / working.pixel))
        canvas = np.asarray(grown, dtype=np.float32)
    pieces = draw_sliding(drawer, working.ink, canvas, least_ink=_LEAST_INK)
    parts = _useful(
        [Stroke.from_controls(to_cubic(piece.control)[None], width=piece.width) for piece in pieces],
        solid_ink(working.ink) & (canvas < 0.5),
    )
    affine = np.column_stack([np.diag(working.stretch), np.zeros(2)])
    roughly = join([part.transformed(affine) for part in parts], _JOIN_GAP_PX * working.pixel, _JOIN_ANGLE_RAD)
    # Once the pieces lie on the ink, ends that belong together meet.
    settled = refine_in_chunks(
        working.picture, [_refitted(s, tolerance_px) for s in roughly], _SETTLE_STEPS, _SETTLE_PRICE_PX, drawn
    )
    exactly = join([s for chunk in settled for s in chunk], _MEET_GAP_PX * working.pixel, _MEET_ANGLE_RAD)
    return [_refitted(stroke, tolerance_px) for stroke in exactly]


def _refitted(stroke: Stroke, tolerance_px: float) -> Stroke:
    """The same line in fewer cubics."""
    if stroke.is_dot:
        return stroke
    points, width_px = flatten_with_width(stroke, 0.1)
    loose = tolerance_px * _looseness(stroke_length(stroke), float(np.median(width_px)))
    return fit_stroke(points, loose, width=width_px, closed=stroke.is_closed)


def _useful(strokes: list[Stroke], missing: NDArray[np.bool_]) -> list[Stroke]:
    """Keep strokes that cover enough missing pixels (height, width) that longer ones leave, in their old order."""
    if not strokes:
        return []
    reach = np.array([float(stroke.width.max()) / 2 for stroke in strokes])
    owner, pixel = reachable(np.concatenate([stroke.controls for stroke in strokes]), reach, missing.shape)
    bounds = np.searchsorted(owner, np.arange(len(strokes) + 1))
    waiting = missing.ravel().copy()
    keep: list[int] = []
    for k in np.argsort([-stroke_length(stroke) for stroke in strokes], kind="stable").tolist():
        mine = pixel[bounds[k] : bounds[k + 1]]
        gain = int(waiting[mine].sum())
        if gain >= max(_LEAST_GAIN_PX, _LEAST_GAIN * stroke_length(strokes[k]) * float(strokes[k].width.mean())):
            keep.append(k)
            waiting[mine] = False
    return [strokes[k] for k in sorted(keep)]


def _working_scale(ink: Ink) -> float:
    """By how much to resize the ink so that its thinner lines are a few pixels thick."""
    solid = solid_ink(ink)
    if not solid.any():
        return 1.0
    radius = distance_to_paper(solid)
    ridge = radius[solid & (radius >= ndimage.maximum_filter(radius, 3))] - 0.5
    typical = float(np.quantile(ridge, 0.25))
    if typical < _HAIR_RADIUS_PX:
        return 2.0 if ink.size <= _MOST_DOUBLED else 1.0
    return min(1.0, _WORKING_RADIUS_PX / typical) if typical > 1.6 * _WORKING_RADIUS_PX else 1.0


def _to_stroke(ink: Ink, path: Path, tolerance_px: float) -> Stroke:
    """Fit cubics to a measured path; a path shorter than it is wide is a dot."""
    points, width = path.points, path.width_px
    if path.closed and (points[0] != points[-1]).any():
        points, width = np.concatenate([points, points[:1]]), np.append(width, width[0])
    along = running_length(points)
    if along[-1] < 0.5 * float(width.mean()):
        return _dot(ink, points.mean(axis=0), float(width.max()))
    controls = fit(points, tolerance_px * _looseness(float(along[-1]), float(np.median(width))), closed=path.closed)
    nodes = np.concatenate([controls[:, 0], controls[-1:, 3]])
    nearest = [int(np.argmin(np.hypot(*(points - node).T))) for node in nodes]
    smooth = ndimage.median_filter(width, size=min(9, len(width)), mode="nearest")
    return Stroke.from_controls(controls, width=smooth[nearest])


def _looseness(length_px: float, width_px: float) -> float:
    """By how much to scale the tolerance: thick lines may be fitted more loosely, short ones less."""
    return max(1.0, width_px / _THICK_PX) ** 0.4 * float(np.clip(length_px / _LONG_PX, 0.25, 1.0)) ** 0.5


def _dot(ink: Ink, centre: NDArray[np.float64], width_px: float) -> Stroke:
    """A dot with the centroid and the area of the blot around a point."""
    reach = 1.5 * width_px + 2
    x0, y0 = (np.floor(centre - reach).astype(int)).clip(0)
    blot = ink[y0 : int(centre[1] + reach) + 1, x0 : int(centre[0] + reach) + 1]
    labels, _ = label(blot > 0.1, diagonal=False)
    ys, xs = np.nonzero(labels)
    if len(ys) == 0:
        return Stroke(centre[None], width=np.array([width_px]))
    nearest = np.argmin(np.hypot(xs + 0.5 + x0 - centre[0], ys + 0.5 + y0 - centre[1]))
    mass = np.where(labels == labels[ys[nearest], xs[nearest]], blot, 0)
    total = float(mass.sum())
    x = float(mass.sum(axis=0) @ (np.arange(mass.shape[1]) + 0.5)) / total + x0
    y = float(mass.sum(axis=1) @ (np.arange(mass.shape[0]) + 0.5)) / total + y0
    return Stroke(np.array([[x, y]]), width=np.array([min(2 * float(np.sqrt(total / np.pi)), 1.5 * width_px)]))
