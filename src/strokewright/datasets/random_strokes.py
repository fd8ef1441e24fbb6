"""Seeded random strokes: quadratic and cubic curves, straight lines and dots with widths, on a square page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import TEST, TRAIN, Dataset, Sample
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import OptionError


class RandomStrokes(Dataset):
    """Drawings of random strokes; sample i depends only on the seed and i. Every tenth is test.

    Args:
        count: How many drawings.
        size_px: Side of the page.
        strokes: Fewest and most strokes a drawing.
        width_px: Narrowest and widest line; the width runs from one to another along half of the strokes.
        seed: Seed of all of them.
    """

    stored = "made on demand"

    def __init__(
        self,
        count: int = 10_000,
        size_px: float = 64.0,
        strokes: tuple[int, int] = (1, 6),
        width_px: tuple[float, float] = (1.0, 8.0),
        seed: int = 0,
    ) -> None:
        if count < 0 or size_px <= 0 or not 0 <= strokes[0] <= strokes[1] or not 0 < width_px[0] <= width_px[1]:
            raise OptionError("random strokes: expected count ≥ 0, size_px > 0 and rising ranges; check the options")
        self.amount, self.size_px, self.strokes, self.width_px, self.seed = count, size_px, strokes, width_px, seed

    def __len__(self) -> int:
        return self.amount

    def make(self, index: int) -> Sample:
        """Make drawing `index`."""
        rng = np.random.default_rng((self.seed, index))
        amount = int(rng.integers(self.strokes[0], self.strokes[1] + 1))
        marks = tuple(random_stroke(rng, self.size_px, self.width_px) for _ in range(amount))
        drawing = Drawing(marks, (self.size_px, self.size_px), seed=self.seed)
        return Sample(drawing, None, None, str(index), TEST if index % 10 == 0 else TRAIN)

    def split_names(self) -> NDArray[np.str_]:
        """Return test for every tenth."""
        return np.where(np.arange(self.amount) % 10 == 0, TEST, TRAIN)


def random_stroke(rng: np.random.Generator, size_px: float, width_px: tuple[float, float]) -> Stroke:
    """Return one stroke: a cubic (2 in 5), quadratic (2 in 5), line or dot (1 in 10 each), width log-uniform."""
    kind = int(rng.integers(10))
    width = np.exp(rng.uniform(*np.log(width_px), size=2))
    if rng.random() < 0.5:
        width[1] = width[0]
    start = rng.uniform(0, size_px, 2)
    if kind == 9:
        return Stroke(start[None], width=width[:1])
    reach = size_px * rng.uniform(0.1, 0.9)
    steps = rng.normal(0, reach / 2, (3, 2))
    end = start + steps[0]
    if kind == 8:
        return Stroke(np.stack([start, end]), width=width)
    bend = (start + end) / 2 + steps[1]
    if kind < 4:  # a quadratic raised to a cubic
        handles = np.stack([start + (bend - start) * 2 / 3, end + (bend - end) * 2 / 3])
    else:
        handles = np.stack([bend, bend + steps[2]])
    return Stroke(np.stack([start, end]), handles[None], width)
