"""The sliding drawer: moves its field over a picture of any size and draws, place by place, what is still missing.

Places lie every half field. Those that do not overlap are drawn as one batch, on one canvas that all places share, so a
place sees what its neighbours have put down. Memory grows with the picture (two float32 planes), not with the number of
places: a batch holds at most `_BATCH` of them.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", section 4.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer.line_drawer import LineDrawer
from strokewright.render.curve import coverage

Order = Literal["interleaved", "raster", "flood"]
_BATCH = 128
_BAND_PX = 512


@dataclass(frozen=True, eq=False)
class Piece:
    """One stroke that the drawer put down in one place.

    Args:
        control: Control points in pixels of the picture, (3 or 4, 2).
        width: Full width at the start and the end in pixels, (2,).
        place: Which place drew it, counted row by row.
        step: Which stroke of that place it is, from 0.
    """

    control: NDArray[np.float64]
    width: NDArray[np.float64]
    place: int
    step: int


def draw_sliding(
    drawer: LineDrawer,
    ink: NDArray[np.float32],
    canvas: NDArray[np.float32] | None = None,
    *,
    order: Order = "interleaved",
    stride_px: int | None = None,
    least_ink: float = 0.02,
    least_missing: float = 0.005,
    solid: float = 0.5,
) -> Iterator[Piece]:
    """Draw a picture of any size and yield strokes as they are made.

    Args:
        drawer: The trained network.
        ink: The picture, (height, width) float32, 0 = bare paper.
        canvas: What is drawn already, same shape; None: nothing. The array stays as it is.
        order: "interleaved": every second row and column of places first, in four large batches, the fastest;
            "raster": row by row; "flood": from place to neighbouring place along the ink, one at a time.
        stride_px: Distance between places; None: half the field.
        least_ink: Places with less than this share of inked pixels are skipped; the paper's 2 %.
        least_missing: Places where the canvas lacks less than this share of pixels are skipped too.
        solid: Ink above this counts as an inked pixel, and as missing where the canvas falls short by as much; lower it
            for grey pictures.

    Yields:
        Pieces, place by place, in the order they were drawn.

    Raises:
        OptionError: A picture that is not two-dimensional, a canvas of another shape, a stride outside 1 to the field.
    """
    field = drawer.config.field_px
    stride = field // 2 if stride_px is None else stride_px
    if ink.ndim != 2 or 0 in ink.shape or not 1 <= stride <= field:
        raise OptionError(
            f"draw_sliding: expected ink (height, width) and a stride of 1 to {field}, got {ink.shape}, {stride}"
        )
    if canvas is not None and canvas.shape != ink.shape:
        raise OptionError(f"draw_sliding: expected a canvas of shape {ink.shape}, got {canvas.shape}")
    grid = _Grid(field, stride, *(max(0, -(-(side - field) // stride)) + 1 for side in ink.shape))
    device = next(drawer.parameters()).device
    picture = grid.padded(ink, device)
    drawn = torch.zeros_like(picture) if canvas is None else grid.padded(canvas, device)
    inked = grid.share_missing(picture, None, solid) >= max(least_ink, least_missing)
    for places in grid.batches(order, inked.cpu().numpy()):
        yield from _draw_places(drawer, grid, picture, drawn, places, least_missing, solid)


@dataclass(frozen=True)
class _Grid:
    """Where the places lie: rows × columns of squares, `field` pixels a side, every `stride` pixels."""

    field: int
    stride: int
    rows: int
    columns: int

    def padded(self, plane: NDArray[np.float32], device: torch.device) -> Tensor:
        """Copy a plane onto paper large enough for all places."""
        shape = ((self.rows - 1) * self.stride + self.field, (self.columns - 1) * self.stride + self.field)
        paper = torch.zeros(shape, device=device)
        paper[: plane.shape[0], : plane.shape[1]] = torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32))
        return paper

    def views(self, plane: Tensor) -> Tensor:
        """All places of a plane without copying, (rows, columns, field, field)."""
        return plane.unfold(0, self.field, self.stride).unfold(1, self.field, self.stride)

    def share_missing(self, picture: Tensor, drawn: Tensor | None, solid: float) -> Tensor:
        """Share of pixels, more than `solid`, that the canvas (None: blank) lacks in each place, (rows, columns)."""
        share = torch.empty(self.rows, self.columns, device=picture.device)
        for row in range(self.rows):
            band = slice(row * self.stride, row * self.stride + self.field)
            lacking = (picture[band] if drawn is None else picture[band] - drawn[band]) > solid
            column_sums = torch.nn.functional.pad(lacking.sum(0).cumsum(0), (1, 0))
            starts = torch.arange(self.columns, device=picture.device) * self.stride
            share[row] = (column_sums[starts + self.field] - column_sums[starts]) / self.field**2
        return share

    def batches(self, order: Order, inked: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
        """Group the inked places (n, 2) into batches; places of one batch never overlap."""
        apart = -(-self.field // self.stride)
        places = np.argwhere(inked)
        if order == "flood":
            yield from _flood(inked)
            return
        if order == "raster":
            groups = places[:, 1] + apart * places[:, 0]  # a wave: everything up and left of it is done
        else:
            groups = places[:, 0] % apart * apart + places[:, 1] % apart
        for group in np.unique(groups):
            members = places[groups == group]
            for start in range(0, len(members), _BATCH):
                yield members[start : start + _BATCH]


def _flood(inked: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Walk from each first unvisited place to its inked neighbours, nearest first."""
    waiting = inked.copy()
    for first in np.argwhere(inked):
        queue = deque([(int(first[0]), int(first[1]))])
        while queue:
            row, column = queue.popleft()
            if not waiting[row, column]:
                continue
            waiting[row, column] = False
            yield np.array([[row, column]], dtype=np.intp)
            for r in range(max(0, row - 1), min(len(inked), row + 2)):
                queue.extend(
                    (r, c) for c in range(max(0, column - 1), min(inked.shape[1], column + 2)) if waiting[r, c]
                )


def _draw_places(
    drawer: LineDrawer,
    grid: _Grid,
    picture: Tensor,
    drawn: Tensor,
    places: NDArray[np.intp],
    least_missing: float,
    solid: float,
) -> list[Piece]:
    """Draw one batch of places that do not overlap, update the canvas, return the strokes by place."""
    rows, columns = torch.from_numpy(places).to(picture.device).unbind(1)
    target, canvas = grid.views(picture)[rows, columns], grid.views(drawn)[rows, columns]
    needy = ((target - canvas > solid).float().mean((1, 2)) >= least_missing).nonzero()[:, 0]
    if len(needy) == 0:
        return []
    target, canvas, places = target[needy], canvas[needy], places[needy.cpu().numpy()]
    pieces: list[Piece] = []
    for step, (members, control, width) in enumerate(drawer.draw(target, canvas)):
        stroke_ink = coverage(control, width, (grid.field, grid.field))
        canvas[members] = torch.maximum(canvas[members], stroke_ink)
        corners = places[members.cpu().numpy()]
        numbers = corners[:, 0] * grid.columns + corners[:, 1]
        points = control.cpu().double().numpy() + corners[:, None, ::-1] * grid.stride
        widths = width.cpu().double().numpy()
        pieces += [Piece(p, w, int(n), step) for p, w, n in zip(points, widths, numbers, strict=True)]
    for (row, column), tile in zip(places.tolist(), canvas, strict=True):
        top, left = row * grid.stride, column * grid.stride
        drawn[top : top + grid.field, left : left + grid.field] = tile
    return sorted(pieces, key=lambda piece: (piece.place, piece.step))
