"""Photos by class, without sketches: each comes with lines made from it (`photo_lines`).

CIFAR-10 (A. Krizhevsky; a part of it, terms not stated), clothes (CC0), flowers (CC BY 2.0: the file name begins with
the Flickr id to give credit to), and anyone's own folder or zip of photos.
"""

from __future__ import annotations

import zlib
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from strokewright.datasets.dataset import SPLIT_CODES, TEST, TRAIN, VALID, Photo, Sample, read_arrays
from strokewright.datasets.download import find
from strokewright.datasets.kept_lines import KeptLines, place_of
from strokewright.datasets.pairs import Pair, PairDataset
from strokewright.datasets.photo_lines import LineStyle, photo_lines
from strokewright.datasets.picture_store import PictureStore
from strokewright.drawing import Drawing
from strokewright.errors import DataError

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR_VALID = 500
_SPLITS = {split: split for split in SPLIT_CODES} | {
    "training": TRAIN,
    "val": VALID,
    "validation": VALID,
    "testing": TEST,
}


class PhotoDataset(PairDataset):
    """Photos; a sample's drawing is made from its photo, in the style `lines`."""

    lines: LineStyle = "edges"
    kept: KeptLines | None = None

    def sketch(self, index: int) -> Drawing:
        """Return the lines made from a photo, on a page of the photo's shape."""
        known = self.kept.get(index) if self.kept is not None else None
        if known is not None:
            return known
        drawing = photo_lines(self.photo(index), self.lines)
        if self.kept is not None:
            self.kept.add(index, drawing)
        return drawing

    def keep_lines(self) -> None:
        """From now on take lines from the user's cache, and put those that are made into it."""
        photos = [f"{pair.photo} {self.stamp(index)}" for index, pair in enumerate(self.pairs)]
        self.kept = KeptLines(place_of(type(self).__name__.lower(), photos, self.lines))

    def make(self, index: int) -> Sample:
        """Read one photo and make its lines."""
        pair = self.pairs[index]
        return Sample(self.sketch(index), None, pair.label, pair.group, pair.split, self.photo(index))

    @abstractmethod
    def stamp(self, index: int) -> str:
        """Return what changes with a photo's content."""


class PhotoFolder(PhotoDataset):
    """Photos below a folder or in a zip: `class/x.jpg`, or `split/class/x.jpg`; the class is the last folder's name.

    Args:
        path: The folder or the zip.
        folders: Take only pictures with one of these folders in their path; none: all.
        lines: How lines are made: "edges" or "xdog".

    Photos that no split is given for are split by the checksum of their names, 18 : 1 : 1; where train is given and
    valid is not, one in twenty of it is valid. A picture that lies in no folder is skipped and reported.

    Raises:
        DataError: No photo in a folder.
    """

    stored = "photos in colour"

    def __init__(self, path: str | Path, folders: Sequence[str] = (), lines: LineStyle = "edges") -> None:
        self.lines = lines
        self.store = PictureStore(path)
        skipped: list[tuple[str, str]] = []
        pairs: list[Pair] = []
        for name in self.store.names:
            *parents, _ = PurePosixPath(name).parts
            if folders and not set(folders) & set(parents):
                continue
            if not parents or parents[-1] in _SPLITS:
                skipped.append((name, "in no folder that names its class"))
                continue
            stem = PurePosixPath(name).stem
            given = [_SPLITS[parent] for parent in parents if parent in _SPLITS]
            pairs.append(Pair(name, "", parents[-1], stem, given[0] if given else _split_by_name(stem)))
        if not any(pair.split == VALID for pair in pairs):
            pairs = [_held_out(pair) if pair.split == TRAIN else pair for pair in pairs]
        self.pairs, self.skipped = pairs, tuple(skipped)
        if not pairs:
            raise DataError(
                f"{path}: expected photos in folders named after their classes, found none; "
                f"set them out as class/photo.jpg"
            )

    def photo(self, index: int) -> Photo:
        """Read one photo."""
        return self.store.read(self.pairs[index].photo)

    def stamp(self, index: int) -> str:
        """Return what changes with the file's content."""
        return self.store.stamp(self.pairs[index].photo)


