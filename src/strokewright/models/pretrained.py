"""Save and load of models in the hub's layout: `config.json`, `model.safetensors`, `README.md`.

The config travels twice: as `config.json` for people and the hub, and as JSON in the header of the safetensors file, so
that this one file is enough to rebuild the model. Nothing is pickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_type_hints

import pydantic
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from strokewright.errors import OptionError, WeightsError
from strokewright.files.atomic import write_atomically
from strokewright.models import find_model, model_table

WEIGHTS_FILE = "model.safetensors"
_HEADER_KEY = "strokewright"


class Pretrained(nn.Module):
    """Gives a model `save_pretrained` and `from_pretrained`.

    The model's constructor takes one argument `config`, a pydantic model, and keeps it as `self.config`.
    """

    config: Any

    def begin_as(self, known: Pretrained) -> None:
        """Take the weights of a trained model, to learn on from them. Raises RuntimeError for one of another shape."""
        self.load_state_dict(known.state_dict())

    def save_pretrained(self, folder: str | Path, card: str = "", dtype: torch.dtype | None = None) -> None:
        """Write config.json, model.safetensors and README.md; each file appears whole or not at all.

        Args:
            folder: Where to; made if missing.
            card: Text of README.md; "" keeps one that is there, or writes two lines.
            dtype: Floating type in the file, e.g. torch.float16; None keeps the model's.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        name = model_name(type(self))
        readme = folder / "README.md"
        if card or not readme.exists():
            write_atomically(readme, (card or f"# {name}\n\nA Strokewright model; load it by its folder.\n").encode())
        write_atomically(folder / "config.json", (json.dumps(self._description(), indent=2) + "\n").encode())
        write_atomically(folder / WEIGHTS_FILE, self.to_bytes(dtype))

    def to_bytes(self, dtype: torch.dtype | None = None) -> bytes:
        """Return the safetensors file: weights in `dtype` (None: as they are), config in the header."""
        tensors = {
            name: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).contiguous().clone()
            for name, tensor in self.state_dict().items()
        }
        return save(tensors, {_HEADER_KEY: json.dumps(self._description())})

    @classmethod
    def from_pretrained(cls, source: str | Path, device: str | torch.device = "cpu") -> Self:
        """Rebuild a model from its folder or its safetensors file, in evaluation mode and single precision.

        Args:
            source: A folder written by `save_pretrained`, or the safetensors file alone.
            device: Where the model goes.

        Raises:
            WeightsError: Missing or damaged file, another model's file, or a config or weights that do not fit.
        """
        path = _weights_path(source)
        description, tensors = _read(path)
        name = model_name(cls)
        if description["model"] != name:
            raise WeightsError(
                f"{path}: expected weights of {name}, got those of {description['model']}; load that model"
            )
        try:
            model = cls(config_class(cls).model_validate(description["config"]))
        except pydantic.ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise WeightsError(
                f"{path}: the config in its header does not fit {name}: {where}: {problem['msg']}; "
                "it was made by another version: install that one, or train again"
            ) from error
        _fill(model, tensors, path)
        return model.to(device).eval()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build an untrained model from the fields of its config that differ from the defaults.

        Raises:
            OptionError: No such field (the message lists those there are), or a value outside its range.
        """
        kind = config_class(cls)
        try:
            return cls(kind.model_validate(dict(options)))
        except pydantic.ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            fields = ", ".join(kind.model_fields)
            raise OptionError(
                f"{model_name(cls)} config, {where}: {problem['msg']}, got {problem['input']!r}; fields: {fields}"
            ) from error

    def _description(self) -> dict[str, Any]:
        return {"model": model_name(type(self)), "config": self.config.model_dump(mode="json")}


def load_pretrained(source: str | Path, device: str | torch.device = "cpu") -> Pretrained:
    """Rebuild whichever model of the table a folder or safetensors file holds.

    Raises:
        WeightsError: As `Pretrained.from_pretrained`; also a model that the table does not know.
    """
    path = _weights_path(source)
    name = _read(path)[0]["model"]
    if name not in model_table():  # a file must not choose which module is imported
        raise WeightsError(f"{path}: holds a model {name!r} that is not in the table; load it with its own class")
    return find_model(name).from_pretrained(path, device)


def config_class(model_class: type) -> type[pydantic.BaseModel]:
    """Return the config class of a model: the type of its constructor's argument `config`."""
    return get_type_hints(model_class.__init__)["config"]


def model_name(model_class: type) -> str:
    """Return the table's name of a model class, or "module:Class" if the table does not list it."""
    place = f"{model_class.__module__}:{model_class.__qualname__}"
    package = f"{model_class.__module__.rpartition('.')[0]}:{model_class.__qualname__}"
    return next((name for name, value in model_table().items() if value in (place, package)), place)


def _weights_path(source: str | Path) -> Path:
    path = Path(source)
    path = path / WEIGHTS_FILE if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(f"{path}: expected a model folder or a .safetensors file, found none; check the path")
    return path


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_HEADER_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
        description = json.loads(header) if header else {}
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path}: not a whole safetensors file ({error}); fetch or train it again") from error
    if not isinstance(description, dict) or not {"model", "config"} <= description.keys():
        raise WeightsError(f"{path}: expected model and config in its header, found none; save it by save_pretrained")
    return description, tensors


def _fill(model: nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise WeightsError(
            f"{path}: {len(wrong)} tensors do not fit; {name}: expected shape {wanted.get(name, 'none')}, "
            f"got {found.get(name, 'none')}; the file belongs to another version of this model"
        )
    model.load_state_dict(tensors)  # copies into the model's own single precision
