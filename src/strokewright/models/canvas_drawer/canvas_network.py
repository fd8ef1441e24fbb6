"""The canvas network: a learned imitation of any renderer, C(x, y) ≈ R(x, y), through which a drawer is trained.

A renderer is a black box that paints action rows on layers; the network learns from random actions and the layers
they came out as. Like the renderer it makes layers, which `render.composite.lay` puts on a canvas.

Presets: "coordinate" (`canvas_coordinate.py`), small and exact, does not see the canvas; "paper" (`canvas_paper.py`), a
convolutional network that sees it.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", sections 3.2 and 7.1.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from strokewright.drawing.drawing import Mark
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer.canvas_coordinate import CoordinateCanvas
from strokewright.models.pretrained import Pretrained
from strokewright.render.colour import DISTANCE
from strokewright.render.composite import lay
from strokewright.render.protocol import VOCABULARIES, Column, Floats, Vocabulary

_NEAR_PX = 3  # pixels at most so far from ink count as near
_FAR_SHARE = 1 / 8  # of the pixels that a step looks at, those that lie anywhere
_ENTROPY_SHARE = 0.05  # of cross-entropy at the start: squared distance alone may settle on blank


class OwnVocabulary(BaseModel):
    """A vocabulary that is not in our table, as it travels with a network: all but how a mark is built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Column, ...] = Field(min_length=1, description="What each number of a row is, in order")
    shape: Literal["stroke", "box"] = Field("stroke", description="Which geometry the field columns describe")
    paint: Literal["ink", "lab"] = Field("ink", description="What a layer holds")


class CanvasNetworkConfig(BaseModel):
    """Shape of a canvas network, and what it learns from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: str = Field("quadratic", description="What an action's columns mean: a name in the table, or `own`'s")
    own: OwnVocabulary | None = Field(None, description="The vocabulary itself, if it is not in the table")
    preset: Literal["coordinate", "paper"] = Field("coordinate", description="coordinate | paper")
    size_px: int = Field(64, ge=8, le=512, description="Side of the layers it learns from")
    hidden: int = Field(48, ge=4, description="coordinate: width of the layers")
    depth: int = Field(3, ge=1, le=8, description="coordinate: how many layers")
    reach_px: float = Field(2.0, gt=0, description="coordinate: farthest ink from the path, beyond half the width")
    pixels: int = Field(120, ge=8, description="coordinate: pixels of a layer that a step looks at, about")

    @model_validator(mode="after")
    def _known(self) -> CanvasNetworkConfig:
        if self.own is None and self.vocabulary not in VOCABULARIES:
            raise ValueError(f"vocabulary: expected one of {', '.join(VOCABULARIES)}, or the columns in `own`")
        return self

    def find_vocabulary(self) -> Vocabulary:
        """Return the vocabulary; one that is not in the table cannot build marks."""
        if self.own is None:
            return VOCABULARIES[self.vocabulary]
        return Vocabulary(self.vocabulary, self.own.columns, no_mark, self.own.shape, self.own.paint)


class CanvasNetwork(Pretrained):
    """Paints actions as the renderer does that it was trained on, differentiably."""

    def __init__(self, config: CanvasNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = config.find_vocabulary()
        channels = 1 if self.vocabulary.paint == "ink" else 4
        self.painter = CoordinateCanvas(self.vocabulary, channels, config.hidden, config.depth, config.reach_px)
        self._share = 1.0
        weight = torch.tensor(DISTANCE if channels == 4 else (1.0,))
        self.register_buffer("_weight", weight[:, None, None], False)
        self.register_buffer("_paper", torch.tensor(self.vocabulary.blank)[:, None, None], False)

    def set_progress(self, share: float) -> None:
        """Hear how much of the training is done, 0 to 1: cross-entropy fades out."""
        self._share = share

    def layer(self, canvas: Tensor, action: Tensor) -> Tensor:
        """Paint one action for each canvas.

        Args:
            canvas: What is painted already, (batch, canvas channels, size, size); its side is the field's.
            action: (batch, columns) in [0, 1].

        Returns:
            Layers (batch, 1 or 4, size, size) as of `ActionRenderer`; differentiable in the action.
        """
        return self.painter(action, canvas.shape[-1])

    def paint(self, canvas: Tensor, action: Tensor) -> Tensor:
        """Paint one action onto each canvas: x' = lay(x, C(x, y))."""
        return lay(canvas, self.layer(canvas, action))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compare pixels near the ink, and a few anywhere, with what the renderer painted.

        Args:
            batch: `action` (batch, columns), and `layer` (batch, 1 or 4, size, size), the renderer's.

        Returns:
            loss; pixels: squared error of the chosen pixels.
        """
        action, truth = batch["action"].float(), batch["layer"].float()
        chosen = self._choose(truth[:, -1])
        owner, place = chosen.nonzero(as_tuple=True)
        logits = self.painter.logits(action, truth.shape[-1], owner, place)
        wanted = truth.flatten(2)[owner, :, place]
        error = (logits.sigmoid() - wanted).square()
        pixels = error[:, -1].mean()
        if wanted.shape[1] == 4:  # a colour matters as much as it covers
            pixels = pixels + (error[:, :3] * self.get_buffer("_weight")[:, 0, 0] ** 2 * wanted[:, 3:]).sum(1).mean()
        entropy = F.binary_cross_entropy_with_logits(logits[:, -1], wanted[:, -1])
        return {"loss": pixels + _ENTROPY_SHARE * (1 - self._share) * entropy, "pixels": pixels}

    def _choose(self, ink: Tensor) -> Tensor:
        """Choose pixels at random, most of them near ink (batch, size, size): (batch, pixels) bool.

        In evaluation all that are near, so that the loss repeats.
        """
        near = F.max_pool2d(ink[:, None], 2 * _NEAR_PX + 1, 1, _NEAR_PX).flatten(1) > 0
        if not self.training:
            return near
        share = self.config.pixels / near.sum(1, keepdim=True).clamp(min=1)
        anywhere = self.config.pixels * _FAR_SHARE / near.shape[1]
        return torch.rand_like(ink.flatten(1)) < torch.where(near, share, anywhere)

    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure whole pictures on blank paper.

        Returns:
            error_share: squared error ÷ that of the blank canvas; mse: squared error, a mean over pixels.
        """
        error, ink = self.errors(batch["action"].float(), batch["layer"].float())
        pixels = batch["layer"][0, 0].numel()
        return {"error_share": float(error.sum() / ink.sum()), "mse": float(error.mean()) / pixels}

    @torch.no_grad()
    def errors(self, action: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Sum squared errors over each picture, on blank paper.

        Args:
            action: (n, columns) in [0, 1].
            truth: The renderer's layers, (n, 1 or 4, size, size).

        Returns:
            Of the network, and of a blank canvas in its place; each (n,).
        """
        blank = self.blank(len(truth), truth.shape[-1])
        weight, wanted = self.get_buffer("_weight"), lay(blank, truth)
        painted = lay(blank, self.layer(blank, action))
        parts = [((picture - wanted) * weight).square().sum(dim=(1, 2, 3)) for picture in (painted, blank)]
        return parts[0], parts[1]

    def blank(self, batch: int, size_px: int) -> Tensor:
        """Return empty canvases (batch, canvas channels, size, size)."""
        return self.get_buffer("_paper").expand(batch, -1, size_px, size_px)


def no_mark(row: Floats) -> Mark:
    """Refuse to build a mark: what a row of a user's own vocabulary looks like, only the user's renderer knows."""
    raise OptionError("a vocabulary that came with a canvas network has no marks; render its actions by your renderer")
