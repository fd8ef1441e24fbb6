"""`strokewright bench`: the benchmarks of a source checkout."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import strokewright
from strokewright.errors import OptionError


def bench(
    name: str | None = None,
    /,
    *,
    quick: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Run a benchmark.

    Args:
        name: Which one; without it, print their names.
        quick: Score a slice in under a minute, and write nothing.
        json_lines: Print the result as one JSON object.
    """
    folder = _benchmark_dir()
    names = sorted(path.stem for path in folder.glob("*.py") if "\ndef run(" in path.read_text(encoding="utf-8"))
    if name is None:
        sys.stdout.write("\n".join(names) + "\n")
        return 0
    name = name.replace("-", "_")
    if name not in names:
        raise OptionError(f"bench: expected one of {', '.join(names)}, got {name!r}")
    sys.path.insert(0, str(folder.parent))
    result = importlib.import_module(f"benchmarks.{name}").run(quick)
    text = json.dumps(result, ensure_ascii=False)
    if not quick:
        results = folder / "results"
        results.mkdir(exist_ok=True)
        (results / f"{name}.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if json_lines:
        sys.stdout.write(text + "\n")
    else:
        _print_rows(result["rows"])
    return 0


def _benchmark_dir() -> Path:
    """Find the checkout's `benchmarks/`: beside the installed package's `src`, or in the current folder."""
    for root in (Path(strokewright.__file__).parents[2], Path.cwd()):
        if (root / "benchmarks" / "harness.py").is_file():
            return root / "benchmarks"
    raise OptionError(
        "bench: benchmarks come with the source checkout, not with the package; run this inside a checkout"
    )


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Print the rows as a table: case, metric, ours, bound, whether it is met, and who else measured what."""
    cells = [["case", "metric", "ours", "bound", "met", "reference", "source"]]
    for row in rows:
        met = {True: "yes", False: "NO", None: ""}[row.get("met")]
        bound, reference = row.get("bound"), row.get("reference")
        numbers = [_number(row["ours"]), _number(bound), met, _number(reference)]
        cells.append([row["case"], row["metric"], *numbers, row.get("reference_source") or ""])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _number(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
