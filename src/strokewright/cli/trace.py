"""`strokewright trace`: pictures into drawings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, Inputs, follow, is_stream, print_plan, read_inputs
from strokewright.pipelines.batch import map_files
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions
from strokewright.pipelines.load import load
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern, assign
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace_files import DEFAULT_MODEL, TraceFile

DEFAULT_FILES, DEFAULT_TRACE = FileOptions(), TraceOptions()


def trace(
    *inputs: Inputs,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where drawings go, - is standard output; by default beside their pictures as SVG. "
            "Fields: {stem} {name} {parent} {i}.",
        ),
    ] = None,
    model: Annotated[str, Parameter(help="Short name of the model; `strokewright models` lists them.")] = DEFAULT_MODEL,
    workers: Annotated[int | None, Parameter(help="Processes for many files; by default one a core.")] = None,
    options: Annotated[TraceOptions, Parameter(name="*")] = DEFAULT_TRACE,
    write: Annotated[WriteOptions, Parameter(name="*")] = DEFAULT_WRITE,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Turn pictures into drawings.

    Without -o a drawing is written beside its picture as SVG, and that of standard input to standard output.
    """
    sources = read_inputs(inputs, PICTURE_SUFFIXES)
    if is_stream(output) or (output is None and isinstance(sources[0], bytes)):
        return _to_stdout(sources, model, options, write, files)
    jobs = _jobs(sources, output)
    if files.dry_run:
        return print_plan(jobs, files)
    work = TraceFile(model, options, write)
    records = map_files(work, jobs, workers=workers, skip_existing=files.skip_existing, on_error="record")
    return follow(records, len(jobs), files)


def _jobs(sources: list[Path | bytes], output: str | None) -> list[tuple[Path | bytes, Path]]:
    """Pair pictures with drawings; standard input goes by the name of `stdin`."""
    paths = [Path("stdin") if isinstance(source, bytes) else source for source in sources]
    if output is None:
        outputs = [path.with_suffix(".svg") for path in paths]
    else:
        pattern = OutputPattern(output)
        pattern.format()
        outputs = [target for _, target in assign(paths, pattern)]
    return list(zip(sources, outputs, strict=True))


def _to_stdout(
    sources: list[Path | bytes], model: str, options: TraceOptions, write: WriteOptions, files: FileOptions
) -> int:
    """Write the drawing of the one picture as SVG."""
    files.refuse_stdout_twice(len(sources))
    if files.dry_run:
        return print_plan([(sources[0], "-")], files)
    drawing = load(model)(sources[0], **options.model_dump())
    drawing.save(sys.stdout.buffer, format="svg", **write.chosen())
    return 0
