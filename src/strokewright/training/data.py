"""Batches for the loop: batch i depends on (seed, i) alone, so a resumed run sees what it would have seen."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from strokewright.errors import DataError
from strokewright.models import import_object
from strokewright.training.config import Source

Batch = dict[str, torch.Tensor]


@runtime_checkable
class BatchSource(Protocol):
    """Anything with a `batch` method.

    A source may also have `facts`: fields of the model's config that the data decide, such as the names of the classes;
    and `look_up(batch)`: rows of `batch` are then places in tables that it keeps on the training's device, and it
    returns what stands there.
    """

    def batch(self, index: int, batch_size: int) -> Mapping[str, Any]:
        """Return batch `index` (0, 1, …): arrays or tensors with `batch_size` rows, the same ones at each call."""
        ...


def make_source(spec: Source, seed: int) -> BatchSource:
    """Build a source from its spec; `seed` is passed on unless the options hold one.

    Raises:
        OptionError: The callable cannot be found.
        DataError: What it returns has no `batch` method.
    """
    source = import_object(spec.make)(**{"seed": seed, **spec.options})
    if not isinstance(source, BatchSource):
        raise DataError(f"{spec.make}: expected an object with batch(index, batch_size), got {type(source).__name__}")
    return source


def take_rows(source: BatchSource, index: int, rows: int, rank: int, world_size: int) -> Batch:
    """Return this process's `rows` rows of global batch `index` as tensors; all ranks' rows together are the batch.

    Raises:
        DataError: A column that is not `rows` × `world_size` long.
    """
    batch: Batch = {}
    for name, values in source.batch(index, rows * world_size).items():
        tensor = values if isinstance(values, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(values))
        if len(tensor) != rows * world_size:
            raise DataError(f"batch {index}, {name}: expected {rows * world_size} rows, got {len(tensor)}")
        batch[name] = tensor[rank * rows : (rank + 1) * rows]
    return batch


def look_up(source: BatchSource, batch: Batch) -> Batch:
    """Return a batch, already on its device, with what a source keeps there filled in."""
    fill = getattr(source, "look_up", None)
    return batch if fill is None else fill(batch)


class Prefetch:
    """Makes the next batches of a source in one background thread; what `get` returns is what the source would."""

    def __init__(self, source: BatchSource, rows: int, rank: int, world_size: int, ahead: int) -> None:
        self._arguments = (rows, rank, world_size)
        self._source = source
        self._ahead = ahead
        self._futures: dict[int, Future[Batch]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches") if ahead else None

    def get(self, index: int) -> Batch:
        """Return batch `index` and start on the ones after it."""
        if self._pool is None:
            return take_rows(self._source, index, *self._arguments)
        for i in range(index, index + self._ahead + 1):
            if i not in self._futures:
                self._futures[i] = self._pool.submit(take_rows, self._source, i, *self._arguments)
        return self._futures.pop(index).result()

    def close(self) -> None:
        """Stop the thread; batches not begun are dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
