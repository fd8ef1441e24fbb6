"""What holds for every command: help with examples, exit codes, one line for each error."""

import os
import shlex
import subprocess
import sys

import pytest

from strokewright.cli.app import COMMANDS, build

MINIMAL_WORDS = {
    "trace": ("{picture}",),
    "draw": ("{picture}",),
    "paint": ("{picture}",),
    "prisms": ("{picture}", "{picture}", "{picture}"),
    "sample": (),
    "complete": ("{drawing}",),
    "blend": ("{drawing}", "{drawing}"),
    "morph": ("{drawing}", "{drawing}"),
    "photo": ("{drawing}", "-o", "{folder}/a.png"),
    "convert": ("{drawing}",),
    "rooms": ("{picture}",),
    "models": (),
    "dataset": ("{drawing}", "-o", "{folder}/set.npz"),
    "train": ("no_such_recipe", "--out", "{folder}/run"),
    "eval": ("no/such-model",),
    "bench": ("no_such_benchmark",),
}
"""A command that parses, for each; `{picture}` and the like are filled in."""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_starts_with_two_examples(strokewright, name):
    result = strokewright(name, "--help")
    lines = result.out.splitlines()
    assert result.code == 0
    assert lines[0] == "Examples:"
    assert all(line.startswith(f"  strokewright {name}") for line in lines[1:3])
    assert COMMANDS[name].help.split(":")[0] in result.out
    assert "Exit codes: 0 all done" in result.out
    assert result.err == ""


@pytest.mark.parametrize("example", [e for command in COMMANDS.values() for e in command.examples])
def test_examples_parse(example):
    build().parse_args(shlex.split(example), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_usage(strokewright, name, picture_path, tmp_path):
    words = [word.format(picture=picture_path, drawing="a.svg", folder=tmp_path) for word in MINIMAL_WORDS[name]]
    result = strokewright(name, *words, "--no-such-option")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "--no-such-option" in result.err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["nonsense"], 2, "nonsense"),
        (["trace"], 2, "expected at least one input, got none"),
        (["trace", "a.png", "-o", "{size}.svg"], 2, "output pattern"),
        (["trace", "a.png", "-o", "out.xyz"], 2, "output pattern 'out.xyz'"),
        (["trace", "a.png", "--detail", "7"], 2, "--detail: Input should be less than or equal to 1"),
        (["trace", "a.png", "--method", "magic"], 2, "--method"),
        (["trace", "a/x.png", "b/x.png", "-o", "{stem}.svg"], 2, "would both be written to x.svg"),
        (["trace", "a.png", "b.png", "-o", "-"], 2, "expected one input, got 2"),
        (["trace", "a.png", "-o", "-", "--json"], 2, "--json"),
        (["trace", "a.png", "--model", "no/such"], 3, "no bundled model 'no/such'"),
        (["trace", "no*such?.png"], 4, "no such files"),
        (["rooms", "a.png", "-o", "out.xyz"], 2, "output pattern 'out.xyz'"),
        (["rooms", "a.png", "--least-score", "7"], 2, "--least-score"),
        (["rooms", "a.png", "--model", "no/such"], 3, "no bundled model 'no/such'"),
        (["rooms", "a.png", "-o", "-", "--json"], 2, "--json"),
        (["convert", "a.svg"], 2, "-o"),
        (["convert", "a.svg", "-o", "b.npz", "--profile", "loud"], 2, "--profile"),
        (["models", "show"], 2, "models show NAME"),
        (["models", "show", "no/such"], 3, "no bundled model"),
        (["train", "no_such", "--out", "runs/x"], 2, "no 'no_such'"),
        (["train", "no_such"], 2, "--out"),
        (["eval", "no/such"], 3, "no bundled model"),
        (["eval", "no/such", "--batches", "0"], 2, "at least 1"),
        (["bench", "no_such"], 2, "expected one of"),
    ],
)
def test_wrong_usage_says_so_in_one_line(strokewright, words, code, text):
    result = strokewright(*words)
    assert (result.code, result.out) == (code, "")
    assert text in result.err
    assert result.err.count("\n") == 1
    assert "<->" not in result.err


def test_the_program_starts_fast_and_without_heavy_imports():
    script = (
        "import sys; from strokewright.cli.app import run; run(['--help']); "
        "print([m for m in ('torch', 'numpy', 'skimage', 'skia') if m in sys.modules])"
    )

    def cpu_seconds() -> float:
        before = os.times()
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(cpu_seconds() for _ in range(2)) < 0.5  # processor time: what a wall clock shows when nothing else runs


def test_the_package_imports_nothing_heavy_and_names_its_public_names():
    script = """
import sys, time
started = time.process_time()
import strokewright as sw
took = time.process_time() - started
print([m for m in ("torch", "numpy", "pydantic") if m in sys.modules], took < 0.3)
print(sw.Drawing, sw.Stroke, sw.Dataset, sw.load, sw.train, sw.errors.StrokewrightError, sw.models())
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, _, torch_imported = done.stdout.splitlines()
    assert first == "[] True"
    assert torch_imported == "False", "naming things and listing cards needs no torch"


def test_models_is_a_package_and_a_function():
    import strokewright as sw
    import strokewright.models as package
    from strokewright import weights

    assert package.MODELS["line-drawer"]
    assert sw.models() == weights.cards()
    with pytest.raises(AttributeError, match="public names: Dataset, Drawing"):
        _ = sw.no_such_name
