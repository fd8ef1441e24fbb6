"""The room namer: the types of the rooms of a plan, once it is known which rectangles are rooms.

The chooser tells rooms from other rectangles well, types less so. Here only the rooms are tokens, so what a room's
company says (`company.py`) is exact; each number goes in as a few bins, which nets learn from more easily. Several
members of the same shape judge apart, and their mean shares count: from 639 plans each learns some errors of its own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.canvas_drawer.rooms.candidates import CROP, FACTS
from strokewright.models.canvas_drawer.rooms.company import COMPANY_COLUMNS
from strokewright.models.canvas_drawer.rooms.drawer import ROOM_CODES
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

ROOM_FACTS = FACTS + COMPANY_COLUMNS
_EDGES = (-2.0, -1.2, -0.7, -0.35, 0.0, 0.35, 0.7, 1.2, 2.0)
"""Of the bins of a number, in its standard deviations."""


class RoomNamerConfig(BaseModel):
    """Shape and loss of a room namer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = Field(8, ge=1, le=16, description="Nets that judge apart")
    width: int = Field(64, ge=8, multiple_of=4, description="Width of a token")
    layers: int = Field(2, ge=1, le=12, description="How often the tokens look at each other")
    channels: tuple[int, int, int] = Field((8, 16, 32), description="Widths of the pictures' encoder")
    dropout: float = Field(0.3, ge=0, lt=1, description="Share of the features that training blanks")
    facts_dropout: float = Field(0.2, ge=0, lt=1, description="Share of the facts' bins that training blanks")
    smoothing: float = Field(0.05, ge=0, lt=1, description="Label smoothing of the types")


class RoomNamer(Pretrained):
    """Names the rooms of a plan."""

    def __init__(self, config: RoomNamerConfig) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.BatchNorm1d(ROOM_FACTS, affine=False, momentum=0.02)
        self.members = nn.ModuleList(_Member(config) for _ in range(config.members))

    def forward(
        self, crops: Tensor, boxes: Tensor, facts: Tensor, links: Tensor, span: Tensor, present: Tensor
    ) -> Tensor:
        """Name the rooms of a batch of plans.

        Args:
            crops: (batch, n, 4, 40, 40) in [0, 1].
            boxes: In pixels (batch, n, 4).
            facts: (batch, n, 86): of the candidate, and of its company.
            links: (batch, n, n), 1 where two rooms have a door in common.
            span: The box around the whole drawing (batch, 4).
            present: Which rooms there are (batch, n), bool; the others pad.

        Returns:
            Logits of the room classes (members, batch, n, 9).
        """
        edges = torch.tensor(_EDGES).to(facts)
        bins = (self.norm(facts[present])[..., None] - edges[:-1]) / (edges[1:] - edges[:-1])
        bins = bins.clamp(0, 1).flatten(1) - 0.5
        pictures = outlined(crops[present], boxes[present])
        place, relation = places(boxes, span), relations(boxes, links)
        return torch.stack([member(pictures, bins, place, relation, present) for member in self.members]).float()

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compare the names with the true ones.

        Args:
            batch: As for `forward`, but crops as bytes; `types` (batch, n), 0 to 8 = a room class, -1 = padding.

        Returns:
            loss, the members' mean; wrong: share of rooms whose likeliest type by all members is not the true one;
            surprise: its mean negative log share.
        """
        present = batch["types"] >= 0
        inputs = [batch[name] for name in ("boxes", "facts", "links", "span")]
        logits = self(batch["crops"].float() / 255, *inputs, present)[:, present]
        types = batch["types"][present]
        loss = F.cross_entropy(logits.flatten(0, 1), types.repeat(len(logits)), label_smoothing=self.config.smoothing)
        shares = logits.softmax(dim=2).mean(dim=0)
        return {
            "loss": loss,
            "wrong": (shares.argmax(dim=1) != types).float().mean(),
            "surprise": F.nll_loss(shares.clamp(min=1e-9).log(), types),
        }


class _Member(nn.Module):
    """One of the nets."""

    def __init__(self, config: RoomNamerConfig) -> None:
        super().__init__()
        width, (first, second, third) = config.width, config.channels
        self.look = nn.Sequential(
            *convolution(CHANNELS, first),
            *convolution(first, second),
            *convolution(second, third),
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(third * (CROP // 8) ** 2, width),
        )
        self.told = nn.Sequential(
            nn.Dropout(config.facts_dropout),
            nn.Linear(ROOM_FACTS * (len(_EDGES) - 1), width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
        )
        self.place = nn.Sequential(nn.Linear(PLACES, width), nn.GELU(), nn.Linear(width, width))
        self.relate = nn.Sequential(nn.Linear(RELATIONS, 32), nn.GELU(), nn.Linear(32, HEADS * config.layers))
        self.layers = nn.ModuleList(Layer(width, config.dropout) for _ in range(config.layers))
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(ROOM_CODES)))

    def forward(self, pictures: Tensor, bins: Tensor, place: Tensor, relation: Tensor, present: Tensor) -> Tensor:
        """Return logits (batch, n, 9)."""
        tokens = self.place(place)
        own = self.look(pictures) + self.told(bins)
        tokens = tokens + torch.zeros_like(tokens).masked_scatter(present[..., None], own)
        bias = self.relate(relation).movedim(-1, 1).masked_fill(~present[:, None, None], -1e4)
        for index, layer in enumerate(self.layers):
            tokens = layer(tokens, bias[:, HEADS * index : HEADS * (index + 1)])
        return self.out(tokens)
