"""`strokewright dataset`: your own drawings into a training set of sketch-rnn."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strokewright.cli.app import Exit
from strokewright.datasets import Dataset
from strokewright.datasets.step_sets import DEFAULT_STEPS, StepOptions, StepSet, join
from strokewright.errors import OptionError


def dataset(
    *inputs: str,
    output: Annotated[str, Parameter(name=["--output", "-o"])],
    options: Annotated[StepOptions, Parameter(name="*")] = DEFAULT_STEPS,
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Turn drawings into a training set of sketch-rnn, and say what was kept and why not.

    Args:
        inputs: Folders of drawings, or files that hold many; a drawing's class is its word, else its folder's name.
        output: The set to write, an .npz.
        options: How drawings become steps.
        json_lines: Print the report as one JSON object.
    """
    if not inputs or Path(output).suffix != ".npz":
        raise OptionError(f"dataset: expected drawings and an .npz to write, got {len(inputs)} inputs and {output!r}")
    whole = join([StepSet.from_dataset(Dataset.open(name), options) for name in inputs])
    whole.save(output)
    report = whole.report()
    if json_lines:
        facts = {"output": output, "classes": whole.words, "longest": int(whole.steps.max())}
        sys.stdout.write(json.dumps(facts | asdict(report)) + "\n")
    else:
        names = f", {len(whole.words)} classes: {', '.join(whole.words)}" if whole.words else ""
        sys.stdout.write(f"{output}: {report}\nlongest drawing {int(whole.steps.max())} steps{names}\n")
    return Exit.DONE
