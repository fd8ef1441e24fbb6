"""The canvas network: a learned imitation of any renderer, C(x, y) ≈ R(x, y), through which a drawer is trained.

A renderer is a black box that paints action rows on layers; the network learns from random actions and the layers
they came out as. Like the renderer it makes layers, which `render.composite.lay` puts on a canvas.

Presets: "coordinate" (`coordinate.py`), small and exact, does not see the canvas; "paper" (`paper.py`), a
convolutional network that sees it.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", sections 3.2 and 7.1.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.models.canvas_drawer.canvas.coordinate import CoordinateCanvas
from strokewright.models.canvas_drawer.canvas.fidelity import Fidelity, measure_fidelity
from strokewright.models.canvas_drawer.canvas.paper import PaperCanvas
from strokewright.models.pretrained import Pretrained
from strokewright.render.colour import DISTANCE, to_rgb_array
from strokewright.render.composite import lay
from strokewright.render.protocol import VOCABULARIES, ActionRenderer, Column, Vocabulary

_NEAR_PX = 3  # pixels at most so far from an edge count as near
_FLAT = 0.02  # ink that differs by less has no edge
_FAR_SHARE = 1 / 3  # pixels from anywhere, as a share of those near edges
_INK_WEIGHT = 4.0  # of inked pixels where whole canvases are compared
_TINY = 1e-4
_SHEET = 24
_ENTROPY_SHARE = 0.05  # of cross-entropy at the start: squared distance alone may settle on blank


class OwnVocabulary(BaseModel):
    """A vocabulary that is not in our table, as it travels with a network: all but how a mark is built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Column, ...] = Field(min_length=1, description="What each number of a row is, in order")
    shape: Literal["stroke", "box", "prism"] = Field("stroke", description="Which geometry the field columns describe")
    paint: Literal["ink", "lab"] = Field("ink", description="What a layer holds")
    views: int = Field(1, ge=1, le=8, description="Pictures of one mark")
    fixed_width_px: float | None = Field(None, description="Width of strokes that have no width columns")


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
    waves: int = Field(0, ge=0, le=64, description="coordinate: sines across a stroke's width; bristles need some")
    pixels: int = Field(120, ge=8, description="coordinate: pixels of a layer that a step looks at, about")
    channels: int = Field(32, ge=4, description="paper: channels of the residual layers")
    blocks: int = Field(3, ge=1, description="paper: residual layers")

    @model_validator(mode="after")
    def _known(self) -> CanvasNetworkConfig:
        if self.own is None and self.vocabulary not in VOCABULARIES:
            raise ValueError(f"vocabulary: expected one of {', '.join(VOCABULARIES)}, or the columns in `own`")
        return self

    def find_vocabulary(self) -> Vocabulary:
        """Return the vocabulary; one that is not in the table cannot build marks."""
        if self.own is None:
            return VOCABULARIES[self.vocabulary]
        own = self.own
        return Vocabulary(
            self.vocabulary,
            own.columns,
            shape=own.shape,
            paint=own.paint,
            views=own.views,
            fixed_width_px=own.fixed_width_px,
        )


