"""`strokewright convert`: drawing files into other formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, Inputs, follow, is_stream, print_plan, read_inputs
from strokewright.errors import OptionError
from strokewright.files import formats, read_many, write
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions, plan, sniff
from strokewright.pipelines.convert import convert as convert_files
from strokewright.pipelines.paths import OutputPattern

DEFAULT_FILES = FileOptions()


def convert(
    *inputs: Inputs,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where results go, - writes SVG to standard output. "
            "Fields: {stem} {name} {parent} {i} {key_id} {word}.",
        ),
    ] = None,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
    options: Annotated[WriteOptions, Parameter(name="*")] = DEFAULT_WRITE,
) -> int:
    """Turn drawing files into other formats."""
    sources = read_inputs(inputs, tuple(formats()))
    if is_stream(output) or (output is None and isinstance(sources[0], bytes)):
        return _to_stdout(sources, files, options)
    if output is None:
        raise OptionError(
            "convert: expected where to write, as in -o 'svg/{stem}.svg'; - writes SVG to standard output"
        )
    pattern = OutputPattern(output)
    if files.dry_run:
        return print_plan([(p.source, p.output or p.error) for p in plan(sources, pattern)], files)
    records = convert_files(sources, pattern, options, skip_existing=files.skip_existing, on_error="record")
    return follow(records, len(sources), files)


def _to_stdout(sources: list[Path | bytes], files: FileOptions, options: WriteOptions) -> int:
    """Write the one drawing of the one input as SVG."""
    files.refuse_stdout_twice(len(sources))
    source = sources[0]
    drawings = list(read_many(source, sniff(source) if isinstance(source, bytes) else None))
    if len(drawings) != 1:
        raise OptionError(
            f"-o -: expected an input with one drawing, got {len(drawings)}; write files with -o '{{i}}.svg'"
        )
    if files.dry_run:
        return print_plan([(source, "-")], files)
    write(drawings[0], sys.stdout.buffer, "svg", **options.chosen())
    return 0
