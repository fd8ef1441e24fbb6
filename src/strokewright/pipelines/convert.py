"""Turn drawing files into other formats: one to one, a file of many taken apart, or many put together in one file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from strokewright.drawing import Drawing
from strokewright.errors import OptionError, StrokewrightError
from strokewright.files import read_many, write_many
from strokewright.pipelines.batch import OnError, Record
from strokewright.pipelines.paths import OutputPattern

STDIN = Path("-")
_PER_DRAWING = {"i", "key_id", "word", "label"}
_STARTS = {b"<": ".svg", b"{": ".ndjson", b"PK": ".npz", b"\x93NUMPY": ".npy"}


class WriteOptions(BaseModel):
    """How drawings are written; an option that the format does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Literal["edit", "plot", "outline", "animate"] | None = Field(
        default=None,
        description="SVG: edit (few nodes), plot (for plotters: mm, a layer a pen), outline (widths as filled shapes), "
        "animate (draws itself).",
    )
    page: Literal["a4", "a3", "letter"] | None = Field(default=None, description="SVG, plot: the sheet of paper.")
    margin_mm: float | None = Field(default=None, ge=0, description="SVG, plot with a page: free space on all sides.")
    seconds: float | None = Field(default=None, gt=0, description="GIF, animated SVG: how long the drawing takes.")

    def chosen(self) -> dict[str, Any]:
        """The options that were set, as keyword arguments of `files.write`."""
        return self.model_dump(exclude_none=True)


DEFAULT_WRITE = WriteOptions()


@dataclass(frozen=True)
class Planned:
    """One file to write, and from what.

    Args:
        source: The input, or inputs joined by ", ".
        output: The file to write; None when the input could not be read.
        drawings: What it will hold.
        error: Why the input could not be read.
    """

    source: str
    output: Path | None
    drawings: tuple[Drawing, ...] = ()
    error: StrokewrightError | None = None


def convert(
    inputs: Iterable[Path | bytes],
    pattern: OutputPattern,
    options: WriteOptions = DEFAULT_WRITE,
    *,
    skip_existing: bool = False,
    on_error: OnError = "raise",
) -> Iterator[Record]:
    """Convert files, and yield a record for each file written.

    Args:
        inputs: Files, or the bytes of one.
        pattern: Where results go. With {i}, {key_id} or {word} every drawing gets a file of its own; without, drawings
            with the same name go into one file where its format holds many.
        options: How to write.
        skip_existing: Leave outputs alone that exist.
        on_error: "raise" ends at the first file that fails; "record" notes it and goes on.

    Raises:
        OptionError: Results that would overwrite each other or their input, an option that the format does not have.
        StrokewrightError: A file failed and on_error is "raise".
    """
    for planned in plan(inputs, pattern):
        started = time.perf_counter()
        record = Record(planned.source, str(planned.output or ""), ok=True)
        if planned.output is not None and skip_existing and planned.output.exists():
            yield replace(record, skipped=True)
            continue
        try:
            stats = _write(planned, options)
        except OptionError:
            raise
        except StrokewrightError as error:
            if on_error == "raise":
                raise
            yield replace(record, ok=False, error=str(error), error_type=type(error).__name__)
        else:
            yield replace(record, seconds=time.perf_counter() - started, stats=stats)


def _write(planned: Planned, options: WriteOptions) -> dict[str, float]:
    if planned.error is not None:
        raise planned.error
    if planned.output is not None:
        write_many(planned.drawings, planned.output, **options.chosen())
    stats = [drawing.stats() for drawing in planned.drawings]
    return {"drawings": len(stats)} | {key: sum(s[key] for s in stats) for key in ("strokes", "nodes")}


def plan(inputs: Iterable[Path | bytes], pattern: OutputPattern) -> Iterator[Planned]:
    """Read the inputs and say which drawings go where, without writing. Arguments and errors as in `convert`."""
    together = pattern.format().holds_many and not pattern.fields & _PER_DRAWING
    planned = _put_together(inputs, pattern) if together else _take_apart(inputs, pattern)
    owner: dict[Path, str] = {}
    for item in planned:
        if item.output is not None:
            if item.output in owner:
                raise OptionError(
                    f"output pattern {pattern.pattern!r}: a drawing of {owner[item.output]} and one of {item.source} "
                    f"would both be written to {item.output}; add {{i}} to the pattern"
                )
            if any(Path(name).absolute() == item.output.absolute() for name in item.source.split(", ")):
                raise OptionError(f"output pattern {pattern.pattern!r}: {item.output} would overwrite its own input")
            owner[item.output] = item.source
        yield item


def _take_apart(inputs: Iterable[Path | bytes], pattern: OutputPattern) -> Iterator[Planned]:
    """A file for each drawing."""
    number = 0
    for source in inputs:
        path = STDIN if isinstance(source, bytes) else source
        drawings = _read(source)
        try:
            first = list(islice(drawings, 2))
            if len(first) > 1 and not pattern.fields & _PER_DRAWING:
                raise OptionError(
                    f"output pattern {pattern.pattern!r}: {path} holds several drawings; add {{i}} to give each a file"
                )
            for drawing in chain(first, drawings):
                yield Planned(str(path), pattern.fill(path, number, drawing.metadata), (drawing,))
                number += 1
        except OptionError:
            raise
        except StrokewrightError as error:
            yield Planned(str(path), None, error=error)


def _put_together(inputs: Iterable[Path | bytes], pattern: OutputPattern) -> Iterator[Planned]:
    """A file for each name, with all drawings that go by it."""
    groups: dict[Path, list[tuple[Path, list[Drawing]]]] = {}
    for source in inputs:
        path = STDIN if isinstance(source, bytes) else source
        try:
            drawings = list(_read(source))
        except StrokewrightError as error:
            yield Planned(str(path), None, error=error)
        else:
            groups.setdefault(pattern.fill(path, 0), []).append((path, drawings))
    for output, members in groups.items():
        drawings = tuple(drawing for _, found in members for drawing in found)
        yield Planned(", ".join(str(path) for path, _ in members), output, drawings)


def _read(source: Path | bytes) -> Iterator[Drawing]:
    return read_many(source, sniff(source) if isinstance(source, bytes) else None)


def sniff(data: bytes) -> str:
    """Guess the format of a drawing file from how it begins; return its suffix."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:8]
    return next((suffix for sign, suffix in _STARTS.items() if start.startswith(sign)), ".bin")
