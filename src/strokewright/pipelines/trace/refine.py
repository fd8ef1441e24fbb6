"""Move all points and widths together until the strokes, rendered, match the picture.

Gradient descent through the analytic renderer. Only pixels within reach of a segment matter to it, so the renderer
runs on (segment, pixel) pairs: the cost grows with the ink, not with the page. Strokes are refined in chunks, which
bounds the memory and lets the first strokes out early; the coverage of all others is held fixed meanwhile.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import stroke_length
from strokewright.render.curve import coverage_of_pairs
from strokewright.render.skia import render_ink

Floats = NDArray[np.float64]
Ink = NDArray[np.float32]

_REACH_PX, _REACH_WIDTHS = 1.6, 0.12  # how far beyond the ink's edge a pixel still pulls
_THICK_PX = 5.0  # thicker strokes move in proportionally larger steps
_SMOOTH_COS = 0.9  # nodes straighter than this keep one tangent
_FIRST_PAIRS, _MOST_PAIRS = 6_000, 400_000
_POINT_STEP_PX, _WIDTH_STEP_PX = 0.15, 0.08
_TANGENT_PULL, _WIDTH_PULL, _HANDLE_PULL = 0.3, 0.3, 0.003


def refine_in_chunks(
    ink: Ink, strokes: Sequence[Stroke], steps: int, price_px: float, fixed: Sequence[Stroke] = ()
) -> Iterator[list[Stroke]]:
    """Refine strokes in their order, chunk by chunk.

    Args:
        ink: (height, width) coverage to match.
        strokes: Strokes near the ink, in drawing order.
        steps: Gradient steps a chunk.
        price_px: Squared error, in pixels of full ink, that a stroke must save to be kept.
        fixed: Further strokes on the page, which stay as they are.

    Yields:
        The refined strokes of each chunk, useless ones left out.
    """
    done: list[Stroke] = []
    waiting = list(strokes)
    page = (float(ink.shape[1]), float(ink.shape[0]))
    while waiting:
        count = _chunk_length(waiting, _MOST_PAIRS if done else _FIRST_PAIRS)
        chunk, waiting = waiting[:count], waiting[count:]
        others = (*fixed, *done, *waiting)
        around = render_ink(Drawing(others, page)) if others else None
        with one_thread():
            kept = refine(ink, chunk, around, steps, price_px)
        done.extend(kept)
        yield kept


@contextmanager
def one_thread() -> Generator[None]:
    """Run torch on one thread: on arrays of this size, waiting for each other costs threads more than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _chunk_length(strokes: list[Stroke], most_pairs: int) -> int:
    """How many strokes, at least one, stay under a number of (segment, pixel) pairs."""
    pairs = np.cumsum(
        [(stroke_length(s) + s.width.max()) * (s.width.max() + 2 * _reach(s.width.max())) for s in strokes]
    )
    return max(1, int(np.searchsorted(pairs, most_pairs)))


def refine(ink: Ink, strokes: Sequence[Stroke], around: Ink | None, steps: int, price_px: float) -> list[Stroke]:
    """Fit points and widths of some strokes to the ink together.

    Args:
        ink: (height, width) coverage to match.
        strokes: What to move.
        around: Coverage by everything else on the page, (height, width), or None.
        steps: Gradient steps.
        price_px: As in `refine_in_chunks`.

    Returns:
        The strokes that are worth their price, refined, in the same order.
    """
    chain = _Chain(strokes)
    pairs = _Pairs.near(chain, ink, around)
    if len(pairs.segment) == 0:
        return []
    descent = _Adam(
        [(chain.node_moves, _POINT_STEP_PX), (chain.handle_moves, _POINT_STEP_PX), (chain.width_moves, _WIDTH_STEP_PX)]
    )
    t = None
    for step in range(steps):
        left = 1 - step / steps
        cover, t = pairs.coverage(chain, t, softness_px=max(0.0, 2 * left - 1) * chain.thickness)
        loss = (pairs.canvas(cover) - pairs.target).square().sum() + chain.strain()
        loss.backward()
        descent.step(0.1 + 0.9 * left)
    with torch.no_grad():
        cover, _ = pairs.coverage(chain, t, softness_px=0.0)
    worth = pairs.worth(chain, cover.numpy(), len(strokes))
    return [s for s, value in zip(chain.to_strokes(strokes), worth, strict=True) if value > price_px]


