"""Floor plans: line drawings of walls, doors and windows with their rooms (CubiCasa5K, Kalervo et al. 2019).

CC BY-NC 4.0: neither the data nor weights trained on it may be used commercially. The zip holds, for each plan, a
drawing of 512 px, black on white, and a map of the same size with the class of every pixel; the JSON beside it lists
each connected room as class, x0, y0, x1, y1 (exclusive) and the share of the box that the room fills.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strokewright.datasets.dataset import SPLIT_CODES, Dataset, Sample
from strokewright.datasets.download import find
from strokewright.drawing import Box, Drawing
from strokewright.drawing.drawing import Colour
from strokewright.errors import DataError

PAGE_PX = 512
CLASSES = (
    "Background",
    "Outdoor",
    "Wall",
    "Kitchen",
    "Living Room",
    "Bedroom",
    "Bath",
    "Entry/Hallway",
    "Railing",
    "Storage/Closet",
    "Garage",
    "Other rooms/Corridor",
)
"""What the codes of a class map mean."""
NOT_ROOMS = ("Background", "Wall", "Railing")
ROOM_CODES = tuple(code for code, name in enumerate(CLASSES) if name not in NOT_ROOMS)
ROOM_COLOURS: dict[str, Colour] = {
    "Outdoor": (0.72, 0.88, 0.68),
    "Kitchen": (0.98, 0.60, 0.42),
    "Living Room": (0.99, 0.84, 0.45),
    "Bedroom": (0.45, 0.65, 0.95),
    "Bath": (0.40, 0.84, 0.84),
    "Entry/Hallway": (0.84, 0.68, 0.86),
    "Storage/Closet": (0.70, 0.50, 0.36),
    "Garage": (0.62, 0.62, 0.62),
    "Other rooms/Corridor": (0.90, 0.89, 0.58),
}
"""The colour in which a room of a class is drawn."""

_FILES = ("floorplans/cubicasa_rooms.zip", "floorplans/cubicasa_rooms.json")


class Floorplans(Dataset):
    """Floor plans as ink, with a Box a room: its class as label and colour."""

    stored = "8-bit pictures, 0 = ink on 255; class maps, a code a pixel"

    def __init__(self, path: str | Path | None = None) -> None:
        zip_path = find(_FILES[0]) if path is None else Path(path)
        list_path = zip_path.with_suffix(".json")
        for file in (zip_path, list_path):
            if not file.is_file():
                raise DataError(f"{file}: expected the floor plans, found none; the zip and the json belong together")
        try:
            self._archive = zipfile.ZipFile(zip_path)
            listed: dict[str, Any] = json.loads(list_path.read_text("utf-8"))
            plans: dict[str, dict[str, Any]] = listed["plans"]
        except (zipfile.BadZipFile, ValueError, KeyError) as error:
            raise DataError(f"{zip_path}: expected a zip and a json of plans ({error}); fetch them again") from error
        if tuple(listed.get("classes", ())) != CLASSES:
            raise DataError(f"{list_path}: expected the classes {', '.join(CLASSES)}, got others; is it another set?")
        self.names = list(plans)
        self._rooms = [plans[name]["rooms"] for name in self.names]
        self._splits = np.array([plans[name]["split"] for name in self.names])
        if not np.isin(self._splits, SPLIT_CODES).all():
            raise DataError(f"{list_path}: expected splits {', '.join(SPLIT_CODES)}, got others")

    def __len__(self) -> int:
        return len(self.names)

    def make(self, index: int) -> Sample:
        """Make one plan."""
        boxes = tuple(
            Box(x0, y0, x1, y1, ROOM_COLOURS[CLASSES[code]], CLASSES[code])
            for code, x0, y0, x1, y1, _ in self._rooms[index]
        )
        drawing = Drawing(boxes, (PAGE_PX, PAGE_PX), metadata={"key_id": self.names[index]})
        ink = self.ink(index).astype(np.float32) / np.float32(255)
        return Sample(drawing, ink, None, self.names[index], str(self._splits[index]))

    def split_names(self) -> NDArray[np.str_]:
        """Return the file's own splits."""
        return self._splits

    def ink(self, index: int) -> NDArray[np.uint8]:
        """Return the drawing of a plan (512, 512), 255 = full ink."""
        return 255 - self._read(index, "drawing")

    def class_map(self, index: int) -> NDArray[np.uint8]:
        """Return the class code of every pixel of a plan (512, 512), see `CLASSES`."""
        codes = self._read(index, "rooms")
        if codes.max() >= len(CLASSES):
            raise DataError(f"plan {self.names[index]}: expected class codes under {len(CLASSES)}, got {codes.max()}")
        return codes

    def _read(self, index: int, folder: str) -> NDArray[np.uint8]:
        place = f"{self._splits[index]}/{folder}/{self.names[index]}.png"
        try:
            with Image.open(io.BytesIO(self._archive.read(place)), formats=("PNG",)) as image:
                pixels = np.asarray(image.convert("L"))
        except (KeyError, OSError, ValueError) as error:
            raise DataError(f"{place}: expected a picture in the zip of plans ({error}); fetch it again") from error
        if pixels.shape != (PAGE_PX, PAGE_PX):
            raise DataError(f"{place}: expected {PAGE_PX}×{PAGE_PX} px, got {pixels.shape[1]}×{pixels.shape[0]}")
        return pixels
