import json

import pytest

from strokewright import Drawing
from strokewright.files import read

FAST = ("--method", "skeleton")


@pytest.fixture
def folder(tmp_path, picture_path, blank_path, monkeypatch):
    """A folder with scans/lines.png, blank.png and notes.png (text, no picture); the current one."""
    (tmp_path / "scans").mkdir()
    picture_path.rename(tmp_path / "scans" / "lines.png")
    (tmp_path / "notes.png").write_text("no picture at all")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_picture_becomes_a_drawing_of_its_size(strokewright, folder):
    result = strokewright("trace", "scans/lines.png", "-o", "out/{stem}.svg", "--json", *FAST)
    assert result.code == 0, result.err
    record = json.loads(result.out)
    assert (record["input"], record["output"], record["ok"]) == ("scans/lines.png", "out/lines.svg", True)
    drawing = Drawing.open("out/lines.svg")
    assert drawing.size == (64, 64)
    assert 2 <= len(drawing.strokes) <= 3
    assert record["stats"]["strokes"] == len(drawing.strokes)


def test_without_output_the_drawing_lies_beside_its_picture(strokewright, folder):
    assert strokewright("trace", "scans", *FAST).code == 0
    assert names(folder / "scans") == ["lines.png", "lines.svg"]
    assert strokewright("trace", "scans", "--skip-existing", "--json", *FAST).out.count('"skipped": true') == 1


def test_a_pipe_goes_in_and_out(strokewright, folder):
    result = strokewright(
        "trace", "-", "-o", "-", "--profile", "plot", *FAST, stdin=(folder / "scans/lines.png").read_bytes()
    )
    assert result.code == 0, result.err
    assert "mm" in result.out
    assert read(result.out_bytes, "svg").strokes
    assert strokewright("trace", "-", "-o", "-", stdin=b"not a picture").code == 1


def test_a_blank_picture_is_nothing_to_write(strokewright, folder):
    before = names(folder)
    for words in (["-o", "out.svg"], ["-o", "-"], []):
        result = strokewright("trace", "blank.png", *words, *FAST)
        assert (result.code, result.out) == (4, "")
    assert strokewright("trace", "blank.png", "-o", "new/out.svg", *FAST).code == 4
    assert names(folder) == before
    assert not (folder / "new").exists()


def test_failing_files_are_listed_and_the_rest_is_written(strokewright, folder):
    result = strokewright(
        "trace", "notes.png", "scans/lines.png", "missing.png", "-o", "{stem}.svg", "--workers", "1", *FAST
    )
    assert result.code == 1
    assert "failed: notes.png" in result.err
    assert "failed: missing.png: expected a picture to read, got: No such file or directory" in result.err
    assert "Traceback" not in result.err
    assert (folder / "lines.svg").exists()
    assert not (folder / "notes.svg").exists()


def test_dry_run_reads_and_writes_nothing(strokewright, folder):
    before = names(folder)
    result = strokewright("trace", "**/*.png", "-o", "svg/{stem}.svg", "--dry-run", "--json")
    assert result.code == 0
    plan = [json.loads(line) for line in result.out.splitlines()]
    assert [(p["input"], p["output"]) for p in plan] == [
        ("blank.png", "svg/blank.svg"),
        ("notes.png", "svg/notes.svg"),
        ("scans/lines.png", "svg/lines.svg"),
    ]
    assert names(folder) == before
