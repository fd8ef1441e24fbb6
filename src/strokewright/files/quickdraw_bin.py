"""QuickDraw .bin: drawings one after the other, little-endian, without a header or the word.

    key_id u64 · country 2 bytes · recognized u8 · timestamp u32 (seconds since 1970) · strokes u16 ·
    and for each stroke: points u16 · x u8 × points · y u8 × points

Coordinates are bytes, so the page is 256×256. A larger drawing is scaled down to fit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

import numpy as np

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import FormatError
from strokewright.files.format import Format, only_strokes

_HEAD = struct.Struct("<Q2sBIH")
_COUNT = struct.Struct("<H")
_SIDE = 256.0
_MOST = 0xFFFF


def read_bin(stream: BinaryIO) -> Iterator[Drawing]:
    """Read the drawings one by one. Raises FormatError at one that is cut short."""
    number = 0
    while head := stream.read(_HEAD.size):
        number += 1
        key_id, country, recognized, timestamp, count = _HEAD.unpack(_filled(head, _HEAD.size, number))
        if recognized > 1:
            raise FormatError(f"drawing {number}: expected recognized to be 0 or 1, got {recognized}; not a .bin file?")
        strokes = tuple(_read_stroke(stream, number) for _ in range(count))
        facts = {
            "key_id": str(key_id),
            "countrycode": country.decode("latin-1").rstrip("\0"),
            "recognized": "true" if recognized else "false",
            "timestamp": str(timestamp),
        }
        yield Drawing(strokes, (_SIDE, _SIDE), metadata=facts)
    if not number:
        raise FormatError("expected QuickDraw drawings, got an empty file; check that it was written completely")


def _read_stroke(stream: BinaryIO, number: int) -> Stroke:
    (count,) = _COUNT.unpack(_filled(stream.read(_COUNT.size), _COUNT.size, number))
    if count == 0:
        raise FormatError(f"drawing {number}: expected strokes of at least one point, got none; the file is damaged")
    columns = np.frombuffer(_filled(stream.read(2 * count), 2 * count, number), dtype=np.uint8)
    return Stroke(columns.reshape(2, count).T)  # type: ignore[arg-type]


def _filled(data: bytes, size: int, number: int) -> bytes:
    if len(data) < size:
        raise FormatError(f"drawing {number}: expected {size} more bytes, got {len(data)}; the file is cut short")
    return data


def write_bin(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the drawings with points rounded to whole pixels; pages over 256 px are scaled down to fit."""
    for drawing in drawings:
        strokes = only_strokes(drawing, "bin")
        facts = drawing.metadata
        head = (
            _number(facts.get("key_id", "0"), 64),
            facts.get("countrycode", "").encode("latin-1", "replace")[:2].ljust(2, b"\0"),
            facts.get("recognized") == "true",
            _seconds(facts.get("timestamp", "0")),
            _counted(len(strokes), "strokes"),
        )
        stream.write(_HEAD.pack(*head))
        scale = min(1.0, _SIDE / max(drawing.size))
        for stroke in strokes:
            points = (stroke.nodes if stroke.is_polyline else flatten(stroke)) * scale
            stream.write(_COUNT.pack(_counted(len(points), "points in a stroke")))
            stream.write(points.round().clip(0, 255).astype(np.uint8).T.tobytes())


def _counted(count: int, what: str) -> int:
    if count > _MOST:
        raise FormatError(f"bin: expected at most {_MOST} {what}, got {count}; simplify the drawing or write .ndjson")
    return count


def _number(text: str, bits: int) -> int:
    """Return the number a text spells, or 0 where it spells none that fits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 and int(text) < 2**bits else 0


def _seconds(text: str) -> int:
    """Return seconds since 1970 from such a number or from a date as in .ndjson, 0 where it is neither."""
    if text.isdigit():
        return _number(text, 32)
    try:
        date = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return 0
    seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return int(seconds) if 0 <= seconds < 2**32 else 0


BIN = Format(
    "QuickDraw bin",
    "points as whole pixels on a 256×256 page, key_id, country and time; the word, width and colour are lost",
    read_bin,
    write_bin,
    holds_many=True,
    precision_px=0.75,
)
