"""The loop: setup → fit → evaluate. It never asks which model it trains.

A model supplies `loss(batch) -> {"loss": …, …}`. Optional methods: `samples(batch)` returns a picture (3, height, width) for
the sheets, `metrics(batch)` returns further numbers for the evaluation, `set_progress(share)` hears how much of the schedule
is used up, 0 to 1.

Exactness: batch i depends on (seed, i), all noise of a step on (seed, step, rank), and nothing on the clock (unless there is a budget of
minutes), so a run that was killed and resumed equals an undisturbed one. Loss and gradient are means over all
processes; each takes its own rows of one global batch.

Guard: a batch whose loss or gradient is not finite changes nothing: buffers go back to their state before it, no optimiser
step is made, the batch is skipped and counted. After three of them in a row the weights themselves are suspect: the
state goes back to the last planned checkpoint, and the run goes on with the next batch. After `patience` in a row it gives up.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from strokewright.errors import StrokewrightError
from strokewright.models import find_model
from strokewright.models.pretrained import Pretrained, write_durably
from strokewright.training.average import Average
from strokewright.training.checkpoints import (
    Progress,
    last_planned,
    list_checkpoints,
    load_optimiser,
    optimiser_tensors,
    read_checkpoint,
    write_checkpoint,
)
from strokewright.training.config import RunConfig, TrainingOptions
from strokewright.training.data import Batch, BatchSource, Prefetch, take_rows
from strokewright.training.evaluate import mean_scores
from strokewright.training.logs import Logs

SUSPECT_AFTER = 3


@dataclass(frozen=True)
class Event:
    """What a callback hears: after each step, and after each evaluation, sheet, checkpoint, bad batch and roll-back."""

    kind: str  # step | evaluation | samples | checkpoint | bad | rolled_back | finished
    step: int
    steps: int
    share: float  # of the schedule used up, 0 to 1
    seconds: float
    values: Mapping[str, float] = field(default_factory=dict)


Callback = Callable[[Event], None]


class Objective(nn.Module):
    """Makes a model's loss its forward pass, the one call that precision and several processes act on."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> dict[str, Any]:
        """Return the model's loss and the scalars beside it."""
        return self.model.loss(batch)


@dataclass
class Sitting:
    """Everything a run holds in memory from start or resume to its end."""

    options: TrainingOptions
    out: Path
    fabric: Fabric
    model: Pretrained
    objective: Any  # Fabric's wrappers, which forward everything
    optimiser: Any
    average: Average | None
    train: BatchSource
    held_out: BatchSource | None
    progress: Progress
    callback: Callback | None
    logs: Logs | None  # in the first process only
    interrupted: bool = False

    def tell(self, kind: str, values: Mapping[str, float] | None = None) -> None:
        """Call the callback, in the first process only."""
        if self.callback is not None and self.fabric.is_global_zero:
            p = self.progress
            self.callback(Event(kind, p.step, self.options.steps, p.share, p.seconds, values or {}))

    def take(self, source: BatchSource, index: int) -> Batch:
        """Return this process's rows of a batch on its device."""
        rows = take_rows(source, index, self.options.batch_size, self.fabric.global_rank, self.fabric.world_size)
        return self.fabric.to_device(rows)

    def averaged(self) -> Any:
        """Lend the averaged weights to the model inside a with block, if there are any."""
        return nullcontext() if self.average is None else self.average.applied(self.model)


def setup(
    config: RunConfig, out: Path, train: BatchSource, held_out: BatchSource | None, callback: Callback | None
) -> Sitting:
    """Build model, optimiser and state; continue from the newest checkpoint of `out` if there is one."""
    options = config.training
    fabric = make_fabric(options)
    torch.manual_seed(options.seed)
    model_class = find_model(config.model.name)
    model: Pretrained = model_class.from_options(config.model.config)
    raw_optimiser = make_optimiser(model, options)
    objective, optimiser = fabric.setup(Objective(model), raw_optimiser)
    objective.train()
    average = Average(model, options.ema_decay) if options.ema_decay else None
    sitting = Sitting(
        options, out, fabric, model, objective, optimiser, average, train, held_out, Progress(), callback, None
    )
    checkpoints = list_checkpoints(out / "checkpoints")
    if checkpoints:
        sitting.progress = _restore(sitting, checkpoints[-1])
        _measure(sitting.progress, options)
    fabric.barrier()  # nobody trains on before everybody has read
    if fabric.is_global_zero:
        sitting.logs = Logs(out, sitting.progress.step)
        if not checkpoints:
            _save(sitting)
    return sitting


