"""`strokewright trace`: pictures into drawings."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.pictures import Output, Workers, pictures_to_drawings
from strokewright.cli.report import FileOptions, Inputs
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace_files import DEFAULT_MODEL, TraceFile

DEFAULT_FILES, DEFAULT_TRACE = FileOptions(), TraceOptions()


def trace(
    *inputs: Inputs,
    output: Output = None,
    model: Annotated[str, Parameter(help="Short name of the model; `strokewright models` lists them.")] = DEFAULT_MODEL,
    workers: Workers = None,
    options: Annotated[TraceOptions, Parameter(name="*")] = DEFAULT_TRACE,
    write: Annotated[WriteOptions, Parameter(name="*")] = DEFAULT_WRITE,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Turn pictures into drawings.

    Without -o a drawing is written beside its picture as SVG, and that of standard input to standard output.
    """
    return pictures_to_drawings(inputs, output, TraceFile(model, options, write), workers, files)
