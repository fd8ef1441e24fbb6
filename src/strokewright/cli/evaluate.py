"""`strokewright eval`: measure a model on held-out data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from strokewright.errors import OptionError

if TYPE_CHECKING:
    from strokewright.training.config import RunConfig

_MAGENTA = (".json", ".json.gz")


def evaluate(
    model: str,
    data: str | None = None,
    /,
    *,
    split: str | None = None,
    label: str | None = None,
    batches: int = 8,
    batch_size: int = 64,
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Measure a model on the held-out data of its recipe, or a sketch-rnn on any drawings.

    Args:
        model: Short name of a bundled model, a run folder, or a sketch-rnn's folder or Magenta JSON.
        data: Where the data lies; by default where the recipe says.
        split: Measure a sketch-rnn on all of this split of the data (train, valid, test); batches are then not counted.
        label: Class of drawings that carry no word, for a sketch-rnn that knows several.
        batches: How many batches, at least 1.
        batch_size: Rows in each, at least 1.
        json_lines: Print one JSON object.
    """
    if batches < 1 or batch_size < 1:
        raise OptionError(f"eval: expected at least 1 batch of 1 row, got {batches} of {batch_size}")
    if split is not None or model.lower().endswith(_MAGENTA):
        return _report(_of_sketches(model, data, split or "test", label), {"model": model, "data": data}, json_lines)
    network, config = _load(model)
    from strokewright.training.data import make_source
    from strokewright.training.evaluate import evaluate as score

    source = config.data and config.data.evaluation
    if source is None:
        raise OptionError(f"eval: the recipe {config.recipe!r} names no held-out data")
    if data is not None:
        source = source.model_copy(update={"options": source.options | {"path": data}})
    metrics = score(network, make_source(source, 0), batches, batch_size)
    facts = {"model": model, "recipe": config.recipe, "data": data, "rows": batches * batch_size}
    return _report(metrics, facts, json_lines)


def _report(metrics: dict[str, float], facts: dict[str, Any], json_lines: bool) -> int:
    if json_lines:
        sys.stdout.write(json.dumps(facts | {"metrics": metrics}) + "\n")
    else:
        width = max(map(len, metrics))
        sys.stdout.writelines(f"{name:{width}}  {value:.6g}\n" for name, value in metrics.items())
    return 0


def _of_sketches(model: str, data: str | None, split: str, label: str | None) -> dict[str, float]:
    """Measure a sketch-rnn on a split of any drawings."""
    if data is None:
        raise OptionError("eval: expected drawings to measure this model on, got none; name a data set or a file")
    from strokewright.pipelines.sketch_rnn import Sketcher

    return Sketcher(model).evaluate(data, split, label=label)


def _load(model: str) -> tuple[Any, RunConfig]:
    """Load a bundled model or a run's, and the run config that says what data it is measured on."""
    if Path(model).is_dir():
        from strokewright.training.run import Run

        run = Run(model)
        return run.model(), run.config
    from strokewright import weights
    from strokewright.recipes import find_recipe

    card = weights.card(model)
    return weights.load_model(model), find_recipe(card.recipe)
