"""The Drawing: marks in order on a page of known size. Start reading here.

Coordinates are pixels of the page, x to the right, y down, origin top left. A Stroke runs from pen down to pen up; it
is a chain of cubic Bézier segments, and a straight line is a cubic whose two handles rest on its ends. Width is stored
at the nodes and runs linearly between them. All marks are immutable and compare by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strokewright.errors import DrawingError

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)


def _frozen(values: ArrayLike, shape: tuple[int | None, ...], what: str) -> Floats:
    """Copy values to a read-only float64 array and check its shape (None = any length) and that it is finite."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DrawingError(f"{what}: expected numbers, got {type(values).__name__}; pass an array") from error
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        wanted = tuple("n" if want is None else want for want in shape)
        raise DrawingError(f"{what}: expected shape {wanted}, got {array.shape}")
    if not np.isfinite(array).all():
        raise DrawingError(f"{what}: expected finite numbers, got NaN or infinity; drop these points first")
    array.setflags(write=False)
    return array


def _colour(values: Iterable[float]) -> Colour:
    red, green, blue = _frozen(tuple(values), (3,), "colour").clip(0, 1).tolist()
    return red, green, blue


class _ByValue:
    """Equality by value for frozen dataclasses that hold arrays."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name))
            for f in fields(self)  # type: ignore[arg-type]
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Stroke(_ByValue):
    """One pen stroke: cubic Bézier segments from pen down to pen up.

    Args:
        nodes: (n, 2) points that the pen passes, n ≥ 1, in pixels; one node is a dot.
        handles: (n - 1, 2, 2): the two inner control points of each segment. None makes straight lines.
        width: Full line width in pixels: one number, or (n,) numbers, one a node, linear in between. ≥ 0.
        colour: Red, green, blue in [0, 1].
        opacity: 0 = invisible, 1 = solid.
        layer: Name of the layer (the plotter's pen).
        times_ms: (n,) milliseconds since the drawing began, or None where not recorded.

    Raises:
        DrawingError: A wrong shape, NaN or infinity, a negative width.
    """

    nodes: Floats
    handles: Floats = None  # type: ignore[assignment]  # None → straight lines, set below
    width: Floats = 1.0  # type: ignore[assignment]  # one number → one a node, set below
    colour: Colour = BLACK
    opacity: float = 1.0
    layer: str = "1"
    times_ms: Floats | None = None

    def __post_init__(self) -> None:
        nodes = _frozen(self.nodes, (None, 2), "stroke nodes")
        count = len(nodes)
        if count == 0:
            raise DrawingError("stroke nodes: expected at least one point, got none; leave empty strokes out")
        given = cast("Floats | None", self.handles)
        handles = np.stack([nodes[:-1], nodes[1:]], axis=1) if given is None else given
        width = np.broadcast_to(self.width, (count,)) if np.ndim(self.width) == 0 else self.width
        width = _frozen(width, (count,), "stroke width")
        if (width < 0).any():
            raise DrawingError(f"stroke width: expected ≥ 0 px, got {width.min():g}")
        set_field = object.__setattr__
        set_field(self, "nodes", nodes)
        set_field(self, "handles", _frozen(handles, (count - 1, 2, 2), "stroke handles"))
        set_field(self, "width", width)
        set_field(self, "colour", _colour(self.colour))
        set_field(self, "opacity", float(np.clip(self.opacity, 0, 1)))
        if self.times_ms is not None:
            set_field(self, "times_ms", _frozen(self.times_ms, (count,), "stroke times_ms"))

    @property
    def controls(self) -> Floats:
        """All segments as cubic control points, (n - 1, 4, 2)."""
        return np.concatenate([self.nodes[:-1, None], self.handles, self.nodes[1:, None]], axis=1)

    @property
    def is_dot(self) -> bool:
        """Whether the pen goes down and up without moving."""
        return len(self.nodes) == 1

    @property
    def is_closed(self) -> bool:
        """Whether the stroke has segments and ends exactly where it began."""
        return len(self.nodes) > 1 and bool((self.nodes[0] == self.nodes[-1]).all())

    @property
    def is_polyline(self) -> bool:
        """Whether every segment is a straight line with its handles on its ends."""
        return bool((self.handles[:, 0] == self.nodes[:-1]).all() and (self.handles[:, 1] == self.nodes[1:]).all())

    @classmethod
    def from_controls(cls, controls: ArrayLike, **attributes: Any) -> Self:
        """Build a stroke from chained cubic control points, (segments, 4, 2), each beginning where the last ended."""
        array = _frozen(controls, (None, 4, 2), "stroke controls")
        return cls(np.concatenate([array[:, 0], array[-1:, 3]]), array[:, 1:3], **attributes)

    def reversed(self) -> Self:
        """Return the same line drawn from its other end (times are dropped: they no longer hold)."""
        return replace(
            self, nodes=self.nodes[::-1], handles=self.handles[::-1, ::-1], width=self.width[::-1], times_ms=None
        )

    def transformed(self, matrix: ArrayLike) -> Self:
        """Apply a (2, 3) affine matrix to the points; width scales by the square root of its determinant."""
        affine = _frozen(matrix, (2, 3), "affine matrix")
        scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
        linear, shift = affine[:, :2].T, affine[:, 2]
        return replace(
            self, nodes=self.nodes @ linear + shift, handles=self.handles @ linear + shift, width=self.width * scale
        )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Box(_ByValue):
    """An axis-aligned rectangle: (x0, y0) top left, (x1, y1) bottom right, pixels; label and score for detections."""

    x0: float
    y0: float
    x1: float
    y1: float
    colour: Colour = BLACK
    label: str = ""
    score: float = 1.0

    def __post_init__(self) -> None:
        corners = _frozen([self.x0, self.y0, self.x1, self.y1], (4,), "box corners")
        if corners[2] < corners[0] or corners[3] < corners[1]:
            raise DrawingError(f"box corners: expected x0 ≤ x1 and y0 ≤ y1, got {corners.tolist()}; swap the corners")
        for name, value in zip(("x0", "y0", "x1", "y1"), corners.tolist(), strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "score", float(self.score))
        object.__setattr__(self, "colour", _colour(self.colour))


@dataclass(frozen=True, eq=False)
class Prism(_ByValue):
    """A rectangular prism between two opposite corners in 3D; units of the scene's cube, [0, 1] each way."""

    low: Floats
    high: Floats
    colour: Colour = BLACK

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", _frozen(self.low, (3,), "prism low corner"))
        object.__setattr__(self, "high", _frozen(self.high, (3,), "prism high corner"))
        object.__setattr__(self, "colour", _colour(self.colour))


@dataclass(frozen=True, eq=False)
class Stamp(_ByValue):
    """A template's outline placed on the page: outline (n, 2) in template units, affine (2, 3) template → page."""

    outline: Floats
    affine: Floats
    colour: Colour = BLACK
    opacity: float = 1.0
    template: str = ""
    layer: str = "1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline", _frozen(self.outline, (None, 2), "stamp outline"))
        object.__setattr__(self, "affine", _frozen(self.affine, (2, 3), "stamp affine"))
        object.__setattr__(self, "colour", _colour(self.colour))


