"""The drawings that `sketch/doodles` learns from: real doodles of 38 classes, and drawings of the public decoders.

For the 16 classes of the public decoders hardly any real drawing is at hand, so each decoder makes some, freely (T = 1,
"full") and more carefully (T from 0.4 to 0.8 by the public programs' rule, "calm"). They are fitted to 255 px and
simplified like Quick, Draw!'s own, and all of them are train: valid and test are real drawings alone. Four in ten calm
drawings could be of another class; "clear" are the others, as told by a classifier of the decoders' drawings alone,
each drawing by one that has not learned it.

    python -m strokewright.recipes.doodles

makes them, and the weights that the recipes begin with: those of the public decoder of birds, which foretells drawings
of the other classes best. About a quarter of an hour on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import cyclopts
import numpy as np
import torch
from numpy.typing import NDArray

from strokewright.datasets.download import find
from strokewright.datasets.step_sets import StepOptions, StepSet, to_steps
from strokewright.drawing.sequence import from_stroke3
from strokewright.errors import DataError, DrawingError
from strokewright.models.sketch_rnn.batches import StepBatches
from strokewright.models.sketch_rnn.config import SketchRNNConfig
from strokewright.models.sketch_rnn.draws import Rule
from strokewright.models.sketch_rnn.magenta import from_magenta
from strokewright.models.sketch_rnn.sampler import Sampler, begin
from strokewright.models.sketch_rnn.vae import SketchRNN
from strokewright.recipes.doodle_classifier import Classifier, Pictures, rasters

CLASSES = (
    "ambulance", "bear", "bicycle", "bird", "dog", "dolphin", "hedgehog", "key",
    "lantern", "lobster", "monkey", "mosquito", "palm tree", "parrot", "rabbit", "sheep",
)  # fmt: skip
"""The classes of the public decoders."""
REAL_CLASSES = (
    "beard", "bowtie", "circle", "cookie", "crab", "dragon", "ear", "eye", "eyeglasses", "face", "hat", "headphones",
    "hot dog", "moustache", "mouth", "necklace", "nose", "sandwich", "sock", "wine bottle", "wine glass", "zigzag",
)  # fmt: skip
"""Further classes with at least two hundred real drawings."""
FOLDER = "runs/doodles-data"
_KINDS: dict[str, tuple[Rule, tuple[float, ...], int]] = {
    "full": ("paper", (1.0,), 1),
    "calm": ("js", (0.4, 0.5, 0.6, 0.7, 0.8), 3),
}
"""How each kind is drawn, and how many times as many of it."""
_CLEAR = 0.5  # least probability of a clear drawing's own class
_JUDGE_EPOCHS = 3
_START = "bird"
SCALE_PX = 28.0
"""One unit of the model for all classes: about the deviation of their offsets on a page of 256 px."""
_REAL_TIMES = 8  # real drawings are few beside those of a class's decoder
_LEAST, _MOST = 600, 1600  # drawings of a class in an epoch
_MOST_STEPS = 200
_REAL_FILES = {
    "quickdraw/quickdraw345_simplified.npz": CLASSES + REAL_CLASSES,
    "quickdraw/quickdraw26_simplified.npz": ("bear", "bird", "dog", *REAL_CLASSES),
    "quickdraw/quickdraw_eye_mouth_simplified.npz": ("eye", "mouth"),
}
_MONKEYS = "quickdraw/sketchrnn_monkey.npz"


def doodle_batches(
    seed: int = 0,
    split: str = "train",
    kinds: Sequence[str] = (),
    classes: Sequence[str] = CLASSES + REAL_CLASSES,
    jitter_px: float = 0.0,
    folder: str | Path = FOLDER,
) -> StepBatches:
    """Return batches of doodles in model units; one unit for all classes.

    Args:
        seed: Seed of order and changes.
        split: Which of the real drawings' splits; those of the decoders are added to train.
        kinds: Drawings of the decoders to add: "full", "calm", "clear".
        classes: Which classes, in the order of the labels.
        jitter_px: Deviation of the noise added to offsets while training, see `BatchOptions`.
        folder: Where the decoders' drawings lie.

    Raises:
        DataError: The decoders' drawings have not been made.
    """
    sources = _real(classes, _REAL_TIMES if kinds else 1)
    for kind in kinds:
        place = Path(folder) / kind
        if not place.is_dir():
            raise DataError(
                f"{place}: expected drawings of the public decoders, found none; make them with "
                f"python -m strokewright.recipes.doodles --out {folder}"
            )
        sources.append({"path": place, "classes": [name for name in CLASSES if name in classes]})
    return StepBatches(
        sources,
        split,
        classes,
        seed,
        scale_px=SCALE_PX,
        steps={"most_steps": _MOST_STEPS},
        jitter_px=jitter_px,
        fewest_of_class=_LEAST if split == "train" else 0,
        most_of_class=_MOST if split == "train" else None,
    )


def _real(classes: Sequence[str], times: int) -> list[dict[str, Any]]:
    """List the real drawings of some classes; those of the decoders' classes count several times."""
    sources: list[dict[str, Any]] = []
    for path, words in _REAL_FILES.items():
        for group, repeated in ((CLASSES, times), (REAL_CLASSES, 1)):
            own = [word for word in words if word in group and word in classes]
            if own:
                sources.append({"path": path, "classes": own, "times": repeated})
    if "monkey" in classes:
        sources.append({"path": _MONKEYS, "word": "monkey", "times": times})
    return sources


