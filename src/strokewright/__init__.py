"""Strokewright: teach machines to draw. Pictures become ordered, editable strokes, and strokes become pictures.

The public names are found on first use, so `import strokewright` costs nothing: it imports neither torch nor NumPy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strokewright import errors as errors
    from strokewright.datasets import Dataset as Dataset
    from strokewright.drawing import Drawing as Drawing
    from strokewright.drawing import Stroke as Stroke
    from strokewright.models.sketch_rnn import SketchRNN as SketchRNN
    from strokewright.pipelines.load import load as load
    from strokewright.recipes import train as train
    from strokewright.recipes.canvas import train_canvas as train_canvas
    from strokewright.weights import Card

    def models() -> list[Card]:
        """List the cards of the bundled models: name, task, size, licence, data, metrics, limits."""
        ...


__version__ = "0.1.0"

_PUBLIC = {
    "Dataset": "strokewright.datasets",
    "Drawing": "strokewright.drawing",
    "SketchRNN": "strokewright.models.sketch_rnn",
    "Stroke": "strokewright.drawing",
    "load": "strokewright.pipelines.load",
    "train": "strokewright.recipes",
    "train_canvas": "strokewright.recipes.canvas",
}
"""Public name → the module that holds it."""

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "Dataset",
    "Drawing",
    "SketchRNN",
    "Stroke",
    "__version__",
    "errors",
    "load",
    "models",
    "train",
    "train_canvas",
]


class _Models(ModuleType):
    """The package strokewright.models, which can also be called: `sw.models()` lists the bundled models."""

    def __call__(self) -> list[Any]:
        """List the cards of the bundled models."""
        return import_module("strokewright.weights").cards()


class _Package(ModuleType):
    """This package. Python stores every imported subpackage on it, and `models` becomes callable on the way."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "models" and isinstance(value, ModuleType):
            value.__class__ = _Models
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name in ("models", "errors"):
        return import_module(f"strokewright.{name}")
    raise AttributeError(f"module 'strokewright' has no attribute {name!r}; public names: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
