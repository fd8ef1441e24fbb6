import numpy as np
import pytest

from sketch_rnn_models import build
from strokewright import Drawing
from strokewright.pipelines.sketch_rnn import Sketcher


@pytest.fixture(scope="session")
def sketcher():
    """A variational autoencoder of two classes."""
    return Sketcher(build())


@pytest.fixture(scope="session")
def decoder():
    """A decoder alone, of one class."""
    return Sketcher(build(labels=(), latent=0))


@pytest.fixture
def ears():
    """Two strokes with looks of their own on a page of 400×300 px."""
    angle = np.linspace(0, np.pi, 40)
    lines = [np.c_[x + 30 * np.cos(angle), 100 - 50 * np.sin(angle)] for x in (120, 240)]
    drawing = Drawing.from_points(lines, (400, 300), width=6.0)
    looks = {"colour": (0.8, 0.1, 0.2), "layer": "red", "opacity": 0.5}
    return drawing.replace(marks=tuple(stroke.replace(**looks) for stroke in drawing.strokes), maker="me")
