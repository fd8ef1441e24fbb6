"""NumPy's .npy and .npz, read without unpickling and within stated limits; written without pickles.

Object arrays, in which the public sketch-rnn sets keep their drawings, go through `pickled_arrays`.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from strokewright.errors import FormatError
from strokewright.files.pickled_arrays import read_pickled_array

MAX_BYTES = 2 * 2**30
_MAX_MEMBERS = 1000
_MAX_HEADER_BYTES = 10_000
_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{'descr': '([<>|=]?)([biufUSO])(\d{0,6})', 'fortran_order': (True|False), 'shape': \(([\d, L]*)\),? *\} *\n?"
)


def read_npz(source: str | PurePath | BinaryIO, names: set[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz; object arrays come as 1-D object arrays of numeric arrays.

    Args:
        source: A path or a seekable binary stream.
        names: Read only these; None reads all.

    Raises:
        FormatError: Not an .npz, damaged, over 2 GiB unpacked, or holding anything but arrays.
    """
    try:
        with zipfile.ZipFile(source if not isinstance(source, PurePath) else str(source)) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
                raise FormatError(f"expected at most {_MAX_MEMBERS} arrays and {MAX_BYTES >> 30} GiB, got more")
            wanted = [m for m in members if names is None or m.filename.removesuffix(".npy") in names]
            return {m.filename.removesuffix(".npy"): parse_npy(archive.read(m)) for m in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError) as error:
        # RuntimeError: encrypted members; its NotImplementedError: unknown compression
        raise FormatError(f"expected an .npz archive of arrays, got {error or type(error).__name__}") from error


def parse_npy(data: bytes) -> NDArray[Any]:
    """Read one .npy. Raises FormatError where it is damaged or holds more than numbers, text or arrays of numbers."""
    if data[:6] != _MAGIC or len(data) < 12 or data[6] not in (1, 2, 3):
        raise FormatError(f"expected an .npy array, got data that begins with {data[:8]!r}")
    start = 10 if data[6] == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    match = _HEADER.fullmatch(data[start : start + length].decode("latin-1")) if length <= _MAX_HEADER_BYTES else None
    if match is None:
        raise FormatError("expected a plain .npy header, got one that is damaged or describes records")
    order, kind, size, by_columns, sides = match.groups()
    body = data[start + length :]
    if kind == "O":
        return read_pickled_array(body)
    try:
        shape = tuple(int(side.strip(" L")) for side in sides.split(",") if side.strip(" L"))
        dtype = np.dtype(order + kind + size)
    except (TypeError, ValueError) as error:
        raise FormatError(f"expected numbers or text, got type {kind + size!r}") from error
    expected = dtype.itemsize
    for side in shape:
        expected *= side
    if expected != len(body) or dtype.itemsize == 0 or len(shape) > 8:
        raise FormatError(f"expected an array of shape {shape}, {expected} bytes, got {len(body)}; is it cut short?")
    return np.frombuffer(body, dtype=dtype).reshape(shape, order="F" if by_columns == "True" else "C")


def pack_npy(array: NDArray[Any]) -> bytes:
    """Return an array as .npy bytes. Raises FormatError for object arrays."""
    if array.dtype.hasobject:
        raise FormatError("expected numbers or text, got an object array; write it as flat rows and offsets")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write_npz(arrays: Mapping[str, NDArray[Any]], stream: BinaryIO) -> None:
    """Write arrays as a compressed .npz whose bytes depend on the arrays alone (no dates). Raises as `pack_npy`."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), pack_npy(array), zipfile.ZIP_DEFLATED)
