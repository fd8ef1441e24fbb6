"""The bundled models: `cards.toml` says what each one is, `files/` holds its weights. Loading needs `models/` alone.

Every file's SHA-256 stands in its card and is checked before the file is opened.
"""

from __future__ import annotations

import hashlib
import tomllib
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from strokewright.errors import WeightsError

if TYPE_CHECKING:  # listing the cards imports no torch
    from strokewright.models.pretrained import Pretrained

CARDS_PATH = Path(__file__).parent / "cards.toml"
FILES_DIR = Path(__file__).parent / "files"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Card:
    """All that is known about one bundled model.

    Args:
        name: Short name, `verb/what`, as in `load("trace/lineart")`.
        task: What it does, one line.
        file: File name in `weights/files`.
        sha256: Of that file, 64 hex digits.
        size_bytes: Of that file.
        model: Name in the table of models.
        pipeline: "module:Class" that makes it callable, "" for the bare model.
        recipe: Recipe that trained it.
        seed: Seed of that run.
        data: What it was trained on.
        licence: Of the weights, which follows from the data's.
        metrics: Measured with this very file, and where models are compared the pictures it saw: name → number.
        limits: What it cannot do.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    task: str
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(gt=0)]
    model: str
    pipeline: str
    recipe: str
    seed: int
    data: str
    licence: str
    metrics: dict[str, float]
    limits: str

    @property
    def size(self) -> str:
        """Size of the file for people, e.g. "3.2 MB"."""
        return f"{self.size_bytes / 1e6:.1f} MB"


def cards(path: Path = CARDS_PATH) -> list[Card]:
    """Return the cards of all bundled models, in the order of the file.

    Raises:
        WeightsError: The list itself is damaged.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("card", [])
        return TypeAdapter(list[Card]).validate_python(entries)
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise WeightsError(f"{path}: not a list of model cards ({error}); repair it by `{repair(path)}`") from error


def card(name: str) -> Card:
    """Return the card of one model.

    Raises:
        WeightsError: No such model; the message lists those there are.
    """
    known = {entry.name: entry for entry in cards()}
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise WeightsError(f"no bundled model {name!r}; {hint}there are: {', '.join(known) or 'none yet'}")
    return known[name]


def load_model(name: str, device: str = "auto") -> Pretrained:
    """Load a bundled model in evaluation mode; no network is used.

    Args:
        name: Short name as on its card.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        WeightsError: An unknown name, or a file that is missing or not the one of the card.
    """
    import torch

    from strokewright.models.pretrained import load_pretrained

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return load_pretrained(checked_path(card(name)), device)


def open_model(source: str | Path, device: str = "auto") -> Pretrained:
    """Load a bundled model by its short name, or one of your own from its file, its folder or the folder of its run.

    Args:
        source: Short name, which goes before a path of the same name, or a path.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        WeightsError: No such model, or a damaged file.
    """
    import torch

    from strokewright.models.pretrained import WEIGHTS_FILE, load_pretrained

    path = Path(source)
    if not path.exists() or str(source) in {entry.name for entry in cards()}:
        return load_model(str(source), device)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    final = path / "model"  # where a run keeps its final model
    return load_pretrained(final if (final / WEIGHTS_FILE).is_file() else path, device)


def checked_path(entry: Card, folder: Path = FILES_DIR) -> Path:
    """Return the path of a card's file once its SHA-256 has been found right.

    Raises:
        WeightsError: The file is missing or another one; the message holds the command that repairs it.
    """
    path = folder / entry.file
    if not path.is_file():
        raise WeightsError(f"{entry.name}: expected its weights in {path}, found none; run `{repair(path)}`")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry.sha256:
        raise WeightsError(
            f"{entry.name}: {path} is damaged: expected SHA-256 {entry.sha256}, got {found}; run `{repair(path)}`"
        )
    return path


def repair(path: Path) -> str:
    """Return the command that puts a bundled file back: by git in a clone, else by pip."""
    clone = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if clone is not None:
        return f"git -C {clone} checkout -- {path.relative_to(clone)}"
    return f"pip install --force-reinstall --no-deps strokewright=={version('strokewright')}"
