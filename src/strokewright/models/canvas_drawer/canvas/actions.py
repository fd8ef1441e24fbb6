"""Random actions, and batches of them with the layers a renderer paints: what canvas networks learn from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.render.actions import render_layers
from strokewright.render.composite import lay
from strokewright.render.protocol import VOCABULARIES, ActionRenderer, Floats, Vocabulary

_BLOCK = 64  # actions painted at a time
_ROUNDING = 1e-3
_LEAST_PAINTED = 0.2  # of random actions


def random_actions(vocabulary: Vocabulary, rng: np.random.Generator, count: int, field_px: float) -> Floats:
    """Draw actions (count, columns) in [0, 1] that cover small marks as well as large ones.

    Lengths and widths are log-uniform. One in six actions is uniform in all columns, one in 25 a dot, one in ten
    straight; half of the strokes keep one width, paint is solid more often than not; ends may lie over the border.
    """
    rows = np.empty((count, len(vocabulary.columns)))
    units = np.array([column.unit for column in vocabulary.columns])
    points = int((units == "field").sum()) // 2
    if points:
        rows[:, units == "field"] = _points(rng, count, points, field_px).reshape(count, -1)
    for index, column in enumerate(vocabulary.columns):
        if column.unit == "px" and column.low > 0:
            rows[:, index] = np.exp(rng.uniform(np.log(column.low), np.log(column.high), count))
        elif column.unit != "field":
            rows[:, index] = rng.uniform(column.low, column.high, count)
    widths = np.flatnonzero(units == "px")
    if len(widths) > 1:
        even = rng.random(count) < 0.5
        rows[np.ix_(even, widths)] = rows[even][:, widths[:1]]
    if vocabulary.columns[-1].name == "alpha":
        rows[:, -1] = np.where(rng.random(count) < 0.5, rows[:, -1], 1 - (1 - rows[:, -1]) * rng.random(count))
    actions = np.clip(vocabulary.encode(rows, field_px), 0, 1)
    uniform = rng.random(count) < 1 / 6
    actions[uniform] = rng.random((int(uniform.sum()), len(units)))
    return actions


def _points(rng: np.random.Generator, count: int, points: int, field_px: float) -> Floats:
    """Points (count, points, 2) in pixels: along a chord of log-uniform length, pushed off it."""
    middle = rng.uniform(0, field_px, (count, 1, 2))
    length = np.exp(rng.uniform(np.log(1), np.log(1.4 * field_px), (count, 1, 1)))
    angle = rng.uniform(0, 2 * np.pi, (count, 1))
    chord = length * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    across = np.stack([-chord[..., 1], chord[..., 0]], axis=-1)
    places = np.linspace(-0.5, 0.5, points)[:, None] if points > 1 else np.zeros((1, 1))
    bent = rng.random((count, 1, 1)) < 0.9
    inner = np.ones((points, 1))
    inner[[0, -1]] = 0
    sway = rng.normal(0, (0.15, 0.4), (count, points, 2)) * inner * bent
    placed = middle + chord * (places + sway[..., :1]) + across * sway[..., 1:]
    dots = rng.random((count, 1, 1)) < 0.04
    return np.where(dots, placed[:, :1] + (placed - placed[:, :1]) * 0.01, placed)


class Layers:
    """Batches of `action` (batch, columns) and `layer` (batch, 1 or 4 a view, size, size), as a renderer painted it.

    Painting costs more than learning from it, so the actions form a pool of limited size, painted as they are first
    asked for. Batch i depends on (seed, i) alone.

    Args:
        seed: Seed of the actions and of their order.
        vocabulary: What the columns mean; a name in the table, or one's own.
        renderer: Paints action rows; None: the true renderer.
        size_px: Side of the layers.
        pool: How many actions are painted before they repeat.
        roll_out: With more than 1, batches also hold `canvas`, the paper after 0 to roll_out - 1 other actions: a
            roll-out with random actions, cut at a random step and then reset.
    """

    def __init__(
        self,
        seed: int = 0,
        vocabulary: str | Vocabulary = "quadratic",
        renderer: ActionRenderer | None = None,
        size_px: int = 64,
        pool: int = 12_000,
        roll_out: int = 1,
    ) -> None:
        self.vocabulary = VOCABULARIES[vocabulary] if isinstance(vocabulary, str) else vocabulary
        self.size_px = size_px
        self._renderer = renderer
        self._seed, self._pool, self._roll_out = seed, max(_BLOCK, pool), roll_out
        self._blocks: list[tuple[Floats, NDArray[np.uint8]]] = []

    def batch(self, index: int, batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return batch `index`, drawn from the actions painted so far (index alone says how many)."""
        rng = np.random.default_rng((self._seed, 1, index))
        available = min(self._pool, (index + 1) * batch_size + _BLOCK) // _BLOCK
        while len(self._blocks) < available:
            self._blocks.append(self._paint(len(self._blocks)))
        places = rng.integers(0, available * _BLOCK, (self._roll_out, batch_size))
        action, layer = self._take(places[-1])
        if self._roll_out == 1:
            return {"action": action, "layer": layer}
        canvas = torch.tensor(self.vocabulary.blank)[:, None, None].expand(batch_size, -1, *layer.shape[2:])
        steps = rng.integers(0, self._roll_out, batch_size)
        for step, rows in enumerate(places[:-1]):
            there = torch.from_numpy(steps > step)[:, None, None, None]
            canvas = torch.where(there, self._lay(canvas, self._take(rows)[1]), canvas)
        return {"action": action, "layer": layer, "canvas": canvas.numpy()}

    def _take(self, places: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return actions and layers of the pool."""
        rows = [(self._blocks[place // _BLOCK], place % _BLOCK) for place in places]
        layer = np.stack([block[1][row] for block, row in rows]).astype(np.float32) / np.float32(255)
        return np.stack([block[0][row] for block, row in rows]).astype(np.float32), layer

    def _lay(self, canvas: Tensor, layer: NDArray[np.float32]) -> Tensor:
        views = self.vocabulary.views
        parts = zip(canvas.chunk(views, dim=1), torch.from_numpy(layer).chunk(views, dim=1), strict=True)
        return torch.cat([lay(below, above) for below, above in parts], dim=1)

    def _paint(self, block: int) -> tuple[Floats, NDArray[np.uint8]]:
        actions = random_actions(self.vocabulary, np.random.default_rng((self._seed, 0, block)), _BLOCK, self.size_px)
        return actions, np.rint(paint_layers(self._renderer, self.vocabulary, actions, self.size_px) * 255).astype(
            np.uint8
        )


def paint_layers(
    renderer: ActionRenderer | None, vocabulary: Vocabulary, actions: Floats, size_px: int
) -> NDArray[np.float32]:
    """Let a renderer paint actions (n, columns), and check what comes back.

    Args:
        renderer: The black box; None: the true renderer.
        vocabulary: What the columns mean.
        actions: Rows in [0, 1].
        size_px: Side of the layers it should paint.

    Returns:
        (n, 1 or 4 a view, size, size) in [0, 1].

    Raises:
        OptionError: Layers of a wrong shape, not finite, or outside [0, 1].
    """
    if renderer is None:
        return render_layers(vocabulary, actions, size_px)
    try:
        layers = np.asarray(renderer(actions), dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise OptionError(f"renderer: expected an array of numbers for {len(actions)} actions, got: {error}") from error
    channels = vocabulary.views * (1 if vocabulary.paint == "ink" else 4)
    wanted = (len(actions), channels, size_px, size_px)
    if layers.shape == (len(actions), size_px, size_px) and channels == 1:
        layers = layers[:, None]
    if layers.shape != wanted:
        raise OptionError(
            f"renderer: expected layers {wanted} (actions, channels, height, width), got {layers.shape}; "
            f"{vocabulary.name} paints {vocabulary.paint}, {channels} channels"
        )
    if not np.isfinite(layers).all() or layers.min() < -_ROUNDING or layers.max() > 1 + _ROUNDING:
        raise OptionError(
            f"renderer: expected values in [0, 1], 0 = bare paper, got {layers.min():g} to {layers.max():g}; "
            "divide bytes by 255, or turn the polarity"
        )
    return layers.clip(0, 1)


def check_renderer(
    renderer: ActionRenderer, vocabulary: Vocabulary, size_px: int
) -> tuple[Floats, NDArray[np.float32]]:
    """Try a renderer before anything learns from it; return the actions tried and the ink of their views.

    Raises:
        OptionError: Layers as in `paint_layers`, nearly always blank, the same whatever the action, or never bare.
    """
    actions = random_actions(vocabulary, np.random.default_rng(0), 4 * _BLOCK, size_px)
    layers = paint_layers(renderer, vocabulary, actions, size_px)
    ink = layers.reshape(len(layers), vocabulary.views, -1, size_px, size_px)[:, :, -1].max(axis=1)
    painted = (ink > 0.1).any(axis=(1, 2)).mean()
    if painted < _LEAST_PAINTED:
        raise OptionError(
            f"renderer: expected ink from most random actions, got some from {painted:.0%}; "
            "are the actions read as shares, 0 to 1? `Vocabulary.decode` turns them into pixels"
        )
    if np.ptp(ink, axis=0).max() < 0.1:
        raise OptionError("renderer: expected pictures that depend on the action, got the same for all; use the action")
    if np.median(ink) > 0.5:
        raise OptionError(f"renderer: expected 0 on bare paper, got {np.median(ink):g}; turn the polarity: ink is 1")
    return actions, ink
