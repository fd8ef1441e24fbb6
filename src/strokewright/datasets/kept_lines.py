"""Lines made from photos, kept in the user's cache: to make them takes 20 ms a photo, and every run wants them.

The file's name holds a checksum of the photos' names and of the code that makes lines, so other photos or other lines
never come out of it. Points are kept as 1/128 of a pixel, to which `photo_lines` rounds them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets import photo_lines as maker
from strokewright.datasets.dataset import check_offsets, read_arrays
from strokewright.datasets.download import cache_dir
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import DataError
from strokewright.files.atomic import write_atomically
from strokewright.files.numpy_files import write_npz

_ARRAYS = ("points", "stroke_offsets", "drawing_offsets", "pages")


@dataclass(frozen=True)
class KeptLines:
    """The drawings of all photos of a set, flat.

    Args:
        points: (points, 2) uint16, in 1/128 px.
        stroke_offsets: Stroke k is points stroke_offsets[k] to stroke_offsets[k + 1].
        drawing_offsets: Drawing i is strokes drawing_offsets[i] to drawing_offsets[i + 1].
        pages: Width and height of each page in pixels, (drawings, 2).
    """

    points: NDArray[np.uint16]
    stroke_offsets: NDArray[np.int64]
    drawing_offsets: NDArray[np.int64]
    pages: NDArray[np.float64]

    @classmethod
    def from_drawings(cls, drawings: Iterable[Drawing]) -> KeptLines:
        """Flatten drawings as `photo_lines` returns them."""
        points: list[NDArray[np.float64]] = [np.zeros((0, 2))]
        counts, pages = [0], list[tuple[float, float]]()
        for drawing in drawings:
            points += [stroke.nodes for stroke in drawing.strokes]
            counts.append(len(drawing.strokes))
            pages.append(drawing.size)
        return cls(
            np.rint(np.concatenate(points) * maker.PARTS).astype(np.uint16),
            np.cumsum([len(line) for line in points]),
            np.cumsum(counts),
            np.array(pages).reshape(-1, 2),
        )

    def make(self, index: int) -> Drawing:
        """Return one drawing."""
        first, last = self.drawing_offsets[index : index + 2]
        lines = (self.points[a:b] for a, b in pairwise(self.stroke_offsets[first : last + 1].tolist()))
        strokes = tuple(Stroke(line / maker.PARTS, width=maker.LINE_PX) for line in lines)  # type: ignore[arg-type]
        width, height = self.pages[index].tolist()
        return Drawing(strokes, (width, height))


def place_of(name: str, photos: Sequence[str], style: str) -> Path:
    """Return where the lines of these photos are kept, whether or not they are."""
    digest = hashlib.sha256(Path(maker.__file__).read_bytes())
    digest.update("\n".join([style, *photos]).encode())
    return cache_dir() / "lines" / f"{name}-{style}-{digest.hexdigest()[:16]}.npz"


def load(place: Path, count: int) -> KeptLines | None:
    """Read kept lines; None where there are none, or not those of `count` photos."""
    if not place.is_file():
        return None
    try:
        arrays = read_arrays(place, _ARRAYS)
        strokes = check_offsets(arrays["stroke_offsets"], len(arrays["points"]), place)
        drawings = check_offsets(arrays["drawing_offsets"], len(strokes) - 1, place)
    except DataError:  # a damaged file of the cache is made anew
        return None
    if len(drawings) != count + 1 or arrays["pages"].shape != (count, 2):
        return None
    return KeptLines(arrays["points"], strokes, drawings, arrays["pages"])


def save(lines: KeptLines, place: Path) -> None:
    """Write lines into the cache; where that is not allowed, they are made anew the next time."""
    stream = io.BytesIO()
    write_npz({name: getattr(lines, name) for name in _ARRAYS}, stream)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, stream.getvalue())
    except OSError:
        return
