"""What a training run is: one frozen RunConfig, which a recipe returns and a run folder keeps. No torch here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strokewright.errors import OptionError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """Where batches come from: a callable, which returns a `training.data.BatchSource`, and its arguments."""

    make: str = Field(description='"module:callable" that builds the source; it also receives `seed`')
    options: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments of the callable")


class ModelSpec(_Frozen):
    """Which model, and the fields of its config that differ from the defaults."""

    name: str = Field(description='Name in the table of models, or "module:Class"')
    config: dict[str, Any] = Field(default_factory=dict, description="Fields of the model's own config")
    start: str = Field(
        default="", description="Weights to begin with: a bundled model's name or a model folder; empty: random ones"
    )


class DataSpec(_Frozen):
    """The batches to learn from and the ones to evaluate on."""

    train: Source
    evaluation: Source | None = Field(
        default=None, description="Held-out batches; its seed is 0 unless its options say so"
    )


class TurnOptions(_Frozen):
    """What differs in one turn of a model that takes several in a step, as a GAN does."""

    rate_share: float = Field(default=1.0, gt=0, description="Its learning rate as a share of the run's")
    betas: tuple[float, float] | None = Field(default=None, description="Adam's decays; none: the run's")


class TrainingOptions(_Frozen):
    """How to train. Intervals are in steps; 0 switches one off."""

    steps: int = Field(default=1000, ge=1, description="Optimiser steps of the whole run")
    minutes: float | None = Field(
        default=None,
        gt=0,
        description="Budget of training time; the schedule then ends with whichever of both is used up first",
    )
    batch_size: int = Field(default=64, ge=1, description="Rows of a step in each process")
    seed: int = Field(default=0, ge=0, description="Seed of the weights, the batches and all noise")
    optimiser: Literal["adam", "adamw", "sgd"] = Field(default="adam", description="adam | adamw | sgd")
    learning_rate: float = Field(default=1e-3, gt=0, description="Highest learning rate")
    betas: tuple[float, float] = Field(
        default=(0.9, 0.999), description="Adam's two decays; sgd uses the first as momentum"
    )
    turns: dict[str, TurnOptions] = Field(default_factory=dict, description="Turn of the model → what differs in it")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay")
    warmup_steps: int = Field(default=0, ge=0, description="Steps in which the learning rate rises from 0")
    schedule: Literal["constant", "cosine", "exponential"] = Field(
        default="cosine", description="Learning rate after the warm-up: constant | cosine | exponential"
    )
    final_rate: float = Field(
        default=0.01, ge=0, le=1, description="Share of the learning rate left at the end of the cosine or decay"
    )
    rate_decay: float = Field(
        default=0.9999, gt=0, le=1, description="What a step leaves of the rate above the final one, if exponential"
    )
    clip_norm: float | None = Field(
        default=1.0, gt=0, description="Largest norm of the whole gradient; none: no clipping"
    )
    clip_value: float | None = Field(
        default=None, gt=0, description="Largest entry of the gradient, either sign; none: no clipping"
    )
    ema_decay: float = Field(default=0.0, ge=0, lt=1, description="Decay of the averaged weights; 0: no average")
    precision: Literal["32-true", "bf16-mixed"] = Field(default="32-true", description="32-true | bf16-mixed")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto | cpu | cuda; several: start with torchrun"
    )
    log_every: int = Field(default=50, ge=1, description="Rows of metrics.csv are means over so many steps")
    evaluate_every: int = Field(default=1000, ge=0, description="Evaluate on the held-out batches")
    evaluation_batches: int = Field(default=8, ge=1, description="Held-out batches an evaluation takes")
    monitor: str = Field(default="loss", description="Evaluation value whose lowest point marks the best weights")
    sample_every: int = Field(default=1000, ge=0, description="Write a sheet of pictures, if the model makes one")
    checkpoint_every: int = Field(
        default=1000, ge=1, description="Steps between checkpoints; one is also where a roll-back goes"
    )
    checkpoint_minutes: float | None = Field(
        default=10.0, gt=0, description="Also one after so many minutes; none: never"
    )
    patience: int = Field(
        default=10, ge=1, description="Bad batches in a row (loss or gradient not finite) before giving up"
    )
    prefetch: int = Field(default=2, ge=0, description="Batches made ahead by a thread")


class RunConfig(_Frozen):
    """A whole run: what a recipe returns."""

    recipe: str = Field(default="", description="Name of the recipe it came from")
    model: ModelSpec
    data: DataSpec | None = Field(default=None, description="None: the caller passes the data")
    training: TrainingOptions = TrainingOptions()

    def replaced(self, changes: Mapping[str, Any]) -> RunConfig:
        """Return a copy with dotted fields changed, e.g. {"training.steps": 1000, "model.config.steps": 4}.

        Raises:
            OptionError: No such field (the message lists those there are), or a value outside its range.
        """
        tree = self.model_dump(mode="json")
        for path, value in changes.items():
            _set(tree, path, value)
        try:
            return type(self).model_validate(tree)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise OptionError(f"{where}: {problem['msg']}, got {problem['input']!r}") from error


def parse_overrides(overrides: Iterable[str]) -> dict[str, Any]:
    """Read "training.steps=1000" texts; values are JSON where they can be (`null`, `true`, `[0.9, 0.99]`), else text.

    Raises:
        OptionError: A text without "=".
    """
    changes: dict[str, Any] = {}
    for text in overrides:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise OptionError(f"override: expected field=value like training.steps=1000, got {text!r}")
        try:
            changes[path.strip()] = json.loads(value)
        except ValueError:
            changes[path.strip()] = value.strip()
    return changes


def _set(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set one dotted field; below `model.config` and `options` the receiving class checks the name later."""
    *parents, last = path.split(".")
    node: Any = tree
    for depth, name in enumerate(parents):
        if not isinstance(node, dict) or name not in node or node[name] is None:
            raise _no_field(path, ".".join(parents[:depth]), node)
        node = node[name]
    free = parents[:2] == ["model", "config"] or "options" in parents
    if not isinstance(node, dict) or (last not in node and not free):
        raise _no_field(path, ".".join(parents), node)
    node[last] = value


def _no_field(path: str, parent: str, node: Any) -> OptionError:
    fields = [f"{parent}.{name}".lstrip(".") for name in node] if isinstance(node, dict) else []
    near = get_close_matches(path, fields, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return OptionError(f"{path}: no such field; {hint}there are: {', '.join(fields) or 'none here'}")
