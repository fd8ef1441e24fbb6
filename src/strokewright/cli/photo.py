"""`strokewright photo`: sketches into small pictures that follow them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import copy
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, Inputs, follow, is_stream, print_plan, read_inputs
from strokewright.errors import OptionError, StrokewrightError
from strokewright.files import formats
from strokewright.files.raster import write_picture
from strokewright.pipelines.batch import Record
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern
from strokewright.pipelines.photo import DEFAULT_MODEL, PhotoMaker, PhotoOptions, make_files, output_paths


class _Options(PhotoOptions):
    n: Annotated[int, Parameter(name=["--n", "-n"])] = copy(PhotoOptions.model_fields["n"])  # pyright: ignore


DEFAULT_FILES, DEFAULT_OPTIONS = FileOptions(), _Options()


def photo(
    *inputs: Inputs,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where pictures go, - writes one as PNG to standard output. Fields: {i} {label} {stem} {parent}.",
        ),
    ] = None,
    model: Annotated[str, Parameter(help="Short name of the model, or a model or run folder.")] = DEFAULT_MODEL,
    options: Annotated[_Options, Parameter(name="*")] = DEFAULT_OPTIONS,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Make small pictures of sketches: drawings, or pictures of lines.

    A label that the model does not know is refused, and the message lists those it knows.
    """
    sources = read_inputs(inputs, (*formats(), *PICTURE_SUFFIXES))
    if output is None:
        raise OptionError("expected where to write, as in -o '{stem}_{i}.png'; - writes PNG to standard output")
    if is_stream(output):
        return _to_stdout(sources, model, options, files)
    pattern = OutputPattern(output)
    if len(sources) > 1 and not pattern.fields & {"stem", "name", "parent"}:
        raise OptionError(f"-o {output}: expected {{stem}} in it, since there are {len(sources)} inputs")
    jobs = [(source, path) for source in sources for path in output_paths(source, pattern, options)]
    if files.dry_run:
        return print_plan(jobs, files)
    maker = PhotoMaker(model)
    records = chain.from_iterable(_made(maker, source, pattern, options, files) for source in sources)
    return follow(records, len(jobs), files)


def _made(
    maker: PhotoMaker, source: Path | bytes, pattern: OutputPattern, options: PhotoOptions, files: FileOptions
) -> Iterator[Record]:
    """Make one sketch's pictures; a file that cannot be read is a record too, and the others go on."""
    try:
        yield from make_files(maker, source, pattern, options, files.skip_existing)
    except OptionError:
        raise
    except StrokewrightError as error:
        name = "stdin" if isinstance(source, bytes) else str(source)
        yield Record(name, "", ok=False, error=str(error), error_type=type(error).__name__)


def _to_stdout(sources: list[Path | bytes], model: str, options: PhotoOptions, files: FileOptions) -> int:
    files.refuse_stdout_twice(len(sources))
    if options.n != 1:
        raise OptionError(f"-o -: expected one picture, got -n {options.n}; write files, as in -o '{{stem}}_{{i}}.png'")
    if files.dry_run:
        return print_plan([(sources[0], "-")], files)
    maker = PhotoMaker(model)
    for pixels in maker.pixels(sources[0], options.label, 1, options.seed, options.fit):
        write_picture(pixels, sys.stdout.buffer, facts=maker.facts(options.label, options.seed, 0))
    return 0
