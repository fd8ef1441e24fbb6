"""Changed characters: repeatable, each in its own way, thicker and thinner lines, nothing out of range."""

import numpy as np
import pytest

from strokewright.models.canvas_drawer.characters import Characters

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def characters(data_dir):
    return Characters(0, "valid")


def test_batches_are_repeatable_ink_in_range(characters):
    target = characters.batch(3, 32)["target"]
    assert target.shape == (32, 1, 28, 28)
    assert target.dtype == np.float32
    assert target.min() == 0
    assert 0.9 < target.max() <= 1
    assert np.array_equal(target, characters.batch(3, 32)["target"])
    assert not np.array_equal(target, characters.batch(4, 32)["target"])


def test_one_character_comes_out_in_many_ways(characters, monkeypatch):
    monkeypatch.setattr(characters, "rows", lambda index, batch_size: np.zeros(batch_size, dtype=int))
    ink = characters.batch(0, 64)["target"].sum(axis=(1, 2, 3))
    assert len(np.unique(ink)) == 64
    assert ink.max() > 2 * ink.min(), "some lines are widened"


def test_the_ink_stays_on_the_page(characters):
    target = characters.batch(0, 256)["target"]
    rim = np.concatenate([target[..., [0, -1], :].ravel(), target[..., :, [0, -1]].ravel()])
    assert rim.mean() < 0.1 * target[..., 8:20, 8:20].mean()
