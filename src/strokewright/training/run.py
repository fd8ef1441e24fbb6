"""A run and its folder: `config.json`, `metrics.csv`, `checkpoints/`, `samples/`, at last `model/` as on the hub."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from strokewright.datasets.dataset import Dataset
from strokewright.errors import OptionError
from strokewright.files.atomic import write_atomically
from strokewright.models.pretrained import WEIGHTS_FILE, Pretrained, load_pretrained, model_name
from strokewright.training.checkpoints import list_checkpoints, read_progress
from strokewright.training.config import RunConfig, parse_overrides
from strokewright.training.data import BatchSource, make_source
from strokewright.training.logs import Row, read_metrics
from strokewright.training.loop import fit, setup
from strokewright.training.sitting import Callback, Sitting

Data = BatchSource | Dataset | str | Path
"""What to learn from: an object with `batch`, or what a recipe's sources take as `path`."""


class Run:
    """A training run on disk.

    Args:
        out: The run folder.

    Raises:
        OptionError: No run lies there.
    """

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)
        path = self.out / "config.json"
        if not path.exists():
            raise OptionError(f"{self.out}: expected a run folder, found no config.json; start one with train()")
        self.config = RunConfig.model_validate(json.loads(path.read_text("utf-8"))["config"])

    @property
    def finished(self) -> bool:
        """Whether its steps or minutes are used up and the final model is there."""
        checkpoints = list_checkpoints(self.out / "checkpoints")
        if not checkpoints or not (self.out / "model" / WEIGHTS_FILE).exists():
            return False
        progress = read_progress(checkpoints[-1])
        progress.measure(self.config.training)
        return progress.finished

    def metrics(self) -> list[Row]:
        """Return the rows of metrics.csv as text by column."""
        return read_metrics(self.out / "metrics.csv")

    def model(self) -> Pretrained:
        """Load the final model."""
        return load_pretrained(self.out / "model")

    def resume(
        self,
        data: Data | None = None,
        overrides: Iterable[str] = (),
        callback: Callback | None = None,
    ) -> Run:
        """Go on from the newest checkpoint to the end; a finished run does nothing unless it is given more to do.

        Args:
            data: As in `train`; needed again if the run was started with an object.
            overrides: Changes such as "training.steps=2000".
            callback: Hears every step.

        Raises:
            OptionError: A wrong override, or no data.
        """
        self.config = self.config.replaced(parse_overrides(overrides))
        if self.finished:
            return self
        return _train(self, data, callback)


def start(config: RunConfig, out: str | Path, data: Data | None = None, callback: Callback | None = None) -> Run:
    """Train a new run in the folder `out` to its end.

    Args:
        config: The whole run.
        out: A folder that holds no run yet.
        data: Batches to learn from in place of the config's: an object with `batch`, or the path for its sources.
        callback: Hears every step.

    Raises:
        OptionError: The folder holds a run, or there is no data.
    """
    out = Path(out)
    if (out / "checkpoints").exists():
        raise OptionError(f"{out}: a run lies there; resume it, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / "config.json", _describe(config, data))
    return _train(Run(out), data, callback)


def _train(run: Run, data: Data | None, callback: Callback | None) -> Run:
    train, held_out = _sources(run.config, data)
    run.config = _filled(run.config, train)
    sitting = setup(run.config, run.out, train, held_out, callback)
    if sitting.fabric.is_global_zero:
        write_atomically(run.out / "config.json", _describe(run.config, data))
    fit(sitting)
    _export(run, sitting)
    sitting.fabric.barrier()  # no process leaves the group while another one still writes
    if distributed.is_initialized():
        distributed.destroy_process_group()  # at the interpreter's exit its threads now and then abort the process
    return run


def _export(run: Run, sitting: Sitting) -> None:
    """Write the final (averaged) weights to `model/`."""
    if sitting.fabric.is_global_zero:
        with sitting.averaged():
            sitting.product.save_pretrained(run.out / "model", _card(run, sitting))
        sitting.tell("finished")


def _sources(config: RunConfig, data: Data | None) -> tuple[BatchSource, BatchSource | None]:
    if data is not None and not isinstance(data, str | Path | Dataset):
        spec = config.data
        held_out = None if spec is None or spec.evaluation is None else make_source(spec.evaluation, 0)
        return data, held_out
    if config.data is None:
        raise OptionError("data: this run names no source; pass an object with batch(index, batch_size) as data=")
    train, held_out = config.data.train, config.data.evaluation
    if data is not None:
        place = {"path": data if isinstance(data, Dataset) else str(data)}
        train = train.model_copy(update={"options": train.options | place})
        held_out = held_out and held_out.model_copy(update={"options": held_out.options | place})
    return make_source(train, config.training.seed), held_out and make_source(held_out, 0)


def _filled(config: RunConfig, train: BatchSource) -> RunConfig:
    """Put what the data decide of the model into its config: the source's `facts`, where the recipe says nothing."""
    facts: Mapping[str, Any] = getattr(train, "facts", {})
    return config.replaced(
        {f"model.config.{name}": value for name, value in facts.items() if name not in config.model.config}
    )


def _describe(config: RunConfig, data: Any) -> bytes:
    packages = ("strokewright", "torch", "numpy", "lightning-fabric", "safetensors")
    tree: Mapping[str, Any] = {
        "config": config.model_dump(mode="json"),
        "data": None if data is None else str(data) if isinstance(data, str | Path) else type(data).__qualname__,
        "made_by": {
            "command": sys.argv,
            "commit": _commit(),
            "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
            "threads": torch.get_num_threads(),
            "machine": platform.platform(),
        },
    }
    return (json.dumps(tree, indent=2) + "\n").encode()


def _commit() -> str:
    """Return the commit of the source tree this package runs from, or "" outside of one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _card(run: Run, sitting: Sitting) -> str:
    """Return the README of the final model."""
    options, progress, name = run.config.training, sitting.progress, model_name(type(sitting.product))
    lines = [
        f"---\nlibrary_name: strokewright\ntags: [{name}]\n---\n# {run.config.recipe or name}\n",
        f"Recipe `{run.config.recipe}`, {progress.step} steps of {options.batch_size} rows, seed {options.seed}.",
    ]
    if progress.best is not None:
        lines.append(
            f"Lowest {options.monitor} on the held-out batches: {progress.best:g}, at step {progress.best_step}."
        )
    return "\n".join(lines) + "\n"
