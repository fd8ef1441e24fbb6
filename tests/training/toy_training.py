"""A toy model and its data for the tests of training: a small network fits a fixed random one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from strokewright.models.pretrained import Pretrained
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions
from strokewright.training.run import Run, start


class ToyConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(16, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)


class Toy(Pretrained):
    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Linear(4, config.width)
        self.drop = nn.Dropout(config.dropout)
        self.second = nn.Linear(config.width, 1)
        self.register_buffer("seen", torch.zeros(()))

    def loss(self, batch: dict[str, torch.Tensor]) -> dict[str, Any]:
        if self.training:
            self.seen += batch["x"].mean().nan_to_num(1e9)
        guess = self.second(self.drop(torch.tanh(self.first(batch["x"]))))
        loss = ((guess - batch["y"]) ** 2).mean()
        if (batch["poison"] > 0).any():  # the loss stays finite, its gradient does not
            loss = loss + (self.second.bias * 0).abs().sum().sqrt()
        return {"loss": loss, "guess": guess.detach().mean()}

    def metrics(self, batch: dict[str, torch.Tensor]) -> dict[str, float]:
        return {"rows": float(len(batch["x"]))}

    def samples(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.full((3, 8, 12), 0.5)


class ToyData:
    def __init__(self, seed: int, poison: tuple[int, ...] = (), pause_s: float = 0.0) -> None:
        self.seed, self.poison, self.pause_s = seed, poison, pause_s

    def batch(self, index: int, batch_size: int) -> dict[str, np.ndarray]:
        time.sleep(self.pause_s)
        random = np.random.default_rng((self.seed, index))
        x = random.normal(size=(batch_size, 4)).astype(np.float32)
        y = np.sin(x.sum(axis=1, keepdims=True))
        return {"x": x, "y": y, "poison": np.full(batch_size, float(index in self.poison), np.float32)}


def toy_run(**training: Any) -> RunConfig:
    place = f"{__name__}:ToyData"
    defaults = {
        "steps": 40,
        "batch_size": 8,
        "ema_decay": 0.9,
        "log_every": 5,
        "evaluate_every": 10,
        "sample_every": 20,
    }
    return RunConfig(
        model=ModelSpec(name=f"{__name__}:Toy", config={"dropout": 0.1}),
        data=DataSpec(train=Source(make=place), evaluation=Source(make=place, options={"seed": 99})),
        training=TrainingOptions(**{**defaults, "checkpoint_every": 10, "device": "cpu", **training}),
    )


def main(out: str, steps: str, pause_s: str = "0") -> None:
    """Start a run, or resume the one that lies there."""
    if (Path(out) / "checkpoints").exists():
        Run(out).resume()
    else:
        config = toy_run(steps=int(steps), checkpoint_every=7)
        start(config.replaced({"data.train.options.pause_s": float(pause_s), "model.config.dropout": 0.0}), out)


if __name__ == "__main__":
    import toy_training  # so that the classes live in the module that the config names

    toy_training.main(*sys.argv[1:])
