"""What a run writes down as it goes: `metrics.csv` always, TensorBoard if tensorboardX is installed, picture sheets."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.files.atomic import write_atomically
from strokewright.files.raster import write_picture

Row = dict[str, str]


def read_metrics(path: Path) -> list[Row]:
    """Return the rows of a metrics file as text by column; [] if there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]


class Logs:
    """Writes the metrics and pictures of one run folder.

    Args:
        folder: The run folder.
        step: Rows after this step are dropped: a resumed run writes them again.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._path = folder / "metrics.csv"
        rows = [row for row in read_metrics(self._path) if int(row["step"]) <= step]
        self._columns = list(rows[0]) if rows else []
        if rows or self._path.exists():
            self._rewrite(rows)
        self._board = _tensorboard(folder / "tensorboard", step)

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row; a column not seen before widens the table."""
        row = {"step": str(step), **{name: repr(float(value)) for name, value in values.items()}}
        new = [name for name in row if name not in self._columns]
        if new:
            self._columns += new
            self._rewrite([*read_metrics(self._path), row])
        else:
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._columns, restval="", lineterminator="\n").writerow(row)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def picture(self, step: int, picture: NDArray[np.float32]) -> Path:
        """Write a sheet (3, height, width) in [0, 1] as samples/step-….png."""
        path = self._folder / "samples" / f"step-{step:09d}.png"
        write_picture(picture.transpose(1, 2, 0), path)
        if self._board is not None:
            self._board.add_image("samples", np.clip(picture, 0, 1), step)
        return path

    def close(self) -> None:
        """Finish the TensorBoard file."""
        if self._board is not None:
            self._board.close()

    def _rewrite(self, rows: list[Row]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self._path, text.getvalue().encode())


def _tensorboard(folder: Path, step: int) -> Any:
    try:
        board = importlib.import_module("tensorboardX")
    except ImportError:  # the extra `logs`
        return None
    return board.SummaryWriter(str(folder), purge_step=step + 1)
