"""What a renderer is, and what the numbers of an action mean.

An action is one row of numbers in [0, 1], as a drawer puts them out; its Vocabulary says what the columns are, over
which range they run, and how a row becomes a mark. `field` columns are fractions of the square the drawer sees, `px`
columns run over their range in pixels, `share` columns (L, a, b, alpha, and corners in a cube) are used as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strokewright.drawing.drawing import Box, Drawing, Mark, Prism, Stroke
from strokewright.errors import OptionError
from strokewright.render.colour import WHITE_LAB, to_rgb

Floats = NDArray[np.float64]


class Renderer(Protocol):
    """Marks → canvas; need not be differentiable."""

    def __call__(self, drawing: Drawing, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Render to (3, height, width) in [0, 1]; size is (width, height) in pixels."""
        ...


class ActionRenderer(Protocol):
    """A black box that paints actions; what a canvas network learns to imitate."""

    def __call__(self, actions: Floats) -> NDArray[np.float32]:
        """Paint each action row (n, columns), in [0, 1], on bare paper of its own.

        Returns:
            Layers (n, height, width) of ink, or (n, layer channels, height, width); see `Vocabulary.paint`.
        """
        ...


@dataclass(frozen=True)
class Column:
    """One number of an action: its name, unit and range (low at 0, high at 1), and what an untrained drawer says."""

    name: str
    unit: Literal["field", "px", "share"]
    low: float = 0.0
    high: float = 1.0
    first: float = 0.5


@dataclass(frozen=True)
class Vocabulary:
    """The meaning of an action's columns.

    Args:
        name: Its key in `VOCABULARIES`.
        columns: What each number of a row is, in order.
        make_mark: Builds the mark from a decoded row (pixels); None: only a renderer knows what a row looks like.
        shape: Which geometry the first columns describe.
        paint: "ink": a layer is one channel of coverage; the canvas keeps the maximum. "lab": a layer is L, a, b and
            alpha, each in [0, 1] (see `colour.py`); the canvas holds L, a, b, and newer paint covers older. "rgb": as
            "lab", with colours as they are shown (grey: one channel).
        views: Pictures of one mark. Three for prisms (see `prism.py`): layers and canvases hold view after view, and
            nearer paint covers farther.
        fixed_width_px: Width of strokes that have no width columns.
    """

    name: str
    columns: tuple[Column, ...]
    make_mark: Callable[[Floats], Mark] | None = None
    shape: Literal["stroke", "box", "prism", "stamp"] = "stroke"
    paint: Literal["ink", "lab", "rgb"] = "ink"
    views: int = 1
    fixed_width_px: float | None = None

    @property
    def blank(self) -> tuple[float, ...]:
        """What each channel of an empty canvas holds: no ink, or white."""
        return {"ink": (0.0,), "lab": WHITE_LAB * self.views, "rgb": (1.0, 1.0, 1.0)}[self.paint]

    def scale(self, field_px: float) -> tuple[Floats, Floats]:
        """Return (low, range), each (columns,): an action y means low + y · range, in pixels where they apply."""
        unit = np.array([field_px if column.unit == "field" else 1.0 for column in self.columns])
        low = np.array([column.low for column in self.columns])
        high = np.array([column.high for column in self.columns])
        return low * unit, (high - low) * unit

    def decode(self, actions: ArrayLike, field_px: float) -> Floats:
        """Turn action rows (…, columns) in [0, 1] into pixels of a field whose side is field_px."""
        low, span = self.scale(field_px)
        return low + self._checked(actions) * span

    def encode(self, rows: ArrayLike, field_px: float) -> Floats:
        """Invert `decode`: pixels of the field back to action rows."""
        low, span = self.scale(field_px)
        return (self._checked(rows) - low) / span

    def to_mark(self, action: ArrayLike, field_px: float) -> Mark:
        """Build the mark of one action row.

        Raises:
            OptionError: A row of other columns, or a vocabulary without `make_mark`.
        """
        if self.make_mark is None:
            raise OptionError(f"{self.name}: expected make_mark, got a vocabulary of no marks; render by your renderer")
        return self.make_mark(self.decode(action, field_px))

    def is_there(self, action: ArrayLike) -> bool:
        """Whether a row makes a mark at all: prisms are solid, so one whose alpha is below a half is not there."""
        return self.shape != "prism" or bool(np.asarray(action)[-1] >= 0.5)

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


def _stroke_vocabulary(
    name: str, points: int, *, widest_px: float = 12.0, fixed_width_px: float | None = None, coloured: bool = False
) -> Vocabulary:
    # A little over the edge, so that a stroke that leaves the field can run to its border at full width.
    positions = tuple(Column(f"{axis}{index}", "field", -1 / 16, 17 / 16) for index in range(points) for axis in "xy")
    widths = () if fixed_width_px else tuple(Column(f"w{index}", "px", 0.5, widest_px) for index in range(2))

    def make_mark(row: Floats) -> Stroke:
        control = to_cubic(row[: 2 * points].reshape(points, 2))
        width = fixed_width_px or np.maximum(row[2 * points : 2 * points + 2], 0)
        if not coloured:
            return Stroke.from_controls(control[None], width=width)
        return Stroke.from_controls(control[None], width=width, colour=to_rgb(row[-4:-1]), opacity=float(row[-1]))

    paint = "lab" if coloured else "ink"
    columns = positions + widths + (_PAINT if coloured else ())
    return Vocabulary(name, columns, make_mark, paint=paint, fixed_width_px=fixed_width_px)


def _make_box(row: Floats) -> Box:
    (x0, x1), (y0, y1) = sorted(row[0:4:2].tolist()), sorted(row[1:4:2].tolist())
    return Box(x0, y0, x1, y1, colour=to_rgb(row[4:7]), score=float(np.clip(row[7], 0, 1)))


def _make_prism(row: Floats) -> Prism:
    return Prism(np.minimum(row[:3], row[3:6]), np.maximum(row[:3], row[3:6]), colour=to_rgb(row[6:9]))


_PAINT = tuple(Column(channel, "share") for channel in ("lightness", "green_red", "blue_yellow", "alpha"))
_CORNERS = tuple(Column(f"{axis}{index}", "field") for index in range(2) for axis in "xy")
# A box without extent has no gradient, hence corners that begin apart.
_CUBE_CORNERS = tuple(
    Column(f"{axis}{index}", "share", first=0.3 + 0.4 * index) for index in range(2) for axis in "xyz"
)

VOCABULARIES: dict[str, Vocabulary] = {
    vocabulary.name: vocabulary
    for vocabulary in (
        _stroke_vocabulary("thin", 3, fixed_width_px=2.0),
        _stroke_vocabulary("quadratic", 3),
        _stroke_vocabulary("cubic", 4),
        _stroke_vocabulary("quadratic-colour", 3, coloured=True),
        _stroke_vocabulary("cubic-colour", 4, coloured=True),
        Vocabulary("rectangle", _CORNERS + _PAINT, _make_box, shape="box", paint="lab"),
        Vocabulary("prism", _CUBE_CORNERS + _PAINT, _make_prism, shape="prism", paint="lab", views=3),
    )
}
