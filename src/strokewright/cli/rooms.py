"""`strokewright rooms`: floor plans into rooms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, Inputs, follow, is_stream, print_plan, read_inputs
from strokewright.pipelines.batch import map_files
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern, assign
from strokewright.pipelines.rooms.options import RoomOptions
from strokewright.pipelines.rooms_files import DEFAULT_MODEL, RoomsFile

DEFAULT_FILES, DEFAULT_ROOMS = FileOptions(), RoomOptions()
SUFFIX = ".coco.json"


def rooms(
    *inputs: Inputs,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="Where rooms go, - is standard output; by default beside their pictures as COCO. The suffix chooses: "
            ".coco.json .labelstudio.json .csv .svg .png. Fields: {stem} {name} {parent} {i}.",
        ),
    ] = None,
    model: Annotated[str, Parameter(help="Short name of the model; `strokewright models` lists them.")] = DEFAULT_MODEL,
    workers: Annotated[int | None, Parameter(help="Processes for many files; by default one a core.")] = None,
    options: Annotated[RoomOptions, Parameter(name="*")] = DEFAULT_ROOMS,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Find the rooms of floor plans: a rectangle each, with type and score.

    Without -o rooms are written beside their picture as COCO, and those of standard input to standard output.
    """
    sources = read_inputs(inputs, PICTURE_SUFFIXES)
    if is_stream(output) or (output is None and isinstance(sources[0], bytes)):
        return _to_stdout(sources, model, options, files)
    jobs = _jobs(sources, output)
    if files.dry_run:
        return print_plan(jobs, files)
    records = map_files(
        RoomsFile(model, options), jobs, workers=workers, skip_existing=files.skip_existing, on_error="record"
    )
    return follow(records, len(jobs), files)


def _jobs(sources: list[Path | bytes], output: str | None) -> list[tuple[Path | bytes, Path]]:
    """Pair pictures with files; standard input goes by the name of `stdin`."""
    paths = [Path("stdin") if isinstance(source, bytes) else source for source in sources]
    if output is None:
        outputs = [path.with_suffix(SUFFIX) for path in paths]
    else:
        pattern = OutputPattern(output)
        pattern.format()
        outputs = [target for _, target in assign(paths, pattern)]
    return list(zip(sources, outputs, strict=True))


def _to_stdout(sources: list[Path | bytes], model: str, options: RoomOptions, files: FileOptions) -> int:
    """Write the rooms of the one picture as COCO."""
    files.refuse_stdout_twice(len(sources))
    if files.dry_run:
        return print_plan([(sources[0], "-")], files)
    RoomsFile(model, options).drawing(sources[0]).save(sys.stdout.buffer, format=SUFFIX)
    return 0
