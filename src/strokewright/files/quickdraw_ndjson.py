"""QuickDraw .ndjson: one JSON object a line, both the simplified and the raw (timed) kind.

    {"key_id": "5", "word": "cat", "countrycode": "US", "timestamp": "…", "recognized": true,
     "drawing": [[[x, …], [y, …]], …]}                       raw: [[x, …], [y, …], [t, …]] with t in ms

The facts become `Drawing.metadata` under their own names ("recognized" as "true" or "false"). Simplified drawings, told
by integers within 0..255, stand on a 256×256 page. We add one key of our own, "strokewright", that holds the page, the
maker and the seed; other readers pass over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import DrawingError, FormatError
from strokewright.files.format import Format, only_strokes

MAX_LINE_BYTES = 32 * 2**20
_SIMPLIFIED_SIDE = 256.0
_FACTS = ("word", "countrycode", "timestamp", "recognized", "key_id")
_OWN = "strokewright"


def read_ndjson(stream: BinaryIO) -> Iterator[Drawing]:
    """Read the drawings line by line; blank lines are passed over. Raises FormatError with the line."""
    number, found = 0, False
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise FormatError(f"expected lines of at most {MAX_LINE_BYTES // 2**20} MiB, got a longer one", line=number)
        if line.strip():
            found = True
            yield _parse(line, number)
    if not found:
        raise FormatError("expected a JSON object a line, got an empty file; check that it was written completely")


def write_ndjson(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the drawings, one a line; curves are flattened to 0.1 px; times are kept where every stroke has them."""
    for drawing in drawings:
        text = json.dumps(_to_object(drawing), ensure_ascii=False, separators=(",", ":"))
        stream.write(text.encode("utf-8", "replace") + b"\n")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"the number {name}")


def _parse(line: bytes, number: int) -> Drawing:
    try:
        entry: Any = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # bad JSON and bad UTF-8 are ValueErrors too
        raise FormatError(f"expected JSON, got {_brief(error)}; repair or drop the line", line=number) from error
    if not isinstance(entry, dict) or not isinstance(entry.get("drawing"), list):
        raise FormatError('expected an object with a "drawing" list; is this a QuickDraw file?', line=number)
    try:
        strokes = [_to_stroke(columns) for columns in entry["drawing"]]
        return _to_drawing(entry, strokes)
    except (DrawingError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"expected strokes [[x, …], [y, …]], got {_brief(error)}", line=number) from error


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _to_stroke(columns: Any) -> Stroke:
    if not isinstance(columns, list) or len(columns) not in (2, 3) or not all(isinstance(c, list) for c in columns):
        raise ValueError("a stroke that is not two or three lists")
    if len({len(column) for column in columns}) != 1:
        raise ValueError(f"a stroke with lists of {', '.join(str(len(column)) for column in columns)} numbers")
    table: NDArray[np.float64] = np.array(columns, dtype=np.float64)
    return Stroke(table[:2].T, times_ms=table[2] if len(columns) == 3 else None)


def _to_drawing(entry: dict[str, Any], strokes: list[Stroke]) -> Drawing:
    facts = {key: _text(entry[key]) for key in _FACTS if key in entry}
    own = entry.get(_OWN)
    if not isinstance(own, dict):
        return Drawing(tuple(strokes), _page(strokes), metadata=facts)
    width, height = own["size"] if isinstance(own.get("size"), list) and len(own["size"]) == 2 else _page(strokes)
    more = own.get("metadata")
    facts |= {str(key): _text(value) for key, value in more.items()} if isinstance(more, dict) else {}
    seed = own.get("seed")
    return Drawing(
        tuple(strokes),
        (float(width), float(height)),
        maker=_text(own.get("maker", "")),
        seed=seed if isinstance(seed, int) else None,
        metadata=facts,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _page(strokes: list[Stroke]) -> tuple[float, float]:
    """Return 256×256 for simplified drawings, else a page that holds the points."""
    high = np.max([stroke.nodes.max(axis=0) for stroke in strokes], axis=0) if strokes else np.zeros(2)
    if any(stroke.times_ms is not None for stroke in strokes) or high.max() >= _SIMPLIFIED_SIDE:
        width, height = np.maximum(np.ceil(high) + 1, 1.0).tolist()
        return width, height
    return _SIMPLIFIED_SIDE, _SIMPLIFIED_SIDE


def _to_object(drawing: Drawing) -> dict[str, Any]:
    entry: dict[str, Any] = {key: drawing.metadata[key] for key in _FACTS if key in drawing.metadata}
    if entry.get("recognized") in ("true", "false"):
        entry["recognized"] = entry["recognized"] == "true"
    strokes = only_strokes(drawing, "ndjson")
    timed = bool(strokes) and all(stroke.times_ms is not None and stroke.is_polyline for stroke in strokes)
    entry["drawing"] = [_columns(stroke, timed) for stroke in strokes]
    own: dict[str, Any] = {"size": [_short(side) for side in drawing.size]}
    if drawing.maker:
        own["maker"] = drawing.maker
    if drawing.seed is not None:
        own["seed"] = drawing.seed
    if more := {key: value for key, value in drawing.metadata.items() if key not in _FACTS}:
        own["metadata"] = more
    return entry | {_OWN: own}


def _columns(stroke: Stroke, timed: bool) -> list[list[float]]:
    points = stroke.nodes if stroke.is_polyline else flatten(stroke)
    columns = [[_short(value) for value in column] for column in points.T.tolist()]
    if timed and stroke.times_ms is not None:
        columns.append([_short(value) for value in stroke.times_ms.tolist()])
    return columns


def _short(value: float) -> float:
    """Round to 2 decimals and drop a fraction of zero."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


NDJSON = Format(
    "QuickDraw ndjson",
    "points, times and facts (key_id, word, …); curves become lines; width and colour are lost",
    read_ndjson,
    write_ndjson,
    holds_many=True,
    precision_px=0.01,
)
