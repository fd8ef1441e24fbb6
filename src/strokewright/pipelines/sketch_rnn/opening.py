"""Open a sketch-rnn from wherever it lies: bundled, a model or run folder, a safetensors file, or Magenta's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from strokewright import weights
from strokewright.errors import OptionError
from strokewright.models.sketch_rnn import SketchRNN

DEFAULT_MODEL = "sketch/doodles"
MAGENTA_SUFFIXES = (".json", ".json.gz")


@dataclass(frozen=True)
class Opened:
    """A model that was opened.

    Args:
        name: As it goes into the metadata of drawings.
        model: In evaluation mode.
        imported: Whether it comes from Magenta's JSON, whose unit is that of the drawing app, not of any data at hand.
    """

    name: str
    model: SketchRNN
    imported: bool = False


def open_model(source: str | Path | SketchRNN, device: str = "auto") -> Opened:
    """Open a model.

    Args:
        source: Short name of a bundled model, a folder or file, or a model.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        WeightsError: No such model, or a damaged file.
        OptionError: The name is that of another kind of model.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if isinstance(source, SketchRNN):
        return Opened("sketch-rnn", source.to(device).eval())
    path = Path(source)
    if path.name.lower().endswith(MAGENTA_SUFFIXES):
        return Opened(path.name.partition(".")[0], SketchRNN.from_magenta(path, device), imported=True)
    model = weights.open_model(source, device)
    if not isinstance(model, SketchRNN):
        raise OptionError(
            f"{source}: expected a sketch-rnn, got {type(model).__name__}; choose one such as {DEFAULT_MODEL}"
        )
    return Opened(str(source), model)
