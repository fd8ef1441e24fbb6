"""The benchmark of photos: which rows come from what lies here, and how pictures are made and compared."""

import numpy as np
import pytest
import torch
from benchmarks import photo, trained
from benchmarks.photo_sets import Pairs, PhotoSet, load_maker, load_pairs, paint
from benchmarks.trained import Trained

from sketch2img_models import LABELS, SMALL, Shapes
from strokewright.errors import DataError
from strokewright.models.sketch2img import Sketch2Img
from strokewright.models.sketch2img.judge import PhotoJudge
from strokewright.training.config import ModelSpec, RunConfig, TrainingOptions
from strokewright.training.run import start


@pytest.fixture
def pairs():
    columns = Shapes().batch(0, 12)
    return Pairs(columns["photo"], columns["sketch"], [LABELS[i] for i in columns["label"]])


@pytest.fixture
def maker(tmp_path, monkeypatch):
    torch.manual_seed(0)
    Sketch2Img.from_options(SMALL).save_pretrained(tmp_path / "photo-mine/model")
    monkeypatch.setattr(trained, "RUNS_DIR", tmp_path)
    return load_maker(Trained("photo_mine"))


def test_a_generator_is_found_by_its_finished_run(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "RUNS_DIR", tmp_path)
    model = Sketch2Img.from_options(SMALL)
    (tmp_path / "photo-mine/checkpoints").mkdir(parents=True)
    (tmp_path / "photo-mine" / trained.BEST).write_bytes(model.to_bytes())
    assert load_maker(Trained("photo_mine")) is None
    model.save_pretrained(tmp_path / "photo-mine/model")
    assert load_maker(Trained("photo_mine")).labels == LABELS


def test_pictures_are_those_of_their_number_and_seed(maker, pairs):
    pictures = paint(maker, pairs, pairs.labels)
    assert pictures.shape == pairs.photos.shape
    few = Pairs(pairs.photos[:5], pairs.sketches[:5], pairs.labels[:5])
    assert abs(paint(maker, few, few.labels).astype(int) - pictures[:5]).max() <= 1


def test_rows_hold_bounds_for_ours_and_what_came_before(maker, pairs):
    torch.manual_seed(0)
    judge = PhotoJudge.from_options({"labels": LABELS, "size": 32, "base": 4})
    chosen = PhotoSet("shapes", {}, {photo.OURS: Trained("photo_mine")}, "shapes", 0.5)
    before = {"pix2pix": {"KID-own": 5.0, "L1": 0.0, "recognised": 0.7}, "paper": {"KID-own": 6.0, "L1": 0.1}}
    rows = photo._maker_rows(chosen, photo.OURS, maker, pairs, paint(maker, pairs, pairs.labels), judge, before)
    by_metric = {row["metric"]: row for row in rows}
    assert by_metric["diversity"]["met"] is False  # random weights hardly hear the noise
    assert by_metric["recognised"]["bound"] == ">= 0.7"  # the baseline's
    assert by_metric["KID-own"]["bound"] == "<= 5"
    assert by_metric["KID-own"]["reference"] == 5.0
    assert by_metric["L1"]["reference"] == 0.0
    assert before[photo.OURS].keys() == by_metric.keys()
    grouped = PhotoSet("shapes", {}, {}, "shapes", 0.5, {"all": LABELS})
    assert str(photo._bounds(grouped, before)["recognised"]) == ">= 0.5"
    assert all(np.isfinite(row["ours"]) for row in rows)


def test_pictures_seen_are_those_of_the_model_that_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "RUNS_DIR", tmp_path)
    place = Trained("photo_mine")
    assert photo._seen_rows("mine", place) == []
    options = TrainingOptions(steps=3, batch_size=2, device="cpu", evaluate_every=0, sample_every=0)
    gan = ModelSpec(name="strokewright.models.sketch2img.gan:Sketch2ImgGAN", config=SMALL)
    start(RunConfig(model=gan, training=options), place.run, Shapes())
    (seen,) = photo._seen_rows("mine", place)
    assert (seen["metric"], seen["ours"]) == ("pictures seen", 6)
    (bundled,) = photo._seen_rows("theirs", Trained("photo_mine", card="photo/objects"))
    assert bundled["ours"] == 96_000


@pytest.mark.data
def test_test_pairs_are_spread_over_the_split():
    try:
        pairs = load_pairs({"data": "object-sketches", "size": 32}, most=20)
    except DataError as error:
        pytest.skip(f"data: {error}")
    assert pairs.photos.shape == (20, 3, 32, 32)
    assert len(set(pairs.labels)) > 10
