"""Load a bundled model by its short name, ready to be called."""

from importlib import import_module
from typing import Any

from strokewright import weights


def load(name: str, device: str = "auto") -> Any:
    """Load a bundled model; no network is used.

    Args:
        name: Short name as in `models()`, for example "trace/lineart".
        device: "auto" (a GPU where there is one), "cpu" or "cuda".

    Returns:
        The pipeline that the model's card names (called as `load("trace/lineart")("scan.png")`), or, for a card without
        one, the model itself in evaluation mode.

    Raises:
        WeightsError: The name is unknown, or the file is missing or damaged.
    """
    card = weights.card(name)
    if not card.pipeline:
        return weights.load_model(name, device)
    module, _, attribute = card.pipeline.partition(":")
    return getattr(import_module(module), attribute)(name, device)
