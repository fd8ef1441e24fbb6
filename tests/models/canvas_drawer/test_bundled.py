"""The bundled sliding drawer: small, fast enough, stops on bare paper, draws what it sees."""

import numpy as np
import pytest

from strokewright import Drawing
from strokewright.drawing.drawing import Stroke
from strokewright.models.canvas_drawer import draw_sliding
from strokewright.render.protocol import to_cubic
from strokewright.render.skia import render_ink
from strokewright.weights import card, load_model


@pytest.fixture(scope="module")
def drawer():
    return load_model("trace/lineart")


def to_drawing(pieces, size):
    return Drawing(
        tuple(Stroke.from_controls(to_cubic(piece.control)[None], width=piece.width) for piece in pieces), size
    )


def test_is_small():
    assert card("trace/lineart").size_bytes <= 4_000_000


def test_draws_nothing_on_bare_or_finished_paper(drawer):
    assert list(draw_sliding(drawer, np.zeros((128, 128), np.float32), least_ink=0, least_missing=0)) == []
    line = render_ink(Drawing.from_points([[(4, 30), (60, 34)]], (64, 64), width=3.0))
    assert list(draw_sliding(drawer, line, line, least_missing=0)) == []


def test_draws_lines_with_few_strokes_at_their_width(drawer):
    angle = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack([128 + 70 * np.cos(angle), 128 + 70 * np.sin(angle)], axis=1)
    page = Drawing.from_points([[(20, 40), (236, 60)], [(30, 220), (220, 200)], circle], (256, 256), width=3.0)
    ink = render_ink(page)
    pieces = list(draw_sliding(drawer, ink, least_ink=0.005))
    drawn = render_ink(to_drawing(pieces, (256, 256)))
    assert np.minimum(drawn, ink).sum() / np.maximum(drawn, ink).sum() > 0.5
    assert ((drawn - ink) ** 2).mean() < 0.5 * (ink**2).mean()
    assert len(pieces) < 120
    assert np.median([piece.width.mean() for piece in pieces]) == pytest.approx(3.0, abs=1.0)
