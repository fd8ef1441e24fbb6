"""Where the next move helps most: every place of many shapes is scored at once, by convolution.

A solid move with mask m over canvas C, towards target T, in its best colour (the mean of T under m), saves

    Σ m |T - C|²  -  (Σ m |T|² - |Σ m T|² / Σ m)

of squared error; in a given colour c, |Σ m T|² / Σ m becomes 2 c·Σ m T - |c|² Σ m. All sums over m are correlations
with the shape, so one Fourier transform of |T - C|² - |T|² scores a shape at every place; the other terms do not depend
on the canvas and are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from strokewright.render.template import TemplateBank, invert, placed

_SIZES = 9
_SMALLEST_PX = 1.5
_ASPECTS = (1.0, 0.5, 0.25)
_TURNS = 4  # of half a turn
_LEAST_AREA_PX = 1.0
_APART = 0.75  # two moves placed at once lie this share of their sizes apart
_LEAST_GAIN = 0.02  # of squared error, in pixels; less is rounding
_AS_GOOD = 0.6  # of the best gain, to be placed at once with it


@dataclass(frozen=True)
class Spot:
    """A place for a move: which template, centre and half axes in pixels, angle, and its colour (channels,)."""

    template: int
    centre: tuple[float, float]
    half_axes: tuple[float, float]
    angle_rad: float
    colour: tuple[float, ...]


class Finder:
    """Finds the best places on one target.

    Args:
        bank: The templates.
        target: (channels, height, width) in [0, 1].
        largest_px: Half the length of the largest move; the page's own by default.
        turns: Angles to try, of half a turn.
    """

    def __init__(self, bank: TemplateBank, target: Tensor, largest_px: float | None = None) -> None:
        self.target = target
        height, width = target.shape[1:]
        largest = largest_px or max(height, width) / 2
        self._shapes = list(_shapes(bank, largest))
        margin = int(np.ceil(1.5 * largest))
        self._full = height + margin, width + margin
        kernels = torch.stack([_kernel(bank, shape, self._full) for shape in self._shapes])
        self._kernels = torch.fft.rfft2(kernels).conj()
        self.size = height, width
        inside = self._correlate(torch.ones(1, height, width))[:, 0]
        self._area = inside.clamp(min=_LEAST_AREA_PX)
        self._sums = self._correlate(target)
        self._outside = inside < _LEAST_AREA_PX
        self._palette: Tensor | None = None
        self._best_colours = self._in_colours(None)
        self._reach = torch.tensor([max(shape[1]) for shape in self._shapes])

    def find(self, canvas: Tensor, count: int, palette: Tensor | None = None) -> list[Spot]:
        """Return at most `count` places that lie apart from each other, the best first; none where nothing helps.

        Args:
            canvas: (channels, height, width) as painted so far.
            count: How many at most.
            palette: (colours, channels) to choose from; None: any colour.
        """
        gap = (self.target - canvas).square().sum(0) - self.target.square().sum(0)
        gains = self._correlate(gap[None])[:, 0] + self._known(palette)
        best, shape = gains.max(dim=0)
        reach = self._reach[shape]
        rows, columns = torch.meshgrid(*(torch.arange(float(side)) for side in best.shape), indexing="ij")
        spots: list[Spot] = []
        least = _LEAST_GAIN
        while len(spots) < count:
            flat = int(best.argmax())
            y, x = divmod(flat, best.shape[1])
            if float(best[y, x]) <= least:
                break
            least = max(least, _AS_GOOD * float(best[y, x])) if not spots else least
            spots.append(self._spot(int(shape[y, x]), x, y))
            near = torch.hypot(columns - x, rows - y) < _APART * (reach + reach[y, x])
            best = best.masked_fill(near, -torch.inf)
        return spots

    def _known(self, palette: Tensor | None) -> Tensor:
        """The part of the gains that does not depend on the canvas (shapes, height, width); the last one is kept."""
        same = palette is self._palette or (
            palette is not None and self._palette is not None and torch.equal(palette, self._palette)
        )
        if not same:
            self._palette, self._best_colours = palette, self._in_colours(palette)
        return self._best_colours

    def _in_colours(self, palette: Tensor | None) -> Tensor:
        if palette is None:
            known = self._sums.square().sum(1) / self._area
        else:
            each = (2 * torch.einsum("schw,c->shw", self._sums, c) - c.square().sum() * self._area for c in palette)
            known = reduce(torch.maximum, each)
        return known.masked_fill(self._outside, -torch.inf)

    def _spot(self, index: int, x: int, y: int) -> Spot:
        template, half_axes, angle = self._shapes[index]
        colour = (self._sums[index, :, y, x] / self._area[index, y, x]).clamp(0, 1)
        return Spot(template, (x + 0.5, y + 0.5), half_axes, angle, tuple(colour.tolist()))

    def _correlate(self, channels: Tensor) -> Tensor:
        """Sum channels (n, height, width) under every shape at every place: (shapes, n, height, width)."""
        height, width = self.size
        spectrum = torch.fft.rfft2(channels, s=self._full)
        return torch.stack(
            [torch.fft.irfft2(spectrum * kernel, s=self._full)[:, :height, :width] for kernel in self._kernels]
        )


def _shapes(bank: TemplateBank, largest_px: float) -> Sequence[tuple[int, tuple[float, float], float]]:
    """List template, half axes and angle of all shapes that are tried."""
    count = max(2, min(_SIZES, 1 + round(np.log(largest_px / _SMALLEST_PX) / np.log(1.5))))
    sizes = np.geomspace(_SMALLEST_PX, largest_px, count).tolist()
    shapes: list[tuple[int, tuple[float, float], float]] = []
    for index, name in enumerate(bank.names):
        for size in sizes:
            for aspect in _ASPECTS:
                if size * aspect < 0.5:
                    continue
                turns = 1 if aspect == 1 and name == "circle" else _TURNS
                shapes += [(index, (size, size * aspect), np.pi * turn / turns) for turn in range(turns)]
    return shapes


def _kernel(bank: TemplateBank, shape: tuple[int, tuple[float, float], float], full: tuple[int, int]) -> Tensor:
    """Render a shape around the origin of a page that wraps round."""
    index, half_axes, angle = shape
    reach = int(np.ceil(1.5 * max(half_axes))) + 1
    side = 2 * reach + 1
    where = placed(torch.zeros(2), torch.tensor(half_axes) * 2 / side, torch.tensor(angle))
    mask = bank.coverage_of(index, invert(where)[None], (side, side))[0].detach()
    kernel = torch.zeros(full)
    rows, columns = ((torch.arange(side) - reach) % extent for extent in full)
    kernel.index_put_((rows[:, None].expand(side, side), columns.expand(side, side)), mask, accumulate=True)
    return kernel
