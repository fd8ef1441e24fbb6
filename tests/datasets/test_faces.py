"""Faces: cut square, as ink, split by person."""

import numpy as np
import pytest

from strokewright.datasets import Dataset
from strokewright.errors import DataError
from strokewright.models.painter.batches import Lightness


def faces_file(path, shape=(6, 112, 92)):
    images = np.full(shape, 255, np.uint8)
    images[:, 60:] = 0
    np.savez(path, images=images, subject=np.array([1, 30, 31, 34, 35, 40]))
    return path


def test_faces_are_square_ink_split_by_person(tmp_path):
    faces = Dataset.open(faces_file(tmp_path / "faces.npz"))
    assert [len(faces.split(name)) for name in ("train", "valid", "test")] == [2, 2, 2]
    picture = faces[0].picture
    assert picture is not None
    assert picture.shape == (100, 100)
    assert picture[:50].max() < 0.1
    assert picture[55:].min() > 0.9


def test_painters_see_lightness(tmp_path):
    path = str(faces_file(tmp_path / "faces.npz"))
    plain = Lightness(dataset=path, split="test", size_px=50).batch(0, 3)["target"]
    assert plain.shape == (3, 1, 50, 50)
    assert plain[:, :, :25].min() > 0.9
    varied = Lightness(dataset=path, size_px=50, mirrored=True, change=0.1)
    first, again = (varied.batch(2, 4)["target"] for _ in range(2))
    assert first.equal(again)
    assert not first.equal(plain[:1].expand(4, -1, -1, -1))


def test_another_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="112"):
        Dataset.open(faces_file(tmp_path / "wide.npz", (6, 50, 92)))
