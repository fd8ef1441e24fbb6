"""The room drawer: a floor plan in, coloured rectangles out, so that their canvas looks like the map of the rooms.

Every cell of 8 × 8 pixels proposes the rectangle of the room it lies in, the room's colour (a distribution over the
classes), and how good its rectangle is. Training compares three things with the map:

    loss = colours (a mean over cells, and one over rooms) + rectangles (1 - generalised IoU, and the logs of the sides)
           + quality + canvas

The canvas is the paper's: one rectangle a room, as a cell of it proposes, painted large ones first by the
differentiable box renderer in the colour that its cells give it; its squared distance to the map is the loss.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", section 4.3. Differs from the paper in
the renderer (exact instead of learned), in rectangles proposed by all cells at once instead of one after the other, and
in that the map's connected areas are told to the cells: from pixels alone 639 plans do not teach where rooms end.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.models.canvas_drawer.rooms.batches import CELL_PX
from strokewright.models.canvas_drawer.rooms.evidence import CHANNELS, PICTURE_PX
from strokewright.models.pretrained import Pretrained
from strokewright.render.box import coverage

CLASSES = 12
CELLS = PICTURE_PX // CELL_PX
NOT_ROOMS = (0, 2, 8)
ROOM_CODES = tuple(code for code in range(CLASSES) if code not in NOT_ROOMS)
_LEAK = 0.2
_CANVAS = 32  # side of the canvas: coverage is exact, so it may be coarse
_SHUFFLE = 4
_OUTPUTS = CLASSES + 4 + 1


class RoomDrawerConfig(BaseModel):
    """Shape and loss of a room drawer; the picture is 512 px, its cells 8 px."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[int, int, int, int] = Field(
        (32, 64, 96, 160), description="Widths at 1/4, 1/8, 1/16, 1/32 of the side; multiples of 8"
    )
    blocks: tuple[int, int, int, int] = Field((0, 1, 2, 2), description="Residual blocks on the way down")
    attention: int = Field(2, ge=0, le=8, description="Layers in which all places at 1/32 look at each other")
    dropout: float = Field(0.1, ge=0, lt=1, description="Share of the coarse features that training blanks")
    smoothing: float = Field(0.05, ge=0, lt=1, description="Label smoothing of the colours")
    room_weight: float = Field(1.0, ge=0, description="Of the colours' mean over rooms")
    box_weight: float = Field(1.0, ge=0, description="Of the rectangles")
    quality_weight: float = Field(0.5, ge=0, description="Of the quality")
    canvas_weight: float = Field(2.0, ge=0, description="Of the canvas's squared distance to the map")


class Cells(NamedTuple):
    """What the cells propose.

    Args:
        colours: Logits of the classes (batch, 12, 64, 64).
        boxes: x0, y0, x1, y1 in pixels (batch, 4, 64, 64); they hold the cell's centre.
        quality: Logit of the rectangle's IoU with its room's (batch, 64, 64).
    """

    colours: Tensor
    boxes: Tensor
    quality: Tensor


