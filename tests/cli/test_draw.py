import json

from strokewright import Drawing
from strokewright.files import read

DIGITS = ("--model", "draw/digits")


def test_a_picture_becomes_four_strokes_on_its_page(strokewright, picture_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = strokewright("draw", picture_path, "-o", "out/{stem}.svg", "--json", *DIGITS)
    assert result.code == 0, result.err
    record = json.loads(result.out)
    assert record["ok"]
    drawing = Drawing.open("out/lines.svg")
    assert drawing.size == (64, 64)
    assert len(drawing.strokes) == record["stats"]["strokes"] == 4
    again = strokewright("draw", picture_path, "-o", "out/{stem}.svg", "--skip-existing", "--json", *DIGITS)
    assert json.loads(again.out)["skipped"]


def test_a_pipe_goes_in_and_out(strokewright, picture_path):
    result = strokewright("draw", "-", "-o", "-", *DIGITS, stdin=picture_path.read_bytes())
    assert result.code == 0, result.err
    assert len(read(result.out_bytes, "svg").strokes) == 4


def test_blank_pictures_other_models_and_plans(strokewright, picture_path, blank_path, tmp_path):
    assert strokewright("draw", blank_path, "-o", tmp_path / "out.svg", *DIGITS).code == 4
    wrong = strokewright("draw", picture_path, "--model", "trace/lineart")
    assert (wrong.code, "expected a drawer" in wrong.err) == (2, True)
    wrong = strokewright("draw", picture_path, "--model", "prisms/boxes")
    assert (wrong.code, "got Drawer of prism; choose one of draw/digits" in wrong.err) == (2, True)
    wrong = strokewright("trace", picture_path, "--model", "draw/digits")
    assert (wrong.code, "expected a line drawer" in wrong.err) == (2, True)
    plan = strokewright("draw", picture_path, "-o", tmp_path / "{stem}.svg", "--dry-run", *DIGITS)
    assert plan.out == f"{picture_path} -> {tmp_path / 'lines.svg'}\n"
    assert not (tmp_path / "lines.svg").exists()
