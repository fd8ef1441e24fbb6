"""What a command over files says while it works: a bar on terminals, a line or a JSON object a file, an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import BaseModel, ConfigDict, Field

from strokewright.cli.app import STREAM, Exit
from strokewright.errors import EmptyError, OptionError
from strokewright.pipelines.batch import Record
from strokewright.pipelines.paths import expand

Inputs = Annotated[str, Parameter(help="Files, quoted globs, folders; - is standard input.")]


class FileOptions(BaseModel):
    """Options that every command over files has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    skip_existing: Annotated[bool, Parameter(negative="", show_default=False)] = Field(
        default=False, description="Leave inputs alone whose output exists: a stopped run goes on where it was."
    )
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = Field(
        default=False, description="Print one JSON object a file on standard output."
    )
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = Field(
        default=False, description="Print what would be read and written, and do nothing."
    )

    def refuse_stdout_twice(self, inputs: int) -> None:
        """Raise OptionError where standard output would hold more than one drawing."""
        if self.json_lines:
            raise OptionError("-o -: expected one thing on standard output, got the drawing and --json; choose one")
        if inputs != 1:
            raise OptionError(f"-o -: expected one input, got {inputs}; write files, as in -o 'svg/{{stem}}.svg'")


def read_inputs(inputs: Sequence[str], suffixes: Collection[str]) -> list[Path | bytes]:
    """List the files that the arguments stand for; `-` gives the bytes of standard input.

    Raises:
        OptionError: No input was named.
        EmptyError: Folders and globs hold no file.
    """
    if not inputs:
        raise OptionError("expected at least one input, got none; name files, quoted globs or folders, or - for a pipe")
    sources: list[Path | bytes] = []
    for item in inputs:
        sources += [_read_stdin()] if is_stream(item) else expand([item], suffixes)
    if not sources:
        raise EmptyError(f"{', '.join(inputs)}: no such files; check the pattern, or the suffixes in the folder")
    return list(dict.fromkeys(sources))


def _read_stdin() -> bytes:
    """Read all of standard input.

    Raises:
        OptionError: It is a terminal, so nobody pipes anything into it.
    """
    if sys.stdin.isatty():
        raise OptionError("-: expected data on standard input, got a terminal; pipe a file into it: … < scan.png")
    return sys.stdin.buffer.read()


def is_stream(text: str | None) -> bool:
    """Whether an argument means standard input or output."""
    return text in ("-", STREAM)


def print_plan(jobs: Sequence[tuple[object, object]], options: FileOptions) -> int:
    """Print what would be done, for --dry-run."""
    for source, output in jobs:
        skipped = options.skip_existing and isinstance(output, Path) and output.exists()
        name = "-" if isinstance(source, bytes) else str(source)
        plan = {"input": name, "output": str(output), "skipped": skipped}
        note = " (exists, skipped)" if skipped else ""
        sys.stdout.write(f"{json.dumps(plan)}\n" if options.json_lines else f"{name} -> {output}{note}\n")
    return Exit.DONE if jobs else Exit.NOTHING


def follow(records: Iterable[Record], total: int, options: FileOptions) -> int:
    """Report each file as it is done.

    Args:
        records: What `map_files` and its kin yield.
        total: How many are expected, for the bar.
        options: How to report.

    Returns:
        The exit code.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or total < 2,
        redirect_stdout=False,
    )
    done: list[Record] = []
    with bar:
        task = bar.add_task("files", total=total)
        for record in records:
            done.append(record)
            if options.json_lines:
                sys.stdout.write(json.dumps(asdict(record)) + "\n")
                sys.stdout.flush()
            console.print(_line(record), markup=False)
            bar.update(task, advance=1, total=max(total, len(done)))
    return exit_code(done)


def exit_code(records: Sequence[Record]) -> int:
    """Sum up: nothing to write (4) when every input was blank or there was none, 1 when any failed, else 0."""
    failed = [r for r in records if not r.ok]
    if len(failed) == len(records) and all(r.error_type == "EmptyError" for r in failed):
        return Exit.NOTHING
    return Exit.SOME_FAILED if failed else Exit.DONE


def _line(record: Record) -> str:
    if not record.ok:
        where = "" if record.error.startswith(record.input) else f"{record.input}: "
        return f"failed: {where}{record.error}" + (f"\n{record.traceback}" if record.traceback else "")
    if record.skipped:
        return f"{record.output}: exists, skipped"
    return f"{record.input} -> {record.output}: {describe(record.stats)}{record.seconds:.1f} s"


def describe(stats: Mapping[str, float]) -> str:
    """Name the counts that people ask for first."""
    known = ("moves", "strokes", "nodes", "rooms")
    return "".join(f"{stats[key]:g} {key}, " for key in known if key in stats)
