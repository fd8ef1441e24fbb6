"""How the weights of the order and direction by hand are learned, and how they are measured.

    from strokewright.recipes.stroke_order import stroke_order
    scores = stroke_order("src/strokewright/drawing/hand_order.json")

takes about four minutes on one core and always gives the same weights. It learns from pens, Omniglot's drawers 1 to 14
and every third training drawing of Quick, Draw!, and from what tracing makes of the same characters: strokes cut at
junctions, joined where lines go on, without corners and hooks, put in the order and direction of the pen. Both models
are logistic regressions without a constant, since the opposite case has the opposite features.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strokewright.datasets import Dataset
from strokewright.drawing import Drawing
from strokewright.drawing.curves import flatten, resample
from strokewright.drawing.drawing import Floats, Stroke
from strokewright.drawing.hand_order import (
    DIRECTION_FEATURES,
    ORDER_FEATURES,
    HandModel,
    describe,
    direction_features,
    order_by_hand,
    order_features,
)
from strokewright.errors import DataError
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.propose import WorkingInk, skeleton_strokes
from strokewright.render.skia import render_ink

_RIDGE = 1e-3  # per row, on weights of features scaled to unit deviation
_MOST_STROKES = 30
_ROUNDS = 20
_WIDTHS_PX = (2.5, 5.0)  # of the lines that are traced, on Omniglot's pages of 105 px


def stroke_order(out: str | Path) -> dict[str, Any]:
    """Learn the weights from the bundled sets, write them as JSON, and score them on Omniglot's drawers 15 to 17.

    Returns:
        Scores, as `score` returns them, on "pens" and on their "traced" strokes.
    """
    omniglot = Dataset.open("omniglot-strokes")
    train, valid = omniglot.split("train"), omniglot.split("valid")
    quickdraw = Dataset.open("quickdraw").split("train")[::3]
    weights = fit([_pens(train), _pens(quickdraw), _traced_pens(train[::2])], (0.3, 0.2, 0.5))
    Path(out).write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    model = to_model(weights)
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


def fit(data: Sequence[Sequence[list[Stroke]]], shares: Sequence[float]) -> dict[str, dict[str, float]]:
    """Learn both models.

    Args:
        data: Sets of drawings, each drawing its strokes in the pen's order and directions; all drawings of a set
            count the same.
        shares: How much each set counts; they add up to 1.

    Returns:
        Feature name → weight, for "order" and "direction".

    Raises:
        DataError: A set without a drawing of two strokes.
    """
    pairs: list[tuple[Floats, Floats]] = []
    ways: list[tuple[Floats, Floats]] = []
    for drawings in data:
        seen = [describe(strokes) for strokes in drawings]
        ordered = [order_features(lines)[np.triu_indices(len(lines), 1)] for lines in seen if len(lines) > 1]
        if not ordered:
            raise DataError("stroke order: expected drawings of two and more strokes, got none; add pen drawings")
        pairs.append(_weighted(ordered))
        ways.append(_weighted([direction_features(lines)[~_dots(lines)] for lines in seen]))
    order, direction = (_odd_regression(*_joined(sets, shares)) for sets in (pairs, ways))
    return {"order": _named(ORDER_FEATURES, order), "direction": _named(DIRECTION_FEATURES, direction)}


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


def to_model(weights: dict[str, dict[str, float]]) -> HandModel:
    """Turn named weights, as `fit` returns them, into a model."""
    order = np.array([weights["order"][name] for name in ORDER_FEATURES])
    return HandModel(order, np.array([weights["direction"][name] for name in DIRECTION_FEATURES]))


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


def _named(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
