"""The template writer: against the true renderer, its gradients, its canvases, its marks."""

import numpy as np
import pytest
import torch

from strokewright import Drawing
from strokewright.errors import OptionError
from strokewright.render import template_shapes
from strokewright.render.skia import render
from strokewright.render.template import (
    Moves,
    TemplateBank,
    add,
    invert,
    paint,
    paper,
    placed,
    sharpen,
    superpose,
    superpose_all,
    to_drawing,
    to_stamp,
    vocabulary,
    write,
)
from strokewright.render.template_shapes import TEMPLATES, from_ink


def random_where(count, seed=0, upright=False):
    random = torch.Generator().manual_seed(seed)
    centre = torch.rand(count, 2, generator=random) * 1.6 - 0.8
    half = torch.rand(count, 2, generator=random) * 0.6 + 0.15
    angle = None if upright else torch.rand(count, generator=random) * 6
    return invert(placed(centre, half, angle))


def ring():
    y, x = np.mgrid[:60, :80]
    radius = np.hypot(x - 40, y - 30)
    return from_ink("ring", ((radius < 26) & (radius > 13)).astype(float))


def random_moves(bank, batch=3, moves=5, channels=3):
    random = torch.Generator().manual_seed(1)
    where = random_where(batch * moves).view(batch, moves, 2, 3)
    what = torch.rand(batch, moves, channels, generator=random)
    which = torch.eye(len(bank))[torch.arange(batch * moves) % len(bank)].view(batch, moves, -1)
    return Moves(where, what, which)


@pytest.mark.parametrize("template", [*TEMPLATES, ring()], ids=lambda t: getattr(t, "name", t))
@pytest.mark.parametrize("size", [(28, 28), (64, 96)])
def test_every_template_agrees_with_the_true_renderer(template, size):
    bank = TemplateBank([template])
    where = random_where(12)
    soft = write(bank, torch.ones(12, 1), where, size).numpy()
    for mask, place in zip(soft, where.double().numpy(), strict=True):
        stamp = to_stamp(bank.templates[0], place, np.zeros(1), size)
        true = 1 - render(Drawing((stamp,), (size[1], size[0])))[0]
        assert np.square(true - mask).mean() < 1e-3
    assert soft.max() > 0.9


@pytest.mark.parametrize("channels", [1, 3])
def test_marks_repaint_the_canvas(channels):
    bank = TemplateBank([*TEMPLATES, ring()])
    moves = random_moves(bank, channels=channels)
    *_, canvas = paint(bank, moves, paper(3, (0.8,) * channels, (32, 48)))
    for soft, drawing in zip(canvas.numpy(), to_drawing(bank, moves, (32, 48), (0.8,) * channels), strict=True):
        assert len(drawing.marks) == 5
        assert np.square(render(drawing) - soft).mean() < 0.002


@pytest.mark.parametrize("template", TEMPLATES)
def test_gradients_follow_finite_differences(template):
    torch.manual_seed(0)
    bank = TemplateBank([template])
    bank.fields.data = bank.fields.double()
    where = random_where(1, seed=4).double().requires_grad_()
    weight = torch.rand(64, 64, dtype=torch.float64)

    def score(place):
        return (write(bank, torch.ones(1, 1), place, (64, 64), 2.0) * weight).sum()

    (slope,) = torch.autograd.grad(score(where), where)
    with torch.no_grad():
        for index in np.ndindex(2, 3):
            step = torch.zeros_like(where)
            step[(0, *index)] = 1e-4
            measured = (score(where + step) - score(where - step)) / 2e-4
            assert slope[(0, *index)].item() == pytest.approx(measured.item(), rel=0.2, abs=6)


def test_a_mixture_is_convex_and_sharpening_chooses():
    bank = TemplateBank(["circle", "square"])
    where = random_where(1)
    logits = torch.tensor([[0.2, 0.4]])
    both = write(bank, sharpen(logits), where, (28, 28))
    weights = torch.softmax(logits, -1)
    assert torch.allclose(both, (bank.coverage(where, (28, 28)) * weights[..., None, None]).sum(1))
    expected = weights**5 / (weights**5).sum()
    assert torch.allclose(sharpen(logits, gamma=5), expected)
    torch.manual_seed(0)
    noisy = sharpen(logits.expand(500, 2), noise=1.0)
    assert torch.allclose(noisy.sum(-1), torch.ones(500))
    assert noisy.std(0).min() > 0.1


