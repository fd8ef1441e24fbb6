"""The line drawer: picture and canvas in, one stroke a step out, until it stops; what `sliding.py` moves over pages.

The picture is encoded once; at each step a small encoder looks at the canvas and at the ink still missing, an LSTM
remembers, and a linear layer gives the action and the chance to go on. Training runs through the analytic renderer:

    loss = E[D(canvas when it stops)] + price · E[strokes] + D(all canvases)/10 + penalty on actions outside [0, 1],

where D is the squared pixel distance on several scales. The expectation is exact: the chance to stop after each
step times the distance of the canvas then.

Every cell of 8 × 8 pixels proposes a stroke. Drawing takes the best cell's; training takes their mean, weighted by a
sharp softmax over the cells, so that the choice learns too.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", sections 3.3 and 7.1. Differs from the
paper in the renderer (analytic instead of learned), the stop output, the proposals, the distance on several scales,
edges that may begin soft, and first lessons on scenes whose strokes are known.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from strokewright.drawing.drawing import Drawing, Stroke
from strokewright.models.pretrained import Pretrained
from strokewright.render.curve import coverage
from strokewright.render.protocol import VOCABULARIES, to_cubic
from strokewright.render.skia import render_ink

_LEAK = 0.2


class LineDrawerConfig(BaseModel):
    """Shape and loss of a canvas drawer; leak, bias, penalty and number of steps are the paper's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: Literal["quadratic", "cubic"] = Field("quadratic", description="What an action's columns mean")
    field_px: int = Field(64, ge=32, multiple_of=32, description="Side of the square it sees")
    steps: int = Field(10, ge=1, le=64, description="Most strokes a field")
    channels: tuple[int, int, int] = Field(
        (32, 64, 96), description="Widths of the encoder at 1/4, 1/8, 1/16 of the side"
    )
    hidden: int = Field(256, ge=8, description="Width of the LSTM")
    lstm: bool = Field(True, description="Remember between steps; False: each step sees picture and canvas only")
    fixed_width_px: float | None = Field(
        None, gt=0, le=12, description="Width of every stroke, whatever the action's width columns say; None: theirs"
    )
    sharpness: float = Field(
        4.0, gt=0, description="Of the choice between the cells in training; drawing takes the best"
    )
    action_penalty: float = Field(30.0, ge=0, description="On max(0, (y - 0.5)² - 0.25) of the raw action")
    price_px: float = Field(4.0, ge=0, description="Squared pixel distance that a stroke must save to be worth it")
    softness_px: float = Field(3.0, ge=0, description="Softness of the edges at the start of training")
    soft_share: float = Field(0.3, ge=0, le=1, description="Share of the training after which edges are sharp")
    stop_share: float = Field(0.3, ge=0, le=1, description="Share of the training after which it learns to stop")


