"""SVG out: every profile brings all of a drawing back, and looks like it in another renderer."""

import re

import numpy as np
import pytest
import resvg_py
from numpy.testing import assert_allclose

from strokewright.drawing import Box, Drawing, Prism, Stamp, Stroke
from strokewright.drawing.drawing import bounds
from strokewright.errors import FormatError, OptionError
from strokewright.files.raster import read_picture
from strokewright.files.svg import from_svg, to_svg
from strokewright.render.skia import render

PROFILES = ["edit", "plot", "outline", "animate"]


def random_drawing(seed: int, changing_width: bool) -> Drawing:
    random = np.random.default_rng(seed)
    strokes: list[Stroke] = []
    for index in range(12):
        count = int(random.integers(1, 6))
        centre = random.uniform(40, 216, 2)
        strokes.append(
            Stroke(
                centre + random.uniform(-40, 40, (count, 2)),
                centre + random.uniform(-40, 40, (count - 1, 2, 2)) if index % 2 else None,
                random.uniform(1, 9, count) if changing_width else float(random.integers(1, 4)),
                colour=(0, 0, 0) if index % 3 else (1, random.integers(256) / 255, 0),
                opacity=0.5 if index == 4 else 1,
                layer=["1", "2 & more", "1"][index % 3],
            )
        )
    return Drawing(tuple(strokes), (256, 256), (1.0, 1.0, 0.8), "me", 7, {"word": "<cat>"})


def seen_by_resvg(svg: str) -> np.ndarray:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256, background="white", dpi=96)
    return read_picture(bytes(png))[..., :3].transpose(2, 0, 1)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("changing_width", [False, True])
def test_round_trip_keeps_everything(profile: str, changing_width: bool) -> None:
    drawing = random_drawing(1, changing_width)
    back = from_svg(to_svg(drawing, profile))
    assert (back.size, back.maker, back.seed) == (drawing.size, drawing.maker, drawing.seed)
    assert (back.metadata, back.background) == (drawing.metadata, drawing.background)
    for ours, expected in zip(back.strokes, drawing.strokes, strict=True):
        assert (ours.layer, ours.colour, ours.opacity) == (expected.layer, expected.colour, expected.opacity)
        assert_allclose(ours.nodes, expected.nodes, atol=0.01)
        assert_allclose(ours.handles, expected.handles, atol=0.01)
        assert_allclose(ours.width, expected.width, atol=0.01)
    assert to_svg(back, profile) == to_svg(from_svg(to_svg(back, profile)), profile)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("profile", "changing_width"), [("edit", False), ("animate", False), ("outline", False), ("outline", True)]
)
def test_looks_the_same_in_another_renderer(profile: str, changing_width: bool, seed: int) -> None:
    drawing = random_drawing(seed, changing_width)
    difference = seen_by_resvg(to_svg(drawing, profile)) - render(drawing)
    assert (difference**2).mean() < 4e-4


def test_the_comparison_notices_a_shift() -> None:
    drawing = random_drawing(0, True)
    shifted = drawing.transformed([[1, 0, 0.5], [0, 1, 0]], drawing.size)
    assert ((seen_by_resvg(to_svg(shifted, "outline")) - render(drawing)) ** 2).mean() > 1e-3


def test_ribbons_of_hard_cases_are_filled_right() -> None:
    back_and_forth = Stroke([[40, 40], [200, 40], [60, 40.001]], width=[14, 10, 12])
    tight_curve = Stroke([[60, 120], [70, 120]], [[[90, 70], [40, 70]]], [4, 24])
    swallowed = Stroke([[150, 120], [155, 120], [200, 120]], width=[40, 4, 4])
    dot = Stroke([[60, 200]], width=25)
    no_way = Stroke([[120, 200], [120, 200]], width=[10, 20])
    spiral = Stroke([[200, 200], [190, 190], [215, 185], [220, 215], [180, 220]], width=[4, 9, 6, 9, 4])
    drawing = Drawing((back_and_forth, tight_curve, swallowed, dot, no_way, spiral), (256, 256))
    difference = seen_by_resvg(to_svg(drawing, "outline")) - render(drawing)
    assert (difference**2).mean() < 8e-4


@pytest.mark.parametrize(
    ("page", "size_px", "expected"),
    [("a4", (100, 100), (210, 297)), ("A4", (300, 100), (297, 210)), ("letter", (10, 100), (215.9, 279.4))],
)
def test_plots_are_centred_in_mm_with_a_layer_a_pen(
    page: str, size_px: tuple[float, float], expected: tuple[float, float]
) -> None:
    frame = Stroke([[0, 0], [size_px[0], size_px[1]]])
    red = frame.replace(colour=(1, 0, 0))
    svg = to_svg(Drawing((frame, red, frame, frame.replace(layer="2")), size_px), "plot", page=page, margin_mm=20)
    back = from_svg(svg)
    assert f'width="{expected[0]:g}mm"' in svg
    x0, y0, x1, y1 = (value * 25.4 / 96 for value in bounds(back.strokes))
    assert_allclose([(x0 + x1) / 2, (y0 + y1) / 2], np.array(expected) / 2, atol=0.01)
    assert_allclose(min(x0, y0, expected[0] - x1, expected[1] - y1), 20, atol=0.01)
    assert re.findall(r'inkscape:label="([^"]*)".* stroke="([^"]*)"', svg) == [
        ("1 #000", "#000"),
        ("1 #f00", "#f00"),
        ("2", "#000"),
    ]
    assert [stroke.colour[0] for stroke in back.strokes] == [0, 1, 0, 0], "the order among pens is kept aside"
    assert [stroke.layer for stroke in back.strokes] == ["1", "1", "1", "2"]


def test_the_text_is_compact_and_free_of_dates() -> None:
    svg = to_svg(Drawing.from_points([[(0.5, 0.001), (100, 0), (100, 99.999)]], (512, 512), width=2))
    assert '<path d="M.5 0l99.5 0 0 100"/>' in svg
    assert not re.search(r"\d\.\d{3}", svg)
    assert "20" not in re.sub(r"2000/svg", "", svg)


def test_boxes_come_back_and_stamps_are_drawn() -> None:
    box = Box(10, 20, 30, 50, (0, 0, 1), "door <1>", 0.75)
    stamp = Stamp([[0, 0], [1, 0], [0, 1]], [[20, 0, 60], [0, 20, 60]])
    svg = to_svg(Drawing((box, stamp), (100, 100)))
    assert "<title>door &lt;1&gt; 0.75</title>" in svg, "viewers show it beside the pointer"
    back = from_svg(svg)
    assert back.marks[0] == box
    assert_allclose(back.strokes[0].nodes[:3], [[60, 60], [80, 60], [60, 80]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "paint"}, "profile"),
        ({"profile": "plot", "page": "b5"}, "a4, a3, letter"),
        ({"profile": "edit", "page": "a4"}, "plot only"),
        ({"profile": "plot", "page": "a4", "margin_mm": 105}, "margin_mm"),
        ({"profile": "animate", "seconds": 0}, "seconds"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        to_svg(Drawing.from_points([[(0, 0)]], (9, 9)), **options)


def test_what_a_page_cannot_hold_is_refused() -> None:
    with pytest.raises(FormatError):
        to_svg(Drawing((Stroke([[1e12, 0]]),), (9, 9)))


def test_prisms_are_written_as_a_sheet_of_views() -> None:
    text = to_svg(Drawing((Prism([0, 0, 0], [0.5, 1, 1], (1, 0, 0)),), (100, 100)))
    assert text.count("<rect") == 3
    assert text.count('fill="#f00') + text.count('fill="red') >= 3
