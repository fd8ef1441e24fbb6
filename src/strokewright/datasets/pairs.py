"""Real sketches with the picture that was drawn: people's drawings of known objects and of photos.

- Objects: 2,816 sketches of 32 renders of birds, cars, chairs and dogs, each drawn for a partner who had to tell which
  (Fan et al. 2020, MIT). Whole pairs of players go to one split.
- Sketchy, a part: 2,694 sketches of 494 photos of 123 classes (Sangkloy et al. 2016). Research use: never ship photos.
- PACS, the photos and sketches of six classes (Li et al. 2017): 2,735 of its sketches were drawn after one of its
  photos; the rest belong to a photo by class only and are left out unless asked for. Research use.

Sketches come out as ink, at the size in which they are stored; photos as red, green and blue bytes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strokewright.datasets.dataset import SPLIT_CODES, TEST, TRAIN, VALID, Dataset, Photo, Sample, read_arrays
from strokewright.datasets.download import find
from strokewright.datasets.framing import centred
from strokewright.datasets.picture_store import PictureStore
from strokewright.errors import DataError, OptionError

OBJECT_CATEGORIES = {
    "bird": ("bluejay", "crow", "cuckoo", "nightingale", "pigeon", "robin", "sparrow", "tomtit"),
    "car": ("beetle", "bluesedan", "bluesport", "brown", "hatchback", "redantique", "redsport", "white"),
    "chair": ("inlay", "knob", "leather", "sling", "squat", "straight", "waiting", "woven"),
    "dog": ("basset", "bloodhound", "bullmastiff", "chihuahua", "doberman", "goldenretriever", "pug", "weimaraner"),
}
"""The 32 objects by category, eight each."""


@dataclass(frozen=True)
class Pair:
    """Where the two halves of a pair lie, and what is known about them.

    Args:
        photo: Name of the photo in its store.
        sketch: Name of the sketch in its store; "" where lines are made from the photo.
        label: Class.
        group: What must not be spread over splits.
        split: "train", "valid" or "test".
    """

    photo: str
    sketch: str
    label: str
    group: str
    split: str


class PairDataset(Dataset):
    """Samples with a photo and what was drawn of it."""

    pairs: Sequence[Pair]

    def __len__(self) -> int:
        return len(self.pairs)

    @abstractmethod
    def photo(self, index: int) -> Photo:
        """Return the photo alone, (height, width, 3) uint8."""

    def split_names(self) -> NDArray[np.str_]:
        """Return the split of every pair."""
        return np.array([pair.split for pair in self.pairs], dtype="<U5")

    def label_names(self) -> list[str]:
        """Return the classes, sorted."""
        return sorted({pair.label for pair in self.pairs})


class StoredPairs(PairDataset):
    """Pairs whose photos and sketches are pictures of one store, sketches black on white.

    Args:
        store: The pictures.
        pairs: Names and facts of every pair.
        skipped: What was left out, and why.

    Raises:
        DataError: No pairs, or an unknown split.
    """

    stored = "photos in colour; sketches, 0 = ink on 255"

    def __init__(self, store: PictureStore, pairs: Sequence[Pair], skipped: Sequence[tuple[str, str]] = ()) -> None:
        check_pairs(pairs, store.path)
        self.store, self.pairs, self.skipped = store, pairs, tuple(skipped)

    def photo(self, index: int) -> Photo:
        """Return the photo alone."""
        return self.store.read(self.pairs[index].photo)

    def make(self, index: int) -> Sample:
        """Read one pair."""
        pair = self.pairs[index]
        ink = np.float32(1) - self.store.read(pair.sketch).mean(axis=2, dtype=np.float32) / np.float32(255)
        return Sample(None, ink, pair.label, pair.group, pair.split, self.photo(index))


def check_pairs(pairs: Sequence[Pair], where: Path) -> None:
    """Check that there are pairs, all of known splits. Raises DataError."""
    if not pairs:
        raise DataError(f"{where}: expected pairs of photo and sketch, found none; is it another set?")
    for pair in pairs:
        if pair.split not in SPLIT_CODES:
            raise DataError(f"{where}, {pair.photo}: expected a split {', '.join(SPLIT_CODES)}, got {pair.split!r}")


class ObjectSketches(PairDataset):
    """Sketches of 32 objects from `object_sketches_128.npz`; every eighth game is test, one in sixteen valid.

    Args:
        path: The file.
        frame: "object": sketch and render in the middle, the longer side 80 % of the square (see `framing`), so that
            they lie upon each other; "page": as drawn, anywhere on the page and at any size.

    Raises:
        OptionError: Another frame.
    """

    stored = "8-bit sketches, 0 = ink on 255; renders in colour"

    def __init__(self, path: str | Path | None = None, frame: Literal["object", "page"] = "object") -> None:
        if frame not in ("page", "object"):
            raise OptionError(f'frame: expected "object" or "page", got {frame!r}')
        path = find("pairs/object_sketches_128.npz") if path is None else path
        arrays = read_arrays(path, ("sketches", "renders", "object", "names", "game"))
        self.sketches, self.renders, self.objects = arrays["sketches"], arrays["renders"], arrays["object"]
        if len(self.sketches) != len(self.objects) or self.objects.max(initial=0) >= len(self.renders):
            raise DataError(f"{path}: expected one known object a sketch, got others; the file is damaged")
        self.frame = frame
        if frame == "object":
            self.renders = np.stack([centred(render, len(render)) for render in self.renders])
        names = [str(name) for name in arrays["names"]]
        self.pairs = [
            Pair(names[o], str(i), names[o], f"game {game}", _split_of_game(game))
            for i, (o, game) in enumerate(zip(self.objects.tolist(), arrays["game"].tolist(), strict=True))
        ]
        check_pairs(self.pairs, Path(path))

    def photo(self, index: int) -> Photo:
        """Return the render of the object drawn."""
        return self.renders[self.objects[index]]

    def make(self, index: int) -> Sample:
        """Return one sketch with its object."""
        pair = self.pairs[index]
        sketch = self.sketches[index]
        if self.frame == "object":
            sketch = centred(sketch, len(sketch))
        ink = np.float32(1) - sketch.astype(np.float32) / np.float32(255)
        return Sample(None, ink, pair.label, pair.group, pair.split, self.photo(index))


def _split_of_game(game: int) -> str:
    return TEST if game % 8 == 7 else VALID if game % 16 == 3 else TRAIN


class SketchyPairs(StoredPairs):
    """The part of the Sketchy Database in `sketchy125_pairs.zip`: every sketch with the photo it was drawn after."""

    def __init__(self, path: str | Path | None = None) -> None:
        store = PictureStore(find("pairs/sketchy125_pairs.zip") if path is None else path)
        pairs, skipped = _drawn_after(store)
        super().__init__(store, pairs, skipped)


class PacsPairs(StoredPairs):
    """Photos and sketches of six classes of PACS, from `pacs_photo_sketch.zip`.

    Args:
        path: The zip or a folder like it.
        by_class: Also give every sketch without a photo of its own one of its class and split, always the same one.
    """

    def __init__(self, path: str | Path | None = None, by_class: bool = False) -> None:
        store = PictureStore(find("pairs/pacs_photo_sketch.zip") if path is None else path)
        pairs, skipped = _drawn_after(store)
        if by_class:
            pairs, skipped = [*pairs, *_by_class(store, [name for name, _ in skipped])], []
        super().__init__(store, pairs, skipped)


def _drawn_after(store: PictureStore) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Pair {split}/sketch/{class}/{photo}-{k}.png with {split}/photo/{class}/{photo}.jpg."""
    known = set(store.names)
    pairs: list[Pair] = []
    skipped: list[tuple[str, str]] = []
    for name in store.names:
        place = PurePosixPath(name)
        if len(place.parts) != 4 or place.parts[1] != "sketch":
            continue
        split, _, label, _ = place.parts
        photo_id = place.stem.rpartition("-")[0]
        photo = f"{split}/photo/{label}/{photo_id}.jpg"
        if photo in known:
            pairs.append(Pair(photo, name, label, photo_id, split))
        else:
            skipped.append((name, "no photo that it was drawn after"))
    return pairs, skipped


def _by_class(store: PictureStore, sketches: Sequence[str]) -> list[Pair]:
    """Give each sketch a photo of its class and split, in turn; its group is the photo."""
    photos: dict[tuple[str, str], list[str]] = {}
    for name in store.names:
        parts = PurePosixPath(name).parts
        if len(parts) == 4 and parts[1] == "photo":
            photos.setdefault((parts[0], parts[2]), []).append(name)
    pairs: list[Pair] = []
    for number, sketch in enumerate(sketches):
        split, _, label, _ = PurePosixPath(sketch).parts
        if found := photos.get((split, label)):
            photo = found[number % len(found)]
            pairs.append(Pair(photo, sketch, label, PurePosixPath(photo).stem, split))
    return pairs
