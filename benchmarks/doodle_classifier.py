"""A classifier of doodles that has seen real drawings alone: how recognisable are drawings, real ones and a model's?

It learns Google's rasters of 28×28 of all 345 classes, 97 a class, but for the first 22 of a class, which are mostly
the drawings of `quickdraw345_simplified.npz`: those are what it is tested on. Drawings are rastered as those rasters
are, found by comparing the ones with the others: 256 units to 28 px, from the top left corner, with lines of 1.1 px
(root mean square difference 29 of 255). Among 16 classes it takes the likeliest of the 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from strokewright.datasets.dataset import read_arrays
from strokewright.datasets.download import find
from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.drawing import bounds
from strokewright.render.skia import render_ink

SIDE_PX = 28
_UNITS, _LINE_PX, _SHIFT_PX = 256.0, 1.1, 0.5
_FOR_TEST = 22  # first rasters of a class
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

    @torch.no_grad()
    def guess(self, pictures: Pictures, among: Sequence[str]) -> list[str]:
        """Return the likeliest of some classes for each picture."""
        self.eval()
        columns = [self.words.index(word) for word in among]
        parts = [self(_ink(part))[:, columns].argmax(1) for part in np.array_split(pictures, -(-len(pictures) // 500))]
        return [among[int(i)] for i in torch.cat(parts)]


def accuracy(classifier: Classifier, drawings: dict[str, list[Drawing]]) -> float:
    """Return the share of drawings (class → drawings) that are recognised among these classes."""
    among = list(drawings)
    guesses = {word: classifier.guess(rasters(some), among) for word, some in drawings.items() if some}
    right = sum(guess == word for word, some in guesses.items() for guess in some)
    return right / sum(map(len, guesses.values()))


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


def load_classifier(path: Path) -> Classifier:
    """Load the classifier, or train it and keep it there."""
    arrays = read_arrays(find("quickdraw/bitmap345_28x28.npz"), ("images", "label", "words"))
    classifier = Classifier([str(word) for word in arrays["words"]])
    if path.exists():
        classifier.load_state_dict(load_file(path))
        return classifier.eval()
    train(classifier, arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(classifier.state_dict(), path)
    return classifier.eval()


def train(classifier: Classifier, arrays: dict[str, NDArray[Any]], epochs: int = _EPOCHS) -> None:
    """Learn the rasters of all classes, but for the first ones of each; seed 0."""
    torch.manual_seed(0)
    labels = arrays["label"].astype(np.int64)
    place = np.arange(len(labels)) - np.searchsorted(labels, labels)  # of a raster within its class
    chosen = np.flatnonzero(place >= _FOR_TEST)
    adam = torch.optim.AdamW(classifier.parameters(), _RATE, weight_decay=0.01)
    steps = epochs * (len(chosen) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, _RATE, total_steps=steps)
    rng = np.random.default_rng(0)
    classifier.train()
    for step in range(steps):
        at = step % (steps // epochs)
        if at == 0:
            rng.shuffle(chosen)
        rows = chosen[at * _BATCH : (at + 1) * _BATCH]
        logits = classifier(_moved(_ink(arrays["images"][rows]), rng))
        loss = F.cross_entropy(logits, torch.from_numpy(labels[rows]), label_smoothing=0.1)
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()


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