class RoomDrawer(Pretrained):
    """Proposes the rooms of a floor plan."""

    def __init__(self, config: RoomDrawerConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse, top = config.channels
        inputs = (_SHUFFLE**2 + CHANNELS, fine, middle, coarse)
        self.down = nn.ModuleList(
            nn.Sequential(_Step(before, after, 1 if level == 0 else 2), *(_Residual(after) for _ in range(count)))
            for level, (before, after, count) in enumerate(zip(inputs, config.channels, config.blocks, strict=True))
        )
        self.look = nn.ModuleList(_Attention(top, config.dropout) for _ in range(config.attention))
        side = CELLS // 4
        self.places = nn.Parameter(torch.zeros(1, side * side, top)) if config.attention else None
        self.drop = nn.Dropout2d(config.dropout)
        self.up_coarse = nn.Sequential(_Step(top + coarse, coarse, size=1), _Residual(coarse))
        self.up_middle = nn.Sequential(_Step(coarse + middle, middle, size=1), _Residual(middle))
        self.propose = nn.Linear(middle, _OUTPUTS)
        nn.init.normal_(self.propose.weight, std=0.02)
        nn.init.zeros_(self.propose.bias)
        centre = (torch.arange(CELLS) + 0.5) * CELL_PX
        self.register_buffer("_x", centre.expand(CELLS, CELLS), False)
        self.register_buffer("_y", centre[:, None].expand(CELLS, CELLS), False)

    def forward(self, ink: Tensor, evidence: Tensor) -> Cells:
        """Let every cell propose.

        Args:
            ink: (batch, 512, 512) in [0, 1].
            evidence: (batch, 10, 128, 128), of `evidence.py`.
        """
        seen = torch.cat([F.pixel_unshuffle(ink[:, None], _SHUFFLE), evidence], dim=1)
        seen = seen.contiguous(memory_format=torch.channels_last)
        levels: list[Tensor] = []
        for stage in self.down:
            seen = stage(seen)
            levels.append(seen)
        seen = self._look_around(levels[3])
        seen = self.up_coarse(torch.cat([_double(self.drop(seen)), levels[2]], dim=1))
        seen = self.up_middle(torch.cat([_double(self.drop(seen)), levels[1]], dim=1))
        with torch.autocast(ink.device.type, enabled=False):
            out = self.propose(seen.float().movedim(1, -1)).movedim(-1, 1)
        return Cells(out[:, :CLASSES], self._to_boxes(out[:, CLASSES : CLASSES + 4], evidence), out[:, -1])

    def _look_around(self, seen: Tensor) -> Tensor:
        """Let all places look at each other (batch, channels, 16, 16)."""
        if self.places is None:
            return seen
        rows = seen.flatten(2).transpose(1, 2) + self.places
        for layer in self.look:
            rows = layer(rows)
        return rows.transpose(1, 2).unflatten(2, seen.shape[2:])

    def _to_boxes(self, out: Tensor, evidence: Tensor) -> Tensor:
        """Turn what the net adds to the logs of the distances to the connected area's sides into corners."""
        known = evidence[:, 1:5].float()
        known = F.avg_pool2d(known, 2) / F.avg_pool2d((known > 0).float(), 2).clamp(min=0.25)
        sides = CELL_PX * torch.expm1(F.softplus(known + 4 * out, beta=4).clamp(max=5))
        centre = torch.stack([self.get_buffer("_x"), self.get_buffer("_y")])
        return torch.cat([centre - sides[:, :2], centre + sides[:, 2:]], dim=1)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compare the proposals and their canvas with the map.

        Args:
            batch: As `PlanBatches` gives it.

        Returns:
            loss and its parts: colours, room_colours, boxes, quality, canvas.
        """
        cells = self(batch["ink"].float() / 255, batch["evidence"])
        smoothing = self.config.smoothing
        types, rooms = batch["types"], batch["rooms"]
        colours = F.cross_entropy(cells.colours, types, label_smoothing=smoothing)
        plan, row, column = rooms.nonzero(as_tuple=True)
        number = _consecutive(plan * (int(rooms.max()) + 1) + rooms[plan, row, column])
        wanted = batch["boxes"][plan, row, column]
        logits, proposed = cells.colours[plan, :, row, column], cells.boxes[plan, :, row, column]
        quality = cells.quality[plan, row, column]
        first = _one_each(number, any_cell=self.training)
        pooled = _mean_each(logits, number)
        room_types = types[plan, row, column][first]
        room_colours = F.cross_entropy(pooled, room_types, label_smoothing=smoothing)
        overlap, spread = box_overlap(proposed, wanted)
        logs = (_log_sides(proposed) - _log_sides(wanted)).abs().mean(dim=1)
        weight = number.bincount().float().rsqrt()[number]  # a large room counts more, but not by its area
        boxes = ((1 - spread + 0.5 * logs) * weight).sum() / weight.sum().clamp(min=1e-9)
        right = F.binary_cross_entropy_with_logits(quality, overlap.detach(), reduction="none")
        right = (right * weight).sum() / weight.sum().clamp(min=1e-9)
        canvas = self._canvas_loss(proposed[first], pooled, plan[first], types)
        config = self.config
        loss = colours + config.room_weight * room_colours + config.box_weight * boxes
        loss = loss + config.quality_weight * right + config.canvas_weight * canvas
        return {
            "loss": loss,
            "colours": colours,
            "room_colours": room_colours,
            "boxes": boxes,
            "quality": right,
            "canvas": canvas,
        }

    def _canvas_loss(self, boxes: Tensor, colours: Tensor, plan: Tensor, types: Tensor) -> Tensor:
        """Paint one rectangle (rooms, 4) a room on its plan's canvas; compare with the map (batch, 64, 64)."""
        wanted = F.avg_pool2d(paint_map(types), CELLS // _CANVAS)
        canvas = torch.zeros_like(wanted)
        canvas[:, 0] = 1
        ink = coverage(boxes * (_CANVAS / PICTURE_PX), (_CANVAS, _CANVAS))
        shares = _room_shares(colours)
        size = (boxes[:, 2:] - boxes[:, :2]).detach().prod(dim=1)
        turns = _turns(plan, size)
        for turn in range(int(turns.max()) + 1 if len(turns) else 0):
            now = (turns == turn).nonzero()[:, 0]
            alpha = torch.zeros_like(canvas[:, :1]).index_copy(0, plan[now], ink[now][:, None])
            colour = torch.zeros_like(canvas[:, :, 0, 0]).index_copy(0, plan[now], shares[now])
            canvas = canvas * (1 - alpha) + colour[:, :, None, None] * alpha
        return (canvas - wanted).square().sum(dim=1).mean()

    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure the proposals where rooms are: share of rooms with the right type, mean IoU of their cells."""
        cells = self(batch["ink"].float() / 255, batch["evidence"])
        rooms = batch["rooms"]
        plan, row, column = rooms.nonzero(as_tuple=True)
        number = _consecutive(plan * (int(rooms.max()) + 1) + rooms[plan, row, column])
        first = _one_each(number)
        pooled = _mean_each(cells.colours[plan, :, row, column].softmax(dim=1), number)
        right = _room_shares(pooled.clamp(min=1e-9).log())[:, 1:].argmax(dim=1)
        types = paint_map(batch["types"])[plan, 1:, row, column].argmax(dim=1)[first]
        overlap, _ = box_overlap(cells.boxes[plan, :, row, column], batch["boxes"][plan, row, column])
        per_room = _mean_each(overlap[:, None], number)
        return {
            "type_error": float((right != types).float().mean()),
            "room_iou": float(per_room.mean()),
            "map_right": float((cells.colours.argmax(dim=1) == batch["types"]).float().mean()),
        }


class _Step(nn.Sequential):
    """A convolution, normed, with its activation."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(_LEAK),
        )


class _Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Step(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, height, width)."""
        return F.leaky_relu(x + self.norm(self.second(self.first(x))), _LEAK)


class _Attention(nn.Module):
    """A layer of a transformer with four heads, norm first."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.mix = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.think = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * channels, channels)
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Return (batch, places, channels)."""
        query, key, value = self.mix(self.before(rows)).unflatten(2, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value)
        rows = rows + self.out(seen.transpose(1, 2).flatten(2))
        return rows + self.think(self.between(rows))


def box_overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return IoU and generalised IoU of pairs of boxes (n, 4), each (n,).

    Source: Rezatofighi et al. 2019, "Generalized Intersection over Union".
    """
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - inner
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    overlap = inner / union.clamp(min=1e-6)
    return overlap, overlap - (hull - union) / hull.clamp(min=1e-6)


def paint_map(types: Tensor) -> Tensor:
    """Turn codes (batch, height, width) into layers (batch, 10, height, width): no room, then the room classes."""
    layers = F.one_hot(types, CLASSES).movedim(-1, 1).float()
    bare = layers[:, list(NOT_ROOMS)].sum(dim=1, keepdim=True)
    return torch.cat([bare, layers[:, list(ROOM_CODES)]], dim=1)


def _room_shares(colours: Tensor) -> Tensor:
    """Turn logits of all classes (n, 12) into shares (n, 10): 0 of no room, then those of the room classes."""
    return F.pad(colours[:, list(ROOM_CODES)].softmax(dim=1), (1, 0))


def _log_sides(boxes: Tensor) -> Tensor:
    return torch.log((boxes[:, 2:] - boxes[:, :2]).clamp(min=1))


def _consecutive(numbers: Tensor) -> Tensor:
    """Replace numbers (n,) by 0, 1, … in rising order."""
    return numbers.unique(return_inverse=True)[1]


def _one_each(number: Tensor, any_cell: bool = False) -> Tensor:
    """Return the place of one cell of each room, a random one or the first."""
    places = torch.randperm(len(number), device=number.device) if any_cell else torch.arange(len(number)).flip(0)
    result = number.new_zeros(int(number.max()) + 1 if len(number) else 0)
    return result.scatter_(0, number[places], places.to(number))


def _mean_each(values: Tensor, number: Tensor) -> Tensor:
    """Return the mean (rooms, channels) of the values (cells, channels) of each room."""
    count = int(number.max()) + 1 if len(number) else 0
    sums = values.new_zeros(count, values.shape[1]).index_add(0, number, values)
    return sums / number.bincount(minlength=count)[:, None]


def _turns(plan: Tensor, size: Tensor) -> Tensor:
    """Return when each box is painted on its plan's canvas: 0 for the largest of a plan."""
    larger = (plan[:, None] == plan) & ((size[:, None] < size) | ((size[:, None] == size) & _earlier(size)))
    return larger.sum(dim=1)


def _earlier(size: Tensor) -> Tensor:
    at = torch.arange(len(size), device=size.device)
    return at[:, None] > at


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
