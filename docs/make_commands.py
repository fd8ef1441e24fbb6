"""Write docs/commands.md from the commands' own help: python docs/make_commands.py. A test says when it is stale."""

import io
from pathlib import Path

from rich.console import Console

from strokewright.cli.app import COMMANDS, build

PAGE = Path(__file__).parent / "commands.md"


def page() -> str:
    """The page's text."""
    parts = ["# Commands\n\nMade by `python docs/make_commands.py` from `--help`; do not edit.\n"]
    for words in ([], *([name] for name in COMMANDS)):
        title = " ".join(["strokewright", *words])
        parts.append(f"## {title}\n\n```\n{help_text(words)}```\n")
    return "\n".join(parts)


def help_text(words: list[str]) -> str:
    """What `strokewright … --help` prints, 110 columns wide and without colour."""
    stream = io.StringIO()
    console = Console(file=stream, width=110, no_color=True, force_terminal=False)
    build()([*words, "--help"], console=console, result_action="return_value")
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