class LineDrawer(Pretrained):
    """Draws a picture of one field stroke by stroke."""

    def __init__(self, config: LineDrawerConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = VOCABULARIES[config.vocabulary]
        fine, middle, coarse = config.channels
        actions, cells = len(self.vocabulary.columns), (config.field_px // 16) ** 2
        self.picture_encoder = nn.Sequential(
            *_convolution(3, fine, size=4, stride=4), *_convolution(fine, fine), *_convolution(fine, middle, stride=2)
        )
        self.canvas_encoder = nn.Sequential(
            *_convolution(4, fine, size=4, stride=4), *_convolution(fine, middle, stride=2)
        )
        self.join = nn.Sequential(*_convolution(2 * middle, middle))
        self.summary = nn.Sequential(
            *_convolution(middle, coarse, stride=2),
            nn.Flatten(),
            nn.Linear(coarse * cells, config.hidden),
            nn.LeakyReLU(_LEAK),
        )
        self.memory = nn.LSTMCell(config.hidden + actions, config.hidden) if config.lstm else None
        self.context = nn.Linear(config.hidden, middle)
        self.mix = nn.Sequential(*_convolution(middle, middle), *_convolution(middle, middle))
        self.propose = nn.Conv2d(middle, actions + 1, 1)
        nn.init.normal_(self.propose.weight, std=0.02)
        self.go_on = nn.Linear(config.hidden, 1)
        nn.init.constant_(self.go_on.bias, 2.0)  # go on, mostly, before it has learned when not to
        self._share = 1.0  # of the training; sharp edges unless the loop says otherwise
        side = config.field_px
        row = torch.linspace(-1, 1, side)
        self.register_buffer("_places", torch.stack([row.expand(side, side), row[:, None].expand(side, side)]), False)
        low = torch.tensor([column.low for column in self.vocabulary.columns])
        high = torch.tensor([column.high for column in self.vocabulary.columns])
        unit = torch.tensor([float(side) if column.unit == "field" else 1.0 for column in self.vocabulary.columns])
        self.register_buffer("_low", low * unit, False)
        self.register_buffer("_range", (high - low) * unit, False)
        self.register_buffer("_centre", self._cell_centres(), False)

    def _cell_centres(self) -> Tensor:
        """What a cell proposes from the start: all points at its centre, all else at 0.5; (columns, side, side)."""
        side = self.config.field_px // 8
        middle = (torch.arange(side) + 0.5) / side
        rows: list[Tensor] = []
        for column in self.vocabulary.columns:
            across = ((middle - column.low) / (column.high - column.low)).expand(side, side)
            place = across if column.name[0] == "x" else across.t()
            rows.append(place if column.unit == "field" else torch.full((side, side), 0.5))
        return torch.stack(rows)

    def set_progress(self, share: float) -> None:
        """Hear how much of the training is done, 0 to 1: edges grow sharp, and from some point on it learns to stop."""
        self._share = share

    def encode(self, ink: Tensor) -> Tensor:
        """Encode pictures (batch, field, field) once for all steps."""
        places = self.get_buffer("_places").expand(len(ink), -1, -1, -1)
        return self.picture_encoder(torch.cat([ink[:, None], places], dim=1))

    def start(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the memory before the first stroke: hidden state, cell state, last action."""
        zeros = self.go_on.weight.new_zeros(batch, self.config.hidden)
        return zeros, zeros, zeros[:, :1].expand(-1, len(self.vocabulary.columns))

    def step(
        self,
        encoded: Tensor,
        ink: Tensor,
        canvas: Tensor,
        state: tuple[Tensor, Tensor, Tensor],
        best: bool = False,
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Look at the canvas and choose the next stroke: the best cell's, or the differentiable mean over the cells.

        Returns:
            The raw action (batch, columns), nominally in [0, 1]; the logit to go on (batch,): draw this stroke if
            it is > 0, otherwise stop before it; the memory for the next step.
        """
        proposals, scores, logit, (hidden, cell) = self._look(encoded, ink, canvas, state)
        weights = F.one_hot(scores.argmax(dim=1), scores.shape[1]).to(scores) if best else self._weigh(scores)
        action = (weights[:, None] * proposals).sum(dim=2)
        return action, logit, (hidden, cell, action.detach().clamp(0, 1))

    def _weigh(self, scores: Tensor) -> Tensor:
        """Turn scores (batch, cells) into weights that add up to 1."""
        return (self.config.sharpness * scores).softmax(dim=1)

    def _look(
        self, encoded: Tensor, ink: Tensor, canvas: Tensor, state: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Let every cell propose a stroke: proposals (batch, columns, cells), scores (batch, cells), logit, memory."""
        places = self.get_buffer("_places").expand(len(ink), -1, -1, -1)
        seen = torch.cat([torch.stack([canvas, ink - canvas], dim=1), places], dim=1)
        cells = self.join(torch.cat([encoded, self.canvas_encoder(seen)], dim=1))
        summary = self.summary(cells)
        hidden, cell, last = state
        with torch.autocast(ink.device.type, enabled=False):  # memory and places need more digits than bfloat16 has
            summary = summary.float()
            if self.memory is not None:
                hidden, cell = self.memory(torch.cat([summary, last], dim=1), (hidden, cell))
                summary = hidden
            logit = self.go_on(summary)[:, 0]
        cells = self.mix(cells + self.context(summary)[:, :, None, None])
        with torch.autocast(ink.device.type, enabled=False):
            out = self.propose(cells.float())
        proposals = self.get_buffer("_centre") + out[:, :-1]
        return proposals.flatten(2), out[:, -1].flatten(1), logit, (hidden, cell)

    def decode(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """Turn actions (…, columns) in [0, 1] into control points (…, 3 or 4, 2) and widths (…, 2), pixels."""
        row = self.get_buffer("_low") + action * self.get_buffer("_range")
        fixed = self.config.fixed_width_px
        width = row[..., -2:] if fixed is None else torch.full_like(row[..., -2:], fixed)
        return row[..., :-2].unflatten(-1, (-1, 2)), width

    def draw(self, ink: Tensor, canvas: Tensor | None = None) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Draw without gradient until each picture's drawer stops.

        Args:
            ink: (batch, field, field) in [0, 1].
            canvas: What is drawn already, same shape; None: blank.

        Returns:
            One entry a step: rows (n,) of the batch that draw, their control points (n, points, 2) and widths (n, 2).
        """
        drawn: list[tuple[Tensor, Tensor, Tensor]] = []
        with torch.no_grad():
            ink = ink.float()
            canvas = torch.zeros_like(ink) if canvas is None else canvas.float()
            encoded, state = self.encode(ink), self.start(len(ink))
            rows = torch.arange(len(ink), device=ink.device)
            for _ in range(self.config.steps):
                action, logit, state = self.step(encoded, ink, canvas, state, best=True)
                on = (logit > 0).nonzero()[:, 0]
                if len(on) == 0:
                    break
                control, width = self.decode(action[on].clamp(0, 1))
                rows, encoded, ink = rows[on], encoded[on], ink[on]
                state = (state[0][on], state[1][on], state[2][on])
                canvas = torch.maximum(canvas[on], coverage(control, width, (ink.shape[1], ink.shape[2])))
                drawn.append((rows, control, width))
        return drawn

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Draw all steps and weigh the canvases by the chance that the drawer stops there.

        Args:
            batch: `ink` (batch, field, field), float in [0, 1]; optionally `canvas`, what is drawn already.

        Returns:
            loss; pixels: squared distance of the expected last canvas, a mean over pixels; strokes: expected number;
            penalty: of actions out of range.
        """
        if "state" in batch:
            return self._lesson_loss(batch["control"], batch["width"], batch["state"])
        ink = batch["ink"].float()
        canvas = batch["canvas"].float() if "canvas" in batch else torch.zeros_like(ink)
        soft = max(0.0, 1 - self._share / max(self.config.soft_share, 1e-9))
        canvases, logits, penalty = self._roll_out(ink, canvas, self.config.softness_px * soft)
        go_on = torch.ones_like(logits) if self._share < self.config.stop_share else torch.sigmoid(logits)
        alive = go_on.cumprod(dim=0)  # (steps, batch): whether stroke i is drawn
        first = torch.ones_like(alive[:1])
        stops = torch.cat([first, alive]) - torch.cat([alive, torch.zeros_like(first)])
        distance, plain = _distances(canvases, ink, soft)
        expected = (stops * distance).sum(0) + self.config.price_px * alive.sum(0) + 0.1 * distance[1:].sum(0)
        penalty = self.config.action_penalty * penalty
        pixels = ink[0].numel()
        return {
            "loss": expected.mean() / pixels + penalty,
            "pixels": (stops * plain).sum(0).mean() / pixels,
            "strokes": alive.sum(0).mean(),
            "penalty": penalty,
        }

    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure what the drawer really draws, with its stops and by the true renderer.

        Returns:
            true_pixels: squared distance, a mean over pixels; blank_pixels: that of the canvas it was given;
            drawn_strokes: how many it drew.
        """
        ink = batch["ink"].float()
        before = batch["canvas"].float() if "canvas" in batch else torch.zeros_like(ink)
        after, strokes = self._truly_drawn(ink, before)
        return {
            "true_pixels": float((after - ink).square().mean()),
            "blank_pixels": float((before - ink).square().mean()),
            "drawn_strokes": strokes / len(ink),
        }

    def samples(self, batch: dict[str, Tensor]) -> Tensor:
        """Make a sheet (3, height, width) of 32 triples, four a row: picture, canvas before, canvas after."""
        ink = batch["ink"][:32].float()
        before = batch["canvas"][:32].float() if "canvas" in batch else torch.zeros_like(ink)
        triples = F.pad(torch.cat([ink, before, self._truly_drawn(ink, before)[0]], dim=2), (0, 4), value=0.5)
        triples = F.pad(triples, (0, 0, 0, 0, 0, -len(triples) % 4))
        sheet = triples.unflatten(0, (-1, 4)).permute(0, 2, 1, 3).flatten(2).flatten(0, 1)
        return (1 - sheet).clamp(0, 1).expand(3, -1, -1)

    def _truly_drawn(self, ink: Tensor, canvas: Tensor) -> tuple[Tensor, int]:
        """Draw, render by Skia over the canvas; also count the strokes."""
        side = float(self.config.field_px)
        marks: list[list[Stroke]] = [[] for _ in ink]
        for rows, control, width in self.draw(ink, canvas):
            for row, points, ends in zip(rows.tolist(), to_cubic(control.cpu().numpy()), width.tolist(), strict=True):
                marks[row].append(Stroke.from_controls(points[None], width=ends))
        drawn = np.stack([render_ink(Drawing(tuple(strokes), (side, side))) for strokes in marks])
        return torch.maximum(canvas, torch.from_numpy(drawn).to(canvas)), sum(map(len, marks))

    def _lesson_loss(self, control: Tensor, width: Tensor, state: Tensor) -> dict[str, Tensor]:
        """Ask for one stroke, any of those still to draw; see `scenes.py` for the arguments."""
        side = self.config.field_px
        with torch.no_grad():
            strokes = coverage(control.flatten(0, 1), width.flatten(0, 1), (side, side)).view(*state.shape, side, side)
            ink = (strokes * (state > 0)[..., None, None]).amax(1)
            canvas = (strokes * (state > 1)[..., None, None]).amax(1)
        proposals, scores, logit, _ = self._look(self.encode(ink), ink, canvas, self.start(len(ink)))
        own_control, own_width = self.decode(proposals.transpose(1, 2))  # (batch, cells, …)
        own = torch.cat([_along(own_control).flatten(2), 2 * own_width], dim=2)[:, :, None]
        wanted = torch.cat([_along(control).flatten(2), 2 * width], dim=2)[:, None]  # (batch, 1, strokes, numbers)
        apart = F.smooth_l1_loss(
            own.expand(-1, -1, wanted.shape[2], -1), wanted.expand(-1, own.shape[1], -1, -1), reduction="none"
        )
        apart = apart.mean(3).masked_fill((state != 1)[:, None], torch.inf).amin(2)  # (batch, cells): the best to draw
        missing = torch.isfinite(apart[:, 0])
        count = missing.sum().clamp(min=1)
        apart = torch.where(missing[:, None], apart, 0.0)
        chosen = (self._weigh(scores) * apart).sum() / count
        lacking = F.max_pool2d((ink - canvas)[:, None], 8).flatten(1)
        near = (lacking * apart).sum() / lacking.sum().clamp(min=1)  # every cell with missing ink learns to propose
        right = F.binary_cross_entropy_with_logits(logit, missing.float())
        return {"loss": 0.1 * (chosen + near) + right, "apart_px": chosen, "near_px": near, "stop": right}

    def _roll_out(self, ink: Tensor, canvas: Tensor, softness_px: float) -> tuple[Tensor, Tensor, Tensor]:
        """Draw all steps: canvases (steps + 1, batch, field, field), logits to go on (steps, batch), action penalty."""
        encoded, state = self.encode(ink), self.start(len(ink))
        canvases, logits, actions = [canvas], [], []
        for _ in range(self.config.steps):
            action, logit, state = self.step(encoded, ink, canvas.detach(), state)
            control, width = self.decode(action.clamp(0, 1))
            stroke_ink = coverage(control, width, (ink.shape[1], ink.shape[2]), softness_px)
            canvas = torch.maximum(canvas, stroke_ink)
            canvases.append(canvas)
            logits.append(logit)
            actions.append(action)
        outside = ((torch.stack(actions) - 0.5).square() - 0.25).clamp(min=0)
        return torch.stack(canvases), torch.stack(logits), outside.sum(dim=(0, 2)).mean()


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size (divided by the stride), and its activation."""
    return nn.Conv2d(inputs, outputs, size, stride, padding=1 if size == 3 else 0), nn.LeakyReLU(_LEAK)


def _along(control: Tensor) -> Tensor:
    """Five points along each curve, (…, 5, 2)."""
    degree = control.shape[-2] - 1
    at = torch.linspace(0, 1, 5, device=control.device)
    binomial = torch.tensor([math.comb(degree, k) for k in range(degree + 1)], device=control.device)
    powers = torch.arange(degree + 1, device=control.device)
    return (binomial * at[:, None] ** powers * (1 - at[:, None]) ** (degree - powers)) @ control


def _distances(canvases: Tensor, ink: Tensor, soft: float) -> tuple[Tensor, Tensor]:
    """Sum squared differences of canvases (steps, batch, field, field) and ink.

    Returns:
        The distance over four scales (coarse ones feel a stroke that is near but does not touch; the softer the edges,
        the less the fine ones count), and the plain one; both (steps, batch).
    """
    difference = canvases - ink
    plain = difference.square().sum(dim=(2, 3))
    total = (1 - soft) * plain
    for scale in range(3):
        rows = difference[:, :, 0::2] + difference[:, :, 1::2]
        difference = (rows[..., 0::2] + rows[..., 1::2]) / 2  # a picture of one value keeps its sum of squares
        weight = (0.5 * (1 - soft), 1.0, 2.0)[scale]
        total = total + weight * difference.square().sum(dim=(2, 3))
    return total, plain
