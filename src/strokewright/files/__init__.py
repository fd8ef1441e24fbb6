"""Bytes ⇄ Drawing. The suffix chooses the format; one format, one file.

    drawing = read("ears.svg")
    write(drawing, "ears.ndjson")
    for drawing in read_many("cat.ndjson"): ...

`FORMATS` is the only list of formats. A new one is a module with a `Format` and a line here, or an entry point of the
group `strokewright.formats` whose name is the suffix ("dxf") and whose value names the Format ("package.module:DXF").
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from strokewright.drawing import Drawing
from strokewright.errors import DrawingError, EmptyError, FormatError, OptionError
from strokewright.files.atomic import write_atomically
from strokewright.files.format import Format

__all__ = [
    "FORMATS",
    "Format",
    "find_format",
    "formats",
    "read",
    "read_many",
    "write",
    "write_atomically",
    "write_many",
]

FORMATS = {
    ".svg": "strokewright.files.svg:SVG",
    ".anim.svg": "strokewright.files.svg:ANIMATED_SVG",
    ".png": "strokewright.files.picture:PNG",
    ".gif": "strokewright.files.picture:GIF",
    ".ndjson": "strokewright.files.quickdraw_ndjson:NDJSON",
    ".bin": "strokewright.files.quickdraw_bin:BIN",
    ".npz": "strokewright.files.sketch_rnn_npz:NPZ",
    ".npy": "strokewright.files.stroke_npy:NPY",
    ".coco.json": "strokewright.files.boxes_coco:COCO",
    ".labelstudio.json": "strokewright.files.boxes_label_studio:LABEL_STUDIO",
    ".csv": "strokewright.files.boxes_csv:CSV",
    ".gltf": "strokewright.files.gltf:GLTF",
    ".obj": "strokewright.files.obj:OBJ",
}
"""Suffix → "module:Format". Strings, so that importing this package loads no format."""

Source = str | PurePath | bytes | BinaryIO
Target = str | PurePath | BinaryIO


@cache
def formats() -> dict[str, str]:
    """Return the table with other packages' formats added; ours win where two name the same suffix."""
    from importlib.metadata import entry_points  # slow to load

    others = {"." + point.name.lstrip(".").lower(): point.value for point in entry_points(group="strokewright.formats")}
    return others | FORMATS


def find_format(name: object) -> Format:
    """Find the format of a path, a suffix (".svg") or a short name ("svg"); the longest suffix wins.

    Raises:
        FormatError: No format has such a suffix.
    """
    low = PurePath(str(name)).name.lower()
    table = formats()
    for suffix in sorted(table, key=len, reverse=True):
        if low.endswith(suffix) or low == suffix[1:]:
            module, _, attribute = table[suffix].partition(":")
            return cast(Format, getattr(import_module(module), attribute))
    raise FormatError(f"expected a name that ends in {', '.join(sorted(table))}, got {str(name)!r}; choose one")


def read(source: Source, format: str | None = None) -> Drawing:
    """Read a drawing; of a file that holds many, the first.

    Args:
        source: A path, the file's bytes, or a binary stream.
        format: The suffix, compulsory for bytes and streams; for a path it overrides the path's own.

    Raises:
        FormatError: The file is missing, damaged, too large, or not of this format.
        OptionError: No format is given for bytes or a stream.
    """
    for drawing in read_many(source, format):
        return drawing
    raise FormatError("expected a drawing, got a file without any", _path_of(source))


def read_many(source: Source, format: str | None = None) -> Iterator[Drawing]:
    """Read the drawings of a file one by one, in file order. Arguments and errors as in `read`."""
    chosen = _choose(source, format)
    if chosen.read is None:
        advice = "trace a picture with `strokewright trace`" if chosen.name == "PNG" else "read another format"
        raise FormatError(f"expected a file of strokes, got {chosen.name}, which is only written; {advice}")
    with _naming(_path_of(source)), _opened(source) as stream:
        yield from chosen.read(stream)


def write(
    drawing: Drawing, target: Target, format: str | None = None, allow_empty: bool = False, **options: Any
) -> None:
    """Write a drawing: the whole file or none.

    Args:
        drawing: What to write.
        target: A path (missing folders are made) or a binary stream.
        format: As in `read`.
        allow_empty: Write a drawing without marks too, instead of refusing.
        options: The format's own, such as `profile="plot"` for SVG.

    Raises:
        EmptyError: The drawing has no marks.
        FormatError: The format cannot hold the drawing, or the file cannot be written.
        OptionError: The format has no such option, or the value is out of range.
    """
    write_many([drawing], target, format, allow_empty, **options)


def write_many(
    drawings: Iterable[Drawing], target: Target, format: str | None = None, allow_empty: bool = False, **options: Any
) -> None:
    """Write drawings to one file of a format that holds many (one drawing: of any format); otherwise like `write`."""
    chosen, path = _choose(target, format), _path_of(target)
    if chosen.write is None:
        raise FormatError(f"expected a format that can be written, got {chosen.name}; choose another suffix", path)
    _check_options(chosen, options)
    items = list(drawings)
    if not allow_empty and not any(drawing.marks for drawing in items):
        raise EmptyError(
            "expected at least one mark to write, got none; check the input "
            "(in Python, allow_empty=True writes it anyway)"
        )
    if len(items) != 1 and not chosen.holds_many:
        raise FormatError(f"{chosen.name} holds one drawing, got {len(items)}; write a file for each", path)
    buffer = io.BytesIO()
    with _naming(path):
        chosen.write(items, buffer, **options)
    if isinstance(target, str | PurePath):
        write_atomically(Path(target), buffer.getvalue())
    else:
        target.write(buffer.getvalue())


def _path_of(place: Source | Target) -> str | None:
    return str(place) if isinstance(place, str | PurePath) else None


def _choose(place: Source | Target, format: str | None) -> Format:
    if format is None and not isinstance(place, str | PurePath):
        raise OptionError(f"format: expected one of {', '.join(sorted(formats()))} for bytes or a stream, got none")
    return find_format(format or place)


def _check_options(chosen: Format, options: dict[str, Any]) -> None:
    known = list(inspect.signature(cast(Any, chosen.write)).parameters)[2:]
    for name in options:
        if name not in known:
            raise OptionError(f"{name}: expected an option of {chosen.name} ({', '.join(known) or 'it has none'})")


@contextmanager
def _opened(source: Source) -> Generator[BinaryIO]:
    if isinstance(source, str | PurePath):
        try:
            with Path(source).open("rb") as stream:
                yield stream
        except OSError as error:
            raise FormatError(f"expected a file to read, got: {error.strerror}") from error
    else:
        yield io.BytesIO(source) if isinstance(source, bytes) else source


@contextmanager
def _naming(path: str | None) -> Generator[None]:
    """Put the path into the errors of what runs inside; a drawing that cannot exist is the file's fault."""
    try:
        yield
    except FormatError as error:
        if path is None or error.path is not None:
            raise
        raise FormatError(str(error.args[0]), path, error.line) from error
    except DrawingError as error:
        raise FormatError(str(error), path) from error
