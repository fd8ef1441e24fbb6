"""What the drawer learns from: first lessons on random scenes, then patches of the bundled drawings.

Cutting a patch costs as much as learning from it. So the patches form a pool of limited size, cut as they are first
asked for, and are mirrored and turned anew at each use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets import open_dataset
from strokewright.datasets.patches import DEFAULT_WEIGHTS, Patches, Source, training_sources
from strokewright.models.canvas_drawer.scenes import random_scenes

_BLOCK = 64  # patches cut at a time


class Windows:
    """Batches of `ink` and `canvas`, (batch, field, field) float32.

    Batch i depends on (seed, i) and the batch size alone.

    Args:
        seed: Seed of the patches and of their order.
        held_out: Take the drawings kept for tests instead of those to train on.
        sources: How often each source is chosen, by name; None: the patches' own weights.
        lessons: How many batches of `scenes.random_scenes` come first.
        lesson_every: After them, each batch of that number is a lesson again, so that nothing is forgotten; 0: none.
        pool: How many patches are cut before they repeat.
        field_px: Side of a patch.
    """

    def __init__(
        self,
        seed: int = 0,
        held_out: bool = False,
        sources: dict[str, float] | None = None,
        lessons: int = 0,
        lesson_every: int = 0,
        pool: int = 20_000,
        field_px: int = 64,
    ) -> None:
        weights = dict(DEFAULT_WEIGHTS if sources is None else sources)
        chosen = _held_out_sources() if held_out else training_sources(seed)
        weights = {name: share for name, share in weights.items() if name in chosen}
        self._patches = Patches(chosen, weights, field_px, seed=seed)
        self._seed = seed
        self._pool = max(_BLOCK, pool)
        self._lessons, self._lesson_every = lessons, lesson_every
        self._field_px = field_px
        self._blocks: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`: a lesson, or patches drawn from those cut so far (index alone says how many)."""
        rng = np.random.default_rng((self._seed, index))
        if index < self._lessons or (self._lesson_every and index % self._lesson_every == 0):
            return random_scenes(rng, batch_size, self._field_px)
        available = min(self._pool, (index - self._lessons + 1) * batch_size + _BLOCK) // _BLOCK
        while len(self._blocks) < available:
            ink, canvas = self._patches.batch(len(self._blocks), _BLOCK)
            self._blocks.append((_to_bytes(ink), _to_bytes(canvas)))
        places = rng.integers(0, available * _BLOCK, batch_size)
        flip = rng.integers(0, 2, 3).astype(bool)
        rows = [self._blocks[place // _BLOCK] for place in places]
        return {
            name: _turned(np.stack([row[which][place % _BLOCK] for row, place in zip(rows, places, strict=True)]), flip)
            for which, name in enumerate(("ink", "canvas"))
        }


def _held_out_sources() -> dict[str, Source]:
    """The same data sets, but the drawings and drawers that training never sees."""
    return {
        "tuberlin": Source(open_dataset("tuberlin").split("test"), (250, 1000)),
        "lucide": Source(open_dataset("lucide").split("test"), (80, 600)),
        "quickdraw": Source(open_dataset("quickdraw").split("test"), (100, 600)),
        "omniglot": Source(open_dataset("omniglot-strokes").split("test"), (40, 250), smooth=2.0),
    }


def _to_bytes(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(ink * 255).astype(np.uint8)


def _turned(pixels: NDArray[np.uint8], flip: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mirror left-right, mirror up-down, swap the axes, as flip says; 0..255 becomes [0, 1]."""
    turned = pixels[:, :, ::-1] if flip[0] else pixels
    turned = turned[:, ::-1] if flip[1] else turned
    turned = turned.swapaxes(1, 2) if flip[2] else turned
    return np.ascontiguousarray(turned, dtype=np.float32) / np.float32(255)
