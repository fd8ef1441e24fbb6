import numpy as np
import pytest

from strokewright.drawing import Drawing
from strokewright.pipelines.trace.clean import clean
from strokewright.render.skia import render_ink

WIDTH, HEIGHT = 200, 180
LINES = Drawing.from_points([[(20, 30), (120, 60), (180, 140)], [(30, 150), (90, 100)]], (WIDTH, HEIGHT), 4.0)
INK = render_ink(LINES)
WHITE = np.ones((HEIGHT, WIDTH, 3))
ROW, COLUMN = np.mgrid[:HEIGHT, :WIDTH]
SHADED = (0.95 - 0.35 * COLUMN / WIDTH - 0.1 * ROW / HEIGHT)[..., None] * np.ones(3)
ON_A_LINE = np.array([(70.0, 45.0), (60.0, 125.0)])


def drawn(paper, colour):
    """Colours (height, width, 3) of the lines in one colour on a paper."""
    return paper * (1 - INK[..., None]) + np.array(colour) * INK[..., None]


def noisy(colours, sigma):
    return (colours + np.random.default_rng(0).normal(0, sigma, (HEIGHT, WIDTH, 1))).clip(0, 1)


def rgba(colours, alpha=1.0):
    picture = np.empty((HEIGHT, WIDTH, 4), dtype=np.float32)
    picture[..., :3], picture[..., 3] = colours, alpha
    return picture


def iou(ink):
    return ((ink > 0.5) & (INK > 0.5)).sum() / ((ink > 0.5) | (INK > 0.5)).sum()


@pytest.mark.parametrize(
    ("picture", "colour", "paper"),
    [
        (rgba(drawn(WHITE, (0, 0, 0))), (0, 0, 0), (1, 1, 1)),
        (rgba(drawn(WHITE, (0.9, 0.1, 0.1))), (0.9, 0.1, 0.1), (1, 1, 1)),
        (rgba(drawn(WHITE, (0.95, 0.85, 0.1))), (0.95, 0.85, 0.1), (1, 1, 1)),
        (rgba(drawn(0 * WHITE, (1, 1, 1))), (1, 1, 1), (0, 0, 0)),
        (rgba(drawn(WHITE * (0.1, 0.2, 0.5), (1, 1, 1))), (1, 1, 1), (0.1, 0.2, 0.5)),
        (rgba(0 * WHITE, INK), (0, 0, 0), (1, 1, 1)),
        (rgba(WHITE, INK), (1, 1, 1), (0, 0, 0)),
    ],
    ids=["black", "red", "yellow", "light on dark", "light on blue", "transparent", "light on transparent"],
)
def test_a_digital_drawing_passes_unchanged(picture, colour, paper):
    cleaned = clean(picture)
    assert np.abs(cleaned.ink - INK).max() < 1e-5
    assert cleaned.colour_along(ON_A_LINE) == pytest.approx(colour, abs=5e-4)  # half precision
    assert cleaned.paper == pytest.approx(paper, abs=1e-5)


@pytest.mark.parametrize(
    ("picture", "least_iou"),
    [
        (drawn(SHADED, (0.1, 0.1, 0.1)), 0.98),
        (noisy(drawn(0.9 * WHITE, (0.1, 0.1, 0.1)), 0.05), 0.92),
        (noisy(drawn(SHADED, (0.1, 0.1, 0.1)), 0.03), 0.95),
        (noisy(drawn(0.15 * WHITE, (0.9, 0.9, 0.9)), 0.03), 0.92),
    ],
    ids=["shading", "noise", "shading and noise", "blackboard"],
)
def test_a_scan_comes_out_as_ink_on_bare_paper(picture, least_iou):
    ink = clean(rgba(picture)).ink
    assert iou(ink) > least_iou
    assert ((ink >= 0) & (ink <= 1)).all()
    far_from_ink = render_ink(LINES.replace(marks=tuple(s.replace(width=14.0) for s in LINES.strokes))) == 0
    assert ink[far_from_ink].max() < 0.3
    assert ink[far_from_ink].mean() < 0.003


@pytest.mark.parametrize(
    "picture",
    [rgba(WHITE), rgba(0 * WHITE), rgba(WHITE, 0.0), rgba(SHADED), rgba(noisy(0.9 * WHITE, 0.05))],
    ids=["white", "black", "transparent", "shading", "noise"],
)
def test_a_blank_picture_has_no_ink(picture):
    assert not clean(picture).ink.any()


def test_several_inks_are_each_full_where_they_are_alone():
    """A pale line beside a black one is a line, not a shadow."""
    picture = WHITE.copy()
    picture[40:44, 20:180] = 0.0
    picture[120:124, 20:180] = (0.6, 0.6, 0.6)
    ink = clean(rgba(picture)).ink
    assert ink[41:43, 40:160].min() > 0.9
    assert ink[121:123, 40:160].min() > 0.7
    assert ink[70:100].max() < 0.05


def test_a_lone_thin_mark_is_not_blank():
    picture = WHITE.copy()
    picture[90, 90:94] = 0.0
    assert clean(rgba(picture)).ink.sum() == pytest.approx(4, abs=0.5)
