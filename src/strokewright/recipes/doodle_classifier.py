"""A small classifier of doodles: which class does a drawing look like?

Drawings are rastered as Google's rasters of 28×28 are, found by comparing the ones with the others: 256 units to 28 px,
from the top left corner, with lines of 1.1 px (root mean square difference 29 of 255).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.drawing import bounds
from strokewright.render.skia import render_ink

SIDE_PX = 28
_UNITS, _LINE_PX, _SHIFT_PX = 256.0, 1.1, 0.5
_EPOCHS, _BATCH, _RATE = 8, 128, 3e-3

Pictures = NDArray[np.uint8]


class Classifier(nn.Module):
    """Three convolutions and two layers over 28×28 ink."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = list(words)
        sizes = (1, 16, 48, 96)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes[1:])
        self.hidden, self.out = nn.Linear(96 * 9, 256), nn.Linear(256, len(self.words))
        self.drop = nn.Dropout(0.4)

    def forward(self, ink: Tensor) -> Tensor:
        """Return the logits (batch, classes) of ink (batch, 28, 28) in [0, 1]."""
        x = ink[:, None]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.max_pool2d(F.relu(norm(convolution(x))), 2)
        return self.out(self.drop(F.relu(self.hidden(self.drop(x.flatten(1))))))

    def learn(self, pictures: Pictures, labels: NDArray[np.int64], epochs: int = _EPOCHS, seed: int = 0) -> None:
        """Learn pictures (n, 28, 28) and their classes (n,), each picture changed a little every time."""
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        adam = torch.optim.AdamW(self.parameters(), _RATE, weight_decay=0.01)
        steps = -(-len(pictures) // _BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, _RATE, total_steps=epochs * steps)
        self.train()
        for _ in range(epochs):
            for rows in np.array_split(rng.permutation(len(pictures)), steps):
                logits = self(_moved(_ink(pictures[rows]), rng))
                loss = F.cross_entropy(logits, torch.from_numpy(labels[rows]), label_smoothing=0.1)
                adam.zero_grad()
                loss.backward()
                adam.step()
                schedule.step()
        self.eval()

    @torch.no_grad()
    def probabilities(self, pictures: Pictures) -> NDArray[np.float32]:
        """Return the probability of each class for each picture, (n, classes)."""
        self.eval()
        parts = [self(_ink(part)).softmax(1) for part in np.array_split(pictures, -(-len(pictures) // 500))]
        return torch.cat(parts).numpy()

    def guess(self, pictures: Pictures, among: Sequence[str]) -> list[str]:
        """Return the likeliest of some classes for each picture."""
        columns = [self.words.index(word) for word in among]
        return [among[int(i)] for i in self.probabilities(pictures)[:, columns].argmax(1)]


def rasters(drawings: Sequence[Drawing]) -> Pictures:
    """Raster drawings as the ones it learned from are, (n, 28, 28) uint8; an empty one is bare paper."""
    return np.stack([_raster(drawing) for drawing in drawings])


def _raster(drawing: Drawing) -> Pictures:
    if not drawing.strokes:
        return np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    x0, y0, x1, y1 = bounds(drawing.strokes)
    scale = (_UNITS - 1) / max(x1 - x0, y1 - y0, 1e-6) * SIDE_PX / _UNITS
    strokes = tuple(
        Stroke((stroke.nodes - (x0, y0)) * scale + _SHIFT_PX, width=_LINE_PX)  # type: ignore[arg-type]
        for stroke in drawing.strokes
    )
    return np.rint(render_ink(Drawing(strokes, (SIDE_PX, SIDE_PX))) * 255).astype(np.uint8)


def _ink(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures.astype(np.float32) / 255)


def _moved(ink: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn, stretch, shift and mirror pictures a little, each in its own way."""
    angle, slant = rng.normal(0, 0.12, len(ink)), rng.normal(0, 0.1, len(ink))
    size = np.exp(rng.normal(0, 0.1, (len(ink), 2)))
    size[:, 0] *= rng.choice([-1, 1], len(ink))
    cos, sin = np.cos(angle), np.sin(angle)
    maps = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos + slant], 1)], 1) / size[:, None, :]
    maps = np.concatenate([maps, rng.normal(0, 0.05, (len(ink), 2, 1))], axis=2)
    grid = F.affine_grid(
        torch.from_numpy(maps.astype(np.float32)), [len(ink), 1, SIDE_PX, SIDE_PX], align_corners=False
    )
    return F.grid_sample(ink[:, None], grid, align_corners=False)[:, 0]
