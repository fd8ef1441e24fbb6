"""Where the benchmarks' models come from: the package first, then a run at its end, then one at its best so far."""

import pytest
import torch
from benchmarks import trained
from benchmarks.trained import BEST, FINAL, Trained, not_trained

from strokewright.models.canvas_drawer import CanvasNetwork, Drawer
from strokewright.models.sketch2img.judge import PhotoJudge


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "RUNS_DIR", tmp_path)
    return tmp_path


def judge(label):
    torch.manual_seed(0)
    return PhotoJudge.from_options({"labels": [label, "other"], "size": 32, "base": 4})


def test_a_bundled_model_goes_before_a_run(runs):
    judge("run").save_pretrained(runs / "canvas-thin/model")
    entry = Trained("canvas_thin", card="canvas/thin")
    assert isinstance(entry.load(CanvasNetwork), CanvasNetwork)
    assert isinstance(entry.load(CanvasNetwork, bundled_only=True), CanvasNetwork)


def test_a_run_is_taken_at_its_end_else_at_its_best(runs):
    entry = Trained("photo_judge", card="no/such")
    assert entry.load(PhotoJudge) is None
    (runs / "photo-judge/checkpoints").mkdir(parents=True)
    (runs / "photo-judge" / BEST).write_bytes(judge("best").to_bytes())
    assert entry.load(PhotoJudge).config.labels[0] == "best"
    assert entry.load(PhotoJudge, files=(FINAL,)) is None
    judge("end").save_pretrained(runs / "photo-judge/model")
    assert entry.load(PhotoJudge).config.labels[0] == "end"
    assert entry.load(PhotoJudge, files=(BEST, FINAL)).config.labels[0] == "best"
    assert entry.load(PhotoJudge, bundled_only=True) is None


def test_another_kind_of_model_is_refused(runs):
    judge("end").save_pretrained(runs / "mine/model")
    with pytest.raises(TypeError, match="expected a Drawer, got PhotoJudge"):
        Trained("digits", "mine").load(Drawer)


def test_a_row_without_a_model_names_the_command_that_makes_one():
    assert not_trained("digits", Trained("smoke_test").command) == (
        "digits: not trained here, run `strokewright train smoke_test --out runs/smoke-test`"
    )
    assert Trained("smoke --set training.steps=9", "other").command.endswith("training.steps=9 --out runs/other")
