"""What the benchmark of photos scores: sets of test pairs, and the runs whose generators make pictures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trained import FINAL, Trained
from strokewright.datasets.pairs import OBJECT_CATEGORIES
from strokewright.models.sketch2img import Sketch2Img
from strokewright.models.sketch2img.batches import PairBatches
from strokewright.pipelines.photo import PhotoMaker

OURS = "modern"
"""The preset whose generators are shipped, and of which something is asked."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class PhotoSet:
    """Test pairs, who makes pictures of them, and who judges these.

    Args:
        name: Of the rows; the judge's run is photo-judge-{judge}.
        data: Options of `PairBatches`.
        makers: The generators by name.
        judge: Name of the judge; "" for none.
        recognised: What is asked of our generator.
        groups: Category → its classes, where a label may be the category alone.
    """

    name: str
    data: Mapping[str, Any]
    makers: Mapping[str, Trained]
    judge: str = ""
    recognised: float | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pairs:
    """Test pairs: photos (n, 3, size, size), sketches (n, size, size), and the name of each class."""

    photos: Bytes
    sketches: Bytes
    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels)


def load_pairs(data: Mapping[str, Any], split: str = "test", most: int = 1000) -> Pairs:
    """Load pairs as they are, spread evenly over the split if there are more than `most`."""
    batches = PairBatches(**{**data, "split": split, "change": False})
    columns = batches.batch(0, len(batches))
    chosen = np.linspace(0, len(batches) - 1, min(most, len(batches))).round().astype(int)
    labels = [batches.labels[i] for i in columns["label"][chosen]]
    return Pairs(columns["photo"][chosen], columns["sketch"][chosen], labels)


def load_maker(trained: Trained, bundled_only: bool = False) -> PhotoMaker | None:
    """Load a generator; None if it is neither bundled nor trained here to its end: one half trained says little."""
    model = trained.load(Sketch2Img, bundled_only, files=(FINAL,))
    return None if model is None else PhotoMaker(model, "cpu")


def paint(maker: PhotoMaker, pairs: Pairs, labels: Sequence[str], seed: int = 0) -> Bytes:
    """Make a picture of each sketch, (n, 3, size, size) uint8; the noise of number i is that of (seed, i)."""
    numbers = [maker.labels.index(label) for label in labels]
    parts = [
        maker.paint(
            pairs.sketches[i : i + 50], numbers[i : i + 50], [(seed, k) for k in range(i, min(i + 50, len(pairs)))]
        )
        for i in range(0, len(pairs), 50)
    ]
    return np.ascontiguousarray(np.concatenate(parts).transpose(0, 3, 1, 2))


SETS = (
    PhotoSet(
        "objects",
        {"data": "object-sketches", "size": 64},
        {
            OURS: Trained("photo_objects", card="photo/objects"),
            "pix2pix": Trained("photo_objects_pix2pix"),
        },
        "objects",
        0.60,
        OBJECT_CATEGORIES,
    ),
    PhotoSet(
        "things",
        {"data": "things", "size": 64},
        {
            OURS: Trained("photo_things", card="photo/things"),
            "pix2pix": Trained("photo_things_pix2pix"),
        },
        "things",
        0.50,
    ),
    PhotoSet(
        "CIFAR-10",
        {"data": "cifar10", "size": 32},
        {
            OURS: Trained("photo_cifar"),
            "pix2pix": Trained("photo_cifar_pix2pix"),
            "paper with the relativistic loss": Trained("photo_cifar_relativistic"),
            "paper with the hinge loss": Trained("photo_cifar_hinge"),
            "paper": Trained("photo_cifar_paper"),
            "as reported": Trained("photo_cifar_reported"),
        },
        "cifar",
        0.50,
    ),
    PhotoSet(
        "emoji, test glyphs",
        {"data": {"name": "fluent-pairs", "lines": "glyph"}, "size": 64},
        {
            OURS: Trained("photo_emoji", card="photo/emoji"),
            "pix2pix": Trained("photo_emoji_pix2pix"),
        },
        "emoji",
    ),
    PhotoSet(
        "emoji, OpenMoji's lines",
        {"data": {"name": "fluent-pairs", "lines": "openmoji"}, "size": 64},
        {
            OURS: Trained("photo_emoji", card="photo/emoji"),
            "pix2pix": Trained("photo_emoji_pix2pix"),
        },
        "emoji",
    ),
    PhotoSet("PACS", {"data": "pacs-pairs", "size": 64}, {OURS: Trained("photo_pacs")}, "pacs"),
    PhotoSet(
        "Sketchy, a part",
        {"data": "sketchy-pairs", "size": 64},
        {OURS: Trained("photo_sketchy"), "paper": Trained("photo_sketchy_paper")},
    ),
)
LONG = Trained("photo_long")
"""The run of 20,000 steps."""
