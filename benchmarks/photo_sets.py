"""What the benchmark of photos scores: sets of test pairs, and the runs whose generators make pictures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Bound, at_least
from strokewright import weights
from strokewright.datasets.pairs import OBJECT_CATEGORIES
from strokewright.models.pretrained import WEIGHTS_FILE
from strokewright.models.sketch2img.batches import PairBatches
from strokewright.pipelines.photo import PhotoMaker

RUNS_DIR = Path(__file__).parents[1] / "runs"
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Maker:
    """A generator and where it comes from: a bundled model, or else the folder of its run.

    Args:
        case: What it is called in the rows.
        recipe: Recipe that trains it, with its options.
        folder: Name of the run's folder below `runs/`.
        card: Short name of the bundled model; "" if it is not bundled.
    """

    case: str
    recipe: str
    folder: str
    card: str = ""

    @property
    def command(self) -> str:
        """What makes it."""
        return f"strokewright train {self.recipe} --out runs/{self.folder}"

    def load(self, bundled_only: bool = False) -> PhotoMaker | None:
        """Load it; None if it is neither bundled nor trained here to its end."""
        if self.card in {entry.name for entry in weights.cards()}:
            return PhotoMaker(self.card, "cpu")
        folder = RUNS_DIR / self.folder / "model"
        return PhotoMaker(folder, "cpu") if not bundled_only and (folder / WEIGHTS_FILE).exists() else None


@dataclass(frozen=True)
class PhotoSet:
    """Test pairs, who makes pictures of them, and who judges these.

    Args:
        name: Of the rows; the judge's run is photo-judge-{judge}.
        data: Options of `PairBatches`.
        makers: The generators.
        judge: Name of the judge; "" for none.
        recognised: What is asked of the first maker.
        groups: Category → its classes, where a label may be the category alone.
    """

    name: str
    data: Mapping[str, Any]
    makers: tuple[Maker, ...]
    judge: str = ""
    recognised: Bound | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pairs:
    """Test pairs: photos (n, 3, size, size), sketches and distance maps (n, size, size), and the name of each class."""

    photos: Bytes
    sketches: Bytes
    distances: Bytes
    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels)


def load_pairs(data: Mapping[str, Any], split: str = "test", most: int = 1000) -> Pairs:
    """Load pairs as they are, spread evenly over the split if there are more than `most`."""
    batches = PairBatches(**{**data, "split": split, "change": False})
    columns = batches.batch(0, len(batches))
    chosen = np.linspace(0, len(batches) - 1, min(most, len(batches))).round().astype(int)
    labels = [batches.labels[i] for i in columns["label"][chosen]]
    return Pairs(columns["photo"][chosen], columns["sketch"][chosen], columns["distance"][chosen], labels)


def paint(maker: PhotoMaker, pairs: Pairs, labels: Sequence[str], seed: int = 0) -> Bytes:
    """Make a picture of each sketch, (n, 3, size, size) uint8; the noise of number i is that of (seed, i)."""
    numbers = [maker.labels.index(label) for label in labels]
    parts = [
        maker.paint(
            pairs.distances[i : i + 50], numbers[i : i + 50], [(seed, k) for k in range(i, min(i + 50, len(pairs)))]
        )
        for i in range(0, len(pairs), 50)
    ]
    return np.ascontiguousarray(np.concatenate(parts).transpose(0, 3, 1, 2))


SETS = (
    PhotoSet(
        "objects",
        {"data": "object-sketches", "size": 64},
        (
            Maker("modern", "photo_objects", "photo-objects", "photo/objects"),
            Maker("paper", "photo_objects_paper", "photo-objects-paper"),
            Maker("pix2pix", "photo_objects_pix2pix", "photo-objects-pix2pix"),
        ),
        "objects",
        at_least(0.60),
        OBJECT_CATEGORIES,
    ),
    PhotoSet(
        "things",
        {"data": "things", "size": 64},
        (
            Maker("modern", "photo_things", "photo-things", "photo/things"),
            Maker("pix2pix", "photo_things_pix2pix", "photo-things-pix2pix"),
        ),
        "things",
        at_least(0.50),
    ),
    PhotoSet(
        "CIFAR-10",
        {"data": "cifar10", "size": 32},
        (
            Maker("modern", "photo_cifar", "photo-cifar"),
            Maker("paper", "photo_cifar_paper", "photo-cifar-paper"),
            Maker("pix2pix", "photo_cifar_pix2pix", "photo-cifar-pix2pix"),
        ),
        "cifar",
        at_least(0.50),
    ),
    PhotoSet(
        "emoji, test glyphs",
        {"data": {"name": "fluent-pairs", "lines": "glyph"}, "size": 64},
        (
            Maker("modern", "photo_emoji", "photo-emoji", "photo/emoji"),
            Maker("pix2pix", "photo_emoji_pix2pix", "photo-emoji-pix2pix"),
        ),
        "emoji",
    ),
    PhotoSet(
        "emoji, OpenMoji's lines",
        {"data": {"name": "fluent-pairs", "lines": "openmoji"}, "size": 64},
        (
            Maker("modern", "photo_emoji", "photo-emoji", "photo/emoji"),
            Maker("pix2pix", "photo_emoji_pix2pix", "photo-emoji-pix2pix"),
        ),
        "emoji",
    ),
    PhotoSet("PACS", {"data": "pacs-pairs", "size": 64}, (Maker("modern", "photo_pacs", "photo-pacs"),), "pacs"),
    PhotoSet(
        "Sketchy, a part", {"data": "sketchy-pairs", "size": 64}, (Maker("modern", "photo_sketchy", "photo-sketchy"),)
    ),
)
_SHORT = "--set training.steps=2000"
ABLATION = (
    Maker("as reported", f"photo_cifar_reported {_SHORT}", "photo-short-reported"),
    Maker("faults mended", f"photo_cifar_paper {_SHORT}", "photo-short-paper"),
    Maker("hinge", f"photo_cifar_hinge {_SHORT}", "photo-short-hinge"),
    Maker("relativistic", f"photo_cifar {_SHORT}", "photo-short-modern"),
    Maker("pix2pix", f"photo_cifar_pix2pix {_SHORT}", "photo-short-pix2pix"),
)
"""From the report's losses to ours, on CIFAR-10 and with as many pictures seen; the baseline beside them."""
LONG = Maker("CIFAR-10, modern, base 8", "photo_long", "photo-long")
"""The run of 20,000 steps."""
