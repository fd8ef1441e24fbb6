"""Prisms: three views agree with Skia, hide one another by depth, and have true gradients."""

import numpy as np
import pytest
import torch

from strokewright.drawing import Drawing, Prism
from strokewright.drawing.solids import three_views
from strokewright.errors import OptionError
from strokewright.render.actions import render_actions, render_layers
from strokewright.render.analytic import layer
from strokewright.render.colour import to_lab
from strokewright.render.prism import coverage, stack
from strokewright.render.protocol import VOCABULARIES

PRISM = VOCABULARIES["prism"]
RED, BLUE = to_lab([(0.9, 0.1, 0.1), (0.1, 0.35, 0.95)]).tolist()
SCENE = np.array(
    [
        [0.10, 0.20, 0.05, 0.62, 0.71, 0.30, *RED, 1.0],
        [0.33, 0.90, 0.85, 0.80, 0.40, 0.42, *BLUE, 1.0],  # behind the first, its corners in another order
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, *BLUE, 0.4],  # not there
    ]
)


def drawn(rows, size=32):
    """Canvases (1, 9, size, size) by the analytic renderer."""
    rows = torch.as_tensor(rows)
    paper = torch.tensor(PRISM.blank)[:, None, None].expand(1, -1, size, size).to(rows)
    return stack(paper, [layer(PRISM, row[None], size) for row in rows], [row[None] for row in rows])


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_views_are_skias_whatever_the_order(order):
    true = render_actions(PRISM, SCENE[None][:, [*order, 2]], 32)
    assert true.shape == (1, 9, 32, 32)
    difference = np.abs(drawn(SCENE[order]).numpy() - true)
    assert np.median(difference) < 1e-3
    assert difference.max() < 0.12, "only edges differ, where Skia mixes in sRGB"


def test_what_is_nearer_hides_what_is_farther():
    near, far = Prism([0, 0, 0], [1, 1, 0.2], (1, 0, 0)), Prism([0.2, 0.2, 0.5], [1, 1, 1], (0, 0, 1))
    front, side, top = three_views(Drawing((near, far), (10, 10)))
    assert [box.colour for box in front.marks] == [far.colour, near.colour]
    assert [(box.x0, box.x1) for box in side.marks] == [(0, 2), (5, 10)]  # both reach the right wall
    assert top.marks[-1].colour == near.colour
    assert (top.marks[-1].y0, top.marks[-1].y1) == (8, 10), "the front lies at the bottom of the top view"


def test_layers_match_skia():
    rows = SCENE[:2].copy()
    rows[1, -1] = 0.7
    true = render_layers(PRISM, rows, 32)
    ours = layer(PRISM, torch.from_numpy(rows), 32).numpy()
    assert ours.shape == true.shape == (2, 12, 32, 32)
    assert np.abs(ours - true).max() < 0.02


def test_gradients_are_those_of_finite_differences():
    rows = torch.from_numpy(SCENE[:2]).requires_grad_()
    weight = torch.from_numpy(np.random.default_rng(0).random((1, 9, 16, 16)))
    assert torch.autograd.gradcheck(lambda r: (drawn(r, 16) * weight).sum(), (rows,), eps=1e-5, atol=1e-4)


def test_wrong_corners_are_refused():
    with pytest.raises(OptionError, match="6"):
        coverage(torch.zeros(2, 4), 8)