def make_drawings(folder: str | Path = FOLDER, count: int = 1500, seed: int = 0) -> Iterator[Path]:
    """Let every public decoder draw; yield each training set that is written, `{folder}/{kind}/{class}.npz`.

    Args:
        folder: Where to; sets that are there are left alone.
        count: Full drawings of a class to begin; those that do not end by the decoder's own limit are left out.
        seed: Of the noise; every class and temperature has its own.

    Raises:
        WeightsError: A public decoder is missing or damaged.
    """
    for number, name in enumerate(CLASSES):
        sampler: Sampler | None = None
        for kind, (rule, temperatures, times) in _KINDS.items():
            path = Path(folder) / kind / _file_name(name)
            if path.exists():
                continue
            model = from_magenta(_decoder(name))
            sampler = sampler or Sampler(model, lanes=500)
            share = -(-count * times // len(temperatures))
            drawn = [
                one
                for place, temperature in enumerate(temperatures)
                for one in sampler.sample(
                    begin(model, share), temperature=temperature, rule=rule, seed=seed + 100 * number + place
                )
                if one.finished
            ]
            path.parent.mkdir(parents=True, exist_ok=True)
            _to_set([one.rows for one in drawn], name).save(path)
            yield path


def choose_clear(folder: str | Path = FOLDER, seed: int = 0) -> Iterator[Path]:
    """Choose the calm drawings that show their class; yield each set that is written, `{folder}/clear/{class}.npz`.

    Args:
        folder: Where `make_drawings` has written to; clear sets that are there are left alone.
        seed: Of the halves and of the classifiers: each judges the half that it has not learned.
    """
    paths = [Path(folder) / "clear" / _file_name(name) for name in CLASSES]
    if all(path.exists() for path in paths):
        return
    sets = {
        (kind, number): StepSet.open(Path(folder) / kind / _file_name(name))
        for kind in _KINDS
        for number, name in enumerate(CLASSES)
    }
    pictures = [rasters([from_stroke3(one.drawing(i)) for i in range(len(one))]) for one in sets.values()]
    labels = np.repeat([number for _, number in sets], [len(one) for one in sets.values()])
    likely = _judged(np.concatenate(pictures), labels.astype(np.int64), seed)
    ends = np.cumsum([len(one) for one in sets.values()])
    for (kind, number), end in zip(sets, ends, strict=True):
        if kind == "calm":
            one = sets[kind, number]
            one.take(likely[end - len(one) : end] >= _CLEAR).save(paths[number])
            yield paths[number]


def _judged(pictures: Pictures, labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Return the probability of each picture's own class, by a classifier of the half that it is not in."""
    half = np.random.default_rng(seed).permutation(len(labels)) % 2
    likely = np.zeros(len(labels), np.float32)
    for part in (0, 1):
        classifier = Classifier(CLASSES)
        classifier.learn(pictures[half != part], labels[half != part], epochs=_JUDGE_EPOCHS, seed=seed)
        rows = np.flatnonzero(half == part)
        likely[rows] = classifier.probabilities(pictures[rows])[np.arange(len(rows)), labels[rows]]
    return likely


def make_start(folder: str | Path = FOLDER) -> Iterator[Path]:
    """Write the weights that the recipes begin with: those of a public decoder; see `SketchRNN.begin_as`.

    Yields:
        The two model folders.
    """
    from strokewright.recipes.sketch_rnn import sketch_doodles, sketch_doodles_decoder

    public = from_magenta(_decoder(_START))
    for recipe in (sketch_doodles(), sketch_doodles_decoder()):
        assert recipe.data is not None
        torch.manual_seed(0)
        labels = recipe.data.train.options.get("classes", CLASSES + REAL_CLASSES)
        model = SketchRNN(SketchRNNConfig(**recipe.model.config, labels=labels, scale_px=SCALE_PX))
        model.begin_as(public)
        path = Path(folder) / Path(recipe.model.start).name
        model.save_pretrained(path)
        yield path


def _file_name(name: str) -> str:
    return f"{name.replace(' ', '_')}.npz"


def _decoder(name: str) -> Path:
    return find(f"magenta_weights/{name.replace(' ', '_')}.gen.json.gz")


def _to_set(rows: Sequence[NDArray[np.floating]], word: str) -> StepSet:
    """Fit drawings in model units to the page and simplify them, as drawings of other people would be."""
    kept: list[NDArray[np.float32]] = []
    start = np.zeros((1, 3))  # where the pen stands before the first step
    for drawing in rows:
        try:
            kept.append(to_steps(from_stroke3(np.concatenate([start, drawing])), StepOptions(fewest_steps=5)))
        except DrawingError:
            continue
    offsets = np.cumsum([0, *map(len, kept)], dtype=np.int64)
    zeros = np.zeros(len(kept))
    return StepSet(np.concatenate(kept), offsets, zeros.astype(np.int32), (word,), zeros.astype(np.uint8))


def main(*, out: str = FOLDER, count: int = 1500) -> None:
    """Make the decoders' drawings and the weights to begin with.

    Args:
        out: Folder for them.
        count: Full drawings of a class.
    """
    for path in chain(make_drawings(out, count), choose_clear(out), make_start(out)):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    cyclopts.run(main)
