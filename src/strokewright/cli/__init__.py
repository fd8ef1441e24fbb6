"""The commands: thin wrappers that turn options into pipeline calls, and errors into one line and an exit code."""

from strokewright.cli.app import main

__all__ = ["main"]
