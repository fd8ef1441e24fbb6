"""Every renderer of the table: can be imported, draws nothing for nothing, and one mark where it belongs."""

import numpy as np
import pytest
import torch

from strokewright import Drawing
from strokewright.models import import_object
from strokewright.render import RENDERERS

CONTROL = np.array([[4.0, 10.0], [10.0, 10.0], [16.0, 10.0]])


def ink_of(name, strokes):
    """Ink (20, 20) of straight strokes along CONTROL, by any renderer."""
    renderer = import_object(RENDERERS[name])
    if name == "skia":
        drawing = Drawing.from_points([CONTROL[[0, 2]]] * strokes, (20, 20), width=4.0)
        return 1 - renderer(drawing)[0]
    control = torch.from_numpy(CONTROL).float().expand(1, strokes, 3, 2)
    return renderer(control, torch.full((1, strokes, 2), 4.0), (20, 20))[0].numpy()


@pytest.mark.parametrize("name", RENDERERS)
def test_nothing_and_one_mark(name):
    assert not ink_of(name, 0).any()
    ink = ink_of(name, 1)
    assert ink.shape == (20, 20)
    assert ink[8:12, 5:15].min() > 0.95
    assert ink[:6].max() == 0
    assert np.array_equal(ink, ink_of(name, 1))
