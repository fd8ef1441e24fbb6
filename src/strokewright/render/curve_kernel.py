"""The inner loop of the analytic strokes: how much of a pixel a Bézier curve with width covers, and its gradient.

The nearest curve parameter t is found without gradient: a coarse point search, then two guarded Newton steps on
(B(t) - p)·B'(t) = 0. With d = |B(t) - p| and h the half width at t, coverage is φ(h - d) - φ(-h - d): the profile of a
box-filtered edge, less what a line thinner than a pixel does not fill. The distance needs no gradient through t (the
envelope theorem); the width does, where it changes along the curve, and dt follows from the implicit function theorem.

Layout: pixels of a tile run along rows, (tile, curve) pairs along columns, so that every operation is one long pass.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_POWERS = {  # power basis from Bézier control points, highest power first
    3: ((1.0, -2.0, 1.0), (-2.0, 2.0, 0.0), (1.0, 0.0, 0.0)),
    4: ((-1.0, 3.0, -3.0, 1.0), (3.0, -6.0, 3.0, 0.0), (-3.0, 3.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
}
_SAMPLES = {3: 12, 4: 16}
_FINE = 32  # chords that measure the arc
_NEWTON_STEPS = 2
_EDGE_PX = 0.65  # half the support of φ at softness 0; the least squared error against Skia over all directions
_EVEN_PX = 1e-6  # half widths that differ by less count as one
_SLOW = 1.0  # px²: on a curve shorter than about a pixel t may not run away
_TINY = 1e-12


def power_basis(control: Tensor) -> Tensor:
    """Turn control points (curves, 3 or 4, 2) into polynomial coefficients (2, powers, curves), highest power first."""
    matrix = torch.tensor(_POWERS[control.shape[1]], dtype=control.dtype, device=control.device)
    return torch.einsum("pk,cka->apc", matrix, control)


def features(control: Tensor, width: Tensor) -> Tensor:
    """Pack curves into one row per number: x powers, y powers, half width at start and end, (2·powers + 2, curves)."""
    return torch.cat([power_basis(control).flatten(0, 1), width.t() / 2])


def edge_px(softness_px: float) -> float:
    """Half the support of the edge profile: coverage is 0 further than this from the outline."""
    return _EDGE_PX + softness_px


def even_samples(basis: Tensor) -> Tensor:
    """Spread the points of the coarse search evenly along the arc: parameters (samples, curves), without gradient.

    Evenly spaced parameters would leave long gaps on the fast stretches of a hairpin, where the search then errs.
    """
    a = basis.detach()
    count = _SAMPLES[a.shape[1]]
    fine = torch.linspace(0, 1, _FINE + 1, dtype=a.dtype, device=a.device)
    powers = torch.stack([fine**power for power in range(a.shape[1] - 1, -1, -1)])
    points = torch.einsum("apc,ps->acs", a, powers)
    step = (points[..., 1:] - points[..., :-1]).norm(dim=0)
    step = step + step.mean(dim=1, keepdim=True) * 0.05 + _TINY  # a share of even parameters keeps the inverse tame
    length = torch.nn.functional.pad(step.cumsum(dim=1), (1, 0))
    wanted = length[:, -1:] * ((torch.arange(count, dtype=a.dtype, device=a.device) + 0.5) / count)
    after = torch.searchsorted(length, wanted.contiguous()).clamp_(1, _FINE)
    before = length.gather(1, after - 1)
    share = (wanted - before) / (length.gather(1, after) - before)
    return ((after - 1 + share) / _FINE).t().contiguous()


def nearest(basis: Tensor, x: Tensor, y: Tensor, samples: Tensor, start: Tensor | None = None) -> Tensor:
    """Find the curve parameter nearest to each pixel, without gradient.

    Args:
        basis: (2, powers, pairs) from `power_basis`.
        x: Pixel minus the curve's first control point, (rows, pairs).
        y: The same, vertical.
        samples: Where the search looks, (samples, pairs) from `even_samples`; empty if start is given.
        start: Parameters to start the Newton steps from; None searches.

    Returns:
        t in [0, 1], shaped like x.
    """
    ax, ay = basis[0, :-1].unbind(0), basis[1, :-1].unbind(0)
    t = _search(ax, ay, x, y, samples) if start is None else start
    for _ in range(_NEWTON_STEPS):
        ex, ey, vx, vy = _position(ax, ay, t, x, y)
        # Where the distance is concave along the curve, Newton would run off: Gauss-Newton's step stays short.
        slope = torch.addcmul(ex * vx, ey, vy)
        bend = torch.addcmul(ex.mul_(_second(ax, t)), ey, _second(ay, t)).clamp_(min=0)
        bend = bend.addcmul_(vx, vx).addcmul_(vy, vy).add_(_TINY)
        t = t.addcdiv(slope, bend, value=-1).clamp_(0, 1)
    return t


def _search(ax: tuple[Tensor, ...], ay: tuple[Tensor, ...], x: Tensor, y: Tensor, samples: Tensor) -> Tensor:
    """Take the nearest of the sample points: |q|² - 2 q·p is enough to compare."""
    best = torch.full_like(x, math.inf)
    t = torch.zeros_like(x)
    for at in samples:
        qx, qy = _horner(ax, at), _horner(ay, at)
        distance = torch.addcmul(qx * qx + qy * qy, x, -2 * qx).addcmul_(y, -2 * qy)
        t = torch.where(distance < best, at, t)
        best = torch.minimum(best, distance, out=best)
    return t


def _horner(a: tuple[Tensor, ...], t: Tensor) -> Tensor:
    """Evaluate the polynomial without its constant term at one parameter a pair, (pairs,)."""
    value = a[0] * t
    for coefficient in a[1:]:
        value = (value + coefficient) * t
    return value


def _position(
    ax: tuple[Tensor, ...], ay: tuple[Tensor, ...], t: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return E = B(t) - p and V = B'(t), per axis."""
    if len(ax) == 2:
        sx, sy = torch.addcmul(ax[1], ax[0], t), torch.addcmul(ay[1], ay[0], t)
        return sx * t - x, sy * t - y, torch.addcmul(sx, ax[0], t), torch.addcmul(sy, ay[0], t)
    qx, qy = torch.addcmul(ax[1], ax[0], t), torch.addcmul(ay[1], ay[0], t)
    sx, sy = torch.addcmul(ax[2], qx, t), torch.addcmul(ay[2], qy, t)
    vx = torch.addcmul(sx, torch.addcmul(qx, ax[0], t), t)
    vy = torch.addcmul(sy, torch.addcmul(qy, ay[0], t), t)
    return sx * t - x, sy * t - y, vx, vy


