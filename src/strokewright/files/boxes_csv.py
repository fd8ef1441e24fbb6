"""Boxes as a table: label, score, x0, y0, x1, y1 in pixels, colour, page_width, page_height; a row a box."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from strokewright.drawing import Box, Drawing
from strokewright.drawing.drawing import BLACK
from strokewright.errors import FormatError
from strokewright.files.format import Format, only_boxes, read_limited

MAX_BYTES = 64 * 2**20
_CORNERS = ("x0", "y0", "x1", "y1")
_COLUMNS = ("label", "score", *_CORNERS, "colour", "page_width", "page_height")
_DIGITS = 4


def read_csv(stream: BinaryIO) -> Iterator[Drawing]:
    """Yield the drawing.

    Raises:
        FormatError: Columns or numbers that are missing or wrong, or no row: nothing says how large the page is.
    """
    try:
        text = read_limited(stream, MAX_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""))
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"CSV: expected a table in UTF-8 ({error}); save it again") from error
    if missing:
        raise FormatError(f"CSV: expected the columns {', '.join(_COLUMNS)}, {', '.join(missing)} missing", line=1)
    boxes: list[Box] = []
    size: tuple[float, float] | None = None
    try:
        for row in rows:
            boxes.append(_to_box(row))
            size = size or (float(row["page_width"]), float(row["page_height"]))
    except (ValueError, TypeError, csv.Error) as error:
        raise FormatError(f"CSV: expected a box, got {error}; check the numbers", line=rows.line_num) from error
    if size is None:
        raise FormatError("CSV: expected a row a box, got a table without rows; check that the file is whole")
    yield Drawing(tuple(boxes), size)


def _to_box(row: dict[str, str]) -> Box:
    x0, y0, x1, y1 = (float(row[name]) for name in _CORNERS)
    digits = (row["colour"] or "").removeprefix("#")
    red, green, blue = (byte / 255 for byte in bytes.fromhex(digits)) if digits else BLACK
    return Box(x0, y0, x1, y1, (red, green, blue), row["label"], float(row["score"]))


def write_csv(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the one drawing's boxes, first drawn first. Raises FormatError for other marks."""
    (drawing,) = drawings
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for box in only_boxes(drawing, "CSV"):
        corners = [round(value, _DIGITS) for value in (box.x0, box.y0, box.x1, box.y1)]
        colour = "#" + "".join(f"{round(255 * channel):02x}" for channel in box.colour)
        table.writerow([box.label, round(box.score, 6), *corners, colour, *(f"{side:g}" for side in drawing.size)])
    stream.write(text.getvalue().encode("utf-8", "replace"))


CSV = Format("CSV", "boxes with label, score, colour and page size", read_csv, write_csv, precision_px=0.001, kind=Box)
