"""`load("prisms/boxes")`: front, side and top of a scene → its boxes in the cube."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from strokewright import weights
from strokewright.drawing import Drawing, Prism
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import Drawer
from strokewright.pipelines.batch import Source
from strokewright.pipelines.prisms.refine import fit
from strokewright.pipelines.prisms.views import Views
from strokewright.render.colour import to_rgb_array

DEFAULT_MODEL = "prisms/boxes"
DEFAULT_STEPS = 100


class Boxes:
    """Three orthogonal pictures in, one to three prisms out.

    The views are those of `strokewright.drawing.solids`: front, side from the right, and top from above.

    Args:
        name: Short name of a bundled drawer of prisms.
        device: Where the drawer runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The name is unknown, or the file is missing or damaged.
        OptionError: The name is that of another kind of model.
    """

    def __init__(self, name: str = DEFAULT_MODEL, device: str = "auto") -> None:
        model = weights.load_model(name, device)
        if not isinstance(model, Drawer) or model.vocabulary.shape != "prism":
            raise OptionError(f"{name}: expected a drawer of prisms, got another model; choose one of task prisms")
        self.name = name
        self.drawer = model

    def __call__(self, front: Any, side: Any, top: Any, steps: int = DEFAULT_STEPS) -> Drawing:
        """Find the boxes behind three pictures (paths, bytes, streams, PIL images or arrays).

        Args:
            front: Square picture of the cube's front, on paper of one colour.
            side: Its right side.
            top: Its top, the front at the bottom.
            steps: Gradient steps that move the drawer's boxes onto the pictures; 0: none.

        Returns:
            Prisms in the unit cube; none for blank pictures.

        Raises:
            FormatError: A picture that cannot be read, is not square, or is smaller than 24 px a side.
            OptionError: steps outside 0 to 1,000.
        """
        if not 0 <= steps <= 1000:
            raise OptionError(f"steps: expected 0 to 1000, got {steps}")
        return find_boxes(self.drawer, Views.read(front, side, top), steps).replace(maker=self.name)


def find_boxes(drawer: Drawer, views: Views, steps: int) -> Drawing:
    """Draw the boxes of three views by a drawer, and fit them; see `Boxes`."""
    hint = views.on_white(drawer.config.size_px)[None].to(next(drawer.parameters()).device)
    rows = drawer.draw(hint)[0].cpu()
    colours = torch.from_numpy(to_rgb_array(rows[:, 6:9].numpy()))
    return to_prisms(fit(torch.cat([rows[:, :6], colours, rows[:, 9:]], dim=1), views, steps))


def to_prisms(rows: Tensor) -> Drawing:
    """Turn rows (boxes, 10), sRGB in place of LAB, into a drawing of prisms."""
    scene = rows.double().numpy()
    low, high = np.minimum(scene[:, :3], scene[:, 3:6]), np.maximum(scene[:, :3], scene[:, 3:6])
    marks = (Prism(a, b, colour) for a, b, colour in zip(low, high, scene[:, 6:9].tolist(), strict=True))
    return Drawing(tuple(marks))


@dataclass(frozen=True)
class BoxesFile:
    """The work on one scene: three pictures in, a file of prisms out; the front is what it is called with."""

    model: str
    side: Path
    top: Path
    steps: int

    def drawing(self, front: Source) -> Drawing:
        """Find the boxes."""
        return _loaded(self.model)(front, self.side, self.top, self.steps)

    def __call__(self, front: Source, output: Path) -> dict[str, float]:
        """Find the boxes and write them; return how many there are. Raises EmptyError for blank pictures."""
        drawing = self.drawing(front)
        drawing.save(output)
        return {"boxes": len(drawing.marks)}


@cache
def _loaded(model: str) -> Boxes:
    return Boxes(model)
