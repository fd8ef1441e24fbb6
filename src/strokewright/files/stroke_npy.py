"""One drawing as a .npy array of stroke-3 or stroke-5 rows; the number of columns says which.

The page is not stored: reading gives one that fits around the points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing
from strokewright.drawing.sequence import from_stroke3, from_stroke5, to_stroke3, to_stroke5
from strokewright.errors import FormatError, OptionError
from strokewright.files.format import Format, only_strokes, read_limited
from strokewright.files.numpy_files import pack_npy, parse_npy

MAX_BYTES = 256 * 2**20


def read_npy(stream: BinaryIO) -> Iterator[Drawing]:
    """Read the drawing. Raises FormatError for an array that is neither stroke-3 nor stroke-5."""
    rows = parse_npy(read_limited(stream, MAX_BYTES))
    yield rows_to_drawing(rows)


def rows_to_drawing(rows: NDArray[Any], **options: Any) -> Drawing:
    """Turn (n, 3) or (n, 5) rows into a drawing; options as in `from_stroke3`.

    Raises:
        FormatError: Another shape, or not numbers.
        DrawingError: NaN or infinity.
    """
    if rows.dtype.kind not in "biuf" or rows.ndim != 2 or rows.shape[1] not in (3, 5):
        raise FormatError(f"expected stroke-3 or stroke-5 rows, (n, 3) or (n, 5), got {rows.dtype} {rows.shape}")
    return (from_stroke3 if rows.shape[1] == 3 else from_stroke5)(rows, **options)


def write_npy(drawings: Sequence[Drawing], stream: BinaryIO, layout: str = "stroke-3") -> None:
    """Write the one drawing as float32 rows.

    Args:
        drawings: One drawing.
        stream: Where to.
        layout: "stroke-3", or "stroke-5" with the start token and one end step.
    """
    if layout not in ("stroke-3", "stroke-5"):
        raise OptionError(f"layout: expected stroke-3 or stroke-5, got {layout!r}")
    only_strokes(drawings[0], "npy")
    rows = to_stroke3(drawings[0]) if layout == "stroke-3" else to_stroke5(drawings[0])
    stream.write(pack_npy(rows.astype(np.float32)))


NPY = Format(
    "stroke-3/5 npy",
    "steps of one drawing; curves become lines; page, width and colour are lost",
    read_npy,
    write_npy,
    precision_px=0.05,
)
