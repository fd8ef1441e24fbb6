"""The drawer by itself: steps, stops, penalty, lessons."""

import numpy as np
import pytest
import torch

from strokewright.models.canvas_drawer import LineDrawer, LineDrawerConfig
from strokewright.models.canvas_drawer.scenes import random_scenes

SMALL = {"steps": 4, "channels": (8, 8, 8), "hidden": 16}


def small_drawer(seed=0, **changes):
    torch.manual_seed(seed)
    return LineDrawer(LineDrawerConfig(**(SMALL | changes))).eval()


def lessons(count=16, side=64, seed=0):
    scenes = random_scenes(np.random.default_rng(seed), count, side)
    return {name: torch.from_numpy(values) for name, values in scenes.items()}


@pytest.mark.parametrize("changes", [{}, {"vocabulary": "cubic"}, {"lstm": False}, {"field_px": 32}])
def test_draws_strokes_in_the_field(changes):
    drawer = small_drawer(**changes)
    side = drawer.config.field_px
    drawn = drawer.draw(torch.rand(3, side, side))
    assert len(drawn) == 4  # an untrained drawer goes on
    for rows, control, width in drawn:
        assert rows.tolist() == [0, 1, 2]
        assert control.shape == (3, 4 if changes.get("vocabulary") == "cubic" else 3, 2)
        assert control.min() >= -side / 16
        assert control.max() <= side * 17 / 16
        assert width.min() >= 0.5


def test_a_fixed_width_is_every_strokes_width():
    drawer = small_drawer(fixed_width_px=3.0)
    for _, _, width in drawer.draw(torch.rand(2, 64, 64)):
        assert (width == 3.0).all()
    batch = {"ink": torch.rand(2, 64, 64)}
    drawer.loss(batch)["loss"].backward()
    assert drawer.propose.weight.grad[:6].abs().sum() > 0  # the six coordinates
    assert drawer.propose.weight.grad[6:8].abs().sum() == 0


def test_stops_stop_each_picture_by_itself():
    drawer = small_drawer()
    with torch.no_grad():
        drawer.go_on.bias.fill_(-100)
    assert drawer.draw(torch.ones(2, 64, 64)) == []
    with torch.no_grad():  # go on only where the picture is dark
        drawer.go_on.bias.fill_(0)
    untouched = drawer.draw(torch.rand(6, 64, 64), torch.zeros(6, 64, 64))
    counts = [len(rows) for rows, _, _ in untouched]
    assert counts == sorted(counts, reverse=True)


def test_actions_begin_at_their_cells_centre_and_outside_is_punished():
    drawer = small_drawer()
    with torch.no_grad():
        drawer.propose.weight.zero_()
        drawer.propose.bias.zero_()
    ink = torch.zeros(1, 64, 64)
    action, _, _ = drawer.step(drawer.encode(ink), ink, ink, drawer.start(1))
    assert torch.allclose(action, torch.full_like(action, 0.5), atol=1e-6)
    assert drawer.loss({"ink": ink})["penalty"] == 0
    with torch.no_grad():
        drawer.propose.bias[0] = 1.0  # x of the first point: 1.5, so (1 - 0.25)·30 at each of 4 steps
    assert drawer.loss({"ink": ink})["penalty"].item() == pytest.approx(4 * 0.75 * 30, rel=1e-3)


def test_expected_loss_counts_every_way_to_stop():
    drawer = small_drawer(stop_share=0.0)
    with torch.no_grad():
        drawer.go_on.weight.zero_()
        drawer.go_on.bias.zero_()
    scores = drawer.loss({"ink": torch.rand(2, 64, 64)})
    assert scores["strokes"].item() == pytest.approx(0.5 + 0.25 + 0.125 + 0.0625)


def test_lessons_reach_every_parameter_but_the_memory_of_steps():
    drawer = small_drawer().train()
    scores = drawer.loss(lessons())
    scores["loss"].backward()
    assert torch.isfinite(scores["loss"])
    without = {name for name, p in drawer.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    assert without <= {"memory.weight_hh"}


def test_scenes_are_repeatable_and_in_range():
    scenes = lessons(64)
    assert all(torch.equal(a, b) for a, b in zip(scenes.values(), lessons(64).values(), strict=True))
    assert set(scenes["state"].unique().tolist()) == {0, 1, 2}
    assert scenes["width"].min() >= 0.8
    inside = (scenes["control"][:, :, [0, 2]] - 32).abs().amax(dim=3) <= 34.01
    assert inside.float().mean() > 0.95  # the others run in from outside


def test_sheet_and_metrics():
    drawer = small_drawer()
    batch = {"ink": torch.rand(5, 64, 64)}
    sheet = drawer.samples(batch)
    assert sheet.shape == (3, 2 * 64, 4 * (3 * 64 + 4))
    assert drawer.metrics(batch)["drawn_strokes"] == 4
