"""Photos and their classes, without sketches: what classifiers and judges learn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import Dataset
from strokewright.errors import DataError
from strokewright.models.sketch2img.batches import Source, open_pairs
from strokewright.models.sketch2img.sketches import photo_at


class PhotoBatches:
    """Batches of `photo` (batch, 3, size, size) uint8 and `label` (batch,) int64; batch i depends on (seed, i) alone.

    A photo that several sketches were drawn of comes once.

    Args:
        seed: Seed of the order.
        data: Data sets, as of `PairBatches`.
        split: Which of their splits, or several.
        size: Side in pixels.
        mirror: How often a photo is mirrored, 0 to 1.
        in_order: Go through the photos from the first to the last, instead of drawing them at random, each class
            equally often.
        path: As of `PairBatches`.

    Raises:
        DataError: The splits hold no photos.
    """

    def __init__(
        self,
        seed: int = 0,
        data: Source | Sequence[Source] = "things",
        split: str | Sequence[str] = "train",
        size: int = 64,
        mirror: float = 0.5,
        in_order: bool = False,
        path: str | Dataset | None = None,
    ) -> None:
        splits = [split] if isinstance(split, str) else list(split)
        parts = open_pairs(data, path, lines=False)
        self.labels = sorted({name for part in parts for name in part.label_names()})
        found: dict[tuple[int, str], tuple[NDArray[np.uint8], int]] = {}
        for number, part in enumerate(parts):
            for index in np.flatnonzero(np.isin(part.split_names(), splits)).tolist():
                pair = part.pairs[index]
                if (number, pair.photo) not in found:
                    photo = photo_at(part.photo(index), size)
                    found[number, pair.photo] = photo, self.labels.index(pair.label)
        if not found:
            raise DataError(f"photos: expected photos in {', '.join(splits)}, found none; choose train, valid or test")
        self.photos = np.stack([photo for photo, _ in found.values()])
        self.classes = np.array([label for _, label in found.values()], dtype=np.int64)
        self._members = [np.flatnonzero(self.classes == label) for label in np.unique(self.classes)]
        self._seed, self._size, self._mirror, self._in_order = seed, size, mirror, in_order

    @property
    def facts(self) -> dict[str, Any]:
        """The names of the classes and the size."""
        return {"labels": self.labels, "size": self._size}

    def __len__(self) -> int:
        return len(self.photos)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`."""
        if self._in_order:
            places = np.arange(index * batch_size, (index + 1) * batch_size) % len(self.photos)
            return {"photo": self.photos[places], "label": self.classes[places]}
        rng = np.random.default_rng((self._seed, index))
        chosen = rng.integers(len(self._members), size=batch_size)
        places = np.array([rng.choice(self._members[i]) for i in chosen])
        photos = self.photos[places]
        turned = rng.random(batch_size) < self._mirror
        photos[turned] = photos[turned][..., ::-1]
        return {"photo": photos, "label": self.classes[places]}
