"""Drawings that a model made into files: one each, or together where they go by one name."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from strokewright.drawing import Drawing
from strokewright.errors import OptionError
from strokewright.files import write_atomically, write_many
from strokewright.files.picture import write_frames
from strokewright.pipelines.batch import Record
from strokewright.pipelines.convert import WriteOptions
from strokewright.pipelines.paths import OutputPattern
from strokewright.pipelines.sketch_rnn.sheet import in_rows, sheet

_FRAMES_SECONDS = 3.0


def together(drawings: Sequence[Drawing], pattern: OutputPattern, source: str | Path) -> dict[Path, list[Drawing]]:
    """Group drawings by the file that they go into, in order; `source` is for {stem} and the like."""
    groups: dict[Path, list[Drawing]] = {}
    for i, drawing in enumerate(drawings):
        groups.setdefault(pattern.fill(source, i, drawing.metadata), []).append(drawing)
    if Path(source).absolute() in {path.absolute() for path in groups}:
        raise OptionError(f"output pattern {pattern.pattern!r}: {source} would be overwritten by its own result")
    return groups


def write_drawings(
    drawings: Sequence[Drawing],
    pattern: OutputPattern,
    source: str | Path,
    options: WriteOptions,
    *,
    rows: Sequence[Sequence[Drawing]] | None = None,
    animate: bool = False,
    skip_existing: bool = False,
) -> Iterator[Record]:
    """Write drawings and yield a record for each file.

    Args:
        drawings: What to write.
        pattern: Where to. Drawings that go by one name share a file: one after the other where its format holds many,
            else side by side on a sheet.
        source: What they were made from, for {stem} and the records.
        options: How to write.
        rows: How they lie on a sheet that holds all of them; None: in a square.
        animate: Show them one after the other in a GIF that holds all of them.
        skip_existing: Leave files alone that exist.

    Raises:
        OptionError: An option that the format does not have, or a result that would overwrite its source.
    """
    for output, members in together(drawings, pattern, source).items():
        started = time.perf_counter()
        if skip_existing and output.exists():
            yield Record(str(source), str(output), ok=True, skipped=True)
            continue
        if len(members) > 1 and animate and output.suffix.lower() == ".gif":
            _write_frames(members, output, options)
        elif len(members) == 1 or pattern.format().holds_many:
            write_many(members, output, **options.chosen())
        else:
            whole = rows if rows is not None and len(members) == len(drawings) else in_rows(members)
            write_many([sheet(whole)], output, **options.chosen())
        stats = [member.stats() for member in members]
        counts = {key: sum(s[key] for s in stats) for key in ("strokes", "nodes")}
        seconds = time.perf_counter() - started
        yield Record(str(source), str(output), ok=True, seconds=seconds, stats={"drawings": len(members)} | counts)


def _write_frames(drawings: Sequence[Drawing], output: Path, options: WriteOptions) -> None:
    stream = io.BytesIO()
    write_frames(drawings, stream, seconds=options.seconds or _FRAMES_SECONDS)
    write_atomically(output, stream.getvalue())
