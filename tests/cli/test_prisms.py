"""`strokewright prisms`: pictures in, boxes out, exit codes."""

import json

import numpy as np
import pytest
from PIL import Image

from strokewright import Drawing
from strokewright.drawing import Prism
from strokewright.drawing.solids import prisms, three_views
from strokewright.files import read
from strokewright.render.skia import render

BOX = Prism([0.2, 0.3, 0.1], [0.7, 0.8, 0.45], (0.1, 0.35, 0.95))
NAMES = ("front.png", "side.png", "top.png")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the three views of BOX, and white.png; the current one."""
    monkeypatch.chdir(tmp_path)
    for name, page in zip(NAMES, three_views(Drawing((BOX,), (48, 48))), strict=True):
        Image.fromarray((render(page).transpose(1, 2, 0) * 255).round().astype(np.uint8)).save(name)
    Image.new("RGB", (48, 48), "white").save("white.png")
    Image.new("RGB", (48, 40), "white").save("wide.png")
    return tmp_path


def is_the_box(drawing):
    (found,) = prisms(drawing)
    return np.allclose([found.low, found.high], [BOX.low, BOX.high], atol=0.01) and np.allclose(
        found.colour, BOX.colour, atol=0.05
    )


def test_pictures_become_the_box_in_every_format(strokewright, folder):
    result = strokewright("prisms", *NAMES, "-o", "out/{stem}.gltf", "--steps", 60, "--json")
    assert result.code == 0, result.err
    record = json.loads(result.out)
    assert (record["output"], record["stats"]) == ("out/front.gltf", {"boxes": 1})
    drawing = Drawing.open("out/front.gltf")
    assert is_the_box(drawing)
    assert drawing.maker == "prisms/boxes"
    for suffix in (".obj", ".svg", ".png"):
        drawing.save(f"box{suffix}")


def test_standard_output_gets_gltf(strokewright, folder):
    result = strokewright("prisms", *NAMES, "-o", "-", "--steps", 60)
    assert result.code == 0, result.err
    assert is_the_box(read(result.out_bytes, ".gltf"))


def test_blank_pictures_are_nothing_to_write(strokewright, folder):
    result = strokewright("prisms", "white.png", "white.png", "white.png", "--steps", 5)
    assert (result.code, "check the input (in Python, allow_empty=True" in result.err) == (4, True)
    assert not (folder / "white.gltf").exists()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["front.png", "wide.png", "top.png"], 1, "side: expected a square view"),
        (["front.png", "none.png", "top.png"], 1, "No such file"),
        (["front.png", "side.png"], 2, "top"),
        ([*NAMES, "-o", "box.xyz"], 2, "output pattern"),
        ([*NAMES, "--steps", "-1"], 2, "0 to 1000"),
        ([*NAMES, "--model", "trace/lineart"], 2, "drawer of prisms"),
        ([*NAMES, "-o", "box.ndjson", "--steps", "0"], 1, "strokes alone"),
    ],
)
def test_what_cannot_be_done_is_said(strokewright, folder, words, code, text):
    result = strokewright("prisms", *words)
    assert result.code == code
    assert text in result.err
    assert "Traceback" not in result.err
    assert not list(folder.glob("*.xyz"))


def test_a_plan_writes_nothing(strokewright, folder):
    assert "front.png -> front.gltf" in strokewright("prisms", *NAMES, "--dry-run").out
    assert not (folder / "front.gltf").exists()
