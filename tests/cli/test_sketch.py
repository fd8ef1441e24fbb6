"""sample, complete, blend, morph and eval of a sketch-rnn, on a small model of random weights."""

import json

import pytest
from PIL import Image

from sketch_rnn_models import build
from strokewright import Drawing
from strokewright.files import read, read_many


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    build().save_pretrained(folder)
    return folder


@pytest.fixture
def drawings(tmp_path):
    paths = []
    for i in range(4):
        paths.append(tmp_path / f"in_{i}.svg")
        lines = [[(100, 100 + 20 * i), (300, 120)], [(150, 200), (180 + 30 * i, 260), (240, 200)]]
        Drawing.from_points(lines, (400, 400), width=3.0).save(paths[-1])
    return paths


def test_samples_each_in_a_file_of_its_own(strokewright, model, tmp_path):
    words = ("sample", model, "-n", 3, "--seed", 7, "--temperature", "0.8", "--json")
    result = strokewright(*words, "-o", tmp_path / "{label}_{i}.svg", "--label", "sheep")
    assert result.code == 0, result.err
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [record["ok"] for record in records] == [True] * 3
    drawing = Drawing.open(tmp_path / "sheep_2.svg")
    assert (drawing.seed, drawing.metadata["word"], drawing.maker) == (7, "sheep", str(model))
    again = strokewright(*words, "-o", tmp_path / "again_{i}.svg", "--label", "sheep")
    assert again.code == 0
    assert Drawing.open(tmp_path / "again_2.svg").strokes == drawing.strokes
    skipped = strokewright(*words, "-o", tmp_path / "{label}_{i}.svg", "--label", "sheep", "--skip-existing")
    assert all(json.loads(line)["skipped"] for line in skipped.out.splitlines())


def test_samples_of_one_name_share_a_file(strokewright, model, tmp_path):
    assert strokewright("sample", model, "-n", 5, "-o", tmp_path / "all.ndjson").code == 0
    assert [d.metadata["word"] for d in read_many(tmp_path / "all.ndjson")] == ["cat", "sheep"] * 2 + ["cat"]
    assert strokewright("sample", model, "-n", 5, "-o", tmp_path / "all.png").code == 0
    with Image.open(tmp_path / "all.png") as picture:
        width, height = picture.size
    assert 3 * 256 < width < 3.2 * 256
    assert 2 * 256 < height < 2.2 * 256
    piped = strokewright("sample", model, "-n", 2, "-o", "-")
    assert read(piped.out_bytes, "svg").size[0] > 512


def test_endings_keep_what_was_there(strokewright, model, drawings, tmp_path):
    result = strokewright("complete", *drawings[:2], "--model", model, "-n", 2, "-o", tmp_path / "{stem}_done_{i}.svg")
    assert result.code == 0, result.err
    for i in range(2):
        done = Drawing.open(tmp_path / f"in_1_done_{i}.svg")
        before = Drawing.open(drawings[1])
        assert done.strokes[:2] == before.strokes
        assert done.size == before.size
    piped = strokewright("complete", "-", "--model", model, "-o", "-", stdin=drawings[0].read_bytes())
    assert read(piped.out_bytes, "svg").strokes[:2] == Drawing.open(drawings[0]).strokes


