"""Boxes move onto the pictures; those that are not needed go."""

import numpy as np
import pytest
import torch

from strokewright.drawing import Drawing, Prism
from strokewright.drawing.solids import three_views
from strokewright.pipelines.prisms import Views
from strokewright.pipelines.prisms.refine import distances, fit
from strokewright.render.skia import render

SCENE = torch.tensor(
    [
        [0.11, 0.22, 0.08, 0.45, 0.61, 0.33, 0.9, 0.1, 0.1, 1.0],
        [0.37, 0.4, 0.52, 0.83, 0.78, 0.91, 0.1, 0.35, 0.95, 1.0],
    ]
)


@pytest.fixture(scope="module")
def views():
    """SCENE by Skia."""
    marks = tuple(Prism(row[:3], row[3:6], row[6:9]) for row in SCENE.tolist())
    return Views.read(*(render(page).transpose(1, 2, 0) for page in three_views(Drawing(marks, (32, 32)))))


def test_the_true_scene_has_no_distance(views):
    assert distances(SCENE[None], views) < 1e-5
    assert distances(SCENE[None, :1], views) > 1e-2


def test_rough_boxes_move_onto_the_pictures_and_a_third_one_goes(views):
    drawn = SCENE + 0.07 * torch.tensor([1.0, -1.0]).repeat(5)
    drawn = torch.cat([drawn, drawn[:1] * 0.5 + 0.2]).clamp(0, 1)
    drawn[:, 9] = 0.8
    found = fit(drawn, views, steps=50)
    assert len(found) == 2
    order = found[:, 0].argsort()
    assert np.allclose(found[order].numpy(), SCENE.numpy(), atol=5e-3)


def test_without_steps_the_drawers_boxes_stay(views):
    drawn = SCENE.clone()
    drawn[1, 9] = 0.3
    assert torch.equal(fit(drawn, views, steps=0), SCENE[:1])


def test_blank_pictures_hold_nothing():
    blank = np.ones((32, 32), dtype=np.float32)
    assert len(fit(SCENE, Views.read(blank, blank, blank), steps=20)) == 0
