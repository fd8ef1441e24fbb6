"""The report's normalisation: white lines on black, every value centred on the data's mean, divided by its reach.

The report does not divide by the standard deviation, which would leave [-1, 1], but by the largest distance of any
value from the mean. All of it stays in bytes here: 0 stands for -1 and 255 for 1, as everywhere.

Source: "Final Project: Sketch2Img", section "Image Processing".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class ReportScaling:
    """Mean and reach of photos and of inverted sketches, in bytes."""

    photo_mean: float
    photo_reach: float
    line_mean: float
    line_reach: float

    @classmethod
    def of(cls, photos: Bytes, sketches: Bytes) -> ReportScaling:
        """Measure photos and sketches (255 = bare paper) of any shape."""
        photo_mean, photo_reach = _mean_and_reach(photos)
        return cls(photo_mean, photo_reach, *_mean_and_reach(255 - sketches))

    def photo(self, photo: Bytes) -> Bytes:
        """Scale photos."""
        return _to_bytes((photo - self.photo_mean) / self.photo_reach)

    def lines(self, sketch: Bytes) -> Bytes:
        """Invert and scale sketches."""
        return _to_bytes((255.0 - sketch - self.line_mean) / self.line_reach)

    def photo_back(self, scaled: Bytes) -> Bytes:
        """Return the photos, to a step of rounding, that `photo` scaled."""
        values = (scaled / 127.5 - 1) * self.photo_reach + self.photo_mean
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _mean_and_reach(values: Bytes) -> tuple[float, float]:
    mean = float(values.mean())
    return mean, max(float(values.max()) - mean, mean - float(values.min()), 1.0)


def _to_bytes(values: NDArray[np.floating[Any]]) -> Bytes:
    """Map [-1, 1] onto 0..255."""
    return np.rint((values + 1) * 127.5).clip(0, 255).astype(np.uint8)
