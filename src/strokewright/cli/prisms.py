"""`strokewright prisms`: front, side and top of a scene into its boxes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.report import FileOptions, follow, is_stream, print_plan
from strokewright.pipelines.batch import map_files
from strokewright.pipelines.paths import OutputPattern, assign
from strokewright.pipelines.prisms.boxes import DEFAULT_MODEL, DEFAULT_STEPS, BoxesFile

DEFAULT_FILES = FileOptions()


def prisms(
    front: Annotated[Path, Parameter(help="Square picture of the cube's front.")],
    side: Annotated[Path, Parameter(help="Picture of its right side.")],
    top: Annotated[Path, Parameter(help="Picture of its top, the front at the bottom.")],
    *,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            help="The file of boxes: .gltf, .obj, .svg or .png; - is standard output, as glTF; by default beside the "
            "front, as .gltf. Fields: {stem} {name} {parent}, of the front.",
        ),
    ] = None,
    model: Annotated[str, Parameter(help="Short name of the model.")] = DEFAULT_MODEL,
    steps: Annotated[
        int, Parameter(help="Gradient steps that move the boxes onto the pictures; 0: as the model drew them.")
    ] = DEFAULT_STEPS,
    files: Annotated[FileOptions, Parameter(name="*")] = DEFAULT_FILES,
) -> int:
    """Find the one to three boxes of a scene in pictures of its front, right side and top."""
    work = BoxesFile(model, side, top, steps)
    if is_stream(output):
        files.refuse_stdout_twice(1)
        if files.dry_run:
            return print_plan([(front, "-")], files)
        work.drawing(front).save(sys.stdout.buffer, format=".gltf")
        return 0
    pattern = OutputPattern(output or front.with_suffix(".gltf"))
    pattern.format()
    jobs = [(front, target) for _, target in assign([front], pattern)]
    if files.dry_run:
        return print_plan(jobs, files)
    records = map_files(work, jobs, skip_existing=files.skip_existing, on_error="record")
    return follow(records, len(jobs), files)
