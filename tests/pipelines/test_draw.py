"""One picture → strokes: the field a drawer sees, and strokes in the picture's own coordinates and colours."""

import numpy as np
import pytest
import torch

from strokewright import Drawing
from strokewright.errors import EmptyError, OptionError
from strokewright.models.canvas_drawer import Drawer, DrawerConfig
from strokewright.pipelines.draw import PictureDrawer, draw_picture, to_field
from strokewright.render.skia import render, render_ink

SMALL = {"steps": 2, "channels": (8, 8, 8), "hidden": 16}


def picture_of(points, size, width):
    return render_ink(Drawing.from_points([points], size, width=width))


class Copyist(Drawer):
    """Draws one straight stroke from the first to the last inked row of what it sees, 2 px wide."""

    def draw(self, hint):
        y, x = np.nonzero(hint[0, 0].numpy() > 0.5)
        first, last = y.argmin(), y.argmax()
        ends = np.array([[x[first], y[first]], [x[last], y[last]]]) + 0.5
        control = [*ends[0], *ends.mean(axis=0), *ends[1]]
        row = self.vocabulary.encode([*control, 2, 2], self.config.size_px)
        return torch.from_numpy(row.astype(np.float32))[None, None]


@pytest.fixture
def copyist():
    return Copyist(DrawerConfig(**SMALL))


@pytest.mark.parametrize("size", [(60, 60), (300, 200), (1500, 2100)])
def test_the_field_holds_the_ink_in_its_middle(size):
    width, height = size
    line = [(0.55 * width, 0.3 * height), (0.7 * width, 0.8 * height)]
    field = to_field(picture_of(line, size, 4.0), 28)
    rows, columns = np.nonzero(field.ink > 0.3)
    assert field.ink.shape == (28, 28)
    assert 18 <= rows.max() - rows.min() + 1 <= 22, "a longer side of 20 px"
    assert abs(rows.mean() - 13.5) < 0.6
    assert abs(columns.mean() - 13.5) < 0.6
    middle = field.left + 14 * field.scale, field.top + 14 * field.scale
    assert np.allclose(middle, (0.625 * width, 0.55 * height), atol=field.scale)


def test_thin_lines_are_thickened_and_thick_ones_are_not():
    line = [(40, 40), (360, 360)]
    thin, thick = (to_field(picture_of(line, (400, 400), width), 28) for width in (1.5, 40.0))
    assert thin.ink.max() > 0.8
    assert thin.thickened > 5
    assert thick.thickened == 1


@pytest.mark.parametrize("dark_page", [False, True])
def test_strokes_lie_on_the_picture_and_have_its_colours(copyist, dark_page):
    paper, pen = ((0.1, 0.1, 0.3), (1.0, 0.9, 0.4)) if dark_page else ((1.0, 1.0, 1.0), (0.8, 0.1, 0.1))
    truth = Drawing.from_points([[(70, 30), (140, 110)]], (200, 150), width=9.0)
    truth = truth.replace(marks=tuple(s.replace(colour=pen) for s in truth.strokes), background=paper)
    drawing = draw_picture(copyist, render(truth).transpose(1, 2, 0))
    (stroke,) = drawing.strokes
    assert drawing.size == (200, 150)
    assert np.abs(stroke.nodes - truth.strokes[0].nodes).max() < 8
    assert np.allclose(stroke.colour, pen, atol=0.03)
    assert np.allclose(drawing.background, paper, atol=0.03)


def test_widths_are_those_of_the_picture(copyist):
    drawing = draw_picture(copyist, 1 - picture_of([(100, 40), (150, 360)], (400, 400), 4.0))
    assert drawing.strokes[0].width.mean() == pytest.approx(4.0, rel=0.5)


def test_a_drawer_of_colours_keeps_its_own():
    torch.manual_seed(0)
    drawer = Drawer(DrawerConfig(vocabulary="quadratic-colour", **SMALL))
    grey = draw_picture(drawer, 1 - picture_of([(10, 10), (30, 30)], (40, 40), 4.0))
    assert len(grey.strokes) == 2
    assert any(np.ptp(stroke.colour) > 0 or stroke.opacity < 1 for stroke in grey.strokes)


def test_bare_paper_and_other_models_are_refused(copyist):
    with pytest.raises(EmptyError, match="bare paper"):
        draw_picture(copyist, np.ones((30, 30)))
    with pytest.raises(OptionError, match="expected a drawer"):
        PictureDrawer("trace/lineart", "cpu")
