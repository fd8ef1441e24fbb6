import json

from strokewright.files import read

FEW = ("--moves", "3", "--rounds", "0")


def test_a_picture_becomes_an_svg_with_an_element_a_move(strokewright, picture_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = strokewright("paint", picture_path, "-o", "out/{stem}.svg", "--json", "--template", "line", *FEW)
    assert result.code == 0, result.err
    assert json.loads(result.out)["stats"]["moves"] == 3
    assert (tmp_path / "out/lines.svg").read_text().count("<path") == 3


def test_a_pipe_goes_in_and_a_plot_comes_out(strokewright, picture_path):
    words = ("--palette", "white", "--palette", "black", "--hatch-px", "2", "--profile", "plot")
    result = strokewright("paint", "-", "-o", "-", *words, *FEW, stdin=picture_path.read_bytes())
    assert result.code == 0, result.err
    assert {stroke.layer for stroke in read(result.out_bytes, "svg").strokes} == {"#000"}


def test_wrong_usage(strokewright, picture_path, blank_path, tmp_path):
    for words, code, text in [
        (("--moves", "0"), 2, "--moves"),
        (("--template", "no-such"), 2, "expected one of circle"),
        (("--colours", "3", "--palette", "red"), 2, "colours or palette"),
        (("--profile", "plot"), 2, "hatch_px"),
        (("--detail", "0.5", "--rounds", "0"), 2, "rounds with detail"),
        (("--model", "trace/lineart"), 2, "expected a painter"),
        (("--model", "no/such"), 3, "no bundled model"),
    ]:
        result = strokewright("paint", picture_path, "-o", tmp_path / "out.svg", *words)
        assert (result.code, result.out) == (code, "")
        assert text in result.err
    assert strokewright("paint", blank_path, "-o", tmp_path / "out.svg", *FEW).code == 4
    assert not (tmp_path / "out.svg").exists()
