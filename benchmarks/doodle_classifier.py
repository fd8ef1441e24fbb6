"""How recognisable are drawings, real ones and a model's? A classifier that has seen real drawings alone says.

It learns Google's rasters of 28×28 of all 345 classes, 97 a class, but for the first 22 of a class, which are mostly
the drawings of `quickdraw345_simplified.npz`: those are what it is tested on. Among 16 classes it takes the likeliest
of the 16.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from strokewright.datasets.dataset import read_arrays
from strokewright.datasets.download import find
from strokewright.drawing import Drawing
from strokewright.recipes.doodle_classifier import Classifier, rasters

_FOR_TEST = 22  # first rasters of a class
_EPOCHS = 24


def accuracy(classifier: Classifier, drawings: dict[str, list[Drawing]]) -> float:
    """Return the share of drawings (class → drawings) that are recognised among these classes."""
    among = list(drawings)
    guesses = {word: classifier.guess(rasters(some), among) for word, some in drawings.items() if some}
    right = sum(guess == word for word, some in guesses.items() for guess in some)
    return right / sum(map(len, guesses.values()))


def load_classifier(path: Path) -> Classifier:
    """Load the classifier, or train it and keep it there."""
    arrays = read_arrays(find("quickdraw/bitmap345_28x28.npz"), ("images", "label", "words"))
    classifier = Classifier([str(word) for word in arrays["words"]])
    if path.exists():
        classifier.load_state_dict(load_file(path))
        return classifier.eval()
    labels = arrays["label"].astype(np.int64)
    place = np.arange(len(labels)) - np.searchsorted(labels, labels)  # of a raster within its class
    classifier.learn(arrays["images"][place >= _FOR_TEST], labels[place >= _FOR_TEST], epochs=_EPOCHS)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(classifier.state_dict(), path)
    return classifier