def _held_out(pair: Pair) -> Pair:
    """Make one in twenty of the training photos valid."""
    return replace(pair, split=VALID) if _split_by_name(pair.group) == VALID else pair


def _split_by_name(stem: str) -> str:
    share = zlib.crc32(stem.encode()) % 20
    return TEST if share == 19 else VALID if share == 18 else TRAIN


class Cifar10(PhotoDataset):
    """The first 10,000 training photos of CIFAR-10, the last 500 of them valid, and the first 1,000 test photos."""

    stored = "32×32 photos in colour"

    def __init__(self, path: str | Path | None = None, lines: LineStyle = "edges") -> None:
        self.lines = lines
        path = find("cifar10/cifar10_subset.npz") if path is None else path
        arrays = read_arrays(path, ("x_train", "y_train", "x_test", "y_test"))
        self.photos = np.concatenate([arrays["x_train"], arrays["x_test"]])
        labels = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64)
        if self.photos.ndim != 4 or self.photos.shape[3] != 3 or len(labels) != len(self.photos):
            raise DataError(f"{path}: expected as many labels as photos (n, 32, 32, 3), got {self.photos.shape}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(CIFAR_CLASSES):
            raise DataError(f"{path}: expected labels 0 to 9, got others; is it another set?")
        train = len(arrays["x_train"])
        splits = [TRAIN] * train + [TEST] * (len(labels) - train)
        valid = min(_CIFAR_VALID, train // 2)
        splits[train - valid : train] = [VALID] * valid
        self.pairs = [
            Pair(str(i), "", CIFAR_CLASSES[label], str(i), split)
            for i, (label, split) in enumerate(zip(labels.tolist(), splits, strict=True))
        ]

    def photo(self, index: int) -> Photo:
        """Return one photo."""
        return self.photos[index]

    def stamp(self, index: int) -> str:
        """Return the photo's checksum."""
        return f"{zlib.crc32(self.photos[index]):08x}"


class Things(PhotoDataset):
    """Clothes and flowers together, 15 classes: 6,440 photos of 64×64 that weights may be shipped for."""

    stored = "64×64 photos in colour"

    def __init__(self, lines: LineStyle = "edges") -> None:
        self.lines = lines
        self.parts = [PhotoFolder(find(f"photos/{name}_64.zip")) for name in ("clothing", "flowers")]
        self.pairs = [pair for part in self.parts for pair in part.pairs]

    def photo(self, index: int) -> Photo:
        """Read one photo."""
        part, index = self._place(index)
        return part.photo(index)

    def stamp(self, index: int) -> str:
        """Return what changes with the file's content."""
        part, index = self._place(index)
        return part.stamp(index)

    def _place(self, index: int) -> tuple[PhotoFolder, int]:
        for part in self.parts:
            if index < len(part):
                return part, index
            index -= len(part)
        raise IndexError(index)


class SketchyPhotos(PhotoFolder):
    """The photos of `sketchy125_pairs.zip`, with and without sketches, each with lines made from it."""

    def __init__(self, path: str | Path | None = None, lines: LineStyle = "edges") -> None:
        path = find("pairs/sketchy125_pairs.zip") if path is None else path
        super().__init__(path, ("photo", "photo_only"), lines)


class PacsPhotos(PhotoFolder):
    """The photos of `pacs_photo_sketch.zip`, six classes, each with lines made from it."""

    def __init__(self, path: str | Path | None = None, lines: LineStyle = "edges") -> None:
        super().__init__(find("pairs/pacs_photo_sketch.zip") if path is None else path, ("photo",), lines)


def class_counts(data: PairDataset) -> dict[str, dict[str, int]]:
    """Count the samples of every class and split: split → class → count."""
    counts = Counter((pair.split, pair.label) for pair in data.pairs)
    names = data.label_names()
    return {split: {name: counts[split, name] for name in names} for split in SPLIT_CODES}
