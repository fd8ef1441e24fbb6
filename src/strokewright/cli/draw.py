"""`strokewright draw`: small pictures into the few strokes of a trained drawer."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.pictures import Output, Workers, pictures_to_drawings
from strokewright.cli.report import FileOptions, Inputs
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions
from strokewright.pipelines.draw import DEFAULT_MODEL, DrawFile

DEFAULT_FILES = FileOptions()


def draw(
    *inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str, Parameter(help="Short name: draw/characters, draw/digits, draw/digits-twenty, draw/coloured.")
    ] = DEFAULT_MODEL,
    workers: Workers = None,
    write: Annotated[WriteOptions, Parameter(name="*")] = DEFAULT_WRITE,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Draw pictures of one figure each, such as a letter or a digit, in a fixed number of strokes.

    Without -o a drawing is written beside its picture as SVG, and that of standard input to standard output.
    """
    return pictures_to_drawings(inputs, output, DrawFile(model, write), workers, files)
