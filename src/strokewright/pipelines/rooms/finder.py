"""`load("rooms/floorplans")`: the trained networks, ready to find rooms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from strokewright import weights
from strokewright.drawing import Drawing
from strokewright.errors import OptionError, WeightsError
from strokewright.models.canvas_drawer.rooms.chooser import RoomChooser
from strokewright.models.canvas_drawer.rooms.drawer import RoomDrawer
from strokewright.models.canvas_drawer.rooms.namer import RoomNamer
from strokewright.pipelines.rooms.find import RoomModels, find_rooms
from strokewright.pipelines.rooms.options import RoomOptions

if TYPE_CHECKING:
    from strokewright.pipelines.batch import OnError, Record

PROPOSALS, TYPES = "rooms/proposals", "rooms/types"


class RoomFinder:
    """A floor plan in, a box a room out.

    Args:
        name: Short name of a bundled room chooser; `rooms/proposals` proposes to it, `rooms/types` names its rooms.
        device: Where the networks run: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The name is unknown, or a file is missing or damaged.
        OptionError: The name is that of another kind of model.
    """

    def __init__(self, name: str = "rooms/floorplans", device: str = "auto") -> None:
        chooser, drawer, namer = (weights.load_model(each, device) for each in (name, PROPOSALS, TYPES))
        if not isinstance(chooser, RoomChooser):
            raise OptionError(f"{name}: expected a room chooser, got {type(chooser).__name__}; use rooms/floorplans")
        if not isinstance(drawer, RoomDrawer) or not isinstance(namer, RoomNamer):
            raise WeightsError(f"{PROPOSALS} and {TYPES}: expected a room drawer and a room namer; install again")
        self.name = name
        self.models = RoomModels(drawer, chooser, namer)

    def __call__(self, picture: Any, **options: Any) -> Drawing:
        """Find the rooms of one picture (path, bytes, stream, PIL image or array); options are of `RoomOptions`."""
        drawing = find_rooms(picture, self.models, _options(options))
        named = {"file_name": Path(picture).name} if isinstance(picture, str | PurePath) else {}
        return drawing.replace(maker=self.name, metadata=named)

    def map(
        self,
        pictures: str | Path | Iterable[str | Path],
        out: str | Path,
        *,
        workers: int | None = None,
        skip_existing: bool = False,
        on_error: OnError = "raise",
        **options: Any,
    ) -> Iterator[Record]:
        """Find rooms in many pictures by a pool of processes, into files; arguments as in `rooms_files`."""
        from strokewright.pipelines.rooms_files import rooms_files

        return rooms_files(
            pictures,
            out,
            _options(options),
            model=self.name,
            workers=workers,
            skip_existing=skip_existing,
            on_error=on_error,
        )


def _options(values: dict[str, Any]) -> RoomOptions:
    try:
        return RoomOptions(**values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(RoomOptions.model_fields)
        raise OptionError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; options are {known}") from error
