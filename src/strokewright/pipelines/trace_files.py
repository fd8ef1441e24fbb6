"""Trace many pictures: what `Tracer.map` and the command `trace` share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from strokewright.drawing import Drawing
from strokewright.pipelines.batch import OnError, Record, Source, map_files
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern, assign, expand
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.tracer import Tracer

DEFAULT_MODEL = "trace/lineart"


@dataclass(frozen=True)
class TraceFile:
    """The work on one file: picture in, drawing out. Small enough to be sent to a worker; the model is loaded there."""

    model: str
    options: TraceOptions
    write: WriteOptions

    def drawing(self, source: Source) -> Drawing:
        """Trace a picture. Raises EmptyError for a blank one."""
        return _tracer(self.model)(source, **self.options.model_dump())

    def __call__(self, source: Source, output: Path) -> dict[str, float]:
        """Trace a picture and write the drawing; return its stats. Raises EmptyError for a blank picture."""
        drawing = self.drawing(source)
        drawing.save(output, **self.write.chosen())
        return drawing.stats()


@cache
def _tracer(model: str) -> Tracer:
    return Tracer(model)


def trace_files(
    inputs: str | Path | Iterable[str | Path],
    out: str | Path,
    options: TraceOptions,
    *,
    model: str = DEFAULT_MODEL,
    write: WriteOptions = DEFAULT_WRITE,
    workers: int | None = None,
    skip_existing: bool = False,
    on_error: OnError = "raise",
) -> Iterator[Record]:
    """Trace pictures into files, in parallel; yield a record for each as it is done.

    Args:
        inputs: Paths, globs and folders.
        out: Where drawings go, such as "svg/{stem}.svg".
        options: How to trace.
        model: Short name of the model.
        write: How to write.
        workers: Processes; None = one a core.
        skip_existing: Leave pictures alone whose drawing exists.
        on_error: "raise" ends at the first picture that fails; "record" notes it and goes on.

    Raises:
        OptionError: A wrong pattern, or two pictures that would be written to one file.
        StrokewrightError: A picture failed and on_error is "raise".
    """
    pictures = expand([inputs] if isinstance(inputs, str | Path) else inputs, PICTURE_SUFFIXES)
    jobs = assign(pictures, OutputPattern(out))
    work = TraceFile(model, options, write)
    yield from map_files(work, jobs, workers=workers, skip_existing=skip_existing, on_error=on_error)
