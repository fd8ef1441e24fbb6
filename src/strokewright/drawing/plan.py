"""Order, direction and joining of strokes; pen travel.

Mode "plot" shortens the way of the lifted pen: greedy nearest neighbour, then 2-opt, where turning a run of strokes
around also reverses each of them. Mode "hand" imitates people, see hand_order.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from strokewright.drawing.curves import rotate_closed
from strokewright.drawing.drawing import Floats, Stroke
from strokewright.drawing.hand_order import order_by_hand
from strokewright.drawing.joining import join
from strokewright.errors import OptionError

__all__ = ["OrderMode", "join", "order_strokes", "pen_travel"]

OrderMode = Literal["hand", "plot", "keep"]
_WINDOW = 500  # longest run of strokes that 2-opt turns
_SWEEP_BUDGET = 5e6  # distances that 2-opt may look at: bounds the time, not the quality of small drawings


def order_strokes(strokes: Sequence[Stroke], mode: OrderMode) -> list[Stroke]:
    """Return the same lines in a new order, some reversed, closed ones begun at another node.

    Args:
        strokes: Any number of strokes.
        mode: "hand" as a person would draw, "plot" with little pen travel, "keep" as they are.

    Raises:
        OptionError: An unknown mode.
    """
    modes: dict[str, Callable[[list[Stroke]], list[Stroke]]] = {
        "hand": order_by_hand,
        "plot": _order_for_plotter,
        "keep": list,
    }
    if mode not in modes:
        raise OptionError(f"mode: expected one of {', '.join(modes)}, got {mode!r}")
    return modes[mode](list(strokes))


def pen_travel(strokes: Sequence[Stroke]) -> float:
    """Return how far in pixels the lifted pen moves from each stroke's end to the next one's start."""
    if len(strokes) < 2:
        return 0.0
    starts, ends = _ends(strokes)
    gap = starts[1:] - ends[:-1]
    return float(np.hypot(gap[:, 0], gap[:, 1]).sum())


def _ends(strokes: Sequence[Stroke]) -> tuple[Floats, Floats]:
    return np.array([s.nodes[0] for s in strokes]), np.array([s.nodes[-1] for s in strokes])


def _order_for_plotter(strokes: list[Stroke]) -> list[Stroke]:
    if not strokes:
        return []
    starts, ends = _ends(strokes)
    path = _two_opt(_nearest_neighbour(starts, ends), starts, ends)
    ordered = [strokes[k].reversed() if turned else strokes[k] for k, turned in path]
    return _rotated_to_neighbours(ordered)


def _nearest_neighbour(starts: Floats, ends: Floats) -> list[tuple[int, bool]]:
    """Return (stroke, reversed) in greedy order from the page's origin."""
    count = len(starts)
    x, y = np.concatenate([starts, ends]).T  # 2n gates: start gates, then end gates
    free = np.zeros(2 * count)
    path: list[tuple[int, bool]] = []
    here_x, here_y = 0.0, 0.0
    for _ in range(count):
        gate = int(((x - here_x) ** 2 + (y - here_y) ** 2 + free).argmin())
        stroke, turned = gate % count, gate >= count
        free[[stroke, stroke + count]] = np.inf
        here_x, here_y = (starts if turned else ends)[stroke]
        path.append((stroke, turned))
    return path


def _two_opt(path: list[tuple[int, bool]], starts: Floats, ends: Floats) -> list[tuple[int, bool]]:
    """Turn runs of strokes around while that shortens the travel and the budget lasts."""
    count = len(path)
    order = np.array([stroke for stroke, _ in path])
    turned = np.array([flag for _, flag in path])
    head = np.where(turned[:, None], ends[order], starts[order])
    tail = np.where(turned[:, None], starts[order], ends[order])
    for _ in range(int(np.clip(_SWEEP_BUDGET / (count * min(count, _WINDOW)), 1, 30))):
        improved = False
        for i in range(count):
            j, gain = _best_turn(head, tail, i)
            if gain > 1e-9:
                run = slice(i, j + 1)
                head[run], tail[run] = tail[run][::-1].copy(), head[run][::-1].copy()
                order[run], turned[run] = order[run][::-1].copy(), ~turned[run][::-1]
                improved = True
        if not improved:
            break
    return list(zip(order.tolist(), turned.tolist(), strict=True))


def _best_turn(head: Floats, tail: Floats, i: int) -> tuple[int, float]:
    """Return the j whose turning of the run i..j saves most travel, and how much."""
    stop = min(len(head), i + _WINDOW)
    before = tail[i - 1] if i else head[i]  # the first stroke is entered for free
    new = _distance(tail[i:stop], before) if i else np.zeros(stop)
    new += _distance(head[i + 1 : stop + 1], head[i], pad=stop - i)
    old = np.hypot(*(head[i] - before)) + _distance(head[i + 1 : stop + 1], tail[i:stop], pad=stop - i)
    best = int((old - new).argmax())
    return i + best, float(old[best] - new[best])


def _distance(a: Floats, b: Floats, pad: int = 0) -> Floats:
    """Return the row-wise distances, with a zero for a last row that `a` lacks (the path's open end)."""
    offset = a - (b if b.ndim == 1 else b[: len(a)])
    square = (offset * offset).sum(axis=1)
    if len(square) < pad:
        square = np.append(square, 0.0)
    return np.sqrt(square)


def _rotated_to_neighbours(strokes: list[Stroke]) -> list[Stroke]:
    """Begin each closed stroke at the node that costs the least travel from and to its neighbours."""
    result = list(strokes)
    for k, stroke in enumerate(strokes):
        if not stroke.is_closed:
            continue
        cost = np.zeros(len(stroke.nodes) - 1)
        if k > 0:
            cost += np.linalg.norm(stroke.nodes[:-1] - result[k - 1].nodes[-1], axis=1)
        if k + 1 < len(strokes):
            cost += np.linalg.norm(stroke.nodes[:-1] - strokes[k + 1].nodes[0], axis=1)
        result[k] = rotate_closed(stroke, int(cost.argmin()))
    return result