def test_a_file_that_cannot_be_completed_does_not_stop_the_others(strokewright, model, drawings, tmp_path):
    (tmp_path / "in_1.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    result = strokewright("complete", *drawings[:3], "--model", model, "-o", tmp_path / "{stem}_done.svg")
    assert result.code == 1
    assert "in_1.svg" in result.err
    assert (tmp_path / "in_2_done.svg").exists()
    only = strokewright("complete", drawings[1], "--model", model, "-o", tmp_path / "{stem}_done.svg")
    assert only.code == 4


def test_grids_and_morphs(strokewright, model, drawings, tmp_path):
    assert strokewright("blend", *drawings, "--model", model, "--grid", "2x3", "-o", tmp_path / "b.svg").code == 0
    width, height = Drawing.open(tmp_path / "b.svg").size
    assert 1.4 < width / height < 1.6
    assert strokewright("blend", *drawings[:2], "--model", model, "-o", tmp_path / "b_{i}.svg").code == 0
    assert len(list(tmp_path.glob("b_*.svg"))) == 7
    words = ("morph", *drawings[:2], "--model", model, "--steps", 5)
    assert strokewright(*words, "-o", tmp_path / "m.gif", "--seconds", 1).code == 0
    with Image.open(tmp_path / "m.gif") as gif:
        assert gif.size == (256, 256)
        assert gif.n_frames > 1
    assert strokewright(*words, "-o", tmp_path / "m_{i:02}.svg").code == 0
    assert (tmp_path / "m_04.svg").exists()


def test_plans_need_no_model(strokewright, drawings, tmp_path):
    first = drawings[0]
    plans = {
        ("sample", "no/such", "-n", 2, "--label", "cat", "-o", "{label}{i}.svg"): [
            "such -> cat0.svg",
            "such -> cat1.svg",
        ],
        ("complete", first, "-n", 2, "-o", "x_{i}.svg"): [f"{first} -> x_0.svg", f"{first} -> x_1.svg"],
        ("blend", *drawings[:2], "-o", "b.svg"): [f"{first} -> b.svg"],
        ("morph", *drawings[:2], "-o", "-"): [f"{first} -> -"],
    }
    for words, wanted in plans.items():
        result = strokewright(*words, "--dry-run")
        assert (result.code, result.out.splitlines()) == (0, wanted)


def test_measuring(strokewright, model, drawings, tmp_path):
    result = strokewright("eval", model, tmp_path, "--split", "train", "--json")
    assert (result.code, "got none with a word" in result.err) == (1, True)
    losses = []
    for label in ("cat", "sheep"):
        result = strokewright("eval", model, tmp_path, "--split", "train", "--json", "--label", label)
        assert result.code == 0, result.err
        losses.append(json.loads(result.out)["metrics"]["L_R"])
    assert losses[0] != losses[1]
    found = json.loads(result.out)
    assert {"L_R", "L_s", "L_p", "L_KL", "n_max"} <= found["metrics"].keys()
    assert strokewright("eval", tmp_path / "no.gen.json").code == 2


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("sample", "{model}"), 2, "-o '{{label}}_{{i}}.svg'"),
        (("sample", "{model}", "-o", "x.svg", "--label", "dog"), 2, "one of cat, sheep"),
        (("sample", "{model}", "-o", "x.svg", "-n", "0"), 2, "--n"),
        (("sample", "{model}", "-o", "x.svg", "--temperature", "-1"), 2, "--temperature"),
        (("sample", "{model}", "-o", "x.xyz"), 2, "x.xyz"),
        (("sample", "{model}", "-o", "-", "--json"), 2, "--json"),
        (("sample", "no.gen.json", "-o", "x.svg"), 3, "no.gen.json"),
        (("sample", "no/such", "-o", "x.svg"), 3, "no bundled model"),
        (("complete", "{a}", "{b}", "-o", "x_{{i}}.svg"), 2, "{stem}"),
        (("complete", "{a}", "--model", "{model}", "-o", "{a}"), 2, "overwritten"),
        (("blend", "{a}", "-o", "x.svg"), 2, "2 to 4"),
        (("blend", "{a}", "{b}", "--grid", "7", "-o", "x.svg"), 2, "7x7"),
        (("morph", "{a}", "{b}", "--model", "{model}", "--steps", "1", "-o", "x.gif"), 2, "2 to 1000 steps"),
    ],
)
def test_wrong_usage_says_so(strokewright, model, drawings, tmp_path, monkeypatch, words, code, text):
    monkeypatch.chdir(tmp_path)
    filled = [word.format(model=model, a=drawings[0], b=drawings[1]) for word in words]
    result = strokewright(*filled)
    assert (result.code, result.out) == (code, "")
    assert text.replace("{{", "{").replace("}}", "}") in result.err
    assert result.err.count("\n") == 1
