"""The room chooser: which candidates of a plan are rooms, and of which colour; all of them are looked at together.

A candidate is a token: two small pictures of it with its rectangle painted in by the box renderer, its place and size
in the plan, and what the room drawer's cells say. The tokens of a plan look at each other, through a bias that knows
how they stand, and give a distribution over nothing and the room classes, and how well the rectangle fits. The loss is

    types + fit + canvas

where the canvas is the paper's: all candidates are painted by the differentiable box renderer, large ones first, in
their colours, as opaque as they are likely to be rooms; its squared distance to the map of the rooms is the loss. So a
candidate also learns to leave to another what that other one paints.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.canvas_drawer.rooms.candidates import CROP, FACTS
from strokewright.models.canvas_drawer.rooms.drawer import ROOM_CODES
from strokewright.models.canvas_drawer.rooms.evidence import PICTURE_PX
from strokewright.models.canvas_drawer.rooms.tokens import (
    CHANNELS,
    HEADS,
    PLACES,
    RELATIONS,
    Layer,
    convolution,
    outlined,
    places,
    relations,
)
from strokewright.models.pretrained import Pretrained
from strokewright.render.box import coverage

CANVAS = 32
"""Side of the canvas of the loss; coverage is exact, so it may be coarse."""
STEPS_PX = 16
"""Places in a batch are whole sixteenths of a pixel: mixed precision would round floats to 8 bits."""


class RoomChooserConfig(BaseModel):
    """Shape and loss of a room chooser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(96, ge=8, multiple_of=4, description="Width of a token")
    layers: int = Field(3, ge=0, le=12, description="How often the tokens look at each other")
    channels: tuple[int, int, int] = Field((16, 32, 48), description="Widths of the pictures' encoder")
    dropout: float = Field(0.2, ge=0, lt=1, description="Share of the features that training blanks")
    smoothing: float = Field(0.05, ge=0, lt=1, description="Label smoothing of the types")
    fit_weight: float = Field(0.5, ge=0, description="Of the fit of the rectangles")
    canvas_weight: float = Field(1.0, ge=0, description="Of the canvas's squared distance to the map")


class RoomChooser(Pretrained):
    """Chooses the rooms among a plan's candidates."""

    def __init__(self, config: RoomChooserConfig) -> None:
        super().__init__()
        self.config = config
        width, (first, second, third) = config.width, config.channels
        self.look = nn.Sequential(
            *convolution(CHANNELS, first), *convolution(first, second), *convolution(second, third), nn.Flatten()
        )
        self.seen = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(third * (CROP // 8) ** 2, width))
        self.place = nn.Sequential(nn.Linear(PLACES, width), nn.GELU(), nn.Linear(width, width))
        self.told = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(FACTS, width))
        self.relate = nn.Sequential(nn.Linear(RELATIONS, 32), nn.GELU(), nn.Linear(32, HEADS * max(1, config.layers)))
        self.layers = nn.ModuleList(Layer(width, config.dropout) for _ in range(config.layers))
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 + len(ROOM_CODES)))

    def forward(
        self, crops: Tensor, boxes: Tensor, facts: Tensor, links: Tensor, span: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Judge the candidates of a batch of plans.

        Args:
            crops: (batch, n, 4, 40, 40) in [0, 1].
            boxes: In pixels (batch, n, 4).
            facts: (batch, n, 27).
            links: (batch, n, n), 1 where two candidates have a door in common.
            span: The box around the whole drawing (batch, 4).
            present: Which candidates there are (batch, n), bool; the others pad.

        Returns:
            Logits of nothing and the room classes (batch, n, 10), logits of the rectangle's IoU (batch, n).
        """
        seen = self.seen(self.look(outlined(crops[present], boxes[present])))
        tokens = self.place(places(boxes, span)) + self.told(facts)
        tokens = tokens + torch.zeros_like(tokens).masked_scatter(present[..., None], seen.to(tokens))
        bias = self.relate(relations(boxes, links)).movedim(-1, 1).masked_fill(~present[:, None, None], -1e4)
        for index, layer in enumerate(self.layers):
            tokens = layer(tokens, bias[:, HEADS * index : HEADS * (index + 1)])
        out = self.out(tokens).float()
        return out[..., :-1], out[..., -1]

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compare the choice with the rooms.

        Args:
            batch: As for `forward`, but crops as bytes, and boxes and span times `STEPS_PX`; `types` (batch, n), 0 =
                nothing, 1 to 9 = a room class, -1 = padding; `fit` (batch, n), IoU with the nearest room; `map` (batch,
                10, 32, 32), what the canvas should look like.

        Returns:
            loss and its parts: types, fit, canvas; wrong: share of candidates whose type is not the likeliest.
        """
        present = batch["types"] >= 0
        boxes, span = batch["boxes"].float() / STEPS_PX, batch["span"].float() / STEPS_PX
        logits, fit = self(batch["crops"].float() / 255, boxes, batch["facts"], batch["links"], span, present)
        types = F.cross_entropy(logits[present], batch["types"][present], label_smoothing=self.config.smoothing)
        fits = F.binary_cross_entropy_with_logits(fit[present], batch["fit"][present].float())
        shares = logits.softmax(dim=2) * present[..., None]
        canvas = (paint(boxes, shares) - batch["map"].float()).square().sum(dim=1).mean()
        return {
            "loss": types + self.config.fit_weight * fits + self.config.canvas_weight * canvas,
            "types": types,
            "fit": fits,
            "canvas": canvas,
            "wrong": (logits.argmax(dim=2) != batch["types"])[present].float().mean(),
        }


def paint(boxes: Tensor, shares: Tensor, softness_px: float = 0.0) -> Tensor:
    """Paint a plan's rectangles on one canvas, large ones first.

    Args:
        boxes: In pixels of the picture (batch, n, 4).
        shares: (batch, n, 10): of nothing, and of the room classes; their sum over the classes is the opacity.
        softness_px: Of the edges, in pixels of the canvas.

    Returns:
        (batch, 10, 32, 32): how much of each place is bare, and how much of each class's colour.
    """
    batch, count = boxes.shape[:2]
    size = (boxes[..., 2:] - boxes[..., :2]).detach().prod(dim=2)
    order = size.argsort(dim=1, descending=True, stable=True)
    boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4)) * (CANVAS / PICTURE_PX)
    shares = shares.gather(1, order[..., None].expand_as(shares))[..., 1:]
    ink = coverage(boxes.flatten(0, 1), (CANVAS, CANVAS), softness_px).unflatten(0, (batch, count))
    ink = ink * shares.sum(dim=2)[..., None, None]
    # What a rectangle leaves to see is what those painted after it let through.
    through = torch.cat([(1 - ink).flip(1).cumprod(dim=1).flip(1)[:, 1:], torch.ones_like(ink[:, :1])], dim=1)
    colour = shares / shares.sum(dim=2, keepdim=True).clamp(min=1e-6)
    rooms = torch.einsum("bnc,bnhw->bchw", colour, ink * through)
    return torch.cat([(1 - ink).prod(dim=1, keepdim=True), rooms], dim=1)
