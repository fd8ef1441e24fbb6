"""Pairs of which the label says more or less: the class, or only its category, where the sketch tells the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from strokewright.errors import DataError, OptionError
from strokewright.models.sketch2img.batches import PairBatches


class CategoryBatches:
    """Batches of `PairBatches` whose `label` is the category in some rows, the class in the others.

    Labels are the categories and, after them, the classes. A further column `kind` always holds the class.

    Args:
        categories: Category → its classes in the data; together they are all classes.
        category_share: How often the label is the category.
        seed: As of `PairBatches`.
        options: Further options of `PairBatches`.

    Raises:
        DataError: A class of the data that no category has.
        OptionError: A share outside 0 to 1, or options as of `PairBatches`.
    """

    def __init__(
        self, categories: Mapping[str, Sequence[str]], category_share: float = 0.5, seed: int = 0, **options: Any
    ) -> None:
        if not 0 <= category_share <= 1:
            raise OptionError(f"category_share: expected 0 to 1, got {category_share}")
        self.pairs = PairBatches(seed=seed, **options)
        self.categories = tuple(sorted(categories))
        of = {kind: number for number, name in enumerate(self.categories) for kind in categories[name]}
        missing = [kind for kind in self.pairs.labels if kind not in of]
        if missing:
            raise DataError(f"categories: expected a category for every class, got none for {', '.join(missing)}")
        self._category = np.array([of[kind] for kind in self.pairs.labels], dtype=np.int64)
        self._share, self._seed = category_share, seed

    @property
    def facts(self) -> dict[str, Any]:
        """What a model must know of the data: categories and classes, how many classes there are, and the size."""
        labels = [*self.categories, *self.pairs.labels]
        return {**self.pairs.facts, "labels": labels, "kinds": len(self.pairs.labels)}

    def __len__(self) -> int:
        return len(self.pairs)

    def look_up(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return a batch with its photos, sketches and maps, as `PairBatches` does."""
        return self.pairs.look_up(batch)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`."""
        columns = self.pairs.batch(index, batch_size)
        kind = columns["label"]
        by_category = np.random.default_rng((self._seed, 3, index)).random(batch_size) < self._share
        label = np.where(by_category, self._category[kind], kind + len(self.categories))
        return {**columns, "label": label, "kind": kind}
