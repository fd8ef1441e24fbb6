import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strokewright.cli.app import COMMANDS
from strokewright.recipes import RECIPES

TINY = ("--set", "training.batch_size=2", "--set", "training.steps=3")


def test_examples_name_recipes_that_exist():
    assert all(example.split()[1] in RECIPES for example in COMMANDS["train"].examples)


def test_a_recipe_is_trained_gone_on_with_and_measured(strokewright, tmp_path):
    run = tmp_path / "run"
    result = strokewright("train", "smoke", "--out", run, "--json", *TINY)
    assert result.code == 0, result.err
    events = [json.loads(line) for line in result.out.splitlines()]
    assert events[-1]["kind"] == "finished"
    assert (run / "model" / "model.safetensors").exists()

    again = strokewright("train", "smoke", "--out", run, "--json", "--set", "training.steps=4")
    assert [json.loads(line)["step"] for line in again.out.splitlines() if '"step",' in line] == [4]

    measured = strokewright("eval", run, "--batches", "1", "--batch-size", "2", "--json")
    assert measured.code == 0, measured.err
    assert json.loads(measured.out)["metrics"]["loss"] > 0


def test_dry_run_prints_the_whole_run(strokewright, tmp_path):
    result = strokewright("train", "smoke", "--out", tmp_path / "run", "--dry-run", *TINY)
    assert json.loads(result.out)["training"]["steps"] == 3
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("change", ["training.stepz=3", "training.steps=0", "steps"])
def test_wrong_changes_are_refused(strokewright, tmp_path, change):
    result = strokewright("train", "smoke", "--out", tmp_path / "run", "--set", change)
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_an_interrupted_run_can_go_on(tmp_path):
    command = [sys.executable, "-m", "strokewright", "train", "smoke", "--out", str(tmp_path / "run"), "--json"]
    with subprocess.Popen(
        [*command, "--set", "training.steps=100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert list(Path(tmp_path / "run" / "checkpoints").iterdir())
