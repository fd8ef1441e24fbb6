"""The models: one paper, one folder. This file is their table; importing it imports no model and no torch.

A new model is one folder and one line here, or an entry point of the group `strokewright.models` in another package.
"""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any

from strokewright.errors import OptionError

MODELS: dict[str, str] = {
    "air": "strokewright.models.painter.air:Air",
    "canvas-network": "strokewright.models.canvas_drawer.canvas.network:CanvasNetwork",
    "draw": "strokewright.models.painter.draw:Draw",
    "drawer": "strokewright.models.canvas_drawer:Drawer",
    "line-drawer": "strokewright.models.canvas_drawer:LineDrawer",
    "photo-classifier": "strokewright.models.sketch2img.classifier:PhotoClassifier",
    "photo-judge": "strokewright.models.sketch2img.judge:PhotoJudge",
    "painter": "strokewright.models.painter:Painter",
    "room-chooser": "strokewright.models.canvas_drawer.rooms.chooser:RoomChooser",
    "room-drawer": "strokewright.models.canvas_drawer.rooms.drawer:RoomDrawer",
    "room-namer": "strokewright.models.canvas_drawer.rooms.namer:RoomNamer",
    "sketch-rnn": "strokewright.models.sketch_rnn:SketchRNN",
    "sketch2img": "strokewright.models.sketch2img:Sketch2Img",
}


def model_table() -> dict[str, str]:
    """Return name → "module:Class" of our models and of those that other packages bring as entry points."""
    return {entry.name: entry.value for entry in entry_points(group="strokewright.models")} | MODELS


def find_model(name: str) -> type[Any]:
    """Import the model class of that name, or of that "module:Class".

    Raises:
        OptionError: No such model.
    """
    table = model_table()
    if name not in table and ":" not in name:
        near = get_close_matches(name, table, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(sorted(table))}"
        raise OptionError(f'model: expected a name from the table or "module:Class", got {name!r}; {hint}')
    return import_object(table.get(name, name))


def import_object(place: str) -> Any:
    """Import what "module:name" points to.

    Raises:
        OptionError: The text has no colon, the module cannot be found, or it holds no such name.
    """
    module_name, colon, name = place.partition(":")
    if not colon:
        raise OptionError(f'expected "module:name", got {place!r}')
    try:
        return getattr(importlib.import_module(module_name), name)
    except ModuleNotFoundError as error:
        raise OptionError(f"{place}: no module {error.name!r}; check the spelling, or install its package") from error
    except AttributeError as error:
        raise OptionError(f"{place}: {module_name} holds no {name!r}; check the spelling") from error
