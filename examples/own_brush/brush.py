"""A bristle brush that Strokewright does not know: streaks along the stroke, which run dry towards its end.

All the library is told is what the numbers of an action mean (`BRISTLES`) and the function that paints them (`paint`).
"""

import numpy as np

from strokewright.render.protocol import Column, Vocabulary

POINTS = tuple(Column(f"{axis}{index}", "field") for index in range(3) for axis in "xy")
COLOUR = tuple(Column(channel, "share") for channel in ("lightness", "green_red", "blue_yellow"))
BRISTLES = Vocabulary("bristles", (*POINTS, Column("width", "px", 4, 24), *COLOUR), paint="lab")
LOAD = np.random.default_rng(3).uniform(0.35, 1, 15)  # how much paint each bristle holds


def paint(actions: np.ndarray, size: int = 64) -> np.ndarray:
    """Paint action rows (n, 10) in [0, 1] on layers of their own: (n, 4, size, size), L, a, b and alpha."""
    rows, layers = BRISTLES.decode(actions, size), np.zeros((len(actions), 4, size, size), np.float32)
    y, x = np.mgrid[:size, :size] + 0.5
    t = np.linspace(0, 1, 48)[:, None]
    for row, layer in zip(rows, layers, strict=True):
        start, bend, end = row[:6].reshape(3, 2)
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        ahead = np.gradient(curve, axis=0)
        ahead /= np.hypot(*ahead.T)[:, None] + 1e-9
        nearest = ((x[..., None] - curve[:, 0]) ** 2 + (y[..., None] - curve[:, 1]) ** 2).argmin(axis=2)
        dx, dy = x - curve[nearest, 0], y - curve[nearest, 1]
        across = (dx * ahead[nearest, 1] - dy * ahead[nearest, 0]) / row[6] + 0.5  # 0 and 1 at the edges
        load = np.interp(across, np.linspace(0, 1, len(LOAD)), LOAD)
        dry = np.clip(4 * (load - 0.6 * nearest / 47), 0, 1)
        layer[:3] = row[7:, None, None] + (load - 0.7) * [[[0.12]], [[0.0]], [[0.0]]]  # streaks differ in lightness
        layer[3] = dry * np.clip(row[6] / 2 - np.hypot(dx, dy) + 0.5, 0, 1)
    return layers.clip(0, 1)