class _Adam:
    """Adam, here in a few lines because importing torch.optim takes longer than tracing a picture.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
    """

    _BETAS = 0.8, 0.95

    def __init__(self, rates: Sequence[tuple[Tensor, float]]) -> None:
        self._state = [(part, rate, torch.zeros_like(part), torch.zeros_like(part)) for part, rate in rates]
        self._steps = 0

    def step(self, share: float) -> None:
        """Move every tensor by a share of its rate, and clear the gradients."""
        self._steps += 1
        first, second = self._BETAS
        with torch.no_grad():
            for part, rate, mean, square in self._state:
                if part.grad is None:
                    continue
                mean.lerp_(part.grad, 1 - first)
                square.mul_(second).addcmul_(part.grad, part.grad, value=1 - second)
                spread = (square / (1 - second**self._steps)).sqrt_().add_(1e-8)
                part.addcdiv_(mean, spread, value=-rate * share / (1 - first**self._steps))
                part.grad = None


class _Chain:
    """Free parameters of some strokes: shared nodes, two handles a segment, a width a node.

    A dot is one segment from its node to itself.
    """

    def __init__(self, strokes: Sequence[Stroke]) -> None:
        nodes, handles, width, first, second = [], [], [], [], []
        self.node_start: list[int] = []
        start = 0
        for stroke in strokes:
            points, around, wide = stroke.nodes, stroke.handles, stroke.width
            ids = np.arange(start, start + len(points))
            if stroke.is_dot:
                around, ids = np.repeat(points[None], 2, 1), np.array([start, start])
            elif stroke.is_closed:
                ids[-1], points, wide = start, points[:-1], wide[:-1]
            self.node_start.append(start)
            start += len(points)
            nodes.append(points)
            handles.append(around)
            width.append(wide)
            first.append(ids[:-1])
            second.append(ids[1:])
        self._nodes, self._handles, self._width = (
            torch.tensor(np.concatenate(parts), dtype=torch.float32) for parts in (nodes, handles, width)
        )
        self.node_moves, self.handle_moves, self.width_moves = (
            torch.zeros_like(part).requires_grad_() for part in (self._nodes, self._handles, self._width)
        )
        self.first, self.second = (torch.from_numpy(np.concatenate(parts)) for parts in (first, second))
        self._dots = torch.tensor(np.repeat([stroke.is_dot for stroke in strokes], [len(part) for part in handles]))
        self.owner = torch.from_numpy(np.repeat(np.arange(len(strokes)), [len(part) for part in nodes]))
        self.segment_owner = np.repeat(np.arange(len(strokes)), [len(part) for part in handles])
        self._nodes_of = torch.bincount(self.owner, minlength=len(strokes)).float()
        self._gain = (self._width / _THICK_PX).clamp_min(1.0)
        self.thickness = float(self._gain.median())
        self._arriving, self._leaving = self._smooth_joints()

    @property
    def nodes(self) -> Tensor:
        """Nodes (n, 2) where they are now."""
        return self._nodes + self._gain[:, None] * self.node_moves

    @property
    def handles(self) -> Tensor:
        """Handles (segments, 2, 2) where they are now; those of a dot stay on its node."""
        gain = torch.stack([self._gain[self.first], self._gain[self.second]], 1)[..., None]
        handles = self._handles + gain * self.handle_moves
        return torch.where(self._dots[:, None, None], self.nodes[self.first][:, None], handles)

    @property
    def width(self) -> Tensor:
        """Widths (n,) as they are now."""
        return (self._width + self._gain * self.width_moves).clamp_min(0.3)

    def controls(self) -> Tensor:
        """Control points (segments, 4, 2)."""
        nodes, handles = self.nodes, self.handles
        return torch.stack([nodes[self.first], handles[:, 0], handles[:, 1], nodes[self.second]], 1)

    def widths(self) -> Tensor:
        """Widths at the start and the end, (segments, 2)."""
        width = self.width
        return torch.stack([width[self.first], width[self.second]], 1)

    def _smooth_joints(self) -> tuple[Tensor, Tensor]:
        """Pairs of segments that meet without a corner: the one that arrives and the one that leaves."""
        arriving = torch.full((len(self.nodes),), -1)
        arriving[self.second] = torch.arange(len(self.second))
        arrives = arriving[self.first]
        leaves = torch.nonzero(arrives >= 0)[:, 0]
        arrives = arrives[leaves]
        with torch.no_grad():
            back, ahead = self._tangents(arrives, leaves)
            cosine = (back * ahead).sum(1) / (back.norm(dim=1) * ahead.norm(dim=1)).clamp_min(1e-6)
        return arrives[cosine > _SMOOTH_COS], leaves[cosine > _SMOOTH_COS]

    def _tangents(self, arriving: Tensor, leaving: Tensor) -> tuple[Tensor, Tensor]:
        node, handles = self.nodes[self.first[leaving]], self.handles
        return node - handles[arriving, 1], handles[leaving, 0] - node

    def strain(self) -> Tensor:
        """Price of kinks at smooth nodes, of uneven width, and of handles that wander."""
        back, ahead = self._tangents(self._arriving, self._leaving)
        kink = (back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0]) / (back.norm(dim=1) + ahead.norm(dim=1) + 1e-3)
        width = self.width
        mean = torch.zeros_like(self._nodes_of).index_add(0, self.owner, width) / self._nodes_of
        return (
            _TANGENT_PULL * kink.square().sum()
            + _WIDTH_PULL * (width - mean[self.owner]).square().sum()
            + _HANDLE_PULL * self.handle_moves.square().sum()
        )

    def to_strokes(self, strokes: Sequence[Stroke]) -> list[Stroke]:
        """The strokes with their new geometry and their old colour and layer."""
        nodes, handles, width = (part.detach().double().numpy() for part in (self.nodes, self.handles, self.width))
        result: list[Stroke] = []
        segment = 0
        for stroke, start in zip(strokes, self.node_start, strict=True):
            if stroke.is_dot:
                result.append(stroke.replace(nodes=nodes[start : start + 1], width=width[start : start + 1]))
                segment += 1
                continue
            ids = np.arange(start, start + len(stroke.nodes))
            if stroke.is_closed:
                ids[-1] = start
            count = len(stroke.handles)
            result.append(
                stroke.replace(nodes=nodes[ids], handles=handles[segment : segment + count], width=width[ids])
            )
            segment += count
        return result


