from pathlib import Path

import pytest

from strokewright.errors import OptionError
from strokewright.pipelines.paths import OutputPattern, assign, expand


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_expand_takes_files_globs_and_folders_once_and_in_order(tmp_path):
    touch(tmp_path, "b.png", "a.PNG", "notes.txt", "deep/er/c.jpg", "odd[1].png")
    names = [p.relative_to(tmp_path).as_posix() for p in expand([tmp_path], (".png", ".jpg"))]
    assert names == ["a.PNG", "b.png", "deep/er/c.jpg", "odd[1].png"]
    assert expand([tmp_path / "b.png", f"{tmp_path}/*.png"], (".png",)) == [tmp_path / "b.png", tmp_path / "odd[1].png"]
    assert expand([f"{tmp_path}/**/*.jpg"], (".png",)) == [tmp_path / "deep/er/c.jpg"]
    assert expand([tmp_path / "odd[1].png"], ()) == [tmp_path / "odd[1].png"], "an existing name is no glob"
    assert expand([tmp_path / "missing.png"], ()) == [tmp_path / "missing.png"], "reading it says why it fails"


def test_patterns_fill_their_fields(tmp_path):
    pattern = OutputPattern("{parent}/{stem}-{name}-{i:03}-{key_id}-{word}.svg")
    path = pattern.fill(tmp_path / "in" / "a.b.png", 7, {"key_id": "12", "word": "palm tree"})
    assert path == Path("in/a.b-a.b.png-007-12-palm tree.svg")


@pytest.mark.parametrize("word", ["../../etc/passwd", "/root", "..", "a\\b", "a\0b", "", ".hidden"])
def test_metadata_cannot_leave_the_folder(word):
    path = OutputPattern("out/{word}.svg").fill("x.ndjson", 0, {"word": word})
    assert path.parent == Path("out")
    assert path.name.strip(".") == path.name or path.suffix == ".svg"
    assert "\0" not in str(path)
    assert "\\" not in str(path)


@pytest.mark.parametrize(
    "pattern", ["{size}.svg", "{}.svg", "{0}.svg", "{stem.parent}.svg", "{stem!r}.svg", "{stem.svg", "", "a}.svg"]
)
def test_bad_patterns_are_refused(pattern):
    with pytest.raises(OptionError, match="output pattern"):
        OutputPattern(pattern)


@pytest.mark.parametrize(("pattern", "word"), [("{key_id}.svg", "no key_id"), ("{stem:d}.svg", "padded")])
def test_fields_that_do_not_fit_are_refused(pattern, word):
    with pytest.raises(OptionError, match=word):
        OutputPattern(pattern).fill("a.svg", 0)


def test_two_inputs_for_one_output_are_refused():
    with pytest.raises(OptionError, match=r"x/a\.png and y/a\.png"):
        assign([Path("x/a.png"), Path("y/a.png")], OutputPattern("{stem}.svg"))
    with pytest.raises(OptionError, match="overwritten by its own result"):
        assign([Path("a.svg")], OutputPattern("{stem}.svg"))
