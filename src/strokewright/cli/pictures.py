"""What commands from pictures to drawings share: which files, in how many processes, and standard output."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Protocol

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, follow, is_stream, print_plan, read_inputs
from strokewright.drawing import Drawing
from strokewright.pipelines.batch import Source, map_files
from strokewright.pipelines.convert import WriteOptions
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern, assign

Output = Annotated[
    str | None,
    Parameter(
        name=["--output", "-o"],
        help="Where drawings go, - is standard output; by default beside their pictures as SVG. "
        "Fields: {stem} {name} {parent} {i}.",
    ),
]
Workers = Annotated[int | None, Parameter(help="Processes for many files; by default one a core.")]


class PictureWork(Protocol):
    """The work on one file, small enough to be sent to a worker."""

    @property
    def write(self) -> WriteOptions:
        """How the drawing is written."""
        ...

    def drawing(self, source: Source) -> Drawing:
        """Make the drawing of a picture."""
        ...

    def __call__(self, source: Source, output: Path) -> Mapping[str, float]:
        """Make it, write it, and return its stats."""
        ...


def pictures_to_drawings(
    inputs: Sequence[str], output: str | None, work: PictureWork, workers: int | None, files: FileOptions
) -> int:
    """Do the work on all pictures; return the exit code.

    Without an output a drawing is written beside its picture as SVG, and that of standard input to standard output.
    """
    sources = read_inputs(inputs, PICTURE_SUFFIXES)
    if is_stream(output) or (output is None and isinstance(sources[0], bytes)):
        return _to_stdout(sources, work, files)
    jobs = _jobs(sources, output)
    if files.dry_run:
        return print_plan(jobs, files)
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


def _to_stdout(sources: list[Path | bytes], work: PictureWork, files: FileOptions) -> int:
    """Write the drawing of the one picture as SVG."""
    files.refuse_stdout_twice(len(sources))
    if files.dry_run:
        return print_plan([(sources[0], "-")], files)
    work.drawing(sources[0]).save(sys.stdout.buffer, format="svg", **work.write.chosen())
    return 0
