"""What Sketch2Img learns from: pairs of sketch and photo, changed a little at every sight.

Photos and sketches lie in memory as bytes, read when they are first needed; with `sights`, on the training's device.
Batch i depends on (seed, i) and the batch size alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.datasets import open_dataset
from strokewright.datasets.dataset import TRAIN, Dataset
from strokewright.datasets.pairs import PairDataset
from strokewright.datasets.photos import PhotoDataset
from strokewright.drawing import Stroke
from strokewright.drawing.curves import flatten
from strokewright.drawing.drawing import Floats
from strokewright.errors import DataError, OptionError
from strokewright.models.sketch2img.hand import redrawn, redrawn_picture
from strokewright.models.sketch2img.scaling import ReportScaling
from strokewright.models.sketch2img.sketches import (
    Bytes,
    distance_map,
    line_px,
    lines_on_paper,
    photo_at,
    placed,
    recoloured,
    sketch_of_picture,
)

_MEASURED = 400  # pairs whose values give the report's normalisation
_LOADER_STEP = 7_919  # between the seeds of both loaders
_STORED_PX = 128  # largest side at which pictures of sketches are kept
_PLACE = ("place", "sight", "mirrored")  # the columns that `look_up` turns into pictures
Source = str | Mapping[str, Any]


class PairBatches:
    """Batches of sketches with their photos.

    Columns: `photo` (batch, 3, size, size) uint8; `sketch` (batch, size, size) uint8, 255 = bare paper; `distance`
    (batch, size, size) uint8, 0 = on a line; `label` (batch,) int64, which class of `labels`. With `real_edge_share`
    also `real_photo`, `real_distance` and `real_kind`: other pairs, which the discriminator alone is shown as real.

    With `sights`, `batch` gives places in tables of photos, sketches and maps instead; `look_up` takes these columns
    from the tables, which lie where the batch lies.

    Args:
        seed: Seed of the order and of all changes.
        data: Names of data sets of pairs, or mappings with a "name" and options of that set; all together are one set.
        split: "train", "valid" or "test".
        size: Side of photo and sketch in pixels.
        change: Draw every sketch anew (shaken, bent, with strokes left out) and mirror pairs; False gives the pairs in
            order, as they are.
        sights: How many drawings of each pair are made, with their maps, when the first batch is looked up; 8 kB each
            at 64 px. Batches then cost a GPU nothing. 0: every sight is drawn anew.
        mirror: How often a pair is mirrored, 0 to 1; leave it at 0 for letters and signs.
        jitter: How far light and contrast of photos vary, 0 to 1.
        edges: Data sets whose pairs stand in for sketches early in the run, such as photos with made lines.
        edge_share: Which share of the rows comes from `edges` at first, and at the end.
        edge_batches: In how many batches the share goes from the one to the other.
        real_edge_share: Share of `edges` among the pairs for the discriminator, the same in the whole run; None: it is
            shown the photos of the generator's sketches.
        balanced: Take every class equally often, however many pairs it has.
        path: A file or folder of pairs or photos in place of `data`, told by what it holds; or a set opened before.
        scaling: "distance": photos as they are, the distance map. "report": the report's normalisation, and its
            inverted lines in the column `distance`; `report_scaling` then turns pictures back.

    Raises:
        DataError: A data set without photos, or a split without pairs.
        OptionError: Shares outside 0 to 1, a size under 8 px, `real_edge_share` without `edges`, or `jitter` with
            `sights`.
    """

    def __init__(
        self,
        seed: int = 0,
        data: Source | Sequence[Source] = "object-sketches",
        split: str = "train",
        size: int = 64,
        change: bool = True,
        sights: int = 0,
        mirror: float = 0.5,
        jitter: float = 0.0,
        edges: Source | Sequence[Source] = (),
        edge_share: tuple[float, float] = (0.8, 0.2),
        edge_batches: int = 20_000,
        real_edge_share: float | None = None,
        balanced: bool = False,
        scaling: Literal["distance", "report"] = "distance",
        path: str | Dataset | None = None,
    ) -> None:
        if scaling not in ("distance", "report"):
            raise OptionError(f'scaling: expected "distance" or "report", got {scaling!r}')
        shares = (mirror, jitter, *edge_share, real_edge_share or 0.0)
        if size < 8 or edge_batches < 1 or sights < 0 or not all(0 <= share <= 1 for share in shares):
            raise OptionError(
                f"pairs: expected size ≥ 8, edge_batches ≥ 1, sights ≥ 0 and shares from 0 to 1, got {size}, "
                f"{edge_batches}, {sights} and {shares}; correct the options of the source"
            )
        if real_edge_share is not None and not edges:
            raise OptionError("real_edge_share: expected data sets in edges, got none; name some, or leave it out")
        if jitter and sights:
            raise OptionError("jitter: expected no sights, since they keep photos as they are; leave one of both out")
        self._seed, self._change, self._mirror, self._jitter, self._size = seed, change, mirror, jitter, size
        self._sights = sights if change else 0
        self._on_device: dict[str, Tensor] = {}
        self._edge_share, self._edge_batches, self._real_edge_share = edge_share, edge_batches, real_edge_share
        own, made = open_pairs(data, path), open_pairs(edges)
        self.labels = sorted({name for part in own + made for name in part.label_names()})
        self._pairs = _PairTable(own, split, size, self.labels, balanced)
        self._made = _PairTable(made, split, size, self.labels, balanced) if made else None
        self.report_scaling = self._measured(own) if scaling == "report" else None

    @property
    def facts(self) -> dict[str, Any]:
        """What a model must know of the data: the names of its classes, the size, and the report's scaling if used."""
        scaling = {} if self.report_scaling is None else {"scaling": asdict(self.report_scaling)}
        return {"labels": self.labels, "size": self._size, **scaling}

    def __len__(self) -> int:
        return len(self._pairs)

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[Any]]:
        """Return batch `index`; an epoch takes each pair once, in a new order."""
        numbers = range(index * batch_size, (index + 1) * batch_size)
        if not self._change:
            rows = [self._unchanged(number) for number in numbers]
        else:
            first, last = self._edge_share
            share = first + (last - first) * min(1.0, index / self._edge_batches)
            rows = [self._row(number, share) for number in numbers]
            if (real_share := self._real_edge_share) is not None:
                rows = [row | self._real_row(number, real_share) for row, number in zip(rows, numbers, strict=True)]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def look_up(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return a batch with its photos, sketches and maps, where it holds places in tables; else as it is."""
        if not self._sights:
            return batch
        if not self._on_device:
            device = batch["place"].device
            self._on_device = {name: torch.from_numpy(table).to(device) for name, table in self._tables().items()}
        found = self._columns_at(batch)
        if "real_place" in batch:
            real = self._columns_at({name: batch[f"real_{name}"] for name in _PLACE})
            found |= {"real_photo": real["photo"], "real_distance": real["distance"]}
        return found | {name: values for name, values in batch.items() if name.removeprefix("real_") not in _PLACE}

    def _columns_at(self, where: Mapping[str, Tensor]) -> dict[str, Tensor]:
        drawing = where["place"] * self._sights + where["sight"]
        rows = {"photo": where["place"], "sketch": drawing, "distance": drawing}
        columns = {name: self._on_device[name][row] for name, row in rows.items()}
        return {
            name: torch.where(where["mirrored"].view(-1, *[1] * (values.dim() - 1)), values.flip(-1), values)
            for name, values in columns.items()
        }

    def _tables(self) -> dict[str, Bytes]:
        """Make every drawing of every pair: photos (pairs, …), sketches and maps (pairs × sights, …)."""
        photos: list[Bytes] = []
        drawings: list[tuple[Bytes, Bytes]] = []
        for number, table in enumerate([self._pairs] if self._made is None else [self._pairs, self._made]):
            for place in range(len(table)):
                pair = table.pair(place)
                photos.append(self._scaled(pair.photo))
                for sight in range(self._sights):
                    rng = np.random.default_rng((self._seed, 2, number, place, sight))
                    drawings.append(self._drawn(pair, rng))
        sketches, maps = zip(*drawings, strict=True)
        return {"photo": np.stack(photos), "sketch": np.stack(sketches), "distance": np.stack(maps)}

    def _unchanged(self, number: int) -> dict[str, Any]:
        pair = self._pairs.pair(number % len(self._pairs))
        sketch = self._as_it_is(pair.sketch)
        return self._columns(pair.photo, sketch, self._map(sketch), pair.label)

    def _real_row(self, number: int, edge_share: float) -> dict[str, Any]:
        """Return what the discriminator is shown as real: a pair drawn on its own, with columns of its own."""
        row = self._row(number, edge_share, loader=1)
        columns = {f"real_{name}": row[name] for name in (_PLACE if self._sights else ("photo", "distance"))}
        return columns | {"real_kind": row["label"]}

    def _row(self, number: int, edge_share: float, loader: int = 0) -> dict[str, Any]:
        """Draw a pair anew; `loader` 1 goes through the pairs in another order."""
        rng = np.random.default_rng((self._seed, 1 + _LOADER_STEP * loader, number))
        table = self._pairs
        if self._made is not None:
            table = self._made if rng.random() < edge_share else table
        place = table.place(self._seed + _LOADER_STEP * loader, number)
        if self._sights:
            first = len(self._pairs) if table is self._made else 0
            sight, mirrored = rng.integers(self._sights), rng.random() < self._mirror
            label = np.int64(table.labels[place])
            return {"place": np.int64(first + place), "sight": sight, "mirrored": np.bool_(mirrored), "label": label}
        pair = table.pair(place)
        photo, (sketch, distance) = pair.photo, self._drawn(pair, rng)
        if rng.random() < self._mirror:
            photo, sketch, distance = photo[..., ::-1], sketch[..., ::-1], distance[..., ::-1]
        if self._jitter:
            photo = recoloured(photo, self._jitter, rng)
        return self._columns(photo, sketch, distance, pair.label)

    def _drawn(self, pair: _Pair, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
        """Draw a pair's sketch another time; return it with its map."""
        redraw: Any = redrawn if isinstance(pair.sketch, list) else redrawn_picture
        sketch: Bytes = redraw(pair.sketch, self._size, rng)
        return sketch, self._map(sketch)

    def _as_it_is(self, sketch: Bytes | list[Floats]) -> Bytes:
        if isinstance(sketch, np.ndarray):
            return sketch_of_picture(sketch, self._size)
        width = line_px(self._size)
        strokes = [Stroke(line * self._size, width=width) for line in sketch]  # type: ignore[arg-type]
        return lines_on_paper(strokes, self._size)

    def _map(self, sketch: Bytes) -> Bytes:
        return distance_map(sketch) if self.report_scaling is None else self.report_scaling.lines(sketch)

    def _columns(self, photo: Bytes, sketch: Bytes, distance: Bytes, label: int) -> dict[str, Any]:
        return {"photo": self._scaled(photo), "distance": distance, "sketch": sketch, "label": np.int64(label)}

    def _scaled(self, photo: Bytes) -> Bytes:
        return photo if self.report_scaling is None else self.report_scaling.photo(photo)

    def _measured(self, parts: Sequence[PairDataset]) -> ReportScaling:
        """Measure training pairs, spread evenly over all of them, whichever split these batches are of."""
        table = _PairTable(parts, TRAIN, self._size, self.labels, False)
        pairs = [table.pair(place) for place in range(0, len(table), max(1, len(table) // _MEASURED))]
        return ReportScaling.of(
            np.stack([pair.photo for pair in pairs]), np.stack([self._as_it_is(pair.sketch) for pair in pairs])
        )


def open_pairs(
    sources: Source | Sequence[Source], path: str | Dataset | None = None, lines: bool = True
) -> list[PairDataset]:
    """Open data sets by their names, or by mappings of a name and options.

    Args:
        sources: One or several.
        path: As of `PairBatches`.
        lines: Keep lines made from photos in the user's cache.

    Raises:
        DataError: A data set without photos.
        OptionError: A mapping without a name.
    """
    listed: Sequence[Source] = [sources] if isinstance(sources, str | Mapping) else sources
    if path is None:
        opened = [_open(source) for source in listed]
    else:
        opened = [path if isinstance(path, Dataset) else open_dataset(path)]
    pairs = [data for data in opened if isinstance(data, PairDataset)]
    if len(pairs) < len(opened):
        kinds = ", ".join(type(data).__name__ for data in opened)
        raise DataError(f"pairs: expected data sets with photos, got {kinds}; choose others")
    for data in pairs:
        if lines and isinstance(data, PhotoDataset):
            data.keep_lines()
    return pairs


def _open(source: Source) -> Dataset:
    options = dict(source) if isinstance(source, Mapping) else {"name": source}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise OptionError(f"pairs: expected the name of a data set, got {source!r}")
    return open_dataset(name, **options)


@dataclass(frozen=True)
class _Pair:
    """One pair in memory: the photo at the network's size; the sketch as lines in sides, or as a picture."""

    photo: Bytes
    sketch: Bytes | list[Floats]
    label: int


class _PairTable:
    """The pairs of one split of several data sets, each read when it is first asked for; `labels`: class of each."""

    def __init__(
        self, parts: Sequence[PairDataset], split: str, size: int, labels: Sequence[str], balanced: bool
    ) -> None:
        self._where = [(part, int(i)) for part in parts for i in np.flatnonzero(part.split_names() == split)]
        if not self._where:
            raise DataError(f"pairs: expected pairs in the split {split!r}, found none; choose train, valid or test")
        self.labels = np.array([labels.index(part.pairs[i].label) for part, i in self._where])
        self._classes = [np.flatnonzero(self.labels == label) for label in np.unique(self.labels)]
        self._size, self._balanced = size, balanced
        self._known: dict[int, _Pair] = {}
        self._photos: dict[tuple[int, str], Bytes] = {}  # one may have many sketches

    def __len__(self) -> int:
        return len(self._where)

    def place(self, seed: int, number: int) -> int:
        """Return which pair comes as number 0, 1, …: an epoch takes each once, or each class equally often."""
        if not self._balanced:
            epoch, place = divmod(number, len(self._where))
            return int(np.random.default_rng((seed, epoch)).permutation(len(self._where))[place])
        turn, place = divmod(number, len(self._classes))
        rng = np.random.default_rng((seed, 2, turn))
        members = self._classes[int(rng.permutation(len(self._classes))[place])]
        return int(members[rng.integers(len(members))])

    def pair(self, place: int) -> _Pair:
        """Return a pair, and keep it."""
        if place not in self._known:
            self._known[place] = self._read(place)
        return self._known[place]

    def _read(self, place: int) -> _Pair:
        part, index = self._where[place]
        sample = part.make(index)
        name = id(part), part.pairs[index].photo
        if name not in self._photos:
            self._photos[name] = photo_at(part.photo(index) if sample.photo is None else sample.photo, self._size)
        photo = self._photos[name]
        label = int(self.labels[place])
        if sample.drawing is not None:
            placed_strokes = placed(sample.drawing.strokes, sample.drawing.size, 1.0)
            return _Pair(photo, [flatten(stroke, 0.002) for stroke in placed_strokes], label)
        if sample.picture is None:
            raise DataError(f"{type(part).__name__}, {index}: expected a sketch, found none; take another data set")
        picture = (255.5 - 255 * sample.picture).astype(np.uint8)
        return _Pair(photo, sketch_of_picture(picture, min(_STORED_PX, max(picture.shape))), label)
