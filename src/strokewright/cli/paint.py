"""`strokewright paint`: any picture in few placed shapes."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.pictures import Output, Workers, pictures_to_drawings
from strokewright.cli.report import FileOptions, Inputs
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions
from strokewright.pipelines.paint.files import PaintFile
from strokewright.pipelines.paint.options import PaintOptions

DEFAULT_FILES, DEFAULT_PAINT = FileOptions(), PaintOptions()


def paint(
    *inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str | None,
        Parameter(help="Short name of a trained painter that begins, such as paint/photos; its templates are used."),
    ] = None,
    workers: Workers = None,
    options: Annotated[PaintOptions, Parameter(name="*", negative="")] = DEFAULT_PAINT,
    write: Annotated[WriteOptions, Parameter(name="*")] = DEFAULT_WRITE,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Paint pictures in few moves: shapes that are placed, turned and coloured, first painted first.

    Without -o a painting is written beside its picture as SVG, and that of standard input to standard output.
    """
    return pictures_to_drawings(inputs, output, PaintFile(model, options.checked(), write), workers, files)
