"""`strokewright models`: the bundled models."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from strokewright.errors import OptionError

if TYPE_CHECKING:
    from strokewright.weights import Card


def models(
    action: Literal["list", "show"] = "list",
    name: str | None = None,
    /,
    *,
    json_lines: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """List the bundled models, or show one.

    Args:
        action: list, or show NAME.
        name: Which model to show.
        json_lines: Print one JSON object a model.
    """
    from strokewright import weights

    if (action == "show") != (name is not None):
        raise OptionError("models: expected `models list` or `models show NAME`; `models list` prints the names")
    cards = weights.cards() if name is None else [weights.card(name)]
    facts = [_facts(card) for card in cards]
    if json_lines:
        for fact in facts:
            sys.stdout.write(json.dumps(fact, ensure_ascii=False) + "\n")
    elif name is None:
        _print_table(facts)
    else:
        for key, value in facts[0].items():
            sys.stdout.write(f"{key:12} {_text(value)}\n")
    return 0


def _facts(card: Card) -> dict[str, Any]:
    """A card's fields as plain JSON values, and its size for people."""
    return asdict(card) | {"size": card.size}


def _text(value: object) -> str:
    return ", ".join(f"{k} {v:g}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def _print_table(facts: list[dict[str, Any]]) -> None:
    rows = [[str(fact[key]) for key in ("name", "size", "licence", "task")] for fact in facts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
