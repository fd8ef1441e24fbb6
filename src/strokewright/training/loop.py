"""The loop: setup → fit → evaluate. It never asks which model it trains.

A model supplies `loss(batch) -> {"loss": …, …}`. Optional methods: `samples(batch)` returns a picture for the sheets,
(3, height, width), `metrics(batch)` returns further numbers for the evaluation, `set_progress(share)` hears how much of
the schedule is used up, 0 to 1, and `set_step(step)` the number of the step that comes, from 0. `watched` names numbers
that progress lines show beside the loss.

A model whose parts learn by different losses, such as a GAN, supplies in place of `loss` its turns: `turns()` names
them in order with the part that each moves, and `turn(name, batch)` returns a turn's loss. Each turn has its gradient
and its optimiser step before the next begins. A part called `product` is then what is averaged, scored and kept.

Exactness: batch i depends on (seed, i), all noise of a step on (seed, step, rank), and nothing on the clock unless
there is a budget of minutes; so a run that was killed and resumed equals an undisturbed one. Loss and gradient are
means over all processes; each takes its own rows of one global batch.

Guard: a batch whose loss or gradient is not finite changes nothing: buffers go back to their state before it, no
optimiser step is made (those of earlier turns stand), the batch is skipped and counted. After three of them in a row
the weights themselves are suspect: the state goes back to the last planned checkpoint, and the run goes on with the
next batch. After `patience` in a row it gives up. Nothing else is changed: a learning rate that is too high stays the
user's to lower. A model that sees itself collapse returns a loss of NaN.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from strokewright.errors import OptionError, StrokewrightError
from strokewright.files.atomic import write_atomically
from strokewright.models import find_model
from strokewright.models.pretrained import Pretrained
from strokewright.training.average import Average
from strokewright.training.checkpoints import last_planned, list_checkpoints, remove_leftovers
from strokewright.training.config import ModelSpec, RunConfig
from strokewright.training.data import Batch, BatchSource, Prefetch, look_up
from strokewright.training.evaluate import mean_scores
from strokewright.training.logs import Logs
from strokewright.training.schedule import learning_rate, make_optimiser, step_seed
from strokewright.training.sitting import Callback, Objective, Sitting, make_fabric, turns_of
from strokewright.weights import load_model

SUSPECT_AFTER = 3


def setup(
    config: RunConfig, out: Path, train: BatchSource, held_out: BatchSource | None, callback: Callback | None
) -> Sitting:
    """Build model, optimiser and state; continue from the newest checkpoint of `out` if there is one.

    Raises:
        OptionError: An unknown model, a wrong field of its config, or weights to begin with that do not fit.
        WeightsError: A damaged checkpoint, or no such weights to begin with.
    """
    options = config.training
    fabric = make_fabric(options)
    torch.manual_seed(options.seed)
    model = _make_model(config.model)
    turns = turns_of(model)
    if len(turns) > 1 and fabric.world_size > 1:
        raise OptionError(f"training: {config.model.name} takes several turns a step: expected one process; start one")
    objective, optimiser = fabric.setup(Objective(model), make_optimiser(turns, options))
    objective.train()
    sitting = Sitting(options, out, fabric, model, objective, optimiser, None, train, held_out, callback)
    sitting.average = Average(sitting.product, options.ema_decay) if options.ema_decay else None
    checkpoints = list_checkpoints(sitting.checkpoint_dir)
    if checkpoints:
        sitting.progress = sitting.restore(checkpoints[-1])
        sitting.progress.sittings += 1
        sitting.progress.measure(options)
    fabric.barrier()  # nobody trains on before everybody has read
    if fabric.is_global_zero:
        remove_leftovers(out)
        sitting.logs = Logs(out, sitting.progress.step)
    if not checkpoints:
        sitting.save()
    return sitting


def _make_model(spec: ModelSpec) -> Pretrained:
    """Build the model, with random weights or those that it, or its product, is to begin with."""
    model: Pretrained = find_model(spec.name).from_options(spec.config)
    if not spec.start:
        return model
    begun: Pretrained = getattr(model, "product", model)
    is_file = Path(spec.start).exists()
    known: Pretrained = type(begun).from_pretrained(spec.start) if is_file else load_model(spec.start, "cpu")
    try:
        begun.begin_as(known)
    except RuntimeError as error:
        raise OptionError(
            f"model.start: expected weights that fit {spec.name} with this config, got {spec.start}: "
            f"{str(error).splitlines()[-1].strip()}; change the config, or begin with random weights"
        ) from error
    return model


def fit(sitting: Sitting) -> None:
    """Train until the steps or the minutes are used up.

    Raises:
        KeyboardInterrupt: Ctrl-C; a checkpoint was written first.
        StrokewrightError: Too many batches in a row without a finite loss and gradient.
    """
    options, progress, fabric = sitting.options, sitting.progress, sitting.fabric
    source = Prefetch(sitting.train, options.batch_size, fabric.global_rank, fabric.world_size, options.prefetch)
    save_after_s = math.inf if options.checkpoint_minutes is None else 60 * options.checkpoint_minutes
    saved_at = time.monotonic()
    try:
        with _interrupts(sitting):
            while not progress.finished:
                started = time.monotonic()
                batch = look_up(sitting.train, fabric.to_device(source.get(progress.step)))
                stop = _step(sitting, batch, started)
                _at_intervals(sitting)
                due = progress.step % options.checkpoint_every == 0 or time.monotonic() - saved_at > save_after_s
                if due or stop or progress.finished:
                    sitting.save()
                    saved_at = time.monotonic()
                if stop and not progress.finished:
                    raise KeyboardInterrupt
    finally:
        source.close()
        if sitting.logs is not None:
            sitting.logs.close()


def _step(sitting: Sitting, batch: Batch, started: float) -> bool:
    """Use one batch; return whether any process was asked to stop."""
    options, progress, model = sitting.options, sitting.progress, sitting.model
    rate = learning_rate(options, progress.step, progress.share)
    for group in sitting.optimiser.param_groups:
        group["lr"] = rate * group["rate_share"]
    if callable(hear := getattr(model, "set_progress", None)):
        hear(progress.share)
    if callable(hear := getattr(model, "set_step", None)):
        hear(progress.step)
    torch.manual_seed(step_seed(options.seed, progress.step, sitting.fabric.global_rank))
    buffers = [buffer.clone() for buffer in model.buffers()]

    values: dict[str, float] = {}
    good, asked, elapsed = True, 0.0, 0.0
    for turn in turns_of(model):
        if good:
            scores = _gradient(sitting, batch, turn)
            parts = [*scores.values(), float(sitting.interrupted), time.monotonic() - started]
            *numbers, asked, elapsed = sitting.mean_over_processes(parts)
            values = _joined(values, turn, dict(zip(scores, numbers, strict=True)))
            good = math.isfinite(values["loss"]) and math.isfinite(values["gradient_norm"])
        if good:
            sitting.optimiser.step()
    progress.step += 1
    progress.seconds += elapsed
    if good:
        if sitting.average is not None:
            sitting.average.update(sitting.product, progress.step)
        progress.add(values | {"learning_rate": rate})
        sitting.tell("step", values)
    else:
        for buffer, before in zip(model.buffers(), buffers, strict=True):
            buffer.data.copy_(before)
        _skip(sitting, values)
    progress.measure(options)
    return asked > 0


def _joined(values: Mapping[str, float], turn: str, own: Mapping[str, float]) -> dict[str, float]:
    """Add a turn's numbers to those of the turns before: under its name, loss and gradient norm also to the step's."""
    if not turn:
        return dict(own)
    both = {
        "loss": values.get("loss", 0.0) + own["loss"],
        "gradient_norm": math.hypot(values.get("gradient_norm", 0.0), own["gradient_norm"]),
    }
    return {**values, **both, **{f"{turn}.{name}": value for name, value in own.items()}}


def _gradient(sitting: Sitting, batch: Batch, turn: str) -> dict[str, Any]:
    """Leave a turn's clipped gradient in the weights; return the model's scalars and the gradient's norm."""
    sitting.optimiser.zero_grad(set_to_none=True)
    scores = dict(sitting.objective(batch, turn))
    sitting.fabric.backward(scores["loss"])
    weights = [weight for weight in sitting.model.parameters() if weight.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(weights, sitting.options.clip_norm or math.inf)
    if sitting.options.clip_value is not None:
        torch.nn.utils.clip_grad_value_(weights, sitting.options.clip_value)
    return scores | {"gradient_norm": norm}


def _skip(sitting: Sitting, values: Mapping[str, float]) -> None:
    """Count a batch that was skipped; doubt the weights after a few; give up after `patience` in a row."""
    options, progress = sitting.options, sitting.progress
    progress.bad += 1
    progress.bad_in_a_row += 1
    sitting.tell("bad", values)
    if progress.bad_in_a_row >= options.patience:
        raise StrokewrightError(
            f"training: {progress.bad_in_a_row} batches in a row, the last at step {progress.step}, gave no finite "
            f"loss and gradient (loss {values['loss']}, gradient norm {values['gradient_norm']}); "
            f"lower training.learning_rate or check the data; the last good state is in {sitting.checkpoint_dir}"
        )
    good = last_planned(sitting.checkpoint_dir, options.checkpoint_every)
    if progress.bad_in_a_row == SUSPECT_AFTER and good is not None:
        sitting.restore(good)
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
        scores = _evaluate(sitting, sitting.held_out)
        row |= {f"evaluation.{name}": value for name, value in scores.items()}
        sitting.tell("evaluation", scores)
    if row and sitting.logs is not None:
        sitting.logs.row(progress.step, row)
    if due(options.sample_every):
        _sheet(sitting)


def _evaluate(sitting: Sitting, held_out: BatchSource) -> dict[str, float]:
    """Evaluate the (averaged) weights on the held-out batches, over all processes; keep them if they are the best."""
    options, progress = sitting.options, sitting.progress
    with sitting.averaged():
        own = mean_scores(sitting.product, (sitting.take(held_out, i) for i in range(options.evaluation_batches)))
        scores = dict(zip(own, sitting.mean_over_processes(list(own.values())), strict=True))
        value = scores.get(options.monitor, math.nan)
        if value < (math.inf if progress.best is None else progress.best):
            progress.best, progress.best_step = value, progress.step
            if sitting.fabric.is_global_zero:
                write_atomically(sitting.checkpoint_dir / "best.safetensors", sitting.product.to_bytes())
    return scores


def _sheet(sitting: Sitting) -> None:
    """Write the model's sheet of pictures, if it makes one."""
    product = sitting.product
    draw = getattr(product, "samples", None)
    if not callable(draw) or sitting.logs is None:
        return
    batch = sitting.take(sitting.held_out or sitting.train, 0)
    product.eval()
    with torch.no_grad(), sitting.averaged():
        torch.manual_seed(0)
        picture: Any = draw(batch)
    product.train()
    sitting.logs.picture(sitting.progress.step, torch.as_tensor(picture).float().cpu().numpy())
    sitting.tell("samples")


@contextmanager
def _interrupts(sitting: Sitting) -> Generator[None]:
    """Turn the first Ctrl-C into a request to stop; the second one stops at once."""
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
