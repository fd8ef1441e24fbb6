"""How the weights of the order and direction by hand are learned, and how they are measured.

    from strokewright.recipes.stroke_order import stroke_order
    scores = stroke_order("src/strokewright/drawing/hand_order.json")

takes about five minutes on one core, nearly all of it for tracing. The same code gives the same weights on the same
machine; the bundled ones are of revision fd84451 with strokes traced by 4a8cd17, and later tracing moves them a little.
It learns from pens (Omniglot's drawers 1 to 14, every third training drawing of Quick, Draw!, the training drawings of
TU-Berlin), and from what tracing makes of the same characters: strokes cut at junctions, joined where lines go on,
without hooks, put in the order and direction of the pen. Drawers 15 to 17 validate, 18 to 20 are never looked at.

The direction is a logistic regression without a constant, since the opposite case has the opposite features; the order
adds one hidden layer. Its weights decay fast, and it sees no strokes' places but relative ones, lest it remember
Omniglot's characters: with them it scores higher on new drawers and lower on new alphabets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from strokewright.datasets import Dataset
from strokewright.drawing import Drawing
from strokewright.drawing.curves import flatten, resample
from strokewright.drawing.drawing import Floats, Stroke
from strokewright.drawing.hand_features import (
    CONTEXT_FEATURES,
    DIRECTION_FEATURES,
    ORDER_FEATURES,
    describe,
    direction_features,
    pair_features,
)
from strokewright.drawing.hand_order import HandModel, order_by_hand
from strokewright.errors import DataError
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.propose import WorkingInk, skeleton_strokes
from strokewright.render.skia import render_ink

_RIDGE = 1e-3  # per row, on weights of features scaled to unit deviation
_MOST_STROKES = 48
_ROUNDS = 20
_UNITS, _STEPS, _BATCH, _RATE, _DECAY = 24, 1500, 512, 3e-3, 0.5  # of the network for the order
_SHARES = (0.27, 0.46, 0.18, 0.09)  # pens, traced pens, Quick, Draw!, TU-Berlin
_WIDTHS_PX = (2.5, 5.0)  # of the lines that are traced, on Omniglot's pages of 105 px


def stroke_order(out: str | Path) -> dict[str, Any]:
    """Learn the weights from the bundled sets, write them as JSON, and score them on Omniglot's drawers 15 to 17.

    Returns:
        Scores, as `score` returns them, on "pens" and on their "traced" strokes.
    """
    omniglot = Dataset.open("omniglot-strokes")
    train, valid = omniglot.split("train"), omniglot.split("valid")
    others = [Dataset.open("quickdraw").split("train")[::3], Dataset.open("tuberlin").split("train")]
    weights = fit([_pens(train), _traced_pens(train), *map(_pens, others)], _SHARES)
    Path(out).write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    model = HandModel.from_table(weights)
    return {"pens": score(_pens(valid), model), "traced": score(_traced_pens(valid[::2]), model)}


def traced(drawing: Drawing, width_px: float) -> list[Stroke]:
    """Trace a drawing's picture, and put the strokes in the order and direction in which the pen passed along them.

    Args:
        drawing: The pen's strokes.
        width_px: How wide its lines are in the picture.
    """
    pen = [s.replace(width=np.full(len(s.nodes), width_px)) for s in drawing.strokes]
    picture = WorkingInk.of(render_ink(drawing.replace(marks=tuple(pen))))
    path = np.concatenate([_even_steps(stroke) for stroke in pen])
    found: list[tuple[float, Stroke]] = []
    for stroke in skeleton_strokes(picture, TraceOptions().tolerance_px):
        offset = _even_steps(stroke)[:, None] - path
        times = (offset**2).sum(axis=2).argmin(axis=1)
        forwards = int(np.sign(np.diff(times)).sum()) >= 0
        found.append((float(np.median(times)), stroke if forwards else stroke.reversed()))
    return [stroke for _, stroke in sorted(found, key=lambda pair: pair[0])]


def fit(data: Sequence[Sequence[list[Stroke]]], shares: Sequence[float], steps: int = _STEPS) -> dict[str, Any]:
    """Learn both models.

    Args:
        data: Sets of drawings, each drawing its strokes in the pen's order and directions; all drawings of a set
            count the same.
        shares: How much each set counts; they add up to 1.
        steps: Training steps of the network for the order.

    Returns:
        The weights as `HandModel.from_table` takes them.

    Raises:
        DataError: A set without a drawing of two strokes.
    """
    odd: list[tuple[Floats, Floats]] = []
    even: list[tuple[Floats, Floats]] = []
    ways: list[tuple[Floats, Floats]] = []
    for drawings in data:
        seen = [describe(strokes) for strokes in drawings]
        pairs = [_pairs(lines) for lines in seen if len(lines) > 1]
        if not pairs:
            raise DataError("stroke order: expected drawings of two and more strokes, got none; add pen drawings")
        odd.append(_weighted([pair[0] for pair in pairs]))
        even.append(_weighted([pair[1] for pair in pairs]))
        ways.append(_weighted([direction_features(lines)[~_dots(lines)] for lines in seen]))
    rows, weight = _joined(odd, shares)
    order, hidden, context, out = _odd_network(rows, _joined(even, shares)[0], weight, steps)
    return {
        "order": _named(ORDER_FEATURES, order),
        "hidden": _named(ORDER_FEATURES, hidden),
        "context": _named(CONTEXT_FEATURES, context),
        "out": out.round(4).tolist(),
        "direction": _named(DIRECTION_FEATURES, _odd_regression(*_joined(ways, shares))),
    }


def score(drawings: Sequence[list[Stroke]], model: HandModel | None = None, seed: int = 0) -> dict[str, float]:
    """Shuffle and flip the strokes, order them by hand, and compare with the pen.

    Args:
        drawings: Strokes in the pen's order and directions.
        model: Weights; None takes the bundled ones.
        seed: Seed of the shuffling.

    Returns:
        "tau": mean Kendall's τ of drawings with two and more strokes; "direction": mean share of a drawing's strokes,
        dots left out, that run as the pen did; "drawings": how many there were.
    """
    rng = np.random.default_rng(seed)
    taus: list[float] = []
    rights: list[float] = []
    for strokes in drawings:
        truth = [s.replace(layer=str(k), times_ms=None) for k, s in enumerate(strokes)]  # the layer tells them apart
        mixed = [truth[k] if rng.random() < 0.5 else truth[k].reversed() for k in rng.permutation(len(truth))]
        ours = order_by_hand(mixed, model)
        places = np.argsort([int(s.layer) for s in ours])
        right = [_runs_as(ours[place], truth[k]) for k, place in enumerate(places) if len(truth[k].nodes) > 1]
        if len(strokes) > 1:
            later = np.sign(places[None] - places[:, None])[np.triu_indices(len(strokes), 1)]
            taus.append(float(later.mean()))
        if right:
            rights.append(float(np.mean(right)))
    return {"tau": float(np.mean(taus)), "direction": float(np.mean(rights)), "drawings": float(len(drawings))}


def _pens(dataset: Dataset) -> list[list[Stroke]]:
    drawings = [sample.drawing.strokes for sample in dataset if sample.drawing is not None]
    return [strokes for strokes in drawings if 0 < len(strokes) <= _MOST_STROKES]


def _traced_pens(dataset: Dataset) -> list[list[Stroke]]:
    drawings = [sample.drawing for sample in dataset if sample.drawing is not None]
    strokes = [traced(drawing, width_px) for drawing in drawings for width_px in _WIDTHS_PX]
    return [found for found in strokes if 0 < len(found) <= _MOST_STROKES]


def _even_steps(stroke: Stroke) -> Floats:
    return stroke.nodes if stroke.is_dot else resample(flatten(stroke), 0.5)


def _runs_as(ours: Stroke, truth: Stroke) -> bool:
    """Whether the same line, perhaps begun elsewhere if it is closed, runs the same way."""
    start = int(np.linalg.norm(truth.nodes - ours.nodes[0], axis=1).argmin())
    if not truth.is_closed:
        return start == 0 or bool((ours.nodes == truth.nodes).all())
    ahead = (start + 1) % (len(truth.nodes) - 1)
    return bool((ours.nodes[1] == truth.nodes[ahead]).all())


def _dots(lines: Floats) -> np.ndarray:
    return np.ptp(lines, axis=1).max(axis=1) == 0


def _pairs(lines: Floats) -> tuple[Floats, Floats]:
    """Return the features of each pair in the order drawn, (pairs, order features) and (pairs, context features)."""
    first, second = np.triu_indices(len(lines), 1)
    odd, even = pair_features(lines)
    return odd[first, second], even[first, second]


def _weighted(rows: Iterable[Floats]) -> tuple[Floats, Floats]:
    """Stack drawings' rows, all drawings weighing the same and together 1."""
    filled = [part for part in rows if len(part)]
    weight = np.concatenate([np.full(len(part), 1 / len(part)) for part in filled])
    return np.concatenate(filled), weight / weight.sum()


