"""JSON files that a pydantic model describes: within a size, checked, with a short account of what is wrong."""

from __future__ import annotations

import json
from typing import Any, BinaryIO, TypeVar

from pydantic import TypeAdapter, ValidationError

from strokewright.errors import FormatError
from strokewright.files.format import read_limited

MAX_BYTES = 64 * 2**20
_T = TypeVar("_T")


def parse_json(stream: BinaryIO, kind: type[_T], name: str) -> _T:
    """Read a file as `kind`, a pydantic model or a list of such; `name` is the format's.

    Raises:
        FormatError: Over 64 MiB, not JSON, or other fields than expected.
    """
    try:
        return TypeAdapter(kind).validate_json(read_limited(stream, MAX_BYTES))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the file"
        raise FormatError(f"{name}: {place}: {problem['msg']}; check that it is a {name} file") from error


def write_json(value: Any, stream: BinaryIO) -> None:
    """Write a value, one space an indent. Raises FormatError for NaN and infinity, which JSON does not have."""
    try:
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise FormatError("expected finite numbers to write as JSON, got NaN or infinity") from error
    stream.write(text.encode("utf-8", "replace") + b"\n")
