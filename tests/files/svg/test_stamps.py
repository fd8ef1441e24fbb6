"""Paintings come back from SVG: shapes, colours, layers, order."""

import io

import numpy as np
import pytest

from strokewright import Drawing
from strokewright.drawing import Stamp
from strokewright.files import read
from strokewright.files.svg import to_svg
from strokewright.render.skia import render
from strokewright.render.template import built_in


@pytest.fixture
def painting():
    def stamp(name, x, colour, opacity=1.0, layer="1"):
        return Stamp(built_in(name).outline, [[8, 3, x], [-2, 5, 20]], colour, opacity, name, layer)

    marks = (stamp("circle", 15, (0.8, 0.2, 0.0)), stamp("curve", 22, (0, 0.4, 0.8), 0.6), stamp("line", 28, (0, 0, 0)))
    return Drawing(marks, (48, 40), (0.8, 0.8, 0.6))


@pytest.mark.parametrize("profile", ["edit", "outline", "animate"])
def test_stamps_come_back(painting, profile):
    back = read(io.BytesIO(to_svg(painting, profile=profile).encode()).getvalue(), "svg")
    assert [mark.template for mark in back.marks] == ["circle", "curve", "line"]
    assert [mark.opacity for mark in back.marks] == [1, 0.6, 1]
    assert np.abs(render(back) - render(painting)).max() < 0.05
    assert to_svg(back, profile=profile) == to_svg(painting, profile=profile)


def test_layers_of_stamps_come_back(painting):
    layered = painting.replace(marks=tuple(m.__class__(**{**vars(m), "layer": "red"}) for m in painting.marks))
    text = to_svg(layered)
    assert text.count('inkscape:label="red"') == 1
    assert {mark.layer for mark in read(text.encode(), "svg").marks} == {"red"}


def test_stamps_appear_one_after_the_other(painting):
    text = to_svg(painting, profile="animate", seconds=3)
    assert [part.split("s linear ")[1].split("s ")[0] for part in text.split("animation:appear ")[1:]] == [
        "0.000",
        "1.000",
        "2.000",
    ]
