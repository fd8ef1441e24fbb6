"""What a renderer is, and what the numbers of an action mean.

An action is one row of numbers in [0, 1], as a drawer puts them out; its Vocabulary says what the columns are, over
which range they run, and how a row becomes a mark. `field` columns are fractions of the square the drawer sees, `px`
columns run over their range in pixels, `share` columns (colour, opacity) are used as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strokewright.drawing.drawing import Drawing, Mark, Stroke
from strokewright.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]


class Renderer(Protocol):
    """Marks → canvas; need not be differentiable."""

    def __call__(self, drawing: Drawing, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Render to (3, height, width) in [0, 1]; size is (width, height) in pixels."""
        ...


class SoftRenderer(Protocol):
    """Strokes → ink, differentiable in the control points and widths."""

    def __call__(self, control: Tensor, width: Tensor, size: tuple[int, int], softness_px: float = 0.0) -> Tensor:
        """Render control points (batch, marks, 3 or 4, 2) and widths (batch, marks, 2) in pixels.

        Returns ink (batch, height, width); size is (height, width).
        """
        ...


@dataclass(frozen=True)
class Column:
    """One number of an action: its name, unit and range (low at 0, high at 1)."""

    name: str
    unit: Literal["field", "px", "share"]
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Vocabulary:
    """The meaning of an action's columns.

    Args:
        name: Its key in `VOCABULARIES`.
        columns: What each number of a row is, in order.
        make_mark: Builds the mark from a decoded row (pixels).
    """

    name: str
    columns: tuple[Column, ...]
    make_mark: Callable[[Floats], Mark]

    def decode(self, actions: ArrayLike, field_px: float) -> Floats:
        """Turn action rows (…, columns) in [0, 1] into pixels of a field whose side is field_px."""
        rows = self._checked(actions)
        scale = np.array([field_px if column.unit == "field" else 1.0 for column in self.columns])
        low = np.array([column.low for column in self.columns])
        high = np.array([column.high for column in self.columns])
        return (low + rows * (high - low)) * scale

    def encode(self, rows: ArrayLike, field_px: float) -> Floats:
        """Invert `decode`: pixels of the field back to action rows."""
        scale = np.array([field_px if column.unit == "field" else 1.0 for column in self.columns])
        low = np.array([column.low for column in self.columns])
        high = np.array([column.high for column in self.columns])
        return (self._checked(rows) / scale - low) / (high - low)

    def to_mark(self, action: ArrayLike, field_px: float) -> Mark:
        """Build the mark of one action row."""
        return self.make_mark(self.decode(action, field_px))

    def _checked(self, actions: ArrayLike) -> Floats:
        rows = np.asarray(actions, dtype=np.float64)
        if rows.ndim == 0 or rows.shape[-1] != len(self.columns):
            names = ", ".join(column.name for column in self.columns)
            raise OptionError(f"{self.name}: expected {len(self.columns)} columns ({names}), got shape {rows.shape}")
        return rows


def to_cubic(control: ArrayLike) -> Floats:
    """Raise Bézier control points (…, 3 or 4, 2) to a cubic's (…, 4, 2); the curve stays the same."""
    points = np.asarray(control, dtype=np.float64)
    if points.ndim < 2 or points.shape[-2] not in (3, 4) or points.shape[-1] != 2:
        raise OptionError(f"control points: expected (…, 3 or 4, 2), got {points.shape}")
    if points.shape[-2] == 4:
        return points
    start, middle, end = points[..., 0, :], points[..., 1, :], points[..., 2, :]
    return np.stack([start, (start + 2 * middle) / 3, (end + 2 * middle) / 3, end], axis=-2)


def _stroke_vocabulary(name: str, points: int, widest_px: float, coloured: bool) -> Vocabulary:
    # A little over the edge, so that a stroke that leaves the field can run to its border at full width.
    positions = tuple(Column(f"{axis}{index}", "field", -1 / 16, 17 / 16) for index in range(points) for axis in "xy")
    widths = tuple(Column(f"w{index}", "px", 0.5, widest_px) for index in range(2))
    paint = tuple(Column(channel, "share") for channel in ("red", "green", "blue", "opacity")) if coloured else ()

    def make_mark(row: Floats) -> Stroke:
        control = to_cubic(row[: 2 * points].reshape(points, 2))
        width = np.maximum(row[2 * points : 2 * points + 2], 0)
        if not coloured:
            return Stroke.from_controls(control[None], width=width)
        red, green, blue, opacity = row[2 * points + 2 :].tolist()
        return Stroke.from_controls(control[None], width=width, colour=(red, green, blue), opacity=opacity)

    return Vocabulary(name, positions + widths + paint, make_mark)


VOCABULARIES: dict[str, Vocabulary] = {
    vocabulary.name: vocabulary
    for vocabulary in (
        _stroke_vocabulary("quadratic", 3, 12.0, coloured=False),
        _stroke_vocabulary("cubic", 4, 12.0, coloured=False),
        _stroke_vocabulary("quadratic-colour", 3, 12.0, coloured=True),
        _stroke_vocabulary("cubic-colour", 4, 12.0, coloured=True),
    )
}
