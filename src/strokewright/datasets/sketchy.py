"""The Sketchy Database as it lies on disk (Sangkloy et al. 2016): 75,000 sketches of 12,500 photos of 125 classes.

    …/photo/{tx}/{class}/{photo}.jpg            photo = n02691156_507
    …/sketch/{tx}/{class}/{photo}-{k}.png       k = 1, 2, …, with gaps
    …/info/stats.csv, testset.txt, invalid-error.txt, -ambiguous, -pose, -context

Archives differ in what stands before these folders, so they are looked for. `tx` says how a picture was moved and
scaled; a photo and its sketches agree only if both are in the frame of the whole photo, or both in the object's own:

| tx | photo | sketch |
|---|---|---|
| 000000000000 | whole photo | scaled as the photo |
| 000100000000 | object's box and 10 % around | centred, longest side 78 % of the canvas |
| …0010, …0110, …1010, …1110 | – | whole photo; at the object's box, scaled: not, to fit in, to cover, to fill it |

The terms are not stated and the photos are ImageNet's: use them for research, and ship neither photos nor weights.
"""

from __future__ import annotations

import csv
import io
import warnings
import zlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path, PurePosixPath

from strokewright.datasets.dataset import TEST, TRAIN, VALID
from strokewright.datasets.pairs import Pair, StoredPairs
from strokewright.datasets.picture_store import PictureStore
from strokewright.errors import DataError, OptionError

WHOLE_PHOTO, OBJECT_BOX = "000000000000", "000100000000"
FILLED_BOX = "000000001110"
FLAGS = ("error", "ambiguous", "pose", "context")
"""Why a reviewer found a sketch invalid: unusable; not to be recognised; another pose; more than the object."""
_COLUMNS = {"error": "Error?", "ambiguous": "Ambiguous?", "pose": "WrongPose?", "context": "Context?"}
_VALID_ONE_IN = 20


class Sketchy(StoredPairs):
    """Every sketch with its photo, split by photo: the file's test set is test, one photo in twenty of the rest valid.

    Args:
        path: A folder above photo/ and sketch/, or a zip.
        photo_tx: How photos were cut and scaled.
        sketch_tx: How sketches were; the default fills the object's box in the whole photo.
        drop: Flags of sketches to leave out. SketchyGAN leaves out all four; the report, "error" only.
        info: Folder above stats.csv and the lists; None: `path`.

    Photos or sketches that are missing are reported and left out. Without the test set's list, photos are split by the
    checksum of their names, 18 : 1 : 1, and a warning says so.

    Warns:
        UserWarning: Photo and sketch in different frames, so that they do not lie upon each other; no list of the
            test set; no flags.

    Raises:
        DataError: Neither folder, or a class without a pair.
        OptionError: A tx that the folders do not have, or an unknown flag.
    """

    def __init__(
        self,
        path: str | Path,
        photo_tx: str = WHOLE_PHOTO,
        sketch_tx: str = FILLED_BOX,
        drop: Sequence[str] = ("error", "ambiguous", "pose"),
        info: str | Path | None = None,
    ) -> None:
        if unknown := set(drop) - set(FLAGS):
            raise OptionError(f"drop: expected flags out of {', '.join(FLAGS)}, got {', '.join(sorted(unknown))}")
        _check_frames(photo_tx, sketch_tx)
        store = PictureStore(path)
        root = _root_of(store)
        photos = _by_stem(store.names, root, "photo", photo_tx)
        sketches = _by_stem(store.names, root, "sketch", sketch_tx)
        lists = _Lists(store if info is None else PictureStore(info))
        pairs, skipped = _paired(photos, sketches, lists.flags(drop), lists.test_photos())
        missing = {label for label, _ in [*photos, *sketches]} - {pair.label for pair in pairs}
        if missing:
            raise DataError(
                f"{path}: expected pairs of every class, found none of {', '.join(sorted(missing)[:5])}; "
                f"{len(skipped)} sketches or photos were left out, the first one: {skipped[0][0]}: {skipped[0][1]}"
            )
        super().__init__(store, pairs, skipped)


def _check_frames(photo_tx: str, sketch_tx: str) -> None:
    if (photo_tx == OBJECT_BOX) != (sketch_tx == OBJECT_BOX):
        warnings.warn(
            f"photo tx {photo_tx} and sketch tx {sketch_tx} are different frames: sketch and photo do not lie upon "
            f"each other; take {WHOLE_PHOTO} with {FILLED_BOX}, or {OBJECT_BOX} for both",
            stacklevel=3,
        )


