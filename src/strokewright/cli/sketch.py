"""`strokewright sample`, `complete`, `blend` and `morph`: drawing with a sketch-rnn."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from copy import copy
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, Inputs, follow, is_stream, print_plan, read_inputs
from strokewright.drawing import Drawing
from strokewright.errors import OptionError, StrokewrightError
from strokewright.files import formats, read
from strokewright.pipelines.batch import Record
from strokewright.pipelines.convert import DEFAULT_WRITE, WriteOptions, sniff
from strokewright.pipelines.paths import OutputPattern
from strokewright.pipelines.sketch_files import together, write_drawings
from strokewright.pipelines.sketch_rnn import BlendOptions, CompleteOptions, SampleOptions, Sketcher, sheet
from strokewright.pipelines.sketch_rnn.opening import DEFAULT_MODEL
from strokewright.pipelines.sketch_rnn.sheet import in_rows


class _Sample(SampleOptions):
    n: Annotated[int, Parameter(name=["--n", "-n"])] = copy(SampleOptions.model_fields["n"])  # pyright: ignore


class _Complete(CompleteOptions):
    n: Annotated[int, Parameter(name=["--n", "-n"])] = copy(CompleteOptions.model_fields["n"])  # pyright: ignore


DEFAULT_FILES, DEFAULT_SAMPLE, DEFAULT_COMPLETE, DEFAULT_BLEND = FileOptions(), _Sample(), _Complete(), BlendOptions()
Model = Annotated[str, Parameter(help="Short name of the model, a model folder, or Magenta's JSON.")]
Output = Annotated[
    str | None,
    Parameter(
        name=["--output", "-o"],
        help="Where drawings go, - writes SVG to standard output. One name for all: side by side, or one after the "
        "other where the format holds many. Fields: {i} {label} {stem} {name} {parent}.",
    ),
]
Write = Annotated[WriteOptions, Parameter(name="*")]
Files = Annotated[FileOptions, Parameter(name="*")]


def sample(
    model: Model = DEFAULT_MODEL,
    /,
    *,
    output: Output = None,
    options: Annotated[_Sample, Parameter(name="*")] = DEFAULT_SAMPLE,
    write: Write = DEFAULT_WRITE,
    files: Files = DEFAULT_FILES,
) -> int:
    """Draw from nothing.

    The same seed gives the same drawings; drawing 3 of 10 is drawing 3 of 100.
    """
    where = _pattern(output, files, "'{label}_{i}.svg'")
    source = Path(model).name.partition(".")[0]
    if files.dry_run:
        return _plan([(source, options.n)], where, options.label, files)
    drawings = Sketcher(model).sample(**options.model_dump())
    return _put(drawings, where, source, write, files)


def complete(
    *inputs: Inputs,
    output: Output = None,
    model: Model = DEFAULT_MODEL,
    options: Annotated[_Complete, Parameter(name="*")] = DEFAULT_COMPLETE,
    write: Write = DEFAULT_WRITE,
    files: Files = DEFAULT_FILES,
) -> int:
    """Draw endings of drawings that were begun.

    New strokes come after the ones that are there, in their width and colour, on the same page.
    """
    sources = read_inputs(inputs, tuple(formats()))
    where = _pattern(output, files, "'{stem}_{i}.svg'", len(sources))
    paths = [Path("stdin") if isinstance(source, bytes) else source for source in sources]
    if where is not None and len(paths) > 1 and not where.fields & {"stem", "name", "parent"}:
        raise OptionError(f"-o {where.pattern}: expected {{stem}} in it, since there are {len(paths)} inputs")
    if files.dry_run:
        return _plan([(path, options.n) for path in paths], where, options.label, files)
    sketcher = Sketcher(model)
    if where is None:
        return _put(sketcher.complete(_read(sources[0]), **options.model_dump()), None, paths[0], write, files)

    def done(source: Path | bytes, path: Path) -> list[Record]:
        try:
            drawings = sketcher.complete(_read(source), **options.model_dump())
            return list(write_drawings(drawings, where, path, write, skip_existing=files.skip_existing))
        except OptionError:
            raise
        except StrokewrightError as error:
            return [Record(str(path), "", ok=False, error=str(error), error_type=type(error).__name__)]

    records = chain.from_iterable(done(source, path) for source, path in zip(sources, paths, strict=True))
    return follow(records, len(paths) * options.n, files)


def blend(
    *inputs: Inputs,
    output: Output = None,
    model: Model = DEFAULT_MODEL,
    grid: Annotated[str, Parameter(help="Rows x columns.")] = "7x7",
    options: Annotated[BlendOptions, Parameter(name="*")] = DEFAULT_BLEND,
    write: Write = DEFAULT_WRITE,
    files: Files = DEFAULT_FILES,
) -> int:
    """Fill a grid with what lies between two to four drawings, at its corners row by row.

    Colours are blended too; drawings of one colour are given a colour for each corner.
    """
    sources, where = _corners(inputs, 4), _pattern(output, files, "blend.svg")
    found = re.fullmatch(r"(\d{1,3})[x×](\d{1,3})", grid)
    if not found:
        raise OptionError(f"--grid: expected rows x columns such as 7x7, got {grid!r}")
    size = int(found[1]), int(found[2])
    if files.dry_run:
        return _plan([(sources[0], size[1] * (1 if len(sources) == 2 else size[0]))], where, options.label, files)
    corners = [read(source) for source in sources]
    rows = Sketcher(model).blend(corners, size, **options.model_dump())
    return _put([cell for row in rows for cell in row], where, sources[0], write, files, rows)


def morph(
    *inputs: Inputs,
    output: Output = None,
    model: Model = DEFAULT_MODEL,
    steps: Annotated[int, Parameter(help="How many drawings, the first and the last included.")] = 30,
    options: Annotated[BlendOptions, Parameter(name="*")] = DEFAULT_BLEND,
    write: Write = DEFAULT_WRITE,
    files: Files = DEFAULT_FILES,
) -> int:
    """Turn one drawing into another, over others if there are more."""
    sources, where = _corners(inputs, 100), _pattern(output, files, "morph.gif")
    if files.dry_run:
        return _plan([(sources[0], steps)], where, options.label, files)
    drawings = Sketcher(model).morph([read(source) for source in sources], steps, **options.model_dump())
    return _put(drawings, where, sources[0], write, files, animate=True)


def _pattern(output: str | None, files: FileOptions, example: str, inputs: int = 1) -> OutputPattern | None:
    """Return the checked pattern, None for standard output."""
    if output is None:
        raise OptionError(f"expected where to write, as in -o {example}; - writes SVG to standard output")
    if is_stream(output):
        files.refuse_stdout_twice(inputs)
        return None
    pattern = OutputPattern(output)
    pattern.format()
    return pattern


def _corners(inputs: Sequence[str], most: int) -> list[Path]:
    sources = [Path("-") if isinstance(source, bytes) else source for source in read_inputs(inputs, tuple(formats()))]
    if not 2 <= len(sources) <= most or Path("-") in sources:
        raise OptionError(f"expected 2 to {most} drawing files, got {', '.join(map(str, sources))}")
    return sources


def _read(source: Path | bytes) -> Drawing:
    return read(source, sniff(source)) if isinstance(source, bytes) else read(source)


def _plan(
    sources: Sequence[tuple[str | Path, int]], where: OutputPattern | None, label: str | None, files: FileOptions
) -> int:
    """Print which files would be written, without a model; a label that it would choose is called `label`."""
    page = Drawing(metadata={"word": label or "label"})
    if where is None:
        return print_plan([(source, "-") for source, _ in sources], files)
    jobs = [(source, path) for source, count in sources for path in together([page] * count, where, source)]
    return print_plan(jobs, files)


def _put(
    drawings: Sequence[Drawing],
    where: OutputPattern | None,
    source: str | Path,
    write: WriteOptions,
    files: FileOptions,
    rows: Sequence[Sequence[Drawing]] | None = None,
    animate: bool = False,
) -> int:
    """Write drawings to files, or as SVG to standard output: side by side, if there are several."""
    if where is None:
        whole = drawings[0] if len(drawings) == 1 else sheet(rows or in_rows(drawings))
        whole.save(sys.stdout.buffer, format="svg", **write.chosen())
        return 0
    records = write_drawings(
        drawings, where, source, write, rows=rows, animate=animate, skip_existing=files.skip_existing
    )
    return follow(records, len(drawings), files)
