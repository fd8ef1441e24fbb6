"""PPO on the true renderer: the paper's other way to learn to draw. Needs the extra `rl`.

    python -m benchmarks.ppo --out runs/digits-ppo --minutes 12

Started again, it goes on from its newest checkpoint. `metrics.csv` holds the loss on held-out digits against the
pictures seen; checkpoints are safetensors, never the pickles that stable-baselines3 would write.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor, nn

from strokewright.models.canvas_drawer.pictures import Pictures
from strokewright.render.actions import render_actions
from strokewright.training.checkpoints import (
    Progress,
    list_checkpoints,
    load_optimiser,
    optimiser_tensors,
    read_checkpoint,
    write_checkpoint,
)
from strokewright.training.environment import Easels, action_space, observation_space
from strokewright.training.logs import Logs
from strokewright.training.schedule import step_seed

SEED = 0
SIDE_BY_SIDE = 128
ROUNDS_AN_UPDATE = 4
UPDATES_A_CHUNK = 16  # between checkpoints and rows of metrics
BATCH = 256
SPREAD = 0.15  # of the actions at the start, as a share of their range
EVALUATED = 512


class SideBySide(VecEnv):
    """`Easels` as stable-baselines3 wants them; a finished round is followed by the next one at once."""

    def __init__(self, easels: Easels) -> None:
        self.easels = easels
        self._actions: Any = None
        self.render_mode = None
        super().__init__(easels.count, observation_space(easels), action_space(easels))

    def reset(self) -> Any:
        """Begin the next round."""
        return self.easels.reset()

    def step_async(self, actions: Any) -> None:
        """Take the moves."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Make the moves."""
        rewards, over = self.easels.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in rewards]
        if over:
            for info, seen in zip(infos, self.easels.seen(), strict=True):
                info["terminal_observation"] = seen
        seen = self.easels.reset() if over else self.easels.seen()
        return seen, rewards, np.full(len(rewards), over), infos

    def close(self) -> None:
        """Nothing is open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Give every easel's attribute."""
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: easels have no attributes of their own."""
        raise NotImplementedError

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Refuse: easels have no methods of their own."""
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Say no."""
        return [False] * self.num_envs


class Eye(BaseFeaturesExtractor):
    """A small convolutional network over picture, canvas and the places of the pixels."""

    def __init__(self, observation_space: Any, features: int = 256) -> None:
        super().__init__(observation_space, features)
        side = observation_space.shape[-1]
        row = torch.linspace(-1, 1, side)
        places = torch.stack([row.expand(side, -1), row[:, None].expand(-1, side)])
        self.register_buffer("places", places, persistent=False)
        blocks = [
            part
            for a, b in ((4, 16), (16, 32), (32, 64))
            for part in (nn.Conv2d(a, b, 4, stride=2, padding=1), nn.LeakyReLU(0.2))
        ]
        self.layers = nn.Sequential(
            *blocks, nn.Flatten(), nn.Linear(64 * (side // 8) ** 2, features), nn.LeakyReLU(0.2)
        )

    def forward(self, seen: Tensor) -> Tensor:
        """(batch, 2, side, side) → (batch, features)."""
        return self.layers(torch.cat([seen, self.places.expand(len(seen), -1, -1, -1)], dim=1))


def build(pictures: Any, seed: int = SEED) -> PPO:
    """Make the agent; its actions begin in the middle of their ranges, as the drawer's do."""
    agent = PPO(
        "CnnPolicy",
        SideBySide(Easels(pictures, SIDE_BY_SIDE, seed=seed)),
        learning_rate=3e-4,
        n_steps=4 * ROUNDS_AN_UPDATE,
        batch_size=BATCH,
        n_epochs=4,
        gamma=1.0,
        gae_lambda=0.95,
        ent_coef=0.0,
        seed=seed,
        device="cpu",
        policy_kwargs={
            "features_extractor_class": Eye,
            "normalize_images": False,
            "net_arch": [],
            "log_std_init": float(np.log(SPREAD)),
        },
    )
    nn.init.constant_(agent.policy.action_net.bias, 0.5)
    return agent


def train(out: Path, minutes: float, train_set: Any, held_out: Any, seed: int = SEED) -> Progress:
    """Train until the minutes are used up; go on with the newest checkpoint if the folder holds one.

    Args:
        out: The run folder.
        minutes: Budget of training time over all sittings.
        train_set: Pictures (n, size, size) to learn from.
        held_out: Pictures to evaluate on.
        seed: Seed of everything random.
    """
    agent, progress = build(train_set, seed), Progress()
    names = [name for name, _ in agent.policy.named_parameters()]
    checkpoints = list_checkpoints(out / "checkpoints")
    if checkpoints:
        parts, progress = read_checkpoint(checkpoints[-1])
        agent.policy.load_state_dict(parts["model"])
        load_optimiser(agent.policy.optimizer, names, parts["optimiser"])
    out.mkdir(parents=True, exist_ok=True)
    logs = Logs(out, progress.step)
    chunk = UPDATES_A_CHUNK * ROUNDS_AN_UPDATE * SIDE_BY_SIDE
    while progress.seconds < 60 * minutes:
        started = time.monotonic()
        agent.env.easels.round = progress.step // SIDE_BY_SIDE
        agent._last_obs = None  # so that learning begins with a fresh round, as after a stop
        agent.set_random_seed(step_seed(seed, progress.step, 0) % 2**32)  # of torch, and of NumPy, which shuffles
        agent.learn(4 * chunk, reset_num_timesteps=True)
        progress.step += chunk
        progress.seconds += time.monotonic() - started
        row = {"seconds": progress.seconds, "spread": float(agent.policy.log_std.detach().exp().mean())}
        logs.row(progress.step, row | {"evaluation.true_pixels": loss(agent, held_out)})
        write_checkpoint(
            out / "checkpoints",
            {"model": agent.policy.state_dict(), "optimiser": optimiser_tensors(agent.policy.optimizer, names)},
            progress,
            chunk,
        )
    return progress


def load_agent(out: Path, pictures: Any) -> PPO:
    """Load the newest state of a run."""
    agent = build(pictures)
    parts, _ = read_checkpoint(list_checkpoints(out / "checkpoints")[-1])
    agent.policy.load_state_dict(parts["model"])
    return agent


def draw(agent: PPO, pictures: Any) -> Any:
    """Draw pictures (n, size, size) in [0, 1] by the agent's best moves: actions (n, moves, columns)."""
    easels = Easels(pictures, len(pictures))
    easels.reset()
    easels.target = np.asarray(pictures, dtype=np.float32)
    actions, over = [], False
    while not over:
        moves, _ = agent.predict(easels.seen(), deterministic=True)
        actions.append(np.clip(moves, 0, 1))
        _, over = easels.step(moves)
    return np.stack(actions, axis=1)


def loss(agent: PPO, pictures: Any) -> float:
    """Mean squared pixel distance of what the agent draws, by the true renderer."""
    drawn = render_actions(agent.env.easels.vocabulary, draw(agent, pictures), pictures.shape[-1])
    return float(np.square(drawn[:, 0] - pictures).mean())


def main() -> None:
    """Train by the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12.0)
    options = parser.parse_args()
    held_out = Pictures(split="valid", in_order=True).batch(0, EVALUATED)["target"][:, 0]
    progress = train(options.out, options.minutes, Pictures(split="train").pixels, held_out)
    sys.stderr.write(f"{options.out}: {progress.step} pictures in {progress.seconds / 60:.1f} minutes\n")


if __name__ == "__main__":
    main()
