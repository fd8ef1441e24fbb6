"""Drawings as step sequences: Drawing ⇄ stroke-3 ⇄ stroke-5. The only file that knows a pen-state convention.

A step is one row. Every row is a point that the pen reaches, told as the offset from the point before it:

    stroke-3   (dx, dy, lifted)          lifted = 1: the pen leaves the paper AFTER this point
    stroke-5   (dx, dy, down, up, end)   exactly one of the three is 1; `up` is stroke-3's lifted; `end` closes the
                                         sequence and repeats as padding; the start token is (0, 0, 1, 0, 0)

The first row is the offset from the page's origin, so it holds the absolute start. A dot is one row with lifted = 1
that a lifted pen has moved to. An empty drawing has no rows.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 3.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strokewright.drawing.curves import flatten
from strokewright.drawing.drawing import Drawing, Stroke
from strokewright.errors import DrawingError, OptionError

Steps = NDArray[np.float64]
START_TOKEN = (0.0, 0.0, 1.0, 0.0, 0.0)
END_STEP = (0.0, 0.0, 0.0, 0.0, 1.0)
_MARGIN = 0.05  # of the longer side, around a drawing whose page is not known


def to_stroke3(drawing: Drawing, tolerance_px: float = 0.1, absolute_start: bool = True) -> Steps:
    """Turn the strokes into stroke-3 rows; straight lines keep their nodes, curves are flattened.

    Args:
        drawing: Its strokes are taken, other marks are left out.
        tolerance_px: Largest distance between a curve and its polyline.
        absolute_start: Whether the first row holds the first point; otherwise it is (0, 0) and the place on the page
            is lost, as models that only learn shapes want it.

    Returns:
        (steps, 3) rows.
    """
    lines = [stroke.nodes if stroke.is_polyline else flatten(stroke, tolerance_px) for stroke in drawing.strokes]
    if not lines:
        return np.zeros((0, 3))
    rows = np.zeros((sum(len(line) for line in lines), 3))
    rows[:, :2] = np.diff(np.concatenate(lines), axis=0, prepend=np.zeros((1, 2)))
    rows[np.cumsum([len(line) for line in lines]) - 1, 2] = 1.0
    if not absolute_start:
        rows[0, :2] = 0.0
    return rows


def from_stroke3(rows: ArrayLike, size: tuple[float, float] | None = None, width: float = 1.0, **facts: Any) -> Drawing:
    """Turn stroke-3 rows into a drawing of polylines.

    Args:
        rows: (steps, 3). A last stroke that is never lifted ends with the rows.
        size: Page in pixels; the points stay where they are. None makes a page with a small margin around the points,
            and moves them only if some lie left of or above the origin.
        width: Line width in pixels.
        facts: Further fields of the Drawing: maker, seed, metadata.

    Raises:
        DrawingError: A wrong shape, NaN or infinity.
    """
    steps = _checked(rows, 3)
    with np.errstate(over="ignore", invalid="ignore"):  # refused right below
        points = np.cumsum(steps[:, :2], axis=0)
    if not np.isfinite(points).all():
        raise DrawingError("stroke-3 rows: expected offsets that add up to finite points, got infinity")
    if size is None:
        points, size = _on_a_page(points)
    ends = np.flatnonzero(steps[:, 2] > 0.5) + 1
    pieces = [piece for piece in np.split(points, ends) if len(piece)]
    return Drawing(tuple(Stroke(piece, width=width) for piece in pieces), size, **facts)  # type: ignore[arg-type]


def to_stroke5(
    drawing: Drawing, n_max: int | None = None, tolerance_px: float = 0.1, absolute_start: bool = True
) -> Steps:
    """Turn the strokes into stroke-5 rows: the start token, the steps, then the end step up to `n_max` steps.

    Args:
        drawing: Its strokes are taken, other marks are left out.
        n_max: Pad to so many rows after the start token; None adds one end step.
        tolerance_px: As in `to_stroke3`.
        absolute_start: As in `to_stroke3`.

    Returns:
        (n_max + 1, 5) rows, or (steps + 2, 5) without `n_max`.

    Raises:
        OptionError: The drawing has more than `n_max` steps.
    """
    return stroke3_to_stroke5(to_stroke3(drawing, tolerance_px, absolute_start), n_max)


def from_stroke5(rows: ArrayLike, size: tuple[float, float] | None = None, width: float = 1.0, **facts: Any) -> Drawing:
    """Turn stroke-5 rows into a drawing; see `stroke5_to_stroke3` and `from_stroke3`."""
    return from_stroke3(stroke5_to_stroke3(rows), size, width, **facts)


def stroke3_to_stroke5(rows: ArrayLike, n_max: int | None = None) -> Steps:
    """Put the start token before stroke-3 rows and the end step after them, padded to `n_max` rows after the token.

    Raises:
        OptionError: There are more than `n_max` rows.
        DrawingError: A wrong shape, NaN or infinity.
    """
    steps = _checked(rows, 3)
    count = len(steps)
    if n_max is not None and count > n_max:
        raise OptionError(f"n_max: expected at least the drawing's {count} steps, got {n_max}; raise it or simplify")
    result = np.tile(END_STEP, (2 + count if n_max is None else 1 + n_max, 1))
    result[0] = START_TOKEN
    lifted = (steps[:, 2] > 0.5).astype(np.float64)
    result[1 : count + 1] = np.column_stack([steps[:, :2], 1.0 - lifted, lifted, np.zeros(count)])
    return result


def stroke5_to_stroke3(rows: ArrayLike) -> Steps:
    """Cut stroke-5 rows at the first end step and drop the start token, if the first row is one.

    The pen state is the largest of the three columns, so that probabilities can be passed too. The last row always
    lifts the pen.

    Raises:
        DrawingError: A wrong shape, NaN or infinity.
    """
    steps = _checked(rows, 5)
    if len(steps) and tuple(steps[0]) == START_TOKEN:
        steps = steps[1:]
    state = np.argmax(steps[:, 2:], axis=1) if len(steps) else np.zeros(0, dtype=np.int64)
    ended = np.flatnonzero(state == 2)
    count = int(ended[0]) if len(ended) else len(steps)
    result = np.column_stack([steps[:count, :2], (state[:count] == 1).astype(np.float64)])
    result[-1:, 2] = 1.0
    return result


def _checked(rows: ArrayLike, columns: int) -> Steps:
    try:
        steps = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DrawingError(f"stroke-{columns} rows: expected numbers, got {type(rows).__name__}") from error
    if steps.size == 0:
        steps = steps.reshape(0, columns)
    if steps.ndim != 2 or steps.shape[1] != columns:
        raise DrawingError(f"stroke-{columns} rows: expected shape (n, {columns}), got {steps.shape}")
    bad = np.flatnonzero(~np.isfinite(steps).all(axis=1))
    if len(bad):
        raise DrawingError(f"stroke-{columns} rows: expected finite numbers, got NaN or infinity in row {bad[0]}")
    return steps


def _on_a_page(points: Steps) -> tuple[Steps, tuple[float, float]]:
    """Give points a page around them: moved only along an axis on which they would lie off the page."""
    if not len(points):
        return points, (1.0, 1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = max(1.0, _MARGIN * float((high - low).max()))
    shift = np.where(low < 0, margin - low, 0.0)
    width, height = np.ceil(high + shift + margin).tolist()
    return points + shift, (width, height)
