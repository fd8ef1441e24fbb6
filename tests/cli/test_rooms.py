"""The command `rooms`, with a stand-in for the networks: what it reads, writes and says."""

import json

import numpy as np
import pytest
from PIL import Image

from strokewright.drawing import Box, Drawing
from strokewright.errors import EmptyError
from strokewright.files import read
from strokewright.files.raster import read_picture
from strokewright.pipelines import rooms_files


class Finder:
    """Finds one room around the ink, and none on bare paper."""

    def __call__(self, picture, least_score, views):
        dark = read_picture(picture)[..., 0] < 0.5
        if not dark.any():
            raise EmptyError("expected a floor plan with rooms, found none")
        rows, columns = np.nonzero(dark)
        box = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, label="Bath", score=least_score)
        return Drawing((box,), dark.shape[::-1])


@pytest.fixture
def finder(monkeypatch):
    monkeypatch.setattr(rooms_files, "_finder", lambda model: Finder())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    paper = np.full((60, 80), 255, np.uint8)
    Image.fromarray(paper).save(tmp_path / "blank.png")
    paper[10:40, 20:70] = 0
    (tmp_path / "plans").mkdir()
    for name in ("a", "b"):
        Image.fromarray(paper).save(tmp_path / f"plans/{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", ["coco.json", "labelstudio.json", "csv", "svg"])
def test_each_format_holds_the_room(strokewright, finder, folder, suffix):
    result = strokewright("rooms", "plans/a.png", "-o", f"out.{suffix}", "--least-score", "0.25")
    assert result.code == 0, result.err
    assert "1 rooms" in result.err
    drawing = read(folder / f"out.{suffix}")
    (box,) = drawing.marks
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((20, 10, 70, 40), abs=1e-5)
    assert (box.label, box.score) == ("Bath", 0.25)
    assert drawing.size == (80, 60)


def test_many_plans_are_done_once(strokewright, finder, folder):
    words = ("rooms", "plans/*.png", "-o", "rooms/{stem}.coco.json", "--skip-existing", "--json", "--workers", "1")
    first = [json.loads(line) for line in strokewright(*words).out.splitlines()]
    assert [record["stats"] for record in first] == [{"rooms": 1.0}] * 2
    assert sorted(path.name for path in (folder / "rooms").iterdir()) == ["a.coco.json", "b.coco.json"]
    assert all(json.loads(line)["skipped"] for line in strokewright(*words).out.splitlines())
    assert strokewright("rooms", "plans", "--dry-run").out.splitlines()[0] == "plans/a.png -> plans/a.coco.json"
    assert not (folder / "plans/a.coco.json").exists()


def test_a_pipe_gives_coco(strokewright, finder, folder):
    result = strokewright("rooms", "-", stdin=(folder / "plans/a.png").read_bytes())
    assert (result.code, json.loads(result.out)["annotations"][0]["bbox"]) == (0, [20, 10, 50, 30])


def test_a_picture_without_rooms_is_nothing_to_write(strokewright, finder, folder):
    result = strokewright("rooms", "blank.png", "-o", "out.coco.json")
    assert (result.code, result.out) == (4, "")
    assert not (folder / "out.coco.json").exists()
    assert strokewright("rooms", "blank.png", "plans/a.png", "-o", "{stem}.csv", "--workers", "1").code == 1
    assert (folder / "a.csv").exists()


@pytest.mark.parametrize("model", ["draw/digits", "rooms/proposals"])
def test_other_models_are_refused(strokewright, folder, model):
    for output in ("out.csv", "-"):
        result = strokewright("rooms", "plans/a.png", "-o", output, "--model", model)
        assert (result.code, result.out) == (2, "")
        assert "expected a room chooser" in result.err
