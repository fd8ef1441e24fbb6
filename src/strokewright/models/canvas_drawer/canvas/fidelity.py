"""How faithful a canvas network is: its error against the renderer, overall, by size and width, and the worst cases."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer.canvas.actions import paint_layers, random_actions
from strokewright.render.protocol import ActionRenderer, Floats, Vocabulary

if TYPE_CHECKING:
    from strokewright.models.canvas_drawer.canvas.network import CanvasNetwork

SIZES_PX = (0.0, 4.0, 16.0, 48.0, np.inf)
WIDTHS_PX = (0.0, 1.5, 3.0, 6.0, np.inf)
_WORST = 8
_BLOCK = 64
_LEAST_INK = 10.0  # pixels: errors of fainter pictures are shares of so much, or hardly visible ones were the worst


@dataclass(frozen=True)
class Bin:
    """The actions whose size or width lies from low to high, in pixels: how many, and their errors."""

    low: float
    high: float
    count: int
    error_share: float
    mse: float


@dataclass(frozen=True, eq=False)
class Case:
    """One action (columns,), its pictures as sRGB (3, height, width) in truth and by the network, and its error.

    The error is relative to the blank canvas, or to ten pixels of ink if that is more.
    """

    action: Floats
    truth: NDArray[np.float32]
    painted: NDArray[np.float32]
    error_share: float


@dataclass(frozen=True, eq=False)
class Fidelity:
    """What `CanvasNetwork.fidelity` measured; errors are those of canvases with one mark on blank paper.

    Args:
        count: Actions measured.
        error_share: Squared error ÷ that of the blank canvas, both summed over all actions.
        mse: Squared error, a mean over pixels.
        by_size: Bins of size: length of a stroke (mean of chord and control polygon) or diagonal of a box.
        by_width: Bins of width, a mean of the px columns; empty without such columns.
        worst: The actions with the largest error ÷ blank, worst first.
    """

    count: int
    error_share: float
    mse: float
    by_size: tuple[Bin, ...]
    by_width: tuple[Bin, ...]
    worst: tuple[Case, ...]

    def __str__(self) -> str:
        lines = [f"{self.count} actions: error ÷ blank {self.error_share:.4f}, MSE {self.mse:.6f}"]
        for name, bins in (("size", self.by_size), ("width", self.by_width)):
            for part in bins:
                span = f"{part.low:g} to {part.high:g} px" if np.isfinite(part.high) else f"over {part.low:g} px"
                numbers = f"{part.error_share:.4f}  MSE {part.mse:.6f}" if part.count else "-"
                lines.append(f"  {name:5} {span:>13}  {part.count:5}  {numbers}")
        lines.append("  worst " + ", ".join(f"{case.error_share:.3f}" for case in self.worst))
        return "\n".join(lines)


def measure_fidelity(
    network: CanvasNetwork, renderer: ActionRenderer | None, count: int, seed: int, size_px: int
) -> Fidelity:
    """Measure a network; see `CanvasNetwork.fidelity`."""
    if count < 1:
        raise OptionError(f"fidelity: expected a count of at least 1, got {count}")
    vocabulary = network.vocabulary
    actions = random_actions(vocabulary, np.random.default_rng((seed, 2)), count, size_px)
    errors, blanks, worst = [], [], []
    for start in range(0, count, _BLOCK):
        part = actions[start : start + _BLOCK]
        truth = torch.from_numpy(paint_layers(renderer, vocabulary, part, size_px))
        error, blank = (sums.double().numpy() for sums in network.errors(torch.from_numpy(part).float(), truth))
        worst += _cases(network, part, truth, error / np.maximum(blank, _LEAST_INK))
        errors.append(error)
        blanks.append(blank)
    error, blank = np.concatenate(errors), np.concatenate(blanks)
    size, width = _sizes(vocabulary, vocabulary.decode(actions, size_px), size_px)
    pixels = size_px**2
    return Fidelity(
        count,
        float(error.sum() / max(blank.sum(), 1e-9)),
        float(error.mean() / pixels),
        _bins(SIZES_PX, size, error, blank, pixels),
        () if width is None else _bins(WIDTHS_PX, width, error, blank, pixels),
        tuple(sorted(worst, key=lambda case: -case.error_share)[:_WORST]),
    )


def _cases(network: CanvasNetwork, actions: Floats, truth: torch.Tensor, share: Floats) -> list[Case]:
    """Keep the worst of a block with their pictures."""
    order = np.argsort(-share)[:_WORST]
    chosen = torch.from_numpy(order)
    blank = network.blank(len(order), truth.shape[-1])
    with torch.no_grad():
        painted = network.layer(blank, torch.from_numpy(actions[order]).float())
    pictures = [network.shown(network.lay(blank, layer)).numpy() for layer in (truth[chosen], painted)]
    return [Case(actions[i], a, b, float(share[i])) for i, a, b in zip(order, *pictures, strict=True)]


def _sizes(vocabulary: Vocabulary, rows: Floats, size_px: int) -> tuple[Floats, Floats | None]:
    """Measure the size and the width of decoded rows, each (n,) pixels."""
    units = np.array([column.unit for column in vocabulary.columns])
    if vocabulary.shape == "prism":
        points = rows[:, :6].reshape(len(rows), 2, 3) * size_px
    else:
        points = rows[:, units == "field"].reshape(len(rows), -1, 2)
    polygon = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1)
    chord = np.linalg.norm(points[:, -1] - points[:, 0], axis=1) if points.shape[1] else polygon
    width = rows[:, units == "px"].mean(axis=1) if (units == "px").any() else None
    return (polygon + chord) / 2, width


def _bins(edges: tuple[float, ...], value: Floats, error: Floats, blank: Floats, pixels: int) -> tuple[Bin, ...]:
    bins: list[Bin] = []
    for low, high in pairwise(edges):
        inside = (value >= low) & (value < high)
        count = int(inside.sum())
        share = error[inside].sum() / max(blank[inside].sum(), 1e-9)
        bins.append(Bin(low, high, count, float(share), float(error[inside].sum() / max(count, 1) / pixels)))
    return tuple(bins)