def _joined(sets: list[tuple[Floats, Floats]], shares: Sequence[float]) -> tuple[Floats, Floats]:
    weights = [weight * share for (_, weight), share in zip(sets, shares, strict=True)]
    return np.concatenate([rows for rows, _ in sets]), np.concatenate(weights)


def _odd_regression(rows: Floats, weight: Floats) -> Floats:
    """Return the weights w for which 1 / (1 + exp(-rows · w)) is likeliest to be always true (Newton's method)."""
    deviation = np.sqrt(weight @ rows**2) + 1e-12
    x = rows / deviation
    w = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (weight * (1 - chance)) - _RIDGE * w
        curvature = (x * (weight * chance * (1 - chance))[:, None]).T @ x + _RIDGE * np.eye(len(w))
        w = w + np.linalg.solve(curvature, slope)
    return w / deviation


def _odd_network(odd: Floats, even: Floats, weight: Floats, steps: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the network of `HandModel` for which these pairs are likeliest to be in this order (AdamW)."""
    scales = np.sqrt(weight @ odd**2) + 1e-6, np.sqrt(weight @ even**2) + 1e-6
    x, c = (torch.tensor(rows / scale, dtype=torch.float32) for rows, scale in zip((odd, even), scales, strict=True))
    seeded = torch.Generator().manual_seed(0)
    shapes = ((x.shape[1],), (x.shape[1], _UNITS), (c.shape[1], _UNITS), (_UNITS,))
    order, hidden, context, out = (
        (torch.randn(shape, generator=seeded) * spread).requires_grad_()
        for shape, spread in zip(shapes, (0.0, 0.15, 0.15, 0.1), strict=True)
    )
    adam = torch.optim.AdamW([order, hidden, context, out], weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, _RATE, total_steps=steps)
    chosen = np.random.default_rng(0).choice(len(odd), (steps, _BATCH), p=weight / weight.sum())
    for rows in torch.from_numpy(chosen):
        change, still = x[rows] @ hidden, c[rows] @ context
        odds = x[rows] @ order + (torch.tanh(still + change) - torch.tanh(still - change)) @ out
        adam.zero_grad()
        torch.nn.functional.softplus(-odds).mean().backward()
        adam.step()
        schedule.step()
    order, hidden, context, out = (tensor.detach().double().numpy() for tensor in (order, hidden, context, out))
    return order / scales[0], hidden / scales[0][:, None], context / scales[1][:, None], out


def _named(names: tuple[str, ...], values: Floats) -> dict[str, Any]:
    return dict(zip(names, values.round(4).tolist(), strict=True))
