"""Sheets of 512×512: real pen drawings set out in rows, with the true strokes, order and directions.

Each sheet fills a grid of 2×2 to 4×4 cells with drawings of one dataset and split, at random sizes and places, lines of
one random width. The pen's points are smoothed lightly and joined by curves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import SPLIT_CODES, TEST, Dataset, Sample
from strokewright.datasets.smoothing import curve_through, smoothed
from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.drawing import Floats, bounds
from strokewright.errors import DataError, OptionError


class Sheets(Dataset):
    """Seeded sheets; sheet i depends only on the seed and i.

    Args:
        dataset: Drawings to set out; None takes Omniglot's pen strokes.
        split: Which of its splits to take: "test" is Omniglot's drawers 18 to 20.
        count: How many sheets.
        seed: Seed of all of them.
        size_px: Side of a sheet.
        width_px: Narrowest and widest line.
        smooth: How much to smooth the points, in hundredths of a drawing's longer side.
    """

    stored = "made on demand from pen strokes"

    def __init__(
        self,
        dataset: Dataset | None = None,
        split: str = TEST,
        count: int = 40,
        seed: int = 0,
        size_px: float = 512.0,
        width_px: tuple[float, float] = (2.0, 5.0),
        smooth: float = 2.0,
    ) -> None:
        if split not in SPLIT_CODES or count < 0 or size_px < 64 or not 0 < width_px[0] <= width_px[1] or smooth < 0:
            raise OptionError(
                "sheets: expected a known split, count ≥ 0, size_px ≥ 64, rising widths; check the options"
            )
        whole = Dataset.open("omniglot-strokes") if dataset is None else dataset
        self.parts = whole.split(split)
        if len(self.parts) == 0:
            raise DataError(f"sheets: expected drawings in the split {split!r}, found none; choose another split")
        self.split_name, self.amount, self.seed = split, count, seed
        self.size_px, self.width_px, self.smooth = size_px, width_px, smooth

    def __len__(self) -> int:
        return self.amount

    def make(self, index: int) -> Sample:
        """Make sheet `index`."""
        rng = np.random.default_rng((self.seed, index))
        cells = int(rng.integers(2, 5))
        cell_px = self.size_px / cells
        width = float(np.exp(rng.uniform(*np.log(self.width_px))))
        strokes: list[Stroke] = []
        for row in range(cells):
            for column in range(cells):
                part = self.parts[int(rng.integers(len(self.parts)))].drawing
                if part is not None and part.strokes:
                    corner = np.array([column, row]) * cell_px
                    strokes += self._placed(rng, part.strokes, corner, cell_px, width)
        drawing = Drawing(tuple(strokes), (self.size_px, self.size_px), seed=self.seed)
        return Sample(drawing, None, None, str(index), self.split_name)

    def _placed(
        self, rng: np.random.Generator, strokes: list[Stroke], corner: Floats, cell_px: float, width: float
    ) -> list[Stroke]:
        """Scale and move one drawing into its cell, and turn its strokes into smooth curves."""
        x0, y0, x1, y1 = bounds(strokes)
        side = max(x1 - x0, y1 - y0, 1e-6)
        inner = cell_px - 2 * self.width_px[1]
        scale = inner * rng.uniform(0.6, 0.95) / side
        room = cell_px - np.array([x1 - x0, y1 - y0]) * scale - 2 * self.width_px[1]
        shift = corner + self.width_px[1] + rng.random(2) * room - np.array([x0, y0]) * scale
        result: list[Stroke] = []
        for stroke in strokes:
            points = smoothed(stroke.nodes * scale, self.smooth * scale * side / 100) + shift
            if (points == points[0]).all():
                result.append(Stroke(points[:1], width=width))  # type: ignore[arg-type]
            else:
                result.append(Stroke.from_controls(curve_through(points), width=width))
        return result

    def split_names(self) -> NDArray[np.str_]:
        """Return the one split of all sheets."""
        return np.full(self.amount, self.split_name)
