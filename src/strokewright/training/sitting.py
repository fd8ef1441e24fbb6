"""A sitting: everything a run holds in memory from its start or resume until it ends or is interrupted."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from strokewright.models.pretrained import Pretrained
from strokewright.training.average import Average
from strokewright.training.checkpoints import (
    Progress,
    load_optimiser,
    optimiser_tensors,
    read_checkpoint,
    write_checkpoint,
)
from strokewright.training.config import TrainingOptions
from strokewright.training.data import Batch, BatchSource, look_up, take_rows
from strokewright.training.logs import Logs


@dataclass(frozen=True)
class Event:
    """What a callback hears: after each step, and after each evaluation, sheet, checkpoint, bad batch and roll-back.

    Args:
        kind: step | evaluation | samples | checkpoint | bad | rolled_back | finished.
        step: Batches used so far.
        steps: Steps of the whole run.
        share: How much of the steps or minutes is used up, 0 to 1.
        seconds: Training time over all sittings.
        values: The step's or the evaluation's numbers.
        watched: Names of those numbers of a step that the model wants to be seen at a glance, beside its loss.
    """

    kind: str
    step: int
    steps: int
    share: float
    seconds: float
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    watched: tuple[str, ...] = ()


Callback = Callable[[Event], None]


def turns_of(model: Any) -> dict[str, nn.Module]:
    """Return the turns of a step and what each moves; most models take one, without a name, that moves all of them."""
    return model.turns() if hasattr(model, "turns") else {"": model}


class Objective(nn.Module):
    """Makes a model's loss its forward pass, the one call that precision and several processes act on."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, turn: str = "") -> dict[str, Any]:
        """Return the model's loss, or that of a turn, and the scalars beside it."""
        return self.model.turn(turn, batch) if turn else self.model.loss(batch)


@dataclass
class Sitting:
    """The parts of a run, and what is done with all of them at once."""

    options: TrainingOptions
    out: Path
    fabric: Fabric
    model: Pretrained
    objective: Any  # Fabric's wrapper around Objective(model)
    optimiser: Any  # Fabric's wrapper
    average: Average | None
    train: BatchSource
    held_out: BatchSource | None
    callback: Callback | None
    progress: Progress = field(default_factory=Progress)
    logs: Logs | None = None  # in the first process only
    interrupted: bool = False

    @property
    def product(self) -> Pretrained:
        """What is averaged, scored and kept: the model, or its part that it calls so."""
        return getattr(self.model, "product", self.model)

    @property
    def checkpoint_dir(self) -> Path:
        """Where the checkpoints lie."""
        return self.out / "checkpoints"

    def tell(self, kind: str, values: Mapping[str, float] | None = None) -> None:
        """Call the callback, in the first process only."""
        if self.callback is not None and self.fabric.is_global_zero:
            p = self.progress
            watched = getattr(self.model, "watched", ())
            self.callback(Event(kind, p.step, self.options.steps, p.share, p.seconds, values or {}, watched))

    def take(self, source: BatchSource, index: int) -> Batch:
        """Return this process's rows of a batch, on its device."""
        rows = take_rows(source, index, self.options.batch_size, self.fabric.global_rank, self.fabric.world_size)
        return look_up(source, self.fabric.to_device(rows))

    def mean_over_processes(self, numbers: list[Any]) -> list[float]:
        """Return the means of numbers (floats or scalar tensors) over all processes, in double precision."""
        vector = torch.stack(
            [torch.as_tensor(x).detach().to(self.fabric.device, torch.float64).reshape(()) for x in numbers]
        )
        mean: Any = self.fabric.all_reduce(vector, reduce_op="mean")
        return mean.tolist()

    def averaged(self) -> AbstractContextManager[None]:
        """Lend the averaged weights to the model inside a with block, if there are any."""
        return nullcontext() if self.average is None else self.average.applied(self.product)

    def save(self) -> None:
        """Write a checkpoint, in the first process only: all hold the same state."""
        if not self.fabric.is_global_zero:
            return
        parts = {
            "model": self.model.state_dict(),
            "optimiser": optimiser_tensors(self.optimiser.optimizer, self._weight_names()),
            "average": {} if self.average is None else self.average.tensors,
        }
        write_checkpoint(self.checkpoint_dir, parts, self.progress, self.options.checkpoint_every)
        self.tell("checkpoint")

    def restore(self, path: Path) -> Progress:
        """Put a checkpoint's weights, average and optimiser state back; return its progress."""
        parts, progress = read_checkpoint(path)
        self.model.load_state_dict(parts["model"])
        load_optimiser(self.optimiser.optimizer, self._weight_names(), parts.get("optimiser", {}))
        if self.average is not None:
            for name, tensor in parts.get("average", self.product.state_dict()).items():
                self.average.tensors[name].copy_(tensor)
        return progress

    def _weight_names(self) -> list[str]:
        """Name the weights in the optimiser's order, turn by turn."""
        names = {id(weight): name for name, weight in self.model.named_parameters()}
        return [names[id(weight)] for group in self.optimiser.param_groups for weight in group["params"]]


def make_fabric(options: TrainingOptions) -> Fabric:
    """Return one process on one device, or this process's part of a torchrun group."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would announce itself on stderr
    accelerator = options.device
    if accelerator == "auto":
        accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    everyone, here = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=everyone // here,
        strategy="ddp" if everyone > 1 else "auto",
        precision=options.precision,
    )
    fabric.launch()
    return fabric
