"""Checkpoints: one safetensors file each, written atomically, no pickle.

A file holds the weights (`model.…`), their average (`average.…`) and the optimiser's tensors (`optimiser.…`); its
header holds the step and the counters as JSON. There is no random state to keep: every step draws from a generator
seeded by (seed, step). Kept are the newest two, and the newest one of a planned step, where a roll-back goes to.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from strokewright.errors import WeightsError
from strokewright.files.atomic import write_atomically
from strokewright.training.config import TrainingOptions

_KEY = "strokewright.training"
KEEP = 2


@dataclass
class Progress:
    """Where a run is; everything but the tensors that a checkpoint must keep."""

    step: int = 0  # batches used so far = index of the next one
    seconds: float = 0.0  # training time over all sittings
    sittings: int = 1  # how often it was started or resumed
    share: float = 0.0  # of the schedule, 0 to 1
    bad_in_a_row: int = 0
    bad: int = 0
    best: float | None = None
    best_step: int | None = None
    finished: bool = False
    sums: dict[str, float] = field(default_factory=dict[str, float])  # since the last row of metrics
    counted: int = 0

    def add(self, values: dict[str, float]) -> None:
        """Count a good step: its numbers go into the next row of metrics."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.counted += 1
        self.bad_in_a_row = 0

    def measure(self, options: TrainingOptions) -> None:
        """Work out how much of the steps or minutes is used up; a resumed run may have been given more of both."""
        spent = 0.0 if options.minutes is None else self.seconds / (60 * options.minutes)
        self.share = min(1.0, max(self.step / options.steps, spent))
        self.finished = self.share >= 1

    def take_means(self) -> dict[str, float]:
        """Return the means since the last row and begin the next one."""
        means = {name: total / self.counted for name, total in self.sums.items()}
        self.sums, self.counted = {}, 0
        return means


Tensors = dict[str, torch.Tensor]


def write_checkpoint(folder: Path, parts: dict[str, Tensors], progress: Progress, planned_every: int) -> Path:
    """Write `step-….safetensors` into `folder` and remove the ones no longer kept."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous().clone()
        for part, named in parts.items()
        for name, tensor in named.items()
    }
    path = folder / f"step-{progress.step:09d}.safetensors"
    write_atomically(path, save(tensors, {_KEY: json.dumps(asdict(progress))}))
    for old in _surplus(folder, planned_every):
        old.unlink(missing_ok=True)
    return path


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files that a killed process left in a run folder."""
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def last_planned(folder: Path, planned_every: int) -> Path | None:
    """Return the newest checkpoint of a planned step: the same one however often the run was interrupted."""
    planned = [path for path in list_checkpoints(folder) if _step(path) % planned_every == 0]
    return planned[-1] if planned else None


def read_checkpoint(path: Path) -> tuple[dict[str, Tensors], Progress]:
    """Return the parts and the progress of a checkpoint. Raises WeightsError for a damaged file."""
    with _opened(path) as file:
        progress = _progress(file)
        parts: dict[str, Tensors] = {}
        for name in file.keys():  # noqa: SIM118  # not a dict
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = file.get_tensor(name)
    return parts, progress


def read_progress(path: Path) -> Progress:
    """Return the progress of a checkpoint without its tensors. Raises WeightsError for a damaged file."""
    with _opened(path) as file:
        return _progress(file)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: not a whole checkpoint ({error}); delete it to resume from the one before"
        ) from error


def _progress(file: Any) -> Progress:
    return Progress(**json.loads(file.metadata()[_KEY]))


def optimiser_tensors(optimiser: torch.optim.Optimizer, names: list[str]) -> Tensors:
    """Return an optimiser's state as `weight/key` → tensor; `names` are the weights in the optimiser's order."""
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {
        f"{names[number]}/{key}": value
        for number, entries in state.items()
        for key, value in entries.items()
        if isinstance(value, torch.Tensor)
    }


def load_optimiser(optimiser: torch.optim.Optimizer, names: list[str], tensors: Tensors) -> None:
    """Put back what `optimiser_tensors` took; the groups (rates, decays) stay those of the config."""
    number = {name: i for i, name in enumerate(names)}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for place, tensor in tensors.items():
        name, _, key = place.rpartition("/")
        state.setdefault(number[name], {})[key] = tensor.clone()
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _surplus(folder: Path, planned_every: int) -> list[Path]:
    keep = {*list_checkpoints(folder)[-KEEP:], last_planned(folder, planned_every)}
    return [path for path in list_checkpoints(folder) if path not in keep]
