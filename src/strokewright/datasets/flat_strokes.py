"""Many drawings in flat stroke-3 arrays, as our `.npz` files hold them: rows of all drawings and their offsets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.drawing import Floats, Stroke

LayerCodes = NDArray[np.uint8]


@dataclass(frozen=True)
class FlatStrokes:
    """Absolute points of many drawings: stroke s is points[strokes[s]:strokes[s + 1]], and so on for drawings."""

    points: Floats
    strokes: NDArray[np.int64]
    drawings: NDArray[np.int64]

    @classmethod
    def from_offsets(cls, steps: NDArray[Any], lifted: NDArray[Any], offsets: NDArray[np.int64]) -> FlatStrokes:
        """Build from offsets (n, 2) that restart in each drawing, the stroke-3 pen column (n,), and row offsets."""
        running = np.cumsum(steps.astype(np.float64), axis=0)
        before = np.concatenate([np.zeros((1, 2)), running])[offsets[:-1]]
        return cls.from_points(running - np.repeat(before, np.diff(offsets), axis=0), lifted, offsets)

    @classmethod
    def from_points(cls, points: NDArray[Any], lifted: NDArray[Any], offsets: NDArray[np.int64]) -> FlatStrokes:
        """Build from absolute points (n, 2), the stroke-3 pen column (n,), and row offsets."""
        last = lifted > 0
        last[offsets[1:][offsets[1:] > 0] - 1] = True  # a drawing's end lifts the pen
        strokes = np.concatenate([[0], np.flatnonzero(last) + 1])
        return cls(points.astype(np.float64), strokes, np.searchsorted(strokes, offsets))

    def __len__(self) -> int:
        return len(self.drawings) - 1

    def bounds(self, drawing: int) -> slice:
        """Return the rows of one drawing."""
        return slice(int(self.strokes[self.drawings[drawing]]), int(self.strokes[self.drawings[drawing + 1]]))

    def rows(self, drawing: int) -> list[slice]:
        """Return the rows of each stroke of one drawing."""
        edges = self.strokes[self.drawings[drawing] : self.drawings[drawing + 1] + 1].tolist()
        return [slice(a, b) for a, b in itertools.pairwise(edges)]

    def make(
        self,
        drawing: int,
        scale: float = 1.0,
        shift: Floats | float = 0.0,
        width: float = 1.0,
        times_ms: NDArray[Any] | None = None,
        layers: Sequence[str] | None = None,
        layer_codes: LayerCodes | None = None,
    ) -> tuple[Stroke, ...]:
        """Return the strokes of one drawing, points · scale + shift; layers[layer_codes of the first row] each."""
        strokes: list[Stroke] = []
        for rows in self.rows(drawing):
            layer = "1" if layers is None or layer_codes is None else layers[int(layer_codes[rows.start])]
            times = None if times_ms is None else times_ms[rows]
            strokes.append(Stroke(self.points[rows] * scale + shift, width=width, layer=layer, times_ms=times))  # type: ignore[arg-type]
        return tuple(strokes)
