"""What a file format is: two functions and a few facts. `strokewright.files.FORMATS` lists the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from strokewright.drawing import Box, Drawing, Mark, Prism, Stroke
from strokewright.drawing.solids import prisms
from strokewright.errors import FormatError

Reader = Callable[[BinaryIO], Iterator[Drawing]]
Writer = Callable[..., None]


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        name: As users call it, "SVG".
        note: One line on what it keeps and what it loses.
        read: Binary stream → its drawings in file order; raises FormatError (with a line where known, without a path:
            the caller knows it) or DrawingError for numbers that make no drawing. None: cannot be read.
        write: (drawings, binary stream, **options) → None; its keyword arguments are the options. None: cannot be
            written.
        holds_many: Whether one file holds many drawings; otherwise `write` gets exactly one.
        precision_px: Points come back within this distance, on pages of up to 1,000 px.
        kind: The kind of mark it is for; some formats (SVG, pictures) hold others too.
    """

    name: str
    note: str
    read: Reader | None = None
    write: Writer | None = None
    holds_many: bool = False
    precision_px: float = 0.0
    kind: type[Mark] = Stroke


def read_limited(stream: BinaryIO, limit_bytes: int) -> bytes:
    """Read a whole stream. Raises FormatError when it is longer than the limit or empty."""
    data = stream.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise FormatError(f"expected at most {limit_bytes // 2**20} MiB, got more; split the file")
    if not data:
        raise FormatError("expected a drawing, got an empty file; check that it was written completely")
    return data


def only_strokes(drawing: Drawing, name: str) -> list[Stroke]:
    """Return the strokes of a drawing that holds nothing else. Raises FormatError for marks the format cannot hold."""
    for mark in drawing.marks:
        if not isinstance(mark, Stroke):
            raise FormatError(f"{name}: expected strokes alone, got a {type(mark).__name__}; write .svg")
    return drawing.strokes


def only_prisms(drawing: Drawing, name: str) -> list[Prism]:
    """Return the prisms of a drawing that holds nothing else. Raises FormatError for marks the format cannot hold."""
    for mark in drawing.marks:
        if not isinstance(mark, Prism):
            raise FormatError(f"{name}: expected prisms alone, got a {type(mark).__name__}; write .svg")
    return prisms(drawing)


def only_boxes(drawing: Drawing, name: str) -> list[Box]:
    """Return the boxes of a drawing that holds nothing else. Raises FormatError for marks the format cannot hold."""
    boxes = [mark for mark in drawing.marks if isinstance(mark, Box)]
    if len(boxes) < len(drawing.marks):
        other = next(mark for mark in drawing.marks if not isinstance(mark, Box))
        raise FormatError(f"{name}: expected boxes alone, got a {type(other).__name__}; write .svg")
    return boxes