Mark = Stroke | Box | Prism | Stamp


@dataclass(frozen=True)
class Drawing:
    """Marks in order on a page.

    Args:
        marks: The marks, first drawn first.
        size: Page width and height in pixels, > 0.
        background: Paper colour, red, green, blue in [0, 1].
        maker: Name of the model or program that made it, "" if unknown.
        seed: The seed it was made with, or None.
        metadata: Further facts as text (key_id, word, …); files keep them where their format can.

    Raises:
        DrawingError: A size that is not positive and finite, or something that is not a mark.
    """

    marks: tuple[Mark, ...] = ()
    size: tuple[float, float] = (512.0, 512.0)
    background: Colour = (1.0, 1.0, 1.0)
    maker: str = ""
    seed: int | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        marks: tuple[Any, ...] = tuple(self.marks)
        for mark in marks:
            if not isinstance(mark, Mark):
                raise DrawingError(f"drawing marks: expected Stroke, Box, Prism or Stamp, got {type(mark).__name__}")
        width, height = _frozen(self.size, (2,), "drawing size").tolist()
        if width <= 0 or height <= 0:
            raise DrawingError(f"drawing size: expected width and height > 0 px, got {width:g}×{height:g}")
        object.__setattr__(self, "marks", marks)
        object.__setattr__(self, "size", (width, height))
        object.__setattr__(self, "background", _colour(self.background))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "metadata": dict(self.metadata)}  # a mapping proxy cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "metadata": MappingProxyType(state["metadata"])})

    @property
    def strokes(self) -> list[Stroke]:
        """The marks that are strokes, in order."""
        return [mark for mark in self.marks if isinstance(mark, Stroke)]

    @classmethod
    def from_points(cls, strokes: Iterable[ArrayLike], size: tuple[float, float], width: float = 1.0) -> Self:
        """Build a drawing of polylines from point lists [[(x, y), …], …] in pixels."""
        return cls(tuple(Stroke(_frozen(points, (None, 2), "stroke points"), width=width) for points in strokes), size)  # type: ignore[arg-type]

    @classmethod
    def open(cls, path: str | Path) -> Drawing:
        """Read a drawing; the suffix names the format. Raises FormatError."""
        from strokewright.files import read

        return read(path)

    def save(self, path: str | Path | BinaryIO, **options: Any) -> None:
        """Write the drawing atomically; the suffix names the format (svg: `profile="edit" | "plot" | "outline"`)."""
        from strokewright.files import write

        write(self, path, **options)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def transformed(self, matrix: ArrayLike, size: tuple[float, float]) -> Self:
        """Apply a (2, 3) affine matrix to every stroke and set the page's new size."""
        return replace(
            self, marks=tuple(m.transformed(matrix) if isinstance(m, Stroke) else m for m in self.marks), size=size
        )

    def stats(self) -> dict[str, float]:
        """Count strokes, nodes, pen lifts, and measure drawn length and pen travel in pixels."""
        from strokewright.drawing.curves import stroke_length
        from strokewright.drawing.plan import pen_travel

        strokes = self.strokes
        return {
            "strokes": len(strokes),
            "nodes": sum(len(s.nodes) for s in strokes),
            "segments": sum(len(s.handles) for s in strokes),
            "pen_lifts": max(0, len(strokes) - 1),
            "drawn_length_px": float(sum(stroke_length(s) for s in strokes)),
            "pen_travel_px": pen_travel(strokes),
        }

    def _repr_svg_(self) -> str:
        from strokewright.files.svg import to_svg

        return to_svg(self)


def bounds(strokes: Sequence[Stroke]) -> tuple[float, float, float, float]:
    """Return (x0, y0, x1, y1) around all nodes and handles, width ignored. Raises DrawingError when there is none."""
    if not strokes:
        raise DrawingError("bounds: expected at least one stroke, got none")
    points = np.concatenate([np.concatenate([s.nodes, s.handles.reshape(-1, 2)]) for s in strokes])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)
