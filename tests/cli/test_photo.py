"""`strokewright photo`, on a small model of random weights."""

import json

import pytest
import torch
from PIL import Image

from sketch2img_models import SMALL
from strokewright import Drawing
from strokewright.models.sketch2img import Sketch2Img


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    Sketch2Img.from_options(SMALL).save_pretrained(folder)
    return folder


@pytest.fixture
def sketches(tmp_path):
    paths = []
    for i in range(2):
        paths.append(tmp_path / f"in_{i}.svg")
        Drawing.from_points([[(10, 10 + 20 * i), (90, 20), (50, 80)]], (100, 100)).save(paths[-1])
    return paths


def test_writes_each_picture_to_a_file(strokewright, model, sketches, tmp_path):
    words = (
        "photo",
        *sketches,
        "--model",
        model,
        "--label",
        "disc",
        "-n",
        2,
        "-o",
        tmp_path / "{stem}_{label}_{i}.png",
    )
    result = strokewright(*words, "--json")
    assert result.code == 0, result.err
    assert [json.loads(line)["ok"] for line in result.out.splitlines()] == [True] * 4
    with Image.open(tmp_path / "in_1_disc_1.png") as picture:
        assert picture.size == (32, 32)
    again = strokewright(*words, "--json", "--skip-existing")
    assert all(json.loads(line)["skipped"] for line in again.out.splitlines())
    plan = strokewright(*words, "--dry-run")
    assert "in_0_disc_0.png (exists, skipped)" not in plan.out
    assert plan.out.count("->") == 4


def test_one_picture_goes_down_a_pipe(strokewright, model, sketches):
    words = ("photo", "-", "--model", model, "--label", "square", "-o", "-")
    result = strokewright(*words, stdin=sketches[0].read_bytes())
    assert result.code == 0, result.err
    assert result.out_bytes.startswith(b"\x89PNG")
    assert strokewright(*words, "-n", 2, stdin=sketches[0].read_bytes()).code == 2


def test_refuses_what_it_cannot_do(strokewright, model, sketches, tmp_path):
    base = ("photo", sketches[0], "--model", model)
    for words, code, message in [
        ((*base, "--label", "cow", "-o", tmp_path / "a.png"), 2, "no 'cow'"),
        ((*base, "-o", tmp_path / "a.png"), 2, "square, disc"),
        ((*base, "--label", "disc"), 2, "expected where to write"),
        ((*base, "--label", "disc", "-n", 2, "-o", tmp_path / "a.png"), 2, "expected {i}"),
        ((*base, "--label", "disc", "-o", tmp_path / "a.svg"), 2, "expected one of .png"),
        (("photo", *sketches, "--model", model, "--label", "disc", "-o", tmp_path / "a.png"), 2, "expected {stem}"),
        (("photo", sketches[0], "--model", "photo/cow", "--label", "a", "-o", tmp_path / "a.png"), 3, "photo/cow"),
    ]:
        result = strokewright(*words)
        assert result.code == code, result.err
        assert message in result.err
    (tmp_path / "bad.svg").write_text("<svg")
    result = strokewright(
        "photo", tmp_path / "bad.svg", sketches[0], "--model", model, "--label", "disc", "-o", tmp_path / "{stem}.png"
    )
    assert result.code == 1
    assert (tmp_path / "in_0.png").exists()
