"""How likely models find real drawings, like with like: nats a point in the unit of the class, teacher-forced.

A class's unit is the deviation of all offsets of its training split in `quickdraw345_simplified.npz`, as in the
fixtures `held_nll.json`; a model with another unit pays 2 ln(its unit ÷ the class's) a point more, since its densities
are per square of its own. L_p counts the real rows and each drawing's end. Public decoders begin with zeros, which fits
them best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.datasets.download import find
from strokewright.datasets.step_sets import StepOptions, StepSet
from strokewright.drawing.sequence import stroke3_to_stroke5
from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.losses import counted_rows, row_losses
from strokewright.models.sketch_rnn.magenta import from_magenta

_QUICKDRAW = "quickdraw/quickdraw345_simplified.npz"
_QUICKDRAW_26 = "quickdraw/quickdraw26_simplified.npz"
_MONKEYS = "quickdraw/sketchrnn_monkey.npz"
_HELD_OUT = (1, 2)  # valid and test
_MOST_STEPS = 200  # what `sketch/doodles` has seen

Drawings = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Likelihood:
    """Nats a point: of the offsets, of the pen, and of the code (0 without an encoder)."""

    offsets: float
    pens: float
    code: float = 0.0

    @property
    def a_point(self) -> float:
        """All of them together."""
        return self.offsets + self.pens + self.code


def held_out(name: str, splits: Sequence[int] = _HELD_OUT) -> Drawings:
    """Return the real drawings of a class that are valid or test: stroke-3 rows in pixels, first rows dropped."""
    files = [(_QUICKDRAW, name)]
    files += [(_QUICKDRAW_26, name)] if name in ("bear", "bird", "dog") else []
    files += [(_MONKEYS, "")] if name == "monkey" else []
    found: Drawings = []
    for path, word in files:
        whole = _open(path)
        chosen = np.isin(whole.splits, splits)
        if word:
            chosen &= whole.labels == whole.words.index(word)
        found += [whole.drawing(i)[1:] for i in np.flatnonzero(chosen)]
    return found


@cache
def unit_px(name: str) -> float:
    """Return the unit of a class in pixels."""
    whole = _open(_QUICKDRAW)
    return whole.take(whole.labels == whole.words.index(name)).scale_px()


def public_decoder(name: str) -> Path:
    """Return the file of a class's public decoder."""
    return find(f"magenta_weights/{name.replace(' ', '_')}.gen.json.gz")


def public_likelihood(name: str, drawings: Drawings) -> Likelihood:
    """Return what the class's public decoder makes of the drawings."""
    return _likelihood(from_magenta(public_decoder(name)), drawings, unit_px(name), None, 0)


def our_likelihood(model: SketchRNN, name: str, drawings: Drawings, seed: int) -> Likelihood:
    """Return what a model of ours makes of them, in the class's unit; one with an encoder draws z once a drawing."""
    label = model.config.labels.index(name)
    found = _likelihood(model, drawings, model.config.scale_px, label, seed)
    change = 2 * math.log(model.config.scale_px / unit_px(name))
    return Likelihood(found.offsets + change, found.pens, found.code)


@cache
def _open(path: str) -> StepSet:
    return StepSet.open(path, StepOptions(most_steps=_MOST_STEPS))


@torch.no_grad()
def _likelihood(model: SketchRNN, drawings: Drawings, scale_px: float, label: int | None, seed: int) -> Likelihood:
    rows, length = _padded(drawings, scale_px)
    labels = None if label is None else torch.full((len(drawings),), label)
    z, code = None, 0.0
    if model.config.latent_size:
        mean, log_variance = model.encode(rows[:, 1:], length)
        noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed))
        z = mean + torch.exp(0.5 * log_variance) * noise
        code = -0.5 * float((1 + log_variance - mean.square() - log_variance.exp()).sum())
    inputs = rows[:, :-1].clone()
    if model.config.start == "zeros":
        inputs[:, 0] = 0
    output, _ = model.decode(inputs, z, labels)
    of_offset, of_pen = row_losses(output, rows[:, 1:])
    points = float(length.sum())
    pens = torch.where(counted_rows(length, rows.shape[1] - 1), of_pen, torch.zeros_like(of_pen))
    return Likelihood(float(of_offset.sum()) / points, float(pens.sum()) / points, code / points)


def _padded(drawings: Drawings, scale_px: float) -> tuple[Tensor, Tensor]:
    lengths = [len(drawing) for drawing in drawings]
    scaled = [drawing / (scale_px, scale_px, 1) for drawing in drawings]
    rows = np.stack([stroke3_to_stroke5(drawing, max(lengths) + 1) for drawing in scaled]).astype(np.float32)
    return torch.from_numpy(rows), torch.tensor(lengths)
