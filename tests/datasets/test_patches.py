"""Training patches: reproducible from (seed, index), ink in range, canvases part of their pictures, real data mixed."""

import numpy as np
import pytest

from strokewright.datasets.dataset import Dataset
from strokewright.datasets.patches import Patches, Source, training_sources
from strokewright.datasets.random_strokes import RandomStrokes
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import OptionError
from strokewright.render.skia import render_ink


def small_stream(**options):
    lines = RandomStrokes(50, 100.0, (1, 4), seed=1)
    sources = {"a": Source(lines, (80, 200)), "b": Source(lines, (64, 64), own_width=True)}
    return Patches(sources, {"a": 2, "b": 1}, **options)


def test_a_sample_depends_on_seed_and_index_alone():
    stream = small_stream(seed=5)
    pictures, canvases = stream.batch(3, 8)
    assert pictures.shape == canvases.shape == (8, 64, 64)
    assert pictures.dtype == np.float32
    again = small_stream(seed=5)
    for i in (6, 1):
        picture, canvas = again.sample(24 + i)
        assert np.array_equal(picture, pictures[i])
        assert np.array_equal(canvas, canvases[i])
    assert not np.array_equal(small_stream(seed=6).batch(3, 8)[0], pictures)


def test_canvases_are_part_of_their_pictures():
    pictures, canvases = small_stream(size=48).batch(0, 64)
    assert pictures.shape == (64, 48, 48)
    assert pictures.min() == 0
    assert pictures.max() == 1
    assert (canvases <= pictures + 0.02).mean() > 0.999
    blank = (canvases.max(axis=(1, 2)) == 0).mean()
    assert 0.3 < blank < 0.9
    assert (pictures.mean(axis=(1, 2)) > 0.005).mean() > 0.8
    assert small_stream(blank=1.0).batch(0, 4)[1].max() == 0


def test_patches_look_as_the_true_renderer_draws():
    stream = small_stream(seed=2)
    for index in range(12):
        scene = stream._scene(index)
        page = Drawing(tuple(Stroke(points, width=width) for points, width in scene.picture), (64, 64))
        error = np.mean((stream.sample(index)[0] - render_ink(page)) ** 2)
        assert error < 2e-4


def test_bad_options_are_refused():
    with pytest.raises(OptionError, match="weights"):
        Patches({}, {"a": 1})
    with pytest.raises(OptionError, match="size"):
        small_stream(size=2)


@pytest.mark.data
def test_the_real_mixture(data_dir):
    sources = training_sources()
    assert all(isinstance(s.dataset, Dataset) for s in sources.values())
    assert not any("test" in set(s.dataset.split_names()) for s in sources.values())
    assert len(sources["omniglot"].dataset) == 5840 * 17 // 20
    pictures, canvases = Patches(sources).batch(0, 48)
    ink = pictures.mean(axis=(1, 2))
    assert 0.03 < ink.mean() < 0.2
    assert canvases.mean() < pictures.mean()