def _root_of(store: PictureStore) -> str:
    """Find the folder that holds photo/ and sketch/; "" is the store itself."""
    above: dict[str, set[str]] = {"photo": set(), "sketch": set()}
    for name in store.names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 4 and parts[-4] in above:
            above[parts[-4]].add("/".join(parts[:-4]))
    roots = sorted(above["photo"] & above["sketch"], key=len)
    if not roots:
        raise DataError(
            f"{store.path}: expected a folder with photo/{{tx}}/{{class}} and sketch/{{tx}}/{{class}}, found none; "
            "unpack the database there"
        )
    return roots[0]


def _by_stem(names: Iterable[str], root: str, kind: str, tx: str) -> dict[tuple[str, str], str]:
    """Map (class, stem) to the name of every picture of one kind and tx."""
    found: dict[tuple[str, str], str] = {}
    others: set[str] = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) < 4 or parts[-4] != kind or "/".join(parts[:-4]) != root:
            continue
        others.add(parts[-3])
        if parts[-3] == tx:
            found[parts[-2], PurePosixPath(name).stem] = name
    if not found:
        raise OptionError(f"{kind} tx: expected one of {', '.join(sorted(others))}, got {tx!r}; choose one of these")
    return found


def _paired(
    photos: dict[tuple[str, str], str],
    sketches: dict[tuple[str, str], str],
    flagged: dict[str, str],
    test: Collection[str] | None,
) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Give each sketch its photo and split."""
    pairs: list[Pair] = []
    skipped: list[tuple[str, str]] = []
    drawn: set[tuple[str, str]] = set()
    for (label, stem), name in sketches.items():
        photo_id = stem.rpartition("-")[0]
        drawn.add((label, photo_id))
        photo = photos.get((label, photo_id))
        if stem in flagged:
            skipped.append((stem, f"flag {flagged[stem]}"))
        elif photo is None:
            skipped.append((stem, "its photo is missing"))
        else:
            pairs.append(Pair(photo, name, label, photo_id, _split_of(photo_id, test)))
    skipped += [(photo_id, "no sketch of it") for label, photo_id in photos if (label, photo_id) not in drawn]
    return pairs, skipped


def _split_of(photo_id: str, test: Collection[str] | None) -> str:
    share = zlib.crc32(photo_id.encode()) % _VALID_ONE_IN
    if test is None:
        return TEST if share == 1 else VALID if share == 0 else TRAIN
    return TEST if photo_id in test else VALID if share == 0 else TRAIN


class _Lists:
    """The database's lists, wherever in a folder or zip they lie."""

    def __init__(self, store: PictureStore) -> None:
        self._store = store

    def _text(self, name: str) -> str | None:
        places = sorted((p for p in self._store.others if PurePosixPath(p).name == name), key=len)
        return self._store.bytes_of(places[0]).decode("utf-8-sig", "replace") if places else None

    def test_photos(self) -> set[str] | None:
        """Return the photos of `testset.txt`; None without it."""
        text = self._text("testset.txt")
        if text is None:
            warnings.warn("no testset.txt was found: photos are split by the checksum of their names", stacklevel=3)
            return None
        return {PurePosixPath(line.strip()).stem for line in text.splitlines() if line.strip()}

    def flags(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return sketch → the first of the wanted flags that it has, by stats.csv and the lists of invalid ones."""
        flagged: dict[str, str] = {}
        known = False
        table = self._text("stats.csv")
        if table is not None:
            known = True
            for row in csv.DictReader(io.StringIO(table)):
                own = [flag for flag in wanted if (row.get(_COLUMNS[flag]) or "0").strip() == "1"]
                if own:
                    flagged.setdefault(f"{row.get('ImageNetID', '')}-{row.get('SketchID', '')}", own[0])
        for flag in wanted:
            text = self._text(f"invalid-{flag}.txt")
            known = known or text is not None
            for line in (text or "").splitlines():
                flagged.setdefault(line.strip(), flag)
        if wanted and not known:
            warnings.warn("no stats.csv and no invalid-*.txt were found: no sketch is left out", stacklevel=3)
        return flagged
