"""Batches of pairs: what they hold, that they repeat, what changes in them, distance maps and the report's scaling."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pair_files import disc, encoded, ring, write_pairs, write_zip
from strokewright.datasets import Dataset
from strokewright.drawing import Drawing
from strokewright.errors import DataError, OptionError
from strokewright.models.pretrained import load_pretrained
from strokewright.models.sketch2img.batches import PairBatches
from strokewright.models.sketch2img.hand import redrawn, redrawn_picture
from strokewright.models.sketch2img.photo_batches import PhotoBatches
from strokewright.models.sketch2img.scaling import ReportScaling
from strokewright.models.sketch2img.sketches import distance_map, photo_at, sketch_of_drawing, sketch_of_picture
from strokewright.recipes.sketch2img import photo_things
from strokewright.training.run import start


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return {name: str(path) for name, path in write_pairs(tmp_path_factory.mktemp("pairs")).items()}


@pytest.mark.parametrize("name", ["object-sketches", "openmoji-pairs", "sketchy", "photo-folder", "cifar10"])
def test_batches_hold_bytes_of_one_shape_for_every_kind_of_pairs(name, files):
    source = PairBatches(data=files[name], size=32)
    batch = source.batch(3, 4)
    assert {key: (values.shape, values.dtype.name) for key, values in batch.items()} == {
        "photo": ((4, 3, 32, 32), "uint8"),
        "sketch": ((4, 32, 32), "uint8"),
        "distance": ((4, 32, 32), "uint8"),
        "label": ((4,), "int64"),
    }
    assert source.facts["size"] == 32
    assert 0 <= batch["label"].min() <= batch["label"].max() < len(source.facts["labels"])
    assert ((batch["distance"] == 0) == (batch["sketch"] < 245)).all()
    again = PairBatches(data=files[name], size=32).batch(3, 4)
    assert all((batch[key] == again[key]).all() for key in batch)
    other = PairBatches(seed=1, data=files[name], size=32).batch(3, 4)
    assert (batch["sketch"] != other["sketch"]).any()


def test_a_set_of_ones_own_takes_the_place_of_the_recipes(files):
    for own in (files["photo-folder"], Dataset.open(files["photo-folder"])):
        source = PairBatches(data="things", path=own, size=16)
        assert source.labels == ["hat", "sock"]
        assert PhotoBatches(path=own, size=16).labels == ["hat", "sock"]
    small = {"training.steps": 1, "training.batch_size": 2, "model.config.base": 4, "data.train.options.sights": 2}
    run = start(photo_things().replaced(small), Path(files["photo-folder"]).parent / "run", data=files["photo-folder"])
    assert load_pretrained(run.out / "model").config.labels == ("hat", "sock")
    with pytest.raises(DataError, match="expected data sets with photos, got Shapes"):
        PairBatches(path=Dataset.open("shapes"))


def test_sketches_of_one_photo_share_it(files):
    source = PairBatches(data=files["sketchy-pairs"], size=16)
    one, other = (source._pairs.pair(i) for i in range(2))
    assert one.photo is other.photo


def test_without_change_the_pairs_come_in_order_as_they_are(files):
    source = PairBatches(data=files["sketchy"], size=32, split="test", change=False)
    assert len(source) == 4
    first = source.batch(0, 4)
    assert first["label"].tolist() == [0, 0, 1, 1]
    assert np.abs(first["sketch"][0].astype(int) - ring()).max() <= 1
    assert all((values == source.batch(1, 4)[key]).all() for key, values in first.items())


def test_photo_and_sketch_are_mirrored_together(tmp_path):
    photo, sketch = np.full((32, 32, 3), 255, np.uint8), np.full((32, 32), 255, np.uint8)
    photo[:, :16], sketch[:, 2:14] = 0, 0
    files = {"train/color/1.png": encoded(photo), "train/line/1.png": encoded(sketch)}
    facts = '{"1": {"split": "train", "group": 0}}'
    path = str(write_zip(tmp_path / "one.zip", files | {"labels.json": facts}))
    batch = PairBatches(data=path, size=32, mirror=0.5).batch(0, 32)
    left = batch["photo"][:, 0, 16, 8] < 128
    assert 4 < left.sum() < 28
    assert ((batch["sketch"][:, 16, 8] < 128) == left).all()
    never = PairBatches(data=path, size=32, mirror=0.0).batch(0, 32)
    assert (never["photo"][:, 0, 16, 8] < 128).all()


def test_balanced_batches_take_every_class_equally(files):
    source = PairBatches(data=files["object-sketches"], split="valid", size=16, balanced=True)
    assert set(source.batch(0, 8)["label"].tolist()) == {1}  # of crow there is none in valid
    plain = PairBatches(data=files["cifar10"], size=16).batch(0, 64)
    even = PairBatches(data=[files["cifar10"], files["photo-folder"]], size=16, balanced=True)
    counts = np.bincount(even.batch(0, 60)["label"])
    assert sorted(counts[counts > 0]) == [20, 20, 20]
    assert set(plain["label"].tolist()) == {0, 1}


def test_edges_give_way_to_sketches_as_the_run_goes_on(files):
    options = {"data": files["sketchy-pairs"], "edges": files["photo-folder"], "size": 16}
    source = PairBatches(**options, edge_share=(0.8, 0.2), edge_batches=100)
    assert source.labels == ["ant", "hat", "sock"]
    shares = [np.mean(source.batch(index, 120)["label"] == 1) for index in (0, 50, 100, 1000)]
    assert np.allclose(shares, [0.8, 0.5, 0.2, 0.2], atol=0.12)
    held_out = PairBatches(**options, change=False).batch(0, 4)
    assert (held_out["label"] == 0).all()


def test_the_discriminators_own_loader_shows_mostly_photos(files):
    options = {"data": files["sketchy-pairs"], "edges": files["photo-folder"], "size": 16}
    plain, source = PairBatches(**options), PairBatches(**options, real_edge_share=0.9)
    for index in (0, 30_000):
        batch = source.batch(index, 120)
        assert np.mean(batch["real_kind"] == 1) == pytest.approx(0.9, abs=0.08)  # all along
        assert batch["real_photo"].shape == batch["photo"].shape
        assert all((values == batch[name]).all() for name, values in plain.batch(index, 120).items())
    batch = source.batch(0, 8)
    assert ((batch["real_distance"] == 0).reshape(8, -1).any(axis=1)).all()
    assert (batch["real_distance"] != batch["distance"]).any()
    assert "real_photo" not in PairBatches(**options, real_edge_share=0.9, change=False).batch(0, 4)


def tensors(batch):
    return {name: torch.from_numpy(values) for name, values in batch.items()}


def test_kept_sights_lie_in_tables_and_come_again(files):
    options = {"data": files["sketchy-pairs"], "size": 32, "mirror": 0.5}
    once, kept = PairBatches(**options), PairBatches(**options, sights=2)
    places = kept.batch(0, 60)  # of two pairs
    assert set(places) == {"place", "sight", "mirrored", "label"}
    batch = {name: values.numpy() for name, values in kept.look_up(tensors(places)).items()}
    plain = once.batch(0, 60)
    assert {name: (v.shape, v.dtype) for name, v in batch.items()} == {n: (v.shape, v.dtype) for n, v in plain.items()}
    upright = [min(one.tobytes(), one[:, ::-1].tobytes()) for one in batch["sketch"]]
    assert len(set(upright)) == 4
    assert len({one.tobytes() for one in plain["sketch"]}) == 60
    maps = [distance_map(np.ascontiguousarray(one)) for one in batch["sketch"]]
    assert (np.stack(maps) == batch["distance"]).all()
    turned = places["mirrored"]
    assert 10 < turned.sum() < 50
    straight = PairBatches(**{**options, "mirror": 0.0}).batch(0, 60)["photo"]
    assert np.array_equal(batch["photo"], np.where(turned[:, None, None, None], straight[..., ::-1], straight))
    later = PairBatches(**options, sights=2)
    assert (later.look_up(tensors(later.batch(1, 20)))["sketch"].numpy() == batch["sketch"][20:40]).all()
    as_they_are = PairBatches(**options, sights=2, change=False)
    assert "sketch" in as_they_are.look_up(tensors(as_they_are.batch(0, 2)))


def test_kept_sights_of_both_sets_and_of_the_discriminators_loader(files):
    options = {"data": files["sketchy-pairs"], "edges": files["photo-folder"], "size": 16, "sights": 3}
    source = PairBatches(**options, edge_share=(1.0, 1.0), real_edge_share=0.5)
    columns = source.batch(0, 8)
    assert columns["place"].min() >= len(source)
    batch = source.look_up(tensors(columns))
    assert set(batch) == {"photo", "sketch", "distance", "label", "real_photo", "real_distance", "real_kind"}
    hats = PairBatches(data=files["photo-folder"], size=16, mirror=0.0).batch(0, 1)["photo"][0]
    assert (batch["photo"][0].numpy() == hats).all() or (batch["photo"][0].numpy()[..., ::-1] == hats).all()
    assert batch["real_photo"].dtype == torch.uint8


def test_jitter_changes_light_and_contrast_of_photos_alone(files):
    plain, jittered = (PairBatches(data=files["cifar10"], size=16, jitter=amount).batch(0, 32) for amount in (0.0, 0.2))
    assert (plain["sketch"] == jittered["sketch"]).all()
    light = jittered["photo"].mean(axis=(1, 2, 3)) - plain["photo"].mean(axis=(1, 2, 3))
    assert 5 < np.abs(light).max() < 26
    contrast = jittered["photo"].std(axis=(1, 2, 3)) / plain["photo"].std(axis=(1, 2, 3))
    assert contrast.min() < 0.93
    assert 1.03 < contrast.max() < 1.21


def test_photos_are_scaled_alike_whatever_else_the_set_holds(files):
    """A fault of the report: extremes of the whole set scaled every picture."""
    alone, beside = files["photo-folder"], [files["photo-folder"], files["cifar10"]]
    first, second = (PairBatches(data=data, size=32, change=False).batch(0, 1)["photo"] for data in (alone, beside))
    assert (first == second).all()
    report = [PairBatches(data=data, size=32, change=False, scaling="report").facts for data in (alone, beside)]
    assert set(report[0]["scaling"]) == {"photo_mean", "photo_reach", "line_mean", "line_reach"}


def test_distance_maps_reach_far_and_bear_a_blank_sketch():
    assert (distance_map(np.full((8, 8), 255, np.uint8)) == 255).all()
    sketch = np.full((9, 9), 255, np.uint8)
    sketch[:, 0] = 0
    assert distance_map(sketch)[4].tolist() == [round(255 * x / 8) for x in range(9)]
    assert (distance_map(np.zeros((8, 8), np.uint8)) == 0).all()
    coarse = distance_map(ring(64)).reshape(4, 16, 4, 16).mean(axis=(1, 3))
    thin = np.where(ring(64) == 0, 0.0, 255.0).reshape(4, 16, 4, 16).mean(axis=(1, 3))
    assert coarse.max() - coarse.min() > 1.5 * (thin.max() - thin.min())  # averaged to 4×4, lines lose their contrast


def test_a_drawing_and_its_picture_give_nearly_the_same_sketch():
    drawing = Drawing.from_points([[(10, 10), (118, 10), (118, 118)]], (128, 128), width=9.0)
    sketch = sketch_of_drawing(drawing.strokes, drawing.size, 64)
    rows, columns = np.nonzero(sketch < 128)
    assert (rows.min(), columns.max()) in ((4, 59), (5, 58), (4, 58), (5, 59))
    picture = np.full((128, 128), 255, np.uint8)
    picture[9:11, 9:119] = picture[9:119, 117:119] = 0
    assert np.abs(sketch_of_picture(picture, 64).astype(int) - sketch).mean() < 6
    wide = sketch_of_drawing(drawing.strokes, (256, 128), 64)
    assert np.nonzero(wide < 128)[0].min() > 16  # the page is centred, with paper above
    assert (sketch_of_drawing([], (10, 10), 16) == 255).all()


def test_photos_that_are_not_square_keep_their_shape():
    photo = np.zeros((20, 40, 3), np.uint8)
    photo[:, 10:30] = 255
    square = photo_at(photo, 40)
    assert square.shape == (3, 40, 40)
    assert (square[0] == square[0, 0]).all()
    assert square[0, 0].tolist() == photo[0, :, 0].tolist()


def test_a_sketch_drawn_again_is_near_and_not_the_same():
    angle = np.linspace(0, 2 * np.pi, 40)
    loop = 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    once, again = (redrawn([loop], 64, np.random.default_rng(seed)) for seed in (0, 1))
    assert (once != again).any()
    near = distance_map(once)[again < 128]
    assert near.mean() < 40
    picture = ring(128)
    bent = redrawn_picture(picture, 64, np.random.default_rng(0))
    assert (bent != sketch_of_picture(picture, 64)).any()
    assert distance_map(sketch_of_picture(picture, 64))[bent < 128].mean() < 40
    assert (redrawn([], 16, np.random.default_rng(0)) == 255).all()
    many = [loop * 0.1 + 0.009 * i for i in range(60)]
    rng = np.random.default_rng(2)
    assert len({int((redrawn(many, 64, rng) < 128).sum()) for _ in range(6)}) == 6  # strokes are left out


def test_the_reports_scaling_is_centred_within_bounds_and_turned_back(files):
    source = PairBatches(data=files["openmoji-pairs"], size=32, scaling="report", change=False)
    batch = source.batch(0, 1)
    lines = batch["distance"][0]
    assert lines[16, 16] < lines[batch["sketch"][0] < 128].min()  # lines are white
    assert lines.max() == 255  # what is farthest from the mean
    assert abs(lines.mean() / 127.5 - 1) < 0.02
    plain = PairBatches(data=files["openmoji-pairs"], size=32, change=False).batch(0, 1)["photo"]
    assert abs(batch["photo"].mean() / 127.5 - 1) < 0.02
    assert np.abs(source.report_scaling.photo_back(batch["photo"]).astype(int) - plain).max() <= 1
    flat = ReportScaling.of(disc() * 0 + 7, ring() * 0 + 255)  # without any contrast nothing is divided by zero
    assert np.isin(flat.lines(ring() * 0 + 255), [127, 128]).all()


def test_options_that_cannot_be_are_refused(files):
    for wrong in (
        {"size": 4},
        {"mirror": 2.0},
        {"jitter": -0.1},
        {"sights": -1},
        {"sights": 2, "jitter": 0.1},
        {"real_edge_share": 0.9},
        {"edge_share": (0.5, -1.0)},
        {"scaling": "none"},
        {"data": {"path": 1}},
    ):
        with pytest.raises(OptionError):
            PairBatches(**({"data": files["cifar10"]} | wrong))
    with pytest.raises(DataError, match="dev"):
        PairBatches(data=files["cifar10"], split="dev")
    with pytest.raises(DataError, match="photos"):
        PairBatches(data="random-strokes")


@pytest.mark.data
def test_batches_of_the_real_pairs(data_dir):
    data = [{"name": "fluent-pairs", "lines": lines} for lines in ("glyph", "outline", "openmoji")]
    batch = PairBatches(data=data, size=64, mirror=0.0).batch(0, 16)
    drawn = (batch["sketch"] < 245).mean(axis=(1, 2))
    assert drawn.min() > 0.01
    assert drawn.max() < 0.8
