"""Metrics of photos: each on a case whose answer is known."""

import numpy as np
import pytest
import torch
from benchmarks import photo_metrics as metrics
from benchmarks import trained

from pair_files import disc, ring, write_pairs
from strokewright.models.sketch2img.judge import PhotoJudge, PhotoJudgeConfig
from strokewright.models.sketch2img.photo_batches import PhotoBatches

RNG = np.random.default_rng(0)


def pictures_of(colour, count=8, size=32):
    return np.stack([disc(size, colour).transpose(2, 0, 1)] * count)


def noisy(pictures, amount=10):
    noise = RNG.normal(0, amount, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def judge():
    """A judge that knows red discs from blue ones."""
    torch.manual_seed(0)
    judge = PhotoJudge(PhotoJudgeConfig(labels=("red", "blue"), size=32, base=4))
    photos = np.concatenate([pictures_of((200, 40, 40), 4), pictures_of((40, 40, 200), 4)])
    batch = {"photo": torch.from_numpy(photos), "label": torch.tensor([0] * 4 + [1] * 4)}
    adam = torch.optim.Adam(judge.parameters(), 1e-2)
    for _ in range(8):
        adam.zero_grad()
        judge.loss(batch)["loss"].backward()
        adam.step()
    return judge


def test_distances_of_features_are_those_of_known_distributions():
    x, y = RNG.normal(0, 1, (400, 6)), RNG.normal(0, 1, (400, 6))
    assert abs(metrics.kid(x, y)) < 0.05
    assert metrics.kid(x, y + 1) > 0.5
    assert metrics.kid(x, 2 * y) > 0.5
    assert metrics.fid(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.fid(x, x + 2) == pytest.approx(4 * 6)
    assert metrics.fid(x, 3 * x) == pytest.approx(4 * np.trace(np.cov(x, rowvar=False)) + 4 * (x.mean(0) ** 2).sum())
    assert np.isnan(metrics.kid(x[:1], y))


def test_the_unbiased_kid_is_nought_on_average_for_one_distribution():
    values = [metrics.kid(RNG.normal(0, 1, (20, 4)), RNG.normal(0, 1, (20, 4))) for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    assert min(values) < 0 < max(values)


def test_closeness_and_diversity():
    photos = pictures_of((200, 40, 40))
    assert metrics.l1(photos, photos) == 0
    assert metrics.l1(np.zeros_like(photos), np.full_like(photos, 255)) == 1
    assert metrics.ssim(photos, photos) == pytest.approx(1)
    assert metrics.ssim(noisy(photos), photos) < 0.98
    grey = np.full_like(photos, 100)
    assert metrics.diversity([grey, grey + 51, grey + 51]) == pytest.approx(2 / 3 * 0.2)
    assert np.isnan(metrics.diversity([grey]))


def test_black_and_saturated_pictures_are_counted():
    photos = noisy(pictures_of((200, 40, 40)))
    black, extreme = np.zeros_like(photos[:1]), np.where(photos[:1] > 128, 255, 0).astype(np.uint8)
    white_ground = np.where(photos[:1] > 220, 255, photos[:1])  # plain ground alone is no fault
    assert metrics.bad_pictures(np.concatenate([photos, black, extreme, black, white_ground])) == (2, 1)


def test_edges_follow_the_lines_only_where_the_picture_does():
    shifts = [(0, 0), (6, 0), (0, 6), (-6, -6)]
    sketches = np.stack([np.roll(ring(48), shift, (0, 1)) for shift in shifts])
    photos = np.stack([np.roll(disc(48), shift, (0, 1)).transpose(2, 0, 1) for shift in shifts])
    own = metrics.edges_on_lines(photos, sketches)
    assert own > 0.5
    assert metrics.edges_on_lines(np.roll(photos, 2, axis=0), sketches) < 0
    stripes = np.where(np.arange(48) % 4 < 2, 255, 0).astype(np.uint8)
    everywhere = np.broadcast_to(stripes, photos.shape)
    assert abs(metrics.edges_on_lines(everywhere, sketches)) < 0.1
    assert metrics.edges_on_lines(np.full_like(photos, 9), sketches) == 0
    assert np.isnan(metrics.edges_on_lines(photos, np.full_like(sketches, 255)))


def test_a_judge_scores_what_pictures_show(judge):
    red, blue = noisy(pictures_of((190, 50, 50))), noisy(pictures_of((50, 50, 190)))
    assert metrics.recognised(judge, red, ["red"] * 8) == 1
    assert metrics.recognised(judge, blue, ["red"] * 8) == 0
    assert metrics.recognised(judge, blue, ["red"] * 8, {"disc": ("red", "blue")}) == 1
    result = metrics.scores(judge, red, red[::-1], np.stack([ring()] * 8), ["red"] * 8)
    assert set(result) == {
        "KID-own", "FID-own", "recognised", "L1", "SSIM", "edges on the lines", "black", "saturated",
    }  # fmt: skip
    assert result["KID-own"] < metrics.scores(judge, blue, red, np.stack([ring()] * 8), ["red"] * 8)["KID-own"]


def test_a_judge_that_is_missing_can_be_made(monkeypatch, tmp_path, judge):
    monkeypatch.setattr(trained, "RUNS_DIR", tmp_path)
    assert metrics.load_judge("things") is None
    judge.save_pretrained(tmp_path / "photo-judge-things" / "model")
    assert metrics.load_judge("things").config == judge.config
    assert "photo_judge_things" in metrics.judge_of("things").command


def test_photos_come_once_balanced_and_repeatable(tmp_path):
    files = write_pairs(tmp_path)
    source = PhotoBatches(data=str(files["object-sketches"]), split=("train", "valid", "test"), size=32)
    assert len(source) == 2  # renders, of three sketches
    batch = source.batch(0, 40)
    assert batch["photo"].shape == (40, 3, 32, 32)
    assert 10 < (batch["label"] == 0).sum() < 30
    assert all((values == source.batch(0, 40)[name]).all() for name, values in batch.items())
    ordered = PhotoBatches(data=str(files["cifar10"]), size=16, in_order=True)
    assert ordered.batch(0, 3)["label"].tolist() == [0, 1, 0]
    assert source.facts == {"labels": ["crow", "pug"], "size": 32}
