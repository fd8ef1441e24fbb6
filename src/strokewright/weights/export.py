"""Put a trained model into the package: its file in half precision, and its card. For maintainers, after a recipe."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from strokewright.errors import WeightsError
from strokewright.files.atomic import write_atomically
from strokewright.models.pretrained import Pretrained, model_name
from strokewright.weights import CARDS_PATH, FILES_DIR, Card, cards

_HEAD = "# The bundled models. Written by strokewright.weights.export; sizes and hashes are those of the files.\n"


def export(
    model: Pretrained,
    name: str,
    *,
    dtype: torch.dtype = torch.float16,
    cards_path: Path = CARDS_PATH,
    files_dir: Path = FILES_DIR,
    **facts: Any,
) -> Card:
    """Write a model's weights file and its card; facts not given are kept from the card it had.

    Args:
        model: The trained model.
        name: Short name, e.g. "trace/lineart"; the file is called trace-lineart.safetensors.
        dtype: Floating type in the file; half the size costs about 1/1000 of each weight's value.
        cards_path: The list of cards to change.
        files_dir: Where the file goes.
        facts: The card's other fields: task, pipeline, recipe, seed, data, licence, metrics, limits.

    Raises:
        WeightsError: Weights that are not finite in `dtype`.
        pydantic.ValidationError: A fact is missing or wrong.
    """
    too_large = [
        key
        for key, value in model.state_dict().items()
        if value.is_floating_point() and not value.to(dtype).isfinite().all()
    ]
    if too_large:
        raise WeightsError(
            f"{name}: expected weights finite in {dtype}, got others in {too_large[0]}; choose torch.float32"
        )
    content = model.to_bytes(dtype)
    others = {entry.name: entry for entry in cards(cards_path)} if cards_path.exists() else {}
    known = asdict(others[name]) if name in others else {"pipeline": "", "metrics": {}, "limits": ""}
    own: dict[str, Any] = {
        "name": name,
        "file": f"{name.replace('/', '-')}.safetensors",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "model": model_name(type(model)),
    }
    entry = Card(**{**known, **facts, **own})
    files_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(files_dir / entry.file, content)
    text = _HEAD + "".join(_to_toml(item) for item in {**others, name: entry}.values())
    write_atomically(cards_path, text.encode())
    return entry


def _to_toml(entry: Card) -> str:
    def value(fact: Any) -> str:
        if isinstance(fact, dict):
            return "{ " + ", ".join(f"{json.dumps(key)} = {value(inner)}" for key, inner in fact.items()) + " }"
        return json.dumps(fact, ensure_ascii=False)

    return "\n[[card]]\n" + "".join(f"{key} = {value(fact)}\n" for key, fact in asdict(entry).items())
