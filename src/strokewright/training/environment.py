"""Drawing as a game, for reinforcement learning on the true renderer: needs the extra `rl` (gymnasium).

An episode is one picture and a fixed number of moves. A move is one mark, an action row of a vocabulary; the player
sees the picture and the canvas, and earns what the mark takes off their squared pixel distance. `Easels` plays many
pictures side by side; `DrawingEnvironment` is one of them behind gymnasium's interface.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", section 4.1, the agent beside which
the drawer is put.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from strokewright.errors import OptionError
from strokewright.render.actions import render_layers
from strokewright.render.protocol import VOCABULARIES

Floats32 = NDArray[np.float32]
REWARD_SCALE = 10.0
"""Reward for a fall of the mean squared distance by 1; a digit's whole episode is then worth about 1."""


class Easels:
    """Several pictures being drawn in step.

    Round r depends on (seed, r) alone, so that a stopped training can go on.

    Args:
        pictures: What to draw from, (n, size, size) ink in [0, 1], or 0..255 as uint8.
        count: Pictures at a time.
        vocabulary: What an action's columns mean; one that paints ink.
        moves: Marks a picture.
        seed: Seed of which pictures come when.

    Raises:
        OptionError: A vocabulary of colours, or pictures that are not square.
    """

    def __init__(
        self, pictures: NDArray[Any], count: int = 1, vocabulary: str = "quadratic", moves: int = 4, seed: int = 0
    ) -> None:
        self.vocabulary = VOCABULARIES[vocabulary]
        if self.vocabulary.paint != "ink":
            raise OptionError(f"vocabulary: expected one that paints ink, such as quadratic, got {vocabulary!r}")
        if pictures.ndim != 3 or len(pictures) == 0 or pictures.shape[1] != pictures.shape[2]:
            raise OptionError(f"pictures: expected (n, size, size), got {pictures.shape}")
        self.count, self.moves, self.seed, self.round = count, moves, seed, 0
        self._pictures = pictures
        self.target = self.canvas = np.zeros((count, *pictures.shape[1:]), dtype=np.float32)
        self.moves_made = 0

    def reset(self) -> Floats32:
        """Put new pictures and empty canvases up; return what the players see (count, 2, size, size)."""
        rows = np.random.default_rng((self.seed, self.round)).integers(0, len(self._pictures), self.count)
        full = 255 if self._pictures.dtype == np.uint8 else 1
        self.target = self._pictures[rows].astype(np.float32) / np.float32(full)
        self.canvas = np.zeros_like(self.target)
        self.round += 1
        self.moves_made = 0
        return self.seen()

    def seen(self) -> Floats32:
        """Pictures and canvases, (count, 2, size, size)."""
        return np.stack([self.target, self.canvas], axis=1)

    def distance(self) -> Floats32:
        """Mean squared pixel distance of each canvas to its picture, (count,)."""
        return np.square(self.target - self.canvas).mean(axis=(1, 2))

    def step(self, actions: NDArray[Any]) -> tuple[Floats32, bool]:
        """Draw one mark on each easel.

        Args:
            actions: (count, columns); what lies outside [0, 1] is moved to the border.

        Returns:
            The rewards (count,), and whether the episodes are over.
        """
        before = self.distance()
        rows = np.clip(np.asarray(actions, dtype=np.float64), 0, 1)
        self.canvas = np.maximum(self.canvas, render_layers(self.vocabulary, rows, self.canvas.shape[-1])[:, 0])
        self.moves_made += 1
        reward = (REWARD_SCALE * (before - self.distance())).astype(np.float32)
        return reward, self.moves_made >= self.moves


class DrawingEnvironment(gymnasium.Env[Any, Any]):
    """One easel as a gymnasium environment; arguments as of `Easels`."""

    def __init__(self, pictures: NDArray[Any], vocabulary: str = "quadratic", moves: int = 4, seed: int = 0) -> None:
        self.easels = Easels(pictures, 1, vocabulary, moves, seed)
        self.observation_space = observation_space(self.easels)
        self.action_space = action_space(self.easels)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats32, dict[str, Any]]:
        """Begin an episode; a seed begins the row of pictures anew."""
        super().reset(seed=seed)
        if seed is not None:
            self.easels.seed, self.easels.round = seed, 0
        return self.easels.reset()[0], {}

    def step(self, action: Floats32) -> tuple[Floats32, float, bool, bool, dict[str, Any]]:
        """Draw one mark: (columns,) in [0, 1]."""
        reward, over = self.easels.step(action[None])
        return self.easels.seen()[0], float(reward[0]), over, False, {}


def observation_space(easels: Easels) -> Box:
    """What a player sees: picture and canvas, (2, size, size) in [0, 1]."""
    return Box(0.0, 1.0, (2, *easels.target.shape[1:]), np.float32)


def action_space(easels: Easels) -> Box:
    """What a player may do: an action row (columns,) in [0, 1]."""
    return Box(0.0, 1.0, (len(easels.vocabulary.columns),), np.float32)
