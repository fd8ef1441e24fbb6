"""Pictures become paintings: errors fall, order and colours hold, pens draw what is seen, wrong options are refused."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image

from strokewright import Drawing
from strokewright.drawing import Stamp, Stroke
from strokewright.errors import EmptyError, OptionError
from strokewright.pipelines.paint import PaintOptions, paint_picture
from strokewright.pipelines.paint.edges import edge_error
from strokewright.pipelines.paint.hatch import hatch
from strokewright.pipelines.paint.painting import Painting, Parameters
from strokewright.pipelines.paint.place import Spot
from strokewright.pipelines.paint.refine import refine
from strokewright.pipelines.paint.shapes import make_bank
from strokewright.render.skia import render
from strokewright.render.template import TemplateBank, built_in

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.2, 0.7)


@pytest.fixture
def few_steps(monkeypatch):
    for name in ("_PLACED_STEPS", "_ROUND_STEPS", "_LAST_STEPS"):
        monkeypatch.setattr(f"strokewright.pipelines.paint.paint.{name}", 6)


def stamp(x, y, wide, high, colour):
    return Stamp(built_in("circle").outline, [[wide, 0, x], [0, high, y]], colour)


def picture(size=(40, 32), marks=None):
    marks = marks or (stamp(14, 16, 9, 11, RED), stamp(26, 14, 8, 5, BLUE))
    return render(Drawing(marks, size)).transpose(1, 2, 0)


def error(drawing, target):
    return float(((render(drawing).transpose(1, 2, 0) - target) ** 2).mean())


def test_a_painting_of_two_moves_is_found_again():
    target = picture()
    drawing = paint_picture(target, PaintOptions(moves=2, rounds=1, paper="white"))
    assert drawing.size == (40, 32)
    assert len(drawing.marks) == 2
    assert error(drawing, target) < 0.002
    assert {m.colour for m in drawing.marks} != {RED}
    assert np.allclose(drawing.marks[1].colour, BLUE, atol=0.05), "what lies above is painted last"


def test_refining_beats_placing(few_steps):
    torch.manual_seed(0)
    rough = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 6), (40, 48), mode="bicubic")[0].clamp(0, 1)
    target = rough.permute(1, 2, 0).numpy()
    placed, refined = (error(paint_picture(target, PaintOptions(moves=12, rounds=n)), target) for n in (0, 1))
    assert refined < 0.9 * placed


def test_order_and_count_are_kept_while_refining():
    start = Painting(TemplateBank(["circle"]), torch.ones(3), (32, 40), Parameters.none())
    spots = [(0, (10.0 + i, 12.0), (5.0, 4.0), 0.3, (i / 4, 0.5, 0.5)) for i in range(4)]
    start = start.with_moves(Parameters.from_spots([Spot(*spot) for spot in spots], (32, 40)))
    target = torch.from_numpy(np.ascontiguousarray(picture().transpose(2, 0, 1)))
    done = refine(start, target, 3)
    moved = (done.moves.centre - start.moves.centre).abs().max()
    assert 0 < moved < 0.1
    assert (done.moves.colour - start.moves.colour).abs().max() < 0.1, "no move took another's place"


def test_places_of_a_painter_are_kept_exactly():
    torch.manual_seed(0)
    where = torch.randn(5, 2, 3)
    size = (30, 50)
    ones = torch.ones(5)
    moves = Parameters.from_places(torch.zeros(5, dtype=torch.long), where, torch.rand(5, 1), ones, size)
    assert torch.allclose(moves.to_where(size), where, atol=1e-3)
    assert moves.colour.shape == (5, 3)


@pytest.mark.parametrize("layers", [False, True])
def test_colours_are_limited(layers, few_steps):
    target = picture()
    drawing = paint_picture(target, PaintOptions(moves=8, rounds=1, colours=3, layers=layers))
    colours = [mark.colour for mark in drawing.marks]
    assert len({*colours, drawing.background}) <= 3
    assert error(drawing, target) < 0.01
    if layers:
        names = [mark.layer for mark in drawing.marks]
        changes = sum(a != b for a, b in pairwise(names))
        assert changes == len(set(names)) - 1, "each colour is one run"


def test_a_palette_is_kept_to(few_steps):
    palette = ("#ffffff", "#cc1a1a", "navy")
    drawing = paint_picture(picture(), PaintOptions(moves=6, rounds=1, palette=palette))
    allowed = np.array([(1, 1, 1), (0.8, 0.102, 0.102), (0, 0, 0.502)])
    used = np.array([mark.colour for mark in drawing.marks])
    assert np.abs(used[:, None] - allowed).max(axis=2).min(axis=1).max() < 1e-3
    assert drawing.background == (1, 1, 1)


def test_hatching_draws_only_what_is_seen():
    painting = Drawing((stamp(20, 16, 15, 8, RED), stamp(26, 16, 7, 7, BLUE)), (40, 32))
    hatched = hatch(painting, 1.0, ["red", "blue"])
    assert all(isinstance(mark, Stroke) for mark in hatched.marks)
    assert [mark.layer for mark in hatched.marks] == sorted((mark.layer for mark in hatched.marks), reverse=True)
    assert error(hatched, picture(marks=painting.marks)) < 0.02
    hidden = Drawing((stamp(20, 16, 5, 5, RED), stamp(20, 16, 9, 9, BLUE)), (40, 32))
    assert {mark.layer for mark in hatch(hidden, 1.0, ["red", "blue"]).marks} == {"blue"}


def test_a_plot_is_strokes_on_white_paper(tmp_path):
    drawing = paint_picture(picture(), PaintOptions(moves=3, rounds=0, hatch_px=1.5))
    assert drawing.background == (1, 1, 1)
    assert {mark.layer for mark in drawing.marks} == {mark.layer for mark in drawing.strokes}
    drawing.save(tmp_path / "plot.svg", profile="plot", page="a4")
    assert (tmp_path / "plot.svg").read_text().count('inkscape:groupmode="layer"') == len(
        {stroke.layer for stroke in drawing.strokes}
    )


def test_own_pictures_are_templates(tmp_path):
    path = tmp_path / "ell.png"
    ink = np.full((40, 40), 255, np.uint8)
    ink[5:35, 8:16] = ink[27:35, 8:32] = 0
    Image.fromarray(ink).save(path)
    bank = make_bank([str(path), "square"])
    assert bank.names == ("ell", "square")
    drawing = paint_picture(picture(), PaintOptions(moves=3, rounds=0, template=(str(path),)))
    assert {mark.template for mark in drawing.marks} == {"ell"}


@pytest.mark.parametrize("suffix", ["svg", "png", "gif"])
def test_paintings_are_saved(tmp_path, suffix):
    drawing = paint_picture(picture(), PaintOptions(moves=2, rounds=0))
    drawing.save(tmp_path / f"out.{suffix}")
    assert (tmp_path / f"out.{suffix}").stat().st_size > 100


def test_transparent_pictures_lie_on_paper():
    rgba = np.zeros((24, 24, 4))
    rgba[6:18, 6:18] = (0.8, 0.1, 0.1, 1.0)
    drawing = paint_picture(rgba, PaintOptions(moves=3, rounds=0, template=("square",)))
    assert drawing.background == (1, 1, 1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"colours": 3, "palette": ("red",)}, "colours or palette"),
        ({"layers": True}, "colours or palette with layers"),
        ({"translucent": True, "colours": 4}, "solid paint"),
        ({"paper": "no-colour"}, "expected a colour"),
        ({"palette": ("none",)}, "expected a colour"),
        ({"template": ("no-such",)}, "expected one of circle"),
    ],
)
def test_wrong_options_are_refused(options, text):
    with pytest.raises(OptionError, match=text):
        paint_picture(picture(), PaintOptions(**options))


def test_a_picture_of_one_colour_is_nothing_to_paint():
    with pytest.raises(EmptyError, match="one colour"):
        paint_picture(np.full((20, 20), 0.4), PaintOptions(moves=3))


def test_the_same_picture_gives_the_same_painting(few_steps):
    options = PaintOptions(moves=4, rounds=1, colours=3)
    assert paint_picture(picture(), options) == paint_picture(picture(), options)


def test_detail_paints_texture_that_squared_error_leaves_out():
    """Blots of two pixels are too much for twenty moves: squared error leaves them flat, detail keeps edges."""
    size = (40, 48)
    torch.manual_seed(0)
    target = torch.nn.functional.interpolate(torch.rand(1, 3, 20, 24), size, mode="bilinear")[0]
    start = Painting(TemplateBank(["circle"]), torch.full((3,), 0.5), size, Parameters.none())
    spots = [Spot(0, (8.0 + 8 * (i % 5), 8.0 + 8 * (i // 5)), (4.0, 4.0), 0.0, (0.5, 0.5, 0.5)) for i in range(20)]
    start = start.with_moves(Parameters.from_spots(spots, size))
    plain, same, sharp = (refine(start, target, 40, detail=detail).render(size) for detail in (0.0, 0.0, 1.0))
    assert torch.equal(plain, same)
    assert edge_error(sharp, target) < 0.97 * edge_error(plain, target)
    assert (plain - target).square().sum() < (sharp - target).square().sum()


def test_the_error_of_edges_is_in_place_and_in_amount():
    edge, moved, flat = torch.zeros(3, 1, 16, 16)
    edge[..., 6:], moved[..., 7:] = 1.0, 1.0
    assert edge_error(edge, edge) == 0
    assert 0 < edge_error(moved, edge) < edge_error(flat, edge)
    assert edge_error(edge + 0.2, edge) == pytest.approx(0, abs=1e-3), "a colour that is off all over is no edge"
    thin = torch.rand(3, 1, 5, requires_grad=True)
    edge_error(thin, torch.rand(3, 1, 5)).backward()
    assert thin.grad.isfinite().all()
