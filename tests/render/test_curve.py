"""Analytic strokes: like Skia, like the reference, right gradients, empty input."""

import numpy as np
import pytest
import torch

from strokewright import Drawing
from strokewright.drawing.drawing import Stroke
from strokewright.errors import OptionError
from strokewright.render import curve_kernel
from strokewright.render.curve import coverage, coverage_of_pairs, render
from strokewright.render.curve_reference import coverage_reference
from strokewright.render.protocol import to_cubic
from strokewright.render.skia import render_ink

DEGREES = pytest.mark.parametrize("points", [3, 4])


def random_curves(points, count=16, side=32, widths=(1.0, 5.0), seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    control = torch.rand(count, points, 2, generator=generator, dtype=dtype) * side
    width = widths[0] + torch.rand(count, 2, generator=generator, dtype=dtype) * (widths[1] - widths[0])
    return control.requires_grad_(), width.requires_grad_()


@DEGREES
@pytest.mark.parametrize("widths", [(0.3, 1.0), (1.0, 6.0)])
def test_agrees_with_skia(points, widths):
    control, width = random_curves(points, 48, 64, widths)
    soft = coverage(control, width, (64, 64)).detach().numpy()
    strokes = [
        Stroke.from_controls(to_cubic(c)[None], width=w)
        for c, w in zip(control.detach().numpy(), width.detach().numpy(), strict=True)
    ]
    true = np.stack([render_ink(Drawing((stroke,), (64, 64))) for stroke in strokes])
    assert ((soft - true) ** 2).mean() <= 0.0003


@DEGREES
@pytest.mark.parametrize("softness_px", [0.0, 3.0])
def test_agrees_with_the_plain_reference(points, softness_px):
    control, width = random_curves(points)
    ours = coverage(control, width, (27, 41), softness_px)
    plain = coverage_reference(control, width, (27, 41), softness_px, chords=60)
    assert (ours - plain).square().mean() < 2e-4
    weights = torch.rand(ours.shape, generator=torch.Generator().manual_seed(1))
    mine = torch.autograd.grad((ours * weights).sum(), [control, width])
    other = torch.autograd.grad((plain * weights).sum(), [control, width])
    for a, b in zip(mine, other, strict=True):
        assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), 0) > 0.99


@DEGREES
@pytest.mark.parametrize("widths", [(0.3, 0.8), (2.0, 6.0)])
def test_gradient_equals_finite_differences(points, widths, monkeypatch):
    monkeypatch.setattr(curve_kernel, "_NEWTON_STEPS", 30)  # the rule assumes the nearest point itself
    control, width = random_curves(points, 2, 16, widths, seed=3, dtype=torch.float64)
    weights = torch.rand(2, 16, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def energy(c, w):
        return (coverage(c, w, (16, 16), 1.0) * weights).sum()

    energy(control, width).backward()
    with torch.no_grad():
        for tensor in (control, width):
            for place in range(tensor.numel()):
                value = tensor.view(-1)[place].item()
                sides = []
                for step in (1e-5, -1e-5):
                    tensor.view(-1)[place] = value + step
                    sides.append(energy(control, width).item())
                tensor.view(-1)[place] = value
                numeric = (sides[0] - sides[1]) / 2e-5
                assert tensor.grad.view(-1)[place].item() == pytest.approx(numeric, rel=2e-3, abs=5e-3)


def test_pairs_equal_pictures_cold_and_warm():
    control, width = random_curves(4, 5)
    whole = coverage(control, width, (32, 32))
    y, x = torch.meshgrid(torch.arange(32) + 0.5, torch.arange(32) + 0.5, indexing="ij")
    pixels = torch.stack([x, y], dim=-1).reshape(-1, 2).repeat(5, 1)
    index = torch.arange(5).repeat_interleave(32 * 32)
    cold, t = coverage_of_pairs(pixels, control, width, index)
    warm, _ = coverage_of_pairs(pixels, control, width, index, t)
    own, _ = coverage_of_pairs(pixels, control[index], width[index])
    for ink in (cold, warm, own):
        assert (ink.view(5, 32, 32) - whole).abs().mean() < 1e-3
    upstream = torch.rand(len(cold), generator=torch.Generator().manual_seed(0))
    sparse = torch.autograd.grad(cold, control, upstream)[0]
    dense = torch.autograd.grad(whole, control, upstream.view(5, 32, 32))[0]
    assert torch.allclose(sparse, dense, rtol=1e-3, atol=1e-3)


def test_degenerate_curves_keep_finite_gradients():
    dot = torch.full((1, 3, 2), 8.5).requires_grad_()
    far = torch.full((1, 4, 2), -500.0).requires_grad_()
    width = torch.tensor([[4.0, 2.0]]).requires_grad_()
    assert coverage(dot, width, (17, 17)).sum().item() == pytest.approx(np.pi * 4, rel=0.1)
    (coverage(dot, width, (17, 17)).sum() + coverage(far, width, (17, 17)).sum()).backward()
    for tensor in (dot, far, width):
        assert torch.isfinite(tensor.grad).all()


def test_marks_meet_by_maximum_over_and_add():
    control, width = random_curves(3, 6)
    marks, ends = control.view(2, 3, 3, 2), width.view(2, 3, 2)
    each = coverage(control, width, (32, 32)).view(2, 3, 32, 32)
    assert torch.equal(render(marks, ends, (32, 32)), each.amax(1))
    assert torch.allclose(render(marks, ends, (32, 32), composite="over"), 1 - (1 - each).prod(1))
    assert torch.allclose(render(marks, ends, (32, 32), composite="add"), each.sum(1).clamp(max=1))
    assert not render(marks[:, :0], ends[:, :0], (32, 32)).any()


def test_shapes_are_checked():
    with pytest.raises(OptionError, match="3 or 4, 2"):
        coverage(torch.zeros(1, 5, 2), torch.zeros(1, 2), (8, 8))
    with pytest.raises(OptionError, match="start and end"):
        coverage(torch.zeros(2, 3, 2), torch.zeros(2, 1), (8, 8))


@pytest.mark.gpu
def test_gpu_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    control, width = random_curves(4)
    here = coverage(control, width, (32, 32))
    there = coverage(control.cuda(), width.cuda(), (32, 32)).cpu()
    assert torch.allclose(here, there, atol=1e-3)
