"""Find rooms in many pictures: what `RoomFinder.map` and the command `rooms` share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from strokewright.drawing import Drawing
from strokewright.pipelines.batch import OnError, Record, Source, map_files
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern, assign, expand
from strokewright.pipelines.rooms.finder import RoomFinder
from strokewright.pipelines.rooms.options import RoomOptions

DEFAULT_MODEL = "rooms/floorplans"


@dataclass(frozen=True)
class RoomsFile:
    """The work on one file: picture in, boxes out. Small enough to be sent to a worker; the model is loaded there."""

    model: str
    options: RoomOptions

    def drawing(self, source: Source) -> Drawing:
        """Find a picture's rooms. Raises EmptyError for a picture without any."""
        return _finder(self.model)(source, **self.options.model_dump())

    def __call__(self, source: Source, output: Path) -> dict[str, float]:
        """Find a picture's rooms and write them; return how many. Raises EmptyError for a picture without rooms."""
        drawing = self.drawing(source)
        drawing.save(output)
        return {"rooms": float(len(drawing.marks))}


@cache
def _finder(model: str) -> RoomFinder:
    return RoomFinder(model)


def rooms_files(
    inputs: str | Path | Iterable[str | Path],
    out: str | Path,
    options: RoomOptions,
    *,
    model: str = DEFAULT_MODEL,
    workers: int | None = None,
    skip_existing: bool = False,
    on_error: OnError = "raise",
) -> Iterator[Record]:
    """Find rooms in pictures and write them to files, in parallel; arguments and errors as in `trace_files`."""
    pictures = expand([inputs] if isinstance(inputs, str | Path) else inputs, PICTURE_SUFFIXES)
    jobs = assign(pictures, OutputPattern(out))
    work = RoomsFile(model, options)
    yield from map_files(work, jobs, workers=workers, skip_existing=skip_existing, on_error=on_error)