def fit(sitting: Sitting) -> None:
    """Train until the steps or the minutes are used up.

    Raises:
        KeyboardInterrupt: Ctrl-C; a checkpoint was written first.
        StrokewrightError: Too many batches in a row without a finite loss and gradient.
    """
    options, progress = sitting.options, sitting.progress
    batches = Prefetch(
        sitting.train, options.batch_size, sitting.fabric.global_rank, sitting.fabric.world_size, options.prefetch
    )
    saved_at = time.monotonic()
    try:
        with _interrupts(sitting):
            while not progress.finished:
                started = time.monotonic()
                batch = sitting.fabric.to_device(batches.get(progress.step))
                stop = _step(sitting, batch, started)
                _at_intervals(sitting)
                minutes = options.checkpoint_minutes
                due = minutes is not None and time.monotonic() - saved_at > 60 * minutes
                if stop or due or progress.finished or progress.step % options.checkpoint_every == 0:
                    _save(sitting)
                    saved_at = time.monotonic()
                if stop and not progress.finished:
                    raise KeyboardInterrupt
    finally:
        batches.close()
        if sitting.logs is not None:
            sitting.logs.close()


def _step(sitting: Sitting, batch: Batch, started: float) -> bool:
    """Use one batch; return whether any process was asked to stop."""
    options, progress, fabric = sitting.options, sitting.progress, sitting.fabric
    rate = learning_rate(options, progress.step, progress.share)
    for group in sitting.optimiser.param_groups:
        group["lr"] = rate
    if callable(hear := getattr(sitting.model, "set_progress", None)):
        hear(progress.share)
    torch.manual_seed(step_seed(options.seed, progress.step, fabric.global_rank))
    buffers = [buffer.clone() for buffer in sitting.model.buffers()]

    sitting.optimiser.zero_grad(set_to_none=True)
    scores = sitting.objective(batch)
    fabric.backward(scores["loss"])
    weights = [weight for weight in sitting.model.parameters() if weight.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(weights, options.clip_norm or math.inf)

    elapsed = time.monotonic() - started
    parts = [*scores.values(), norm, float(sitting.interrupted), elapsed]
    vector = torch.stack([torch.as_tensor(x, dtype=torch.float64).detach().to(fabric.device) for x in parts])
    *numbers, asked, elapsed = fabric.all_reduce(vector, reduce_op="mean").tolist()
    values = dict(zip([*scores, "gradient_norm"], numbers, strict=True))

    progress.step += 1
    progress.seconds += elapsed
    if math.isfinite(values["loss"]) and math.isfinite(values["gradient_norm"]):
        sitting.optimiser.step()
        if sitting.average is not None:
            sitting.average.update(sitting.model, progress.step)
        progress.bad_in_a_row = 0
        progress.add(values | {"learning_rate": rate})
        sitting.tell("step", values)
    else:
        for buffer, before in zip(sitting.model.buffers(), buffers, strict=True):
            buffer.data.copy_(before)
        _bad_batch(sitting, values)
    _measure(progress, options)
    return asked > 0


def _measure(progress: Progress, options: TrainingOptions) -> None:
    """Work out how much of the steps or the minutes is used up; a resumed run may have been given more of both."""
    spent = 0.0 if options.minutes is None else progress.seconds / (60 * options.minutes)
    progress.share = min(1.0, max(progress.step / options.steps, spent))
    progress.finished = progress.share >= 1


def _bad_batch(sitting: Sitting, values: Mapping[str, float]) -> None:
    """Count a batch that was skipped; doubt the weights after a few; give up after `patience` in a row."""
    options, progress = sitting.options, sitting.progress
    progress.bad += 1
    progress.bad_in_a_row += 1
    sitting.tell("bad", values)
    if progress.bad_in_a_row >= options.patience:
        raise StrokewrightError(
            f"training: {progress.bad_in_a_row} batches in a row, the last at step {progress.step}, gave no finite loss and "
            f"gradient (loss {values['loss']}, gradient norm {values['gradient_norm']}); lower training.learning_rate or "
            f"check the data; the last good state is in {sitting.out / 'checkpoints'}"
        )
    good = last_planned(sitting.out / "checkpoints", options.checkpoint_every)
    if progress.bad_in_a_row == SUSPECT_AFTER and good is not None:
        _restore(sitting, good)
        sitting.tell("rolled_back")


def _at_intervals(sitting: Sitting) -> None:
    """Write what is due after this step: a row of metrics, an evaluation, a sheet."""
    options, progress = sitting.options, sitting.progress

    def due(every: int) -> bool:
        return every > 0 and (progress.step % every == 0 or progress.finished)

    row: dict[str, float] = {}
    if due(options.log_every):
        row = progress.take_means() | {"seconds": progress.seconds, "bad": progress.bad}
    if sitting.held_out is not None and due(options.evaluate_every):
        scores = evaluate_now(sitting)
        row |= {f"evaluation.{name}": value for name, value in scores.items()}
        sitting.tell("evaluation", scores)
    if row and sitting.logs is not None:
        sitting.logs.row(progress.step, row)
    if due(options.sample_every) and sitting.logs is not None:
        _sheet(sitting)


def evaluate_now(sitting: Sitting) -> dict[str, float]:
    """Evaluate the (averaged) weights on the held-out batches, over all processes; keep them if they are the best yet."""
    options, progress, fabric = sitting.options, sitting.progress, sitting.fabric
    source = sitting.held_out
    if source is None:
        return {}
    with sitting.averaged():
        batches = (sitting.take(source, i) for i in range(options.evaluation_batches))
        own = mean_scores(sitting.model, batches)
        vector = torch.tensor(list(own.values()), dtype=torch.float64, device=fabric.device)
        scores = dict(zip(own, fabric.all_reduce(vector, reduce_op="mean").tolist(), strict=True))
        value = scores.get(options.monitor, math.nan)
        if value < (math.inf if progress.best is None else progress.best):
            progress.best, progress.best_step = value, progress.step
            if fabric.is_global_zero:
                write_durably(sitting.out / "checkpoints" / "best.safetensors", sitting.model.to_bytes())
    return scores


def _sheet(sitting: Sitting) -> None:
    draw = getattr(sitting.model, "samples", None)
    if not callable(draw) or sitting.logs is None:
        return
    batch = sitting.take(sitting.held_out or sitting.train, 0)
    sitting.model.eval()
    with torch.no_grad(), sitting.averaged():
        torch.manual_seed(0)
        picture: Any = draw(batch)
    sitting.model.train()
    sitting.logs.picture(sitting.progress.step, torch.as_tensor(picture).float().cpu().numpy())
    sitting.tell("samples")


def _save(sitting: Sitting) -> None:
    if not sitting.fabric.is_global_zero:
        return
    parts = {
        "model": sitting.model.state_dict(),
        "optimiser": optimiser_tensors(sitting.optimiser.optimizer, _weight_names(sitting.model)),
        "average": {} if sitting.average is None else sitting.average.tensors,
    }
    write_checkpoint(sitting.out / "checkpoints", parts, sitting.progress, sitting.options.checkpoint_every)
    sitting.tell("checkpoint")


def _restore(sitting: Sitting, path: Path) -> Progress:
    """Put a checkpoint's weights, average and optimiser state back; return its progress."""
    parts, progress = read_checkpoint(path)
    sitting.model.load_state_dict(parts["model"])
    load_optimiser(sitting.optimiser.optimizer, _weight_names(sitting.model), parts.get("optimiser", {}))
    if sitting.average is not None:
        for name, tensor in parts.get("average", parts["model"]).items():
            sitting.average.tensors[name].copy_(tensor)
    return progress


def _weight_names(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def make_fabric(options: TrainingOptions) -> Fabric:
    """Return one process on one device, or this process's part of a torchrun group."""
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


def make_optimiser(model: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """Return the optimiser over the weights that learn."""
    weights = list(model.parameters())
    rate, decay = options.learning_rate, options.weight_decay
    if options.optimiser == "sgd":
        return torch.optim.SGD(weights, rate, momentum=options.betas[0], weight_decay=decay)
    kind = torch.optim.Adam if options.optimiser == "adam" else torch.optim.AdamW
    return kind(weights, rate, betas=options.betas, weight_decay=decay)


def learning_rate(options: TrainingOptions, step: int, share: float) -> float:
    """Return the rate of a step: a linear rise over the warm-up, then constant or half a cosine down to `final_rate`."""
    rise = min(1.0, (step + 1) / (options.warmup_steps + 1))
    if options.schedule == "constant":
        return options.learning_rate * rise
    fall = options.final_rate + (1 - options.final_rate) * 0.5 * (1 + math.cos(math.pi * share))
    return options.learning_rate * rise * fall


def step_seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of a step's noise: the same in every sitting, another one in each process."""
    return (seed * 1_000_003 + step * 1_009 + rank) % 2**63


@contextmanager
def _interrupts(sitting: Sitting) -> Iterator[None]:
    """Turn the first Ctrl-C into a request to stop after this step; the second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: Any) -> None:
        sitting.interrupted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