def test_two_canvases():
    canvas, mask = torch.full((1, 2, 2, 2), 0.5), torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    colour = torch.tensor([[0.0, 1.0]])
    over = superpose(canvas, mask, colour)
    assert over[0, 0].tolist() == [[0.0, 0.5], [0.25, 0.5]]
    assert over[0, 1].tolist() == [[1.0, 0.5], [0.75, 0.5]]
    assert add(canvas, mask, colour)[0, 1].tolist() == [[1.5, 0.5], [1.0, 0.5]]


def test_a_move_that_is_not_there_leaves_nothing():
    bank = TemplateBank(["circle"])
    moves = random_moves(bank)._replace(there=torch.zeros(3, 5))
    blank = paper(3, (1.0, 1.0, 1.0), (16, 16))
    assert all(torch.equal(canvas, blank) for canvas in paint(bank, moves, blank))
    assert to_drawing(bank, moves, (16, 16), (1.0,))[0].marks == ()


def test_soft_edges_feel_further():
    bank, where = TemplateBank(["square"]), invert(placed(torch.zeros(1, 2), torch.full((1, 2), 0.2)))
    sharp, soft = (write(bank, torch.ones(1, 1), where, (40, 40), s)[0] for s in (0.0, 8.0))
    assert (soft > 0).sum() > 2 * (sharp > 0).sum()
    assert sharp.sum().item() == pytest.approx(64, rel=1e-4)


def test_learnable_templates_change_shape():
    bank = TemplateBank(["circle"], learnable=True)
    where = torch.eye(2, 3).expand(1, 2, 3)
    target, circle = (TemplateBank([name]).masks(20) for name in ("square", "circle"))
    optimiser = torch.optim.Adam(bank.parameters(), 0.05)
    for _ in range(40):
        loss = (bank.coverage(where, (20, 20), 1.0) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (bank.masks(20) - target).square().mean() < 0.1 * (circle - target).square().mean()
    corners = bank.current()[0].outline
    assert np.hypot(*corners.T).max() > 1.1  # a circle has no corners


def test_a_vocabulary_makes_marks():
    bank = TemplateBank(["circle", "square"])
    words = vocabulary(bank, channels=1)
    stamp = words.to_mark([0.5, 0.25, 1 / 3, 1 / 3, 0.5, 0.1, 0.9, 0.3], 40)
    assert (stamp.template, stamp.colour) == ("square", (0.3, 0.3, 0.3))
    assert np.allclose(stamp.affine, [[10, 0, 20], [0, 10, 10]])


def test_wrong_shapes_and_names_say_what_is_expected():
    with pytest.raises(OptionError, match="circle"):
        TemplateBank(["cirkle"])
    with pytest.raises(OptionError, match="at least one"):
        TemplateBank([])
    with pytest.raises(OptionError, match=r"which \(…, 1\)"):
        write(TemplateBank(["circle"]), torch.ones(2, 2), random_where(2), (8, 8))
    with pytest.raises(OptionError, match="darker"):
        from_ink("blank", np.zeros((9, 9)))
    assert template_shapes.from_field("empty", np.full((8, 8), -1, np.float32)).outline.shape == (1, 2)


def test_painting_many_at_once_equals_one_by_one():
    torch.manual_seed(0)
    canvas, masks = torch.rand(2, 3, 6, 5, dtype=torch.float64), torch.rand(2, 4, 6, 5, dtype=torch.float64)
    colours = torch.rand(2, 4, 3, dtype=torch.float64)
    inputs = [part.requires_grad_() for part in (canvas, masks, colours)]
    last = canvas
    for move in range(4):
        last = superpose(last, masks[:, move], colours[:, move])
    assert torch.allclose(superpose_all(*inputs), last)
    assert torch.autograd.gradcheck(superpose_all, inputs)