def _second(a: tuple[Tensor, ...], t: Tensor) -> Tensor:
    """The second derivative at t."""
    return 2 * a[0] if len(a) == 2 else torch.addcmul(2 * a[1], a[0], t, value=6)


def _profile(distance: Tensor, edge: float) -> Tensor:
    """φ: 0 outside, 1 inside, a smooth step over 2·edge pixels between them."""
    u = (distance * (0.5 / edge)).add_(0.5).clamp_(0, 1)
    return u * u * (3 - 2 * u)


def _profile_slope(distance: Tensor, edge: float) -> Tensor:
    u = (distance * (0.5 / edge)).add_(0.5).clamp_(0, 1)
    return (u - u * u).mul_(3 / edge)


class Coverage(torch.autograd.Function):
    """Coverage of pixels by curves; differentiable in the features."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, px: Tensor, py: Tensor, samples: Tensor, start: Tensor | None, softness_px: float
    ) -> tuple[Tensor, Tensor]:
        """Args: rows from `features`, one column a pair; px, py, start (pixels, pairs); samples (…, pairs)."""
        basis, half = rows[:-2].view(2, len(rows) // 2 - 1, rows.shape[1]), rows[-2:]
        x, y = px - basis[0, -1], py - basis[1, -1]
        t = nearest(basis, x, y, samples, start)
        ex, ey, _, _ = _position(basis[0, :-1].unbind(0), basis[1, :-1].unbind(0), t, x, y)
        distance = ex.mul_(ex).addcmul_(ey, ey).sqrt_()
        radius = torch.addcmul(half[0], half[1] - half[0], t)
        edge = edge_px(softness_px)
        coverage = _profile(radius - distance, edge)
        ctx.thin = bool((half < edge).any())
        if ctx.thin:
            coverage = coverage.sub_(_profile(radius.add_(distance).neg_(), edge))
        ctx.edge = edge
        ctx.save_for_backward(rows, x, y, t)
        ctx.mark_non_differentiable(t)
        return coverage, t

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Hand-written: see the module's docstring."""
        rows, x, y, t = ctx.saved_tensors
        basis, half = rows[:-2].view(2, len(rows) // 2 - 1, rows.shape[1]), rows[-2:]
        ax, ay = basis[0, :-1].unbind(0), basis[1, :-1].unbind(0)
        ex, ey, vx, vy = _position(ax, ay, t, x, y)
        distance = torch.addcmul(ex * ex, ey, ey).sqrt_()
        widening = half[1] - half[0]
        radius = torch.addcmul(half[0], widening, t)
        to_radius = _profile_slope(radius - distance, ctx.edge).mul_(grads[0])
        to_distance = to_radius.neg()
        if ctx.thin:
            inner = _profile_slope(radius.add_(distance).neg_(), ctx.edge).mul_(grads[0])
            to_distance, to_radius = to_distance.add_(inner), to_radius.add_(inner)
        scale = to_distance.div_(distance.clamp_(min=math.sqrt(_TINY)))
        gx, gy, lever = ex * scale, ey * scale, None
        out = torch.empty_like(rows)
        far_radius = to_radius * t
        torch.sum(far_radius, 0, out=out[-1])
        torch.sum(far_radius.neg_().add_(to_radius), 0, out=out[-2])
        if bool((widening.abs() > _EVEN_PX).any()):
            # How the nearest parameter moves: F = V·E = 0, so dt = -dF / F_t where t is free.
            speed = torch.addcmul(vx * vx, vy, vy)
            bend = torch.addcmul(ex * _second(ax, t), ey, _second(ay, t)).add_(speed)
            lever = to_radius.mul_(widening).div_(torch.maximum(bend, speed.mul_(0.05)).clamp_(min=_SLOW)).neg_()
            lever = lever.masked_fill_((t <= 0) | (t >= 1), 0)
            gx, gy = gx.addcmul_(lever, vx), gy.addcmul_(lever, vy)
        powers = basis.shape[1]
        _powers_sum(out[:powers], gx, t, None if lever is None else ex.mul_(lever))
        _powers_sum(out[powers:-2], gy, t, None if lever is None else ey.mul_(lever))
        return out, None, None, None, None, None


def _powers_sum(out: Tensor, value: Tensor, t: Tensor, derivative: Tensor | None) -> None:
    """Sum value·t^k + derivative·k·t^(k-1) over the pixels into row k of out, highest power first; value is used up."""
    torch.sum(value, 0, out=out[-1])
    for power in range(1, len(out)):
        value = value.mul_(t)
        torch.sum(value, 0, out=out[-1 - power])
        if derivative is not None:
            out[-1 - power].add_(derivative.sum(0), alpha=power)
            if power < len(out) - 1:
                derivative = derivative.mul_(t)
