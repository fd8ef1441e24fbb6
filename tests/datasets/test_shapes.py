"""The painter's synthetic sets: pictures agree with their truth, shapes keep the rules, turned batches keep both."""

import numpy as np
import pytest

from strokewright.datasets import Dataset
from strokewright.datasets.shapes import RULES, SceneBatches, Shapes, make_scenes
from strokewright.errors import OptionError
from strokewright.render.skia import render


def repainted(batch):
    """Paint the rectangles of a batch by hand."""
    picture = np.broadcast_to(batch["paper"][:, None, None], (len(batch["paper"]), 28, 28)).copy()
    for row, corners in enumerate(batch["corners"].astype(int)):
        for shape, (x0, y0, x1, y1) in enumerate(corners):
            if batch["there"][row, shape]:
                picture[row, y0:y1, x0:x1] = batch["colour"][row, shape]
    return picture


@pytest.mark.parametrize("name", [name for name in RULES if name != "2-shapes"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_batches_hold_their_truth(name, split):
    batch = SceneBatches(seed=3, name=name, split=split, count=60).batch(1, 40)
    assert np.allclose(repainted(batch), batch["target"][:, 0])
    assert batch["corners"].min() >= 0
    assert batch["corners"].max() <= 28


@pytest.mark.parametrize("name", RULES)
def test_a_sample_is_painted_by_its_drawing(name):
    for sample in Shapes(name, count=6):
        assert sample.drawing is not None
        assert np.square(1 - render(sample.drawing)[0] - sample.picture).mean() < 1e-3


def test_rules_are_kept():
    scenes = make_scenes(RULES["4-rectangles"], np.random.default_rng(0), 200)
    low, high = scenes.corners[:, :, None, :2] - 0.5, scenes.corners[:, :, None, 2:] + 0.5
    meet = (low < scenes.corners[:, None, :, 2:]).all(-1) & (high > scenes.corners[:, None, :, :2]).all(-1)
    assert (meet == np.eye(4, dtype=bool)).all()
    occluded = make_scenes(RULES["2-rectangles-occlusion"], np.random.default_rng(0), 200)
    areas = (occluded.corners[..., 2:] - occluded.corners[..., :2]).prod(-1)
    for row, colours in enumerate(occluded.colour):
        for shape, colour in enumerate(colours):
            assert (occluded.picture[row] == np.float32(colour)).sum() >= areas[row, shape] / 3 - 1e-6
    assert make_scenes(RULES["0to2-rectangles"], np.random.default_rng(0), 300).there.sum(1).tolist().count(0) > 60
    assert set(make_scenes(RULES["2-shapes"], np.random.default_rng(0), 50).kind.ravel()) == {0, 1}


def test_batches_depend_on_seed_and_number_alone():
    first, second = (SceneBatches(seed=1, count=50) for _ in range(2))
    assert np.array_equal(first.batch(4, 8)["target"], second.batch(4, 8)["target"])
    assert not np.array_equal(first.batch(4, 8)["target"], first.batch(5, 8)["target"])
    train, test = (SceneBatches(split=split, count=50).scenes.picture for split in ("train", "test"))
    assert not np.array_equal(train, test)


def test_splits_and_names():
    shapes = Dataset.open("shapes", name="2-shapes", count=30)
    assert [len(shapes.split(name)) for name in ("train", "valid", "test")] == [24, 3, 3]
    with pytest.raises(OptionError, match="2-rectangles"):
        Shapes("7-rectangles")
