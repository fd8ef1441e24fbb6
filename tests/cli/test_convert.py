import json

import pytest

from strokewright import Drawing
from strokewright.files import read, read_many, write_many


@pytest.fixture
def drawings() -> list[Drawing]:
    shapes = [[(10, 10), (60, 20)], [(20, 80), (50, 40), (90, 90)], [(5, 5), (5, 95)]]
    return [
        Drawing.from_points([shape], (100, 100), width=2.0).replace(metadata={"key_id": str(1000 + i), "word": "line"})
        for i, shape in enumerate(shapes)
    ]


@pytest.fixture
def folder(tmp_path, drawings, monkeypatch):
    """A folder with many.ndjson (three drawings), one.svg and broken.svg; the current one."""
    write_many(drawings, tmp_path / "many.ndjson")
    drawings[0].save(tmp_path / "one.svg")
    (tmp_path / "broken.svg").write_text("<svg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_file_of_many_is_taken_apart_and_put_together(strokewright, folder):
    result = strokewright("convert", "many.ndjson", "-o", "svg/{word}-{key_id}.svg", "--json")
    assert result.code == 0, result.err
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [r["output"] for r in records] == [f"svg/line-{1000 + i}.svg" for i in range(3)]
    assert [r["ok"] for r in records] == [True] * 3
    assert records[1]["stats"]["strokes"] == 1
    assert strokewright("convert", "svg", "one.svg", "-o", "all.npz").code == 0
    assert len(list(read_many(folder / "all.npz"))) == 4


def test_one_failing_file_does_not_stop_the_others(strokewright, folder):
    result = strokewright("convert", "broken.svg", "one.svg", "missing.svg", "-o", "out/{stem}.ndjson")
    assert result.code == 1
    assert "broken.svg" in result.err
    assert "missing.svg" in result.err
    assert names(folder / "out") == ["one.ndjson"]


def test_dry_run_writes_nothing(strokewright, folder):
    before = names(folder)
    result = strokewright("convert", "many.ndjson", "-o", "svg/{i}.svg", "--dry-run")
    assert result.code == 0
    assert result.out.splitlines() == [f"many.ndjson -> svg/{i}.svg" for i in range(3)]
    assert names(folder) == before


def test_existing_files_are_skipped(strokewright, folder):
    (folder / "1.svg").write_text("mine")
    assert strokewright("convert", "many.ndjson", "-o", "{i}.svg", "--skip-existing").code == 0
    assert (folder / "1.svg").read_text() == "mine"
    assert (folder / "2.svg").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["many.ndjson", "-o", "x.svg"], "holds several drawings"),
        (["many.ndjson", "-o", "{word}.svg"], "would both be written"),
        (["one.svg", "-o", "{key_id}-{word}-{i}.svg", "--page", "a4", "--profile", "edit"], "page"),
        (["one.svg", "-o", "one.svg"], "overwrite its own input"),
        (["one.svg", "-o", "one.npz", "--profile", "plot"], "profile"),
        (["many.ndjson", "-o", "-"], "one drawing, got 3"),
    ],
)
def test_wrong_outputs_are_refused(strokewright, folder, words, text):
    before = (folder / "one.svg").read_bytes()
    result = strokewright("convert", *words)
    assert result.code == 2, result.err
    assert text in result.err
    assert (folder / "one.svg").read_bytes() == before


def test_a_pipe_goes_in_and_out(strokewright, folder, drawings):
    for name in ("one.svg", "many.ndjson"):
        data = (
            (folder / name).read_bytes().splitlines(keepends=True)[:1]
            if "ndjson" in name
            else [(folder / name).read_bytes()]
        )
        result = strokewright("convert", "-", "-o", "-", stdin=b"".join(data))
        assert result.code == 0, result.err
        assert len(read(result.out_bytes, "svg").strokes) == 1


def test_an_empty_drawing_is_nothing_to_write(strokewright, folder):
    (folder / "empty.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    assert strokewright("convert", "empty.svg", "-o", "out.npz").code == 4
    assert strokewright("convert", "empty.svg", "-o", "-").code == 4
    assert not (folder / "out.npz").exists()
