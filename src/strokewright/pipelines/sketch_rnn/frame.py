"""The user's page ⇄ the model's units: where the model's first point lies, and how many pixels a unit is.

A model of sketch-rnn knows neither pages nor pixels: its rows are offsets in units of their deviation, and begin at the
drawing's first point. What it was trained on was mostly fitted to 255 px and simplified with epsilon 2 px; both follow
from how large the model's own drawings are, which is measured (`Habits`), since files of weights do not say it.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 3.1 (simplification, normalisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten, simplify
from strokewright.drawing.drawing import Colour, Floats
from strokewright.errors import OptionError

PAGE_PX = 256.0
LINE_PX = 2.5
FITTED_PX = 255.0
"""Longer side of the drawings that models learn from, in their own pixels."""
EPSILON_PX = 2.0
"""Largest shift by simplifying, in those pixels."""
_INNER = 0.9  # of the page's side that drawings fill


@dataclass(frozen=True)
class Habits:
    """How large the model draws, in its own units.

    Args:
        span: Longer side of a usual drawing.
        start: Its first point (x, y), from the middle of its bounding box.
    """

    span: float
    start: tuple[float, float]

    @classmethod
    def measured(cls, drawings: Sequence[NDArray[np.float64]], scale_px: float) -> Habits:
        """Measure drawings of the model.

        Args:
            drawings: Stroke-3 rows (steps, 3) of each, model units.
            scale_px: Pixels of the training data in a unit, if they were fitted to 255 px. It is believed when the
                drawings confirm it: 255 px then make one span.
        """
        boxes = [_box(np.concatenate(points_of(rows))) for rows in drawings if len(rows)]
        spans = [max(high - low) for low, high in boxes if max(high - low) > 0]
        stated = FITTED_PX / scale_px
        span = float(np.median(spans)) if spans else stated
        span = stated if 0.75 < span / stated < 1.33 else span
        start = np.median([-(low + high) / 2 for low, high in boxes], axis=0) if boxes else np.zeros(2)
        return cls(span, (float(start[0]), float(start[1])))


@dataclass(frozen=True)
class Frame:
    """Where the model's units lie on a page.

    Args:
        scale: Pixels a unit.
        x: Pixels from the left of the model's zero, the drawing's first point.
        y: Pixels from the top of it.
    """

    scale: float
    x: float
    y: float

    def to_page(self, points: Floats) -> Floats:
        """Turn points (n, 2) in units into pixels."""
        return points * self.scale + (self.x, self.y)

    def to_steps(self, drawing: Drawing, span: float, most_steps: int) -> NDArray[np.float32]:
        """Turn a drawing into stroke-5 rows (steps, 5), the first point and the start token left out.

        Lines are simplified as training data are; a drawing of too many steps is simplified further.

        Args:
            drawing: Has strokes.
            span: Of the model's `Habits`.
            most_steps: How many steps are allowed.

        Raises:
            OptionError: Even very roughly simplified it has more steps.
        """
        epsilon = EPSILON_PX / FITTED_PX * span * self.scale
        lines = [flatten(stroke, epsilon / 8) for stroke in drawing.strokes]
        count = 0
        for _ in range(8):
            rows = steps_of([line[simplify(line, epsilon)] for line in lines])
            count = len(rows)
            if count <= most_steps:
                rows[:, :2] /= self.scale
                return rows.astype(np.float32)
            epsilon *= 1.4
        raise OptionError(
            f"expected a drawing of at most {most_steps} steps, got one of {count} even when simplified "
            f"({len(lines)} strokes); draw with fewer strokes, or pass a part of it"
        )


def frame_of_whole(drawing: Drawing, span: float) -> Frame:
    """Return the frame in which a whole drawing is as large as the model's usual ones; it has strokes."""
    points = np.concatenate([flatten(stroke) for stroke in drawing.strokes])
    low, high = _box(points)
    side = float(max(high - low)) or LINE_PX
    return Frame(side / span, *points[0].tolist())


def frame_on_page(habits: Habits, size: tuple[float, float]) -> Frame:
    """Return the frame in which a usual drawing fills a page and lies in its middle."""
    scale = _INNER * min(size) / habits.span
    return Frame(scale, size[0] / 2 + habits.start[0] * scale, size[1] / 2 + habits.start[1] * scale)


def centred_frame(rows: NDArray[np.float64], span: float, size: tuple[float, float]) -> Frame:
    """Return the frame that puts a drawing (steps, 3) into the middle of a page: of usual size, or smaller to fit."""
    low, high = _box(np.concatenate(points_of(rows)))
    side = max(span, float(max(high - low)))
    scale = _INNER * min(size) / side
    middle = (low + high) / 2 * scale
    return Frame(scale, size[0] / 2 - float(middle[0]), size[1] / 2 - float(middle[1]))


def steps_of(lines: Sequence[Floats]) -> NDArray[np.float64]:
    """Turn polylines into stroke-5 rows without the first point; a dot at the beginning keeps a row."""
    points = np.concatenate(lines)
    rows = np.zeros((len(points), 5))
    rows[:, :2] = np.diff(points, axis=0, prepend=points[:1])
    rows[:, 2] = 1
    ends = np.cumsum([len(line) for line in lines]) - 1
    rows[ends, 2:4] = 0, 1
    return rows if ends[0] == 0 else rows[1:]


def points_of(rows: NDArray[np.float64], lifted: bool = False) -> list[Floats]:
    """Turn stroke-3 rows (steps, 3) into polylines.

    Args:
        rows: Offsets from (0, 0) on, and whether the pen rises after them.
        lifted: Whether the pen is up at (0, 0); otherwise the first polyline begins there.
    """
    places = np.cumsum(rows[:, :2], axis=0)
    if not lifted:
        places = np.concatenate([np.zeros((1, 2)), places])
    ends = np.flatnonzero(rows[:, 2] > 0.5) + (1 if lifted else 2)
    lines = [line for line in np.split(places, ends) if len(line)]
    return [line[:1] if (line == line[0]).all() else line for line in lines]


def to_strokes(lines: Sequence[Floats], frame: Frame, width: float = LINE_PX, **looks: object) -> tuple[Stroke, ...]:
    """Make strokes of polylines in units; `looks` are further fields of the strokes."""
    return tuple(Stroke(frame.to_page(line), width=width, **looks) for line in lines)  # type: ignore[arg-type]


def recoloured(drawing: Drawing, colour: Colour) -> Drawing:
    """Return the drawing with all strokes in one colour."""
    return drawing.replace(marks=tuple(stroke.replace(colour=colour) for stroke in drawing.strokes))


def _box(points: Floats) -> tuple[Floats, Floats]:
    return points.min(axis=0), points.max(axis=0)
