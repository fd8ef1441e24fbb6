"""Pairs whose classes are put together: the label names the category, and the sketch alone tells which of its kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.errors import DataError
from strokewright.models.sketch2img.batches import PairBatches


class CategoryBatches:
    """Batches of `PairBatches` with `label` the category and a further column `kind`, the class of the data.

    Args:
        categories: Category → its classes in the data; together they are all classes.
        seed: As of `PairBatches`.
        options: Further options of `PairBatches`.

    Raises:
        DataError: A class of the data that no category has.
    """

    def __init__(self, categories: Mapping[str, Sequence[str]], seed: int = 0, **options: Any) -> None:
        self.pairs = PairBatches(seed=seed, **options)
        self.names = tuple(sorted(categories))
        of = {kind: number for number, name in enumerate(self.names) for kind in categories[name]}
        missing = [kind for kind in self.pairs.labels if kind not in of]
        if missing:
            raise DataError(f"categories: expected a category for every class, got none for {', '.join(missing)}")
        self._category = np.array([of[kind] for kind in self.pairs.labels], dtype=np.int64)

    @property
    def facts(self) -> dict[str, Any]:
        """What a model must know of the data: the names of the categories, how many classes there are, and the size."""
        return {**self.pairs.facts, "labels": self.names, "kinds": len(self.pairs.labels)}

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`."""
        columns = self.pairs.batch(index, batch_size)
        return {**columns, "label": self._category[columns["label"]], "kind": columns["label"]}
