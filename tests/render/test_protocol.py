"""Vocabularies: rows to pixels, marks, and back."""

import numpy as np
import pytest

from strokewright.drawing.drawing import Box, Stroke
from strokewright.errors import OptionError
from strokewright.render.protocol import VOCABULARIES, to_cubic


@pytest.mark.parametrize("name", VOCABULARIES)
def test_rows_decode_encode_and_become_marks(name):
    vocabulary = VOCABULARIES[name]
    rows = np.random.default_rng(0).random((5, len(vocabulary.columns)))
    assert np.allclose(vocabulary.encode(vocabulary.decode(rows, 64), 64), rows)
    mark = vocabulary.to_mark(rows[0], 64)
    decoded = vocabulary.decode(rows[0], 64)
    if isinstance(mark, Stroke):
        assert np.allclose(mark.nodes[0], decoded[:2])
    elif isinstance(mark, Box):
        assert np.allclose([mark.x0, mark.y0], np.minimum(decoded[:2], decoded[2:4]))
    else:
        assert np.allclose(mark.low, np.minimum(decoded[:3], decoded[3:6]))
    with pytest.raises(OptionError, match="columns"):
        vocabulary.decode(rows[:, 1:], 64)


def test_a_raised_quadratic_is_the_same_curve():
    control = np.random.default_rng(1).random((3, 2))
    cubic = to_cubic(control)
    t = np.linspace(0, 1, 9)[:, None]
    quadratic_points = (1 - t) ** 2 * control[0] + 2 * t * (1 - t) * control[1] + t**2 * control[2]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    assert np.allclose(weights @ cubic, quadratic_points)
