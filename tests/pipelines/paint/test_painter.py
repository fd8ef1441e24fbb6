"""A trained painter begins: its moves are kept as they are, or refined; more are added."""

import numpy as np
import pytest
import torch

from strokewright.errors import EmptyError, OptionError
from strokewright.models.painter import Painter, PainterConfig
from strokewright.pipelines.paint.options import chosen_options
from strokewright.pipelines.paint.painter import PicturePainter, paint_by
from strokewright.render.skia import render


@pytest.fixture
def painter():
    torch.manual_seed(0)
    config = PainterConfig(moves=4, size_px=16, templates=("circle", "square"), hidden=16, freedom="turned")
    return Painter(config).eval()


@pytest.fixture
def picture():
    rows, columns = np.mgrid[0:32, 0:32]
    return np.where(np.hypot(rows - 12, columns - 18) < 8, 0.2, 0.9)


def test_without_rounds_a_painter_paints_alone(painter, picture):
    drawing = paint_by(painter, picture, chosen_options({"moves": 4, "rounds": 0}))
    (own,) = painter.draw(torch.from_numpy(picture[None, None, ::2, ::2]).float())
    alone = render(own, (32, 32))
    assert len(drawing.marks) == 4
    assert np.abs(render(drawing) - alone).mean() < 0.05


def test_moves_are_added_and_refined(painter, picture):
    alone, more, refined = (
        paint_by(painter, picture, chosen_options({"moves": moves, "rounds": rounds}))
        for moves, rounds in ((4, 0), (8, 0), (4, 1))
    )
    assert len(more.marks) == 8
    assert more.marks[:4] == alone.marks
    errors = [float(((render(d)[0] - picture) ** 2).mean()) for d in (alone, refined)]
    assert errors[1] < 0.3 * errors[0]
    assert len(paint_by(painter, picture, chosen_options({"moves": 2, "rounds": 0})).marks) == 2


def test_other_models_and_options_are_refused(painter, picture):
    with pytest.raises(OptionError, match="expected a painter"):
        PicturePainter("trace/lineart", "cpu")
    with pytest.raises(OptionError, match="template or a model"):
        paint_by(painter, picture, chosen_options({"template": ("line",)}))
    with pytest.raises(OptionError, match="options are moves"):
        chosen_options({"move": 3})


def test_features_of_pictures_of_any_size(painter, picture, monkeypatch):
    monkeypatch.setattr("strokewright.weights.load_model", lambda name, device: painter)
    loaded = PicturePainter("paint/small", "cpu")
    rows = loaded.features([picture, picture.repeat(2, axis=0).repeat(2, axis=1), 1 - picture])
    assert rows.shape == (3, 4 * (6 + 2))
    assert np.allclose(rows[0], rows[1], atol=1e-3), "the same picture, larger"
    assert np.abs(rows[0] - rows[2]).max() > 0.01
    with pytest.raises(EmptyError, match="at least one picture"):
        loaded.features([])
