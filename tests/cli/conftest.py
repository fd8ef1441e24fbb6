import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from strokewright.cli.app import run


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str
    out_bytes: bytes


@pytest.fixture
def strokewright(capfdbinary, monkeypatch) -> Callable[..., Result]:
    """Run a command line in this process: `strokewright("convert", "a.svg", stdin=b"…")`."""

    def call(*words: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        code = run([str(word) for word in words])
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode("utf-8", "replace"), err.decode(), out)

    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    return call