@dataclass
class _Pairs:
    """Which segment may cover which pixel, and what those pixels should hold."""

    segment: Tensor  # (p,) segment of each pair
    slot: Tensor  # (p,) pixel of each pair, as an index into target
    centre: Tensor  # (p, 2) the pixel's centre
    target: Tensor  # (m,) ink
    around: Tensor  # (m,) coverage by everything else

    @classmethod
    def near(cls, chain: _Chain, ink: Ink, around: Ink | None) -> _Pairs:
        """Pair every segment with the pixels that it can reach."""
        half_width = (chain.widths().max(dim=1).values / 2).detach().double().numpy()
        segment, pixel = reachable(chain.controls().detach().double().numpy(), half_width, ink.shape)
        pixels, slot = np.unique(pixel, return_inverse=True)
        centre = np.stack([pixel % ink.shape[1], pixel // ink.shape[1]], axis=1) + 0.5
        other = np.zeros(len(pixels), dtype=np.float32) if around is None else around.ravel()[pixels]
        return cls(
            torch.from_numpy(segment),
            torch.from_numpy(slot),
            torch.tensor(centre, dtype=torch.float32),
            torch.from_numpy(ink.ravel()[pixels].astype(np.float32)),
            torch.from_numpy(other),
        )

    def coverage(self, chain: _Chain, t: Tensor | None, softness_px: float) -> tuple[Tensor, Tensor]:
        """Coverage of each pair and the nearest curve parameters, which warm-start the next call."""
        return coverage_of_pairs(self.centre, chain.controls(), chain.widths(), self.segment, t, softness_px)

    def canvas(self, cover: Tensor) -> Tensor:
        """Composite the pairs by maximum over what is around, (m,)."""
        return self.around.scatter_reduce(0, self.slot, cover, "amax")

    def worth(self, chain: _Chain, cover: Floats, strokes: int) -> Floats:
        """Squared error that each stroke saves, (strokes,): what its pixels would lack without it."""
        owner, slot = chain.segment_owner[self.segment.numpy()], self.slot.numpy()
        key = slot * strokes + owner
        unique, place = np.unique(key, return_inverse=True)
        best = np.zeros(len(unique))
        np.maximum.at(best, place, cover)
        slot, owner = unique // strokes, unique % strokes
        around, target = self.around.numpy().astype(float), self.target.numpy()
        order = np.lexsort((best, slot))
        slot, owner, best = slot[order], owner[order], best[order]
        last = np.append(slot[1:] != slot[:-1], True)  # the strongest stroke of each pixel stands last
        top = np.flatnonzero(last)
        second = np.where((top > 0) & (slot[top - 1] == slot[top]), best[top - 1], 0.0)
        pixel = slot[top]
        without = np.maximum(second, around[pixel])
        full = np.maximum(best[top], around[pixel])
        saved = (without - target[pixel]) ** 2 - (full - target[pixel]) ** 2
        return np.bincount(owner[top], weights=saved, minlength=strokes).astype(np.float64)


def reachable(
    controls: Floats, half_width: Floats, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the pixels within reach of each cubic.

    Args:
        controls: (segments, 4, 2) control points in pixels.
        half_width: (segments,) largest half width of each.
        shape: Height and width of the picture.

    Returns:
        Segment (p,) and flat pixel index (p,) of every pair, each pair once, sorted by segment.
    """
    height, width = shape
    radius = np.ceil(half_width + _reach(2 * half_width))
    length = np.hypot(*np.diff(controls, axis=1).transpose(2, 0, 1)).sum(axis=1)
    samples = np.ceil(length / np.maximum(1.0, 0.5 * radius)).astype(int) + 1
    keys = [np.zeros(0, dtype=np.int64)]
    for r in np.unique(radius):
        grid = np.arange(-r, r + 1)
        dy, dx = (
            g[np.add.outer(grid**2, grid**2) <= (r + 0.5) ** 2].astype(np.int64)
            for g in np.meshgrid(grid, grid, indexing="ij")
        )
        members = np.flatnonzero(radius == r)
        segment = np.repeat(members, samples[members])
        t = np.concatenate([np.linspace(0, 1, n) for n in samples[members]])
        points = np.floor(_evaluate(controls[segment], t)).astype(np.int64)
        x, y = points[:, :1] + dx, points[:, 1:] + dy
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        keys.append(np.unique((segment[:, None] * (height * width) + y * width + x)[inside]))
    key = np.sort(np.concatenate(keys))
    return key // (height * width), key % (height * width)


def _reach(width: Any) -> Any:
    """How far beyond its edge a stroke of this full width feels pixels."""
    return _REACH_PX + _REACH_WIDTHS * width


def _evaluate(controls: Floats, t: Floats) -> Floats:
    """One point on each cubic: controls (n, 4, 2), t (n,) → (n, 2)."""
    u = 1 - t
    weights = np.stack([u**3, 3 * u * u * t, 3 * u * t * t, t**3], axis=-1)
    return np.einsum("nk,nkc->nc", weights, controls)
