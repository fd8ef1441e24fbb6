"""`strokewright train`: train a model by a recipe. Under torchrun the first process alone speaks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from strokewright.cli.app import Exit
from strokewright.errors import OptionError
from strokewright.recipes import find_recipe
from strokewright.recipes import train as train_recipe

if TYPE_CHECKING:
    from strokewright.training.run import Run
    from strokewright.training.sitting import Callback, Event


def train(
    recipe: str,
    /,
    *,
    data: Annotated[str | None, Parameter(name="--data")] = None,
    out: Annotated[str, Parameter(name=["--out", "-o"])],
    overrides: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    minutes: float | None = None,
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Train a model by a recipe; if the run folder holds a stopped run of it, go on with that.

    Args:
        recipe: Name of the recipe; an unknown one lists those there are.
        data: Where the recipe's data lies; by default where the recipe says.
        out: The run folder.
        overrides: A field of the run to change, as training.steps=1000; may be given several times.
        minutes: Budget of training time; the learning rate falls to its end within it.
        json_lines: Print one JSON object an event on standard output.
        dry_run: Print the whole run as JSON, and do nothing.
    """
    from strokewright.training.config import parse_overrides

    chosen = [*(overrides or []), *([] if minutes is None else [f"training.minutes={minutes}"])]
    config = find_recipe(recipe).replaced(parse_overrides(chosen))
    if dry_run:
        sys.stdout.write(config.model_dump_json(indent=2) + "\n")
        return Exit.DONE
    with _listener(json_lines) as callback:
        run = _resume(recipe, out, data, chosen, callback) or train_recipe(recipe, data, out, None, chosen, callback)
    if os.environ.get("RANK", "0") == "0":
        sys.stderr.write(
            f"{run.out}: {'finished' if run.finished else 'stopped; the same command goes on from here'}\n"
        )
    return Exit.DONE if run.finished else Exit.INTERRUPTED


def _resume(recipe: str, out: str, data: str | None, overrides: list[str], callback: Callback) -> Run | None:
    """Go on with the run in the folder; None if it holds none."""
    from strokewright.training.run import Run

    if not (Path(out) / "checkpoints").exists():
        return None
    run = Run(out)
    if run.config.recipe != recipe:
        raise OptionError(f"{out}: holds a run of {run.config.recipe!r}, not of {recipe!r}; choose another folder")
    return run.resume(data, overrides, callback)


def _glance(name: str, value: float) -> str:
    return f", {name.rpartition('.')[2].replace('_', ' ')} {value:.2g}"


@contextmanager
def _listener(json_lines: bool) -> Generator[Callback]:
    """Show events: JSON lines on standard output, or a bar on a terminal; evaluations are lines on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    hidden = not console.is_terminal or os.environ.get("RANK", "0") != "0"
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("training", total=1.0)

        def hear(event: Event) -> None:
            if json_lines:
                sys.stdout.write(json.dumps(asdict(event)) + "\n")
            if event.kind == "step":
                loss = event.values.get("loss")
                note = "" if loss is None else f", loss {loss:.4g}"
                note += "".join(_glance(name, event.values[name]) for name in event.watched if name in event.values)
                bar.update(task, completed=event.share, description=f"step {event.step} of {event.steps}{note}")
            elif event.kind not in ("samples", "checkpoint"):
                values = ", ".join(f"{name} {value:.4g}" for name, value in event.values.items())
                console.print(f"step {event.step}: {event.kind.replace('_', ' ')} {values}".rstrip(), markup=False)

        yield hear
