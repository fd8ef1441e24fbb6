"""Many drawings on one page, in rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strokewright.drawing import Drawing

_GAP = 0.04  # of a cell's side


def sheet(rows: Sequence[Sequence[Drawing]]) -> Drawing:
    """Lay drawings out in rows of cells, each as large as the largest page; facts are those of the first."""
    drawings = [drawing for row in rows for drawing in row]
    width = max(drawing.size[0] for drawing in drawings)
    height = max(drawing.size[1] for drawing in drawings)
    step = (1 + _GAP) * np.array([width, height])
    marks = [
        mark
        for y, row in enumerate(rows)
        for x, drawing in enumerate(row)
        for mark in drawing.transformed([[1, 0, x * step[0]], [0, 1, y * step[1]]], (1, 1)).marks
    ]
    columns = max(len(row) for row in rows)
    size = (float(columns * step[0] - _GAP * width), float(len(rows) * step[1] - _GAP * height))
    return drawings[0].replace(marks=tuple(marks), size=size)


def in_rows(drawings: Sequence[Drawing]) -> list[Sequence[Drawing]]:
    """Cut a list into rows, about as many as there are columns."""
    columns = int(np.ceil(np.sqrt(len(drawings))))
    return [drawings[start : start + columns] for start in range(0, len(drawings), columns)]
