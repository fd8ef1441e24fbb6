"""Scores of a traced drawing against the pen strokes that it was rendered from.

Curves are compared as points sampled every pixel. Each true stroke is looked up in ours by nearest points; the place of
those points in our drawing order gives the order (Kendall's τ over pairs of true strokes) and the direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten, resample

Floats = NDArray[np.floating]


def mse(ours: Floats, truth: Floats) -> float:
    """Mean squared difference of two ink pictures (h, w) in [0, 1]."""
    return float(np.mean((ours - truth) ** 2))


def iou(ours: Floats, truth: Floats) -> float:
    """Intersection over union of the pixels with at least half ink; 1 when both are blank."""
    a, b = ours >= 0.5, truth >= 0.5
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 1.0


def sampled(stroke: Stroke, step_px: float = 1.0) -> Floats:
    """Points every `step_px` along a stroke, (n, 2); a dot gives one point."""
    return stroke.nodes if stroke.is_dot else resample(flatten(stroke), step_px)


def chamfer_px(ours: Drawing, truth: Drawing) -> float:
    """Mean distance from our centre lines to the true ones and back, averaged; infinity when one side is empty."""
    if not ours.strokes or not truth.strokes:
        return float("inf")
    a = np.concatenate([sampled(s) for s in ours.strokes])
    b = np.concatenate([sampled(s) for s in truth.strokes])
    return float((cKDTree(b).query(a)[0].mean() + cKDTree(a).query(b)[0].mean()) / 2)


@dataclass(frozen=True)
class _Match:
    """Where one true stroke lies in ours: its median place in the drawing order, and its direction (+1, -1, 0)."""

    place: float
    direction: int


def _matches(ours: Drawing, truth: Drawing) -> list[_Match]:
    samples = [sampled(s) for s in ours.strokes]
    owner = np.concatenate([np.full(len(p), i) for i, p in enumerate(samples)])
    tree = cKDTree(np.concatenate(samples))
    found: list[_Match] = []
    for stroke in truth.strokes:
        places = tree.query(sampled(stroke))[1]
        main = np.bincount(owner[places]).argmax()
        steps = np.diff(places[owner[places] == main])
        # A jump over a closed stroke's seam is a step back by nearly its whole length: count steps, not their sizes.
        direction = 0 if stroke.is_dot else int(np.sign(np.sign(steps).sum()))
        found.append(_Match(float(np.median(places)), direction))
    return found


def kendall_tau(ours: Drawing, truth: Drawing) -> float | None:
    """Kendall's τ in [-1, 1] between our stroke order and the pen's; None when the truth has fewer than two strokes."""
    if len(truth.strokes) < 2:
        return None
    if not ours.strokes:
        return -1.0
    places = [m.place for m in _matches(ours, truth)]
    return float(np.mean([np.sign(b - a) for a, b in combinations(places, 2)]))


def direction_right(ours: Drawing, truth: Drawing) -> float | None:
    """Share of the true strokes (dots left out) that ours run the same way; None when the truth has dots only."""
    lines = [i for i, s in enumerate(truth.strokes) if not s.is_dot]
    if not lines:
        return None
    if not ours.strokes:
        return 0.0
    matches = _matches(ours, truth)
    return float(np.mean([matches[i].direction > 0 for i in lines]))
