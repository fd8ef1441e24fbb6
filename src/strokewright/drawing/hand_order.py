"""Order and direction of strokes as a person would draw them."""

from __future__ import annotations

import numpy as np

from strokewright.drawing.drawing import Stroke


def order_by_hand(strokes: list[Stroke]) -> list[Stroke]:
    """Return the strokes from top left to bottom right, each drawn rightwards and downwards."""

    def key(s: Stroke) -> float:
        return float((s.nodes.min(axis=0)).sum())

    turned = [s.reversed() if (s.nodes[-1] - s.nodes[0]) @ np.array([0.6, 1.0]) < 0 else s for s in strokes]
    return sorted(turned, key=key)
