"""Batches of whole pictures: order, colours, splits."""

import numpy as np
import pytest

from strokewright.errors import DataError
from strokewright.models.canvas_drawer.pictures import DIGIT_RGB, ColouredDigits, Pictures
from strokewright.render.colour import WHITE_LAB, to_lab, to_rgb_array

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("data_dir")]


def test_batches_depend_on_seed_and_index_alone():
    digits = Pictures(seed=3, split="valid")
    assert len(digits) == 5000
    first = digits.batch(7, 16)["target"]
    assert first.shape == (16, 1, 28, 28)
    assert first.max() <= 1
    assert np.array_equal(first, Pictures(seed=3, split="valid").batch(7, 16)["target"])
    assert not np.array_equal(first, digits.batch(8, 16)["target"])
    ordered = Pictures(split="test", in_order=True)
    assert ordered.rows(1, 64).tolist() == list(range(64, 128))
    with pytest.raises(DataError, match="expected pictures"):
        Pictures(dataset="lucide")


def test_coloured_digits_show_each_digit_in_its_colour():
    digits = ColouredDigits(split="valid")
    batch, rows = digits.batch(0, 32), digits.rows(0, 32)
    assert batch["hint"].shape == (32, 1, 28, 28)
    bare = batch["hint"][:, 0] == 0
    assert np.allclose(batch["target"].transpose(0, 2, 3, 1)[bare], WHITE_LAB)
    full = batch["hint"][0, 0].argmax()
    shown = to_rgb_array(batch["target"][0].reshape(3, -1)[:, full])
    assert shown == pytest.approx(DIGIT_RGB[digits.digits[rows[0]]], abs=0.03)


def test_digit_colours_are_far_apart():
    lab = to_lab(DIGIT_RGB) * (100, 255, 255)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 1e3 * np.eye(10)
    assert apart.min() > 30
