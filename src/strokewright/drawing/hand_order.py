"""Order and direction of strokes as a person would draw them.

Two small models, learned from pens (recipes/stroke_order.py writes `hand_order.json`), and some rules:

1. A large drawing is cut along its widest empty bands into parts, read as a page is: top to bottom, left to right.
2. In a part, each pair (a, b) gets the odds that a is drawn before b: f(x, c) - f(-x, c), where x are features that
   change sign with the pair, c those that do not, and f is linear in x plus one hidden layer (see hand_features.py).
   The order that agrees with most of them is found by counting votes, then by moving single strokes.
3. A closed stroke begins at its top left, where most people begin one.
4. Each stroke gets the odds that it runs the way it does, linear in features that change sign when it is reversed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing.curves import rotate_closed
from strokewright.drawing.drawing import Floats, Stroke
from strokewright.drawing.hand_features import (
    CONTEXT_FEATURES,
    DIRECTION_FEATURES,
    ORDER_FEATURES,
    direction_features,
    even_points,
    normalised,
    pair_features,
)

_PART = 48  # strokes that are ordered together; more are cut into parts
_SMALL = 8  # drawings of so few strokes are not cut
_BAND = 0.04  # width of a band that separates parts, relative to the drawing's longer side; twice for small parts
_ROWS = 3.0  # a band between rows counts as so many times its width


@dataclass(frozen=True)
class HandModel:
    """Weights of both models, for features as they are.

    Args:
        order: (order features,), the linear part of a pair's odds.
        hidden: (order features, units), from a pair's odd features to the hidden units.
        context: (context features, units), from its even features.
        out: (units,), from the hidden units to the odds.
        direction: (direction features,).
    """

    order: Floats
    hidden: Floats
    context: Floats
    out: Floats
    direction: Floats

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> HandModel:
        """Take the weights by their features' names, as they are stored."""
        order, hidden = (np.array([table[part][name] for name in ORDER_FEATURES]) for part in ("order", "hidden"))
        context = np.array([table["context"][name] for name in CONTEXT_FEATURES])
        direction = np.array([table["direction"][name] for name in DIRECTION_FEATURES])
        return cls(order, hidden, context, np.array(table["out"]), direction)

    def order_odds(self, lines: Floats) -> Floats:
        """Return the log odds (strokes, strokes) that row is drawn before column; lines as `describe` returns them."""
        odd, even = pair_features(lines)
        change, still = odd @ self.hidden, even @ self.context
        return odd @ self.order + (np.tanh(still + change) - np.tanh(still - change)) @ self.out

    def direction_odds(self, lines: Floats) -> Floats:
        """Return the log odds (strokes,) that strokes run as they do; lines as `describe` returns them."""
        return direction_features(lines) @ self.direction


@cache
def load_model() -> HandModel:
    """Return the bundled weights."""
    return HandModel.from_table(json.loads((files("strokewright.drawing") / "hand_order.json").read_text("utf-8")))


def order_by_hand(strokes: list[Stroke], model: HandModel | None = None) -> list[Stroke]:
    """Return the strokes in the order, and each in the direction, that a person is likely to draw them."""
    if not strokes:
        return []
    model = load_model() if model is None else model
    begun = [_begun_at_top_left(stroke) for stroke in strokes]
    lines = np.stack([even_points(stroke) for stroke in begun])
    ordered: list[Stroke] = []
    for part in _parts(lines):
        seen = normalised(lines[part])
        backwards = model.direction_odds(seen) < 0
        for k in _best_order(model.order_odds(seen)):
            ordered.append(begun[part[k]].reversed() if backwards[k] else begun[part[k]])
    return ordered


def _begun_at_top_left(stroke: Stroke) -> Stroke:
    """Begin a closed stroke at its node nearest the top, somewhat to the left."""
    if not stroke.is_closed:
        return stroke
    low, high = stroke.nodes.min(axis=0), stroke.nodes.max(axis=0)
    place = (stroke.nodes[:-1] - low) / np.maximum(high - low, 1e-9)
    return rotate_closed(stroke, int((place @ [0.3, 1.0]).argmin()))


def _best_order(odds: Floats) -> list[int]:
    """Return the order with the most agreement, from the log odds (n, n) that row comes before column."""
    first = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    np.fill_diagonal(first, 0.0)
    order = list(np.argsort(-first.sum(axis=1), kind="stable"))
    lead = first - first.T
    for _ in range(3):
        moved = False
        for stroke in list(order):
            order.remove(stroke)
            gain = np.concatenate([[0.0], np.cumsum(lead[order, stroke])])  # of standing after the first 0, 1, … others
            place = int(gain.argmax())
            order.insert(place, stroke)
            moved = moved or order[place] != stroke
        if not moved:
            break
    return [int(k) for k in order]


def _parts(lines: Floats) -> list[NDArray[np.intp]]:
    """Cut a drawing into parts of at most 48 strokes, in reading order."""
    low, high = lines.min(axis=1), lines.max(axis=1)
    parts: list[NDArray[np.intp]] = []
    if len(lines) <= _SMALL:
        return [np.arange(len(lines))]
    band = _BAND * float((high.max(axis=0) - low.min(axis=0)).max())
    stack = [np.arange(len(lines))]
    while stack:
        part = stack.pop()
        cut = _cut(low[part], high[part], band)
        if cut is None:
            parts.append(part)
        else:
            stack += [part[~cut], part[cut]]
    return parts


def _cut(low: Floats, high: Floats, band: float) -> NDArray[np.bool_] | None:
    """Return which strokes come first if the part is to be cut: at its widest empty band, else in the middle."""
    if len(low) < 2:
        return None
    widest, best = band if len(low) > _SMALL else 2 * band, None
    for axis, favour in ((1, _ROWS), (0, 1.0)):
        order = np.argsort(low[:, axis], kind="stable")
        reach = np.maximum.accumulate(high[order, axis])
        gaps = favour * (low[order[1:], axis] - reach[:-1])
        if float(gaps.max()) > widest:
            widest, best = float(gaps.max()), (axis, low[order[int(gaps.argmax()) + 1], axis])
    if best is not None:
        return low[:, best[0]] < best[1]
    if len(low) <= _PART:
        return None
    extent = high.max(axis=0) - low.min(axis=0)
    middle = (low + high)[:, int(extent[0] > extent[1])]
    first = np.zeros(len(low), dtype=bool)
    first[np.argsort(middle, kind="stable")[: len(low) // 2]] = True
    return first
