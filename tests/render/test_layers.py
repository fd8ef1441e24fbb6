"""Layers: analytic against true, in every vocabulary, and how they meet a canvas."""

import numpy as np
import pytest
import torch

from strokewright.errors import OptionError
from strokewright.render import box
from strokewright.render.actions import render_actions, render_layers
from strokewright.render.analytic import layer
from strokewright.render.colour import to_lab, to_rgb, to_rgb_array
from strokewright.render.composite import lay
from strokewright.render.protocol import VOCABULARIES


def actions_for(name, count=12):
    rows = np.random.default_rng(0).random((count, len(VOCABULARIES[name].columns)))
    if VOCABULARIES[name].paint == "lab":
        rows[:, -4:-1] = 0.3 + 0.4 * rows[:, -4:-1]  # colours that a screen can show
    return rows


@pytest.mark.parametrize("name", ["thin", "quadratic", "cubic", "quadratic-colour", "cubic-colour", "rectangle"])
def test_analytic_layers_agree_with_the_true_renderer(name):
    vocabulary, rows = VOCABULARIES[name], actions_for(name)
    soft = layer(vocabulary, torch.from_numpy(rows).float(), 48).numpy()
    true = render_layers(vocabulary, rows, 48)
    assert soft.shape == true.shape
    if name == "rectangle":  # the true one covers whole pixels with its alpha as well
        assert np.abs(soft - true).max() < 0.02
    assert ((soft - true) ** 2).mean() < 1e-3


@pytest.mark.parametrize("name", ["quadratic", "quadratic-colour"])
def test_layers_laid_one_by_one_make_the_true_picture(name):
    vocabulary, rows = VOCABULARIES[name], actions_for(name, 3)
    canvas = torch.tensor(vocabulary.blank)[None, :, None, None].expand(1, -1, 48, 48)
    for row in torch.from_numpy(rows).float():
        canvas = lay(canvas, layer(vocabulary, row[None], 48))
    true = render_actions(vocabulary, rows[None], 48)
    assert ((canvas.numpy() - true) ** 2).mean() < 1e-3  # edges blend in LAB here, in sRGB there


def test_box_coverage_is_exact_and_has_a_gradient():
    corners = torch.tensor([[5.25, 2.25, 1.5, 6.5]], requires_grad=True)  # any two opposite corners
    ink = box.coverage(corners, (8, 8))
    assert ink.sum().item() == pytest.approx(3.75 * 4.25)
    assert ink[0, 3].tolist() == pytest.approx([0, 0.5, 1, 1, 1, 0.25, 0, 0])
    ink.sum().backward()
    assert corners.grad[0].tolist() == pytest.approx([4.25, -3.75, -4.25, 3.75])
    assert box.coverage(corners, (8, 8), softness_px=3.0)[0, 3, 6] > 0
    with pytest.raises(OptionError, match="boxes, 4"):
        box.coverage(torch.zeros(4), (8, 8))


def test_colours_survive_lab_and_back():
    rgb = np.random.default_rng(0).random((20, 3))
    assert np.abs(to_rgb_array(to_lab(rgb)) - rgb).max() < 1e-3
    assert to_rgb((0.5, 0.0, 1.0))[0] >= 0  # far outside what a screen shows, without a warning