class CanvasNetwork(Pretrained):
    """Paints actions as the renderer does that it was trained on, differentiably."""

    def __init__(self, config: CanvasNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = config.find_vocabulary()
        channels = self.vocabulary.views * (1 if self.vocabulary.paint == "ink" else 4)
        self.painter: CoordinateCanvas | PaperCanvas
        if config.preset == "coordinate":
            shape = (config.hidden, config.depth, config.reach_px, config.waves)
            self.painter = CoordinateCanvas(self.vocabulary, channels, *shape)
        else:
            sides = (len(self.vocabulary.columns), len(self.vocabulary.blank), channels)
            self.painter = PaperCanvas(*sides, config.size_px, config.channels, config.blocks)
        self._share = 1.0
        weight = torch.tensor((1.0,) if self.vocabulary.paint == "ink" else DISTANCE)
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
            Layers (batch, 1 or 4 a view, size, size) as of `ActionRenderer`; differentiable in the action.

        Raises:
            OptionError: Preset "paper", and a canvas of another size than it learned.
        """
        if isinstance(self.painter, CoordinateCanvas):
            return self.painter(action, canvas.shape[-1])
        return self.painter(action, canvas)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compare with what the renderer painted.

        The preset "coordinate" compares layers, in pixels near edges and a few anywhere; "paper" compares canvases,
        x' = lay(x, C(x, y)).

        Args:
            batch: `action` (batch, columns); `layer` (batch, 1 or 4 a view, size, size), the renderer's; optionally
                `canvas`, what was painted before.

        Returns:
            loss; pixels: squared error, of the chosen pixels or weighed by ink.
        """
        action, truth = batch["action"].float(), batch["layer"].float()
        if isinstance(self.painter, CoordinateCanvas):
            pixels, entropy = self._compare_pixels(self.painter, action, truth)
        else:
            before = batch["canvas"].float() if "canvas" in batch else self.blank(len(truth), truth.shape[-1])
            pixels, entropy = self._compare_canvases(before, action, truth)
        return {"loss": pixels + _ENTROPY_SHARE * (1 - self._share) * entropy, "pixels": pixels}

    def _compare_pixels(self, network: CoordinateCanvas, action: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        owner, place = self._choose(self._ink(truth).amax(dim=1)).nonzero(as_tuple=True)
        painted = self._by_view(network.paint_pixels(action, truth.shape[-1], owner, place))
        wanted = self._by_view(truth.flatten(2)[owner, :, place])
        error = (painted - wanted).square()
        pixels = error[..., -1].mean()
        if self.vocabulary.paint == "lab":  # a colour matters as much as it covers
            weight = self.get_buffer("_weight")[:, 0, 0].square()
            pixels = pixels + (error[..., :3] * weight).sum(-1).mul(wanted[..., -1]).mean()
        return pixels, F.binary_cross_entropy(painted[..., -1].clamp(_TINY, 1 - _TINY), wanted[..., -1])

    def _compare_canvases(self, before: Tensor, action: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        painted = self.layer(before, action)
        difference = self._difference(self.lay(before, painted), self.lay(before, truth))
        ink = self._ink(truth)
        pixels = (difference * (1 + _INK_WEIGHT * ink.amax(dim=1))).mean()
        return pixels, F.binary_cross_entropy(self._ink(painted), ink)

    def lay(self, canvas: Tensor, layer: Tensor) -> Tensor:
        """Lay each view of a layer on its canvas (batch, canvas channels, size, size); order alone says what hides."""
        views = self.vocabulary.views
        parts = zip(canvas.chunk(views, dim=1), layer.chunk(views, dim=1), strict=True)
        return torch.cat([lay(below, above) for below, above in parts], dim=1)

    def _by_view(self, values: Tensor) -> Tensor:
        """Split channels (…, channels) by view: (…, views, 1 or 4)."""
        return values.unflatten(-1, (self.vocabulary.views, -1))

    def _ink(self, layer: Tensor) -> Tensor:
        """How much each view is covered, (batch, views, size, size)."""
        return layer.unflatten(1, (self.vocabulary.views, -1))[:, :, -1]

    def _difference(self, a: Tensor, b: Tensor) -> Tensor:
        """Squared distance of canvases, (batch, size, size), a mean over views."""
        parts = (a - b).unflatten(1, (self.vocabulary.views, -1)) * self.get_buffer("_weight")
        return parts.square().sum(dim=2).mean(dim=1)

    def _choose(self, ink: Tensor) -> Tensor:
        """Choose pixels at random, most of them near edges of ink (batch, size, size): (batch, pixels) bool.

        In evaluation all that are near, so that the loss repeats.
        """
        near = (_spread(ink) + _spread(-ink)).flatten(1) > _FLAT
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
            truth: The renderer's layers, (n, 1 or 4 a view, size, size).

        Returns:
            Of the network, and of a blank canvas in its place; each (n,).
        """
        blank = self.blank(len(truth), truth.shape[-1])
        nothing = self._difference(blank, self.lay(blank, truth)).sum(dim=(1, 2))
        return self.layer_errors(self.layer(blank, action), truth), nothing

    def layer_errors(self, layer: Tensor, truth: Tensor) -> Tensor:
        """Sum squared errors of layers against the renderer's over each picture, on blank paper: (n,)."""
        blank = self.blank(len(truth), truth.shape[-1])
        return self._difference(self.lay(blank, layer), self.lay(blank, truth)).sum(dim=(1, 2))

    def fidelity(
        self, renderer: ActionRenderer | None = None, count: int = 512, seed: int = 2, size_px: int | None = None
    ) -> Fidelity:
        """Measure the error against the renderer on random actions it was not trained on.

        Args:
            renderer: The black box; None: the true renderer.
            count: How many actions, ≥ 1.
            seed: Seed of the actions; training takes 0 and 1.
            size_px: Side of the layers; None: the size it learned.

        Raises:
            OptionError: No renderer for a vocabulary that is not in the table, or layers of a wrong form.
        """
        if renderer is None and self.config.own is not None:
            raise OptionError(f"fidelity: {self.vocabulary.name} is your own vocabulary: pass renderer=")
        return measure_fidelity(self, renderer, count, seed, size_px or self.config.size_px)

    def samples(self, batch: dict[str, Tensor]) -> Tensor:
        """Make a sheet (3, height, width) of 24 triples: truth, painted, difference; every view of a mark in turn."""
        action, truth = batch["action"][:_SHEET].float(), batch["layer"][:_SHEET].float()
        blank = self.blank(len(truth), truth.shape[-1])
        with torch.no_grad():
            pictures = [self.shown(self.lay(blank, layer)) for layer in (truth, self.layer(blank, action))]
        triples = torch.cat([*pictures, 1 - (pictures[0] - pictures[1]).abs()], dim=3)
        triples = F.pad(triples, (2, 2, 2, 2), value=0.5)
        triples = F.pad(triples, (0, 0, 0, 0, 0, 0, 0, -len(triples) % 3))
        return triples.unflatten(0, (-1, 3)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)

    def shown(self, canvas: Tensor) -> Tensor:
        """Turn canvases into sRGB (batch, 3, height, width · views)."""
        views = torch.cat(canvas.cpu().chunk(self.vocabulary.views, dim=1), dim=3)
        if self.vocabulary.paint == "ink":
            return 1 - views.expand(-1, 3, -1, -1)
        return torch.from_numpy(to_rgb_array(views.permute(0, 2, 3, 1).numpy())).permute(0, 3, 1, 2)

    def blank(self, batch: int, size_px: int) -> Tensor:
        """Return empty canvases (batch, canvas channels, size, size)."""
        return self.get_buffer("_paper").expand(batch, -1, size_px, size_px)


def _spread(ink: Tensor) -> Tensor:
    """Return the maximum over the pixels around each (batch, size, size), rows first, then columns, for speed."""
    rows = F.max_pool2d(ink, (2 * _NEAR_PX + 1, 1), 1, (_NEAR_PX, 0))
    return F.max_pool2d(rows, (1, 2 * _NEAR_PX + 1), 1, (0, _NEAR_PX))
