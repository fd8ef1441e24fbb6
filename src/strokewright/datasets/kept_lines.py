"""Lines made from photos, kept in the user's cache: to make them takes 20 ms a photo, and every run wants them.

They are made when they are first asked for, and written when enough are new. The file's name holds a checksum of the
photos' names and contents and of the code that makes lines, so others never come out of it. Points are kept as
1/128 of a pixel, to which `photo_lines` rounds them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets import photo_lines as maker
from strokewright.datasets.dataset import check_offsets, read_arrays
from strokewright.datasets.download import cache_dir
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import DataError
from strokewright.files.atomic import write_atomically
from strokewright.files.numpy_files import write_npz

_ARRAYS = ("points", "stroke_offsets", "drawing_offsets", "pages", "photos")
_WRITE_FROM = 500  # new drawings; and a third of those known


class KeptLines:
    """The drawings of a set's photos, as far as they were made.

    Args:
        place: The file that keeps them; read if it is there.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._stored = _Stored.load(place)
        self._new: dict[int, Drawing] = {}

    def __len__(self) -> int:
        return len(self._new) + (len(self._stored) if self._stored else 0)

    def get(self, photo: int) -> Drawing | None:
        """Return the drawing of a photo, None if it was not made yet."""
        if photo in self._new:
            return self._new[photo]
        return self._stored.get(photo) if self._stored else None

    def add(self, photo: int, drawing: Drawing) -> None:
        """Keep the drawing of a photo."""
        self._new[photo] = drawing
        if len(self._new) >= max(_WRITE_FROM, len(self) // 4):
            self.save()

    def save(self) -> None:
        """Write all drawings; where that is not allowed, they are made anew the next time."""
        on_disk = _Stored.load(self.place) or self._stored  # another process may have written meanwhile
        drawings = {photo: on_disk.make(photo) for photo in on_disk.places} if on_disk else {}
        arrays = _flat(drawings | self._new)
        stream = io.BytesIO()
        write_npz(arrays, stream)
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.place, stream.getvalue())
        except OSError:
            return
        self._stored, self._new = _Stored(arrays), {}


class _Stored:
    """Drawings as they lie in the file, flat.

    Args:
        arrays: `points` (points, 2) uint16, in 1/128 px; stroke k is points stroke_offsets[k] to stroke_offsets[k + 1];
            drawing i is strokes drawing_offsets[i] to drawing_offsets[i + 1], on a page of pages[i] px, of the photo
            photos[i].
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        self.places = {photo: i for i, photo in enumerate(arrays["photos"].tolist())}

    @classmethod
    def load(cls, place: Path) -> _Stored | None:
        """Read a file; None where there is none, or a damaged one: it is made anew."""
        if not place.is_file():
            return None
        try:
            arrays = read_arrays(place, _ARRAYS)
            strokes = check_offsets(arrays["stroke_offsets"], len(arrays["points"]), place)
            drawings = check_offsets(arrays["drawing_offsets"], len(strokes) - 1, place)
        except DataError:
            return None
        if arrays["pages"].shape != (len(drawings) - 1, 2) or len(arrays["photos"]) != len(drawings) - 1:
            return None
        return cls(arrays)

    def __len__(self) -> int:
        return len(self.places)

    def get(self, photo: int) -> Drawing | None:
        """Return the drawing of a photo, None if it is not there."""
        return self.make(photo) if photo in self.places else None

    def make(self, photo: int) -> Drawing:
        """Return the drawing of a photo that is there."""
        index = self.places[photo]
        first, last = self._arrays["drawing_offsets"][index : index + 2].tolist()
        ends = self._arrays["stroke_offsets"][first : last + 1].tolist()
        lines = (self._arrays["points"][a:b] / maker.PARTS for a, b in pairwise(ends))
        width, height = self._arrays["pages"][index].tolist()
        return Drawing(tuple(Stroke(line, width=maker.LINE_PX) for line in lines), (width, height))  # type: ignore[arg-type]


def place_of(name: str, photos: Sequence[str], style: str) -> Path:
    """Return where the lines of photos, told by name and content, are kept, whether or not they are."""
    digest = hashlib.sha256(Path(maker.__file__).read_bytes())
    digest.update("\n".join([style, *photos]).encode())
    return cache_dir() / "lines" / f"{name}-{style}-{digest.hexdigest()[:16]}.npz"


def _flat(drawings: dict[int, Drawing]) -> dict[str, NDArray[Any]]:
    lines = [np.zeros((0, 2)), *(stroke.nodes for drawing in drawings.values() for stroke in drawing.strokes)]
    return {
        "points": np.rint(np.concatenate(lines) * maker.PARTS).astype(np.uint16),
        "stroke_offsets": np.cumsum([len(line) for line in lines]),
        "drawing_offsets": np.cumsum([0, *(len(drawing.strokes) for drawing in drawings.values())]),
        "pages": np.array([drawing.size for drawing in drawings.values()]).reshape(-1, 2),
        "photos": np.array(list(drawings), dtype=np.int64),
    }
