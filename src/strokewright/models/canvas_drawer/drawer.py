"""The drawer: a picture in, a fixed number of marks out, one a step, trained through a soft canvas.

The picture is encoded once, or together with the canvas at each step; an LSTM remembers, and a linear layer gives the
action. The canvas is the analytic renderer or a canvas network (frozen), and the loss is the squared pixel
distance of its last state to the target, plus a penalty on actions outside [0, 1]. Hint and target may differ: then the
drawer translates. Whatever it was trained through, it is scored on the true renderer.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", sections 3.3 and 7.1. Differs from the
paper in edges that begin soft and the distance on several scales that goes with them: without them sharp strokes that
touch no ink have no gradient.
"""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from torch import Tensor, nn

from strokewright.errors import OptionError
from strokewright.models import import_object
from strokewright.models.pretrained import Pretrained
from strokewright.render.actions import Pixels, render_actions
from strokewright.render.analytic import layer
from strokewright.render.colour import DISTANCE, to_rgb_array
from strokewright.render.composite import lay
from strokewright.render.prism import stack
from strokewright.render.protocol import VOCABULARIES, Floats

_LEAK = 0.2
_MOST_STEPS = 64  # one clock for all, so that a longer drawer can begin with the weights of a shorter one


class DrawerConfig(BaseModel):
    """Shape and loss of a drawer; leak, bias, penalty and steps are the paper's, which leaves the encoders open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: str = Field("quadratic", description="What an action's columns mean")
    size_px: int = Field(28, ge=16, le=512, description="Side of the pictures")
    hint_channels: int = Field(1, ge=1, description="Channels of the picture it sees")
    steps: int = Field(4, ge=1, le=_MOST_STEPS, description="Marks a picture")
    marks_a_look: int = Field(1, ge=1, description="Marks chosen at each look at the canvas; they divide `steps`")
    channels: tuple[int, ...] = Field(
        (32, 64, 128), min_length=3, description="Widths of the encoder; each halves the side"
    )
    hidden: int = Field(256, ge=8, description="Width of the LSTM")
    lstm: bool = Field(True, description="Remember between steps; False: a step knows picture, canvas and its number")
    joint: bool = Field(
        False, description="Encode picture and canvas together at every step; False: the picture once, on its own"
    )
    canvas: str = Field(
        "",
        description="Canvas network to train through: a bundled name or a model folder; empty: the analytic renderer",
    )
    action_penalty: float = Field(30.0, ge=0, description="On max(0, (y - 0.5)² - 0.25) of the raw action")
    early_share: float = Field(0.0, ge=0, le=1, description="Weight of the canvases before the last, all together")
    softness_px: float = Field(3.0, ge=0, description="Softness of the edges at the start of training")
    soft_share: float = Field(0.3, ge=0, le=1, description="Share of the training after which edges are sharp")

    @field_validator("vocabulary")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in VOCABULARIES:
            raise ValueError(f"expected one of {', '.join(VOCABULARIES)}")
        return name

    @model_validator(mode="after")
    def _whole_looks(self) -> Self:
        if self.steps % self.marks_a_look:
            raise ValueError(f"marks_a_look: expected a divisor of the {self.steps} steps, got {self.marks_a_look}")
        return self


class Drawer(Pretrained):
    """Draws a whole picture in a fixed number of marks."""

    def __init__(self, config: DrawerConfig) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = VOCABULARIES[config.vocabulary]
        actions, paper = config.marks_a_look * len(self.vocabulary.columns), self.vocabulary.blank
        first, second, *rest = config.channels
        if config.joint:
            self.picture_encoder = None
            self.canvas_encoder = _halvings(config.hint_channels + len(paper) + 2, first, second)
            self.join = _halvings(second, *rest)
        else:
            self.picture_encoder = _halvings(config.hint_channels + 2, first, second)
            self.canvas_encoder = _halvings(len(paper) + 2, first // 2, second // 2)
            self.join = _halvings(second + second // 2, *rest)
        side = -(-config.size_px // 2 ** len(config.channels))
        self.summary = nn.Linear(config.channels[-1] * side**2, config.hidden)
        self.memory = nn.LSTMCell(config.hidden + actions, config.hidden) if config.lstm else None
        self.clock = None if config.lstm else nn.Embedding(_MOST_STEPS, config.hidden)
        self.mix = nn.Linear(config.hidden, config.hidden)
        self.act = nn.Linear(config.hidden, actions)
        nn.init.normal_(self.act.weight, std=0.02)
        with torch.no_grad():
            self.act.bias.copy_(
                torch.tensor([column.first for column in self.vocabulary.columns] * config.marks_a_look)
            )
        self._share = 1.0  # of the training; sharp edges unless the loop says otherwise
        self._network: list[Any] = []  # a list hides the frozen canvas network from parameters and files
        row = torch.linspace(-1, 1, config.size_px)
        places = torch.stack([row.expand(config.size_px, -1), row[:, None].expand(-1, config.size_px)])
        self.register_buffer("_places", places, False)
        self.register_buffer("_paper", torch.tensor(paper)[:, None, None], False)
        views = self.vocabulary.views
        weight = torch.tensor(DISTANCE * views if self.vocabulary.paint == "lab" else (1.0,)) / views**0.5
        self.register_buffer("_weight", weight[:, None, None], False)

    def set_progress(self, share: float) -> None:
        """Hear how much of the training is done, 0 to 1: edges grow sharp."""
        self._share = share

    def blank(self, batch: int) -> Tensor:
        """Return empty canvases (batch, canvas channels, size, size)."""
        side = self.config.size_px
        return self.get_buffer("_paper").expand(batch, -1, side, side)

    def encode(self, hint: Tensor) -> Tensor:
        """Encode pictures (batch, hint channels, size, size) once; a joint drawer takes them as they are."""
        return hint if self.picture_encoder is None else self.picture_encoder(self._with_places(hint))

    def look(self, encoded: Tensor, canvas: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Look at picture and canvas and choose the next marks.

        Args:
            encoded: What `encode` made of the pictures.
            canvas: (batch, canvas channels, size, size).
            state: What `start` or the step before returned.

        Returns:
            The raw actions (batch, marks a look · columns), nominally in [0, 1], and the memory for the next look.
        """
        if self.picture_encoder is None:
            seen = self.canvas_encoder(self._with_places(torch.cat([encoded, canvas], dim=1)))
        else:
            seen = torch.cat([encoded, self.canvas_encoder(self._with_places(canvas))], dim=1)
        summary = F.leaky_relu(self.summary(self.join(seen).flatten(1)), _LEAK)
        with torch.autocast(canvas.device.type, enabled=False):  # places need more digits than bfloat16 has
            summary = summary.float()
            if self.memory is not None:
                hidden, cell, last = state
                state = self.memory(torch.cat([summary, last], dim=1), (hidden, cell))
                summary = state[0]
            elif self.clock is not None:
                summary = summary + self.clock(state[0])
                state = (state[0] + 1,)
            action = self.act(F.leaky_relu(self.mix(summary), _LEAK))
        return action, state if self.memory is None else (*state, action.detach().clamp(0, 1))

    def _with_places(self, picture: Tensor) -> Tensor:
        return torch.cat([picture, self.get_buffer("_places").expand(len(picture), -1, -1, -1)], dim=1)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the memory before the first look: hidden, cell, last actions; or the number of the look."""
        device = self.act.weight.device
        if self.memory is None:
            return (torch.zeros(batch, dtype=torch.long, device=device),)
        zeros = torch.zeros(batch, self.config.hidden, device=device)
        return zeros, zeros, torch.zeros(batch, self.act.out_features, device=device)

    def roll_out(self, hint: Tensor, softness_px: float = 0.0) -> tuple[Tensor, Tensor]:
        """Draw all steps on the soft canvas.

        Args:
            hint: (batch, hint channels, size, size).
            softness_px: Softness of the edges of analytic marks.

        Returns:
            The canvases after each step (steps, batch, canvas channels, size, size), and the raw actions
            (steps, batch, columns).
        """
        encoded, canvas, state = self.encode(hint), self.blank(len(hint)), self.start(len(hint))
        canvases: list[Tensor] = []
        actions: list[Tensor] = []
        layers: list[Tensor] = []
        marks = self.config.marks_a_look
        for _ in range(self.config.steps // marks):
            chosen, state = self.look(encoded, canvas.detach(), state)
            rows = chosen.unflatten(1, (marks, -1))
            seen = canvas.repeat_interleave(marks, dim=0)
            painted = self._layer(seen, rows.flatten(0, 1).clamp(0, 1), softness_px).unflatten(0, (-1, marks))
            for action, layer_ in zip(rows.unbind(1), painted.unbind(1), strict=True):
                actions.append(action)
                layers.append(layer_)
                canvas = self._put(canvas, layers, actions)
                canvases.append(canvas)
        return torch.stack(canvases), torch.stack(actions)

    def _put(self, canvas: Tensor, layers: list[Tensor], actions: list[Tensor]) -> Tensor:
        """Put the newest layer on the canvas; where depth decides what hides what, put all of them anew."""
        if self.vocabulary.shape == "prism":
            return stack(self.blank(len(canvas)), layers, [action.clamp(0, 1) for action in actions])
        return lay(canvas, layers[-1])

    def _layer(self, canvas: Tensor, action: Tensor, softness_px: float) -> Tensor:
        if not self.config.canvas:
            return layer(self.vocabulary, action, self.config.size_px, softness_px)
        if not self._network:
            self._network.append(_find_canvas(self.config))
        network = self._network[0].to(action.device)
        return network.layer(canvas, action)

    def draw(self, hint: Tensor) -> Tensor:
        """Draw without gradient: (batch, hint channels, size, size) → actions (batch, steps, columns) in [0, 1]."""
        with torch.no_grad():
            return self.roll_out(hint.float())[1].transpose(0, 1).clamp(0, 1)

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Draw all steps and compare the last canvas with the target.

        Args:
            batch: `target` (batch, canvas channels, size, size) in [0, 1]; optionally `hint`, what the drawer sees.

        Returns:
            loss; pixels: squared distance of the last canvas, a mean over pixels (of LAB: (ΔE/100)²); penalty: of
            actions out of range.
        """
        target = batch["target"].float()
        soft = max(0.0, 1 - self._share / max(self.config.soft_share, 1e-9))
        canvases, actions = self.roll_out(batch.get("hint", target).float(), self.config.softness_px * soft)
        difference = (canvases - target) * self.get_buffer("_weight")
        plain = difference.square().sum(dim=2).mean(dim=(1, 2, 3))  # (steps,)
        distance = plain if soft == 0 else (1 - soft) * plain + soft * _coarse(difference)
        early = distance[:-1].mean() if len(distance) > 1 else distance.new_zeros(())
        share = self.config.early_share
        outside = ((actions - 0.5).square() - 0.25).clamp(min=0).sum(dim=2).mean()
        penalty = self.config.action_penalty * outside
        return {
            "loss": (1 - share) * distance[-1] + share * early + penalty,
            "pixels": plain[-1],
            "penalty": penalty,
        }

    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure what it really draws by the true renderer.

        Returns:
            true_pixels: squared distance, a mean over pixels; blank_pixels: that of the empty canvas.
        """
        target = batch["target"].float()
        drawn = torch.from_numpy(self.true_canvases(self.draw(batch.get("hint", target)))).to(target)
        weight = self.get_buffer("_weight")
        return {
            "true_pixels": float(((drawn - target) * weight).square().sum(1).mean()),
            "blank_pixels": float(((self.blank(len(target)) - target) * weight).square().sum(1).mean()),
        }

    def true_canvases(self, actions: Tensor) -> Pixels:
        """Render actions (batch, steps, columns) by Skia: (batch, canvas channels, size, size)."""
        rows: Floats = actions.detach().cpu().double().numpy()
        return render_actions(self.vocabulary, rows, self.config.size_px)

    def samples(self, batch: dict[str, Tensor]) -> Tensor:
        """Make a sheet (3, height, width) of 40 pairs, eight a row: target, and what was drawn."""
        target = batch["target"][:40].float()
        drawn = torch.from_numpy(self.true_canvases(self.draw(batch.get("hint", batch["target"])[:40]))).to(target)
        pairs = F.pad(self._shown(torch.cat([target, drawn], dim=3)), (2, 2, 2, 2), value=0.5)
        pairs = F.pad(pairs, (0, 0, 0, 0, 0, 0, 0, -len(pairs) % 8))
        return pairs.unflatten(0, (-1, 8)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)

    def _shown(self, canvas: Tensor) -> Tensor:
        """Turn canvases into sRGB (batch, 3, height, width)."""
        if self.vocabulary.paint == "ink":
            return 1 - canvas.expand(-1, 3, -1, -1)
        canvas = canvas.unflatten(1, (-1, 3)).transpose(1, 2).flatten(2, 3)  # views one above another
        return torch.from_numpy(to_rgb_array(canvas.permute(0, 2, 3, 1).cpu().numpy())).permute(0, 3, 1, 2)


def _find_canvas(config: DrawerConfig) -> Any:
    """Load the canvas network of a config, frozen.

    Raises:
        OptionError: The network speaks another vocabulary.
    """
    if Path(config.canvas).exists():
        network = import_object("strokewright.models.canvas_drawer:CanvasNetwork").from_pretrained(config.canvas)
    else:  # a string: the bundled weights lie above the models
        network = import_object("strokewright.weights:load_model")(config.canvas, "cpu")
    if network.config.vocabulary != config.vocabulary:
        raise OptionError(
            f"canvas {config.canvas}: expected the vocabulary {config.vocabulary}, got {network.config.vocabulary}; "
            "train a canvas network for it"
        )
    return network.requires_grad_(False)


def _halvings(*widths: int) -> nn.Sequential:
    """Convolutions that each halve the side (rounded up), and their activations."""
    blocks = [(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.LeakyReLU(_LEAK)) for a, b in pairwise(widths)]
    return nn.Sequential(*chain.from_iterable(blocks))


def _coarse(difference: Tensor) -> Tensor:
    """Mean squared difference of pictures on three coarser scales, (steps,): feels a mark near ink."""
    total = difference.new_zeros(len(difference))
    pixels = difference.shape[-1] * difference.shape[-2]
    for scale in range(3):
        difference = F.avg_pool2d(difference.flatten(0, 1), 2, ceil_mode=True).unflatten(0, difference.shape[:2])
        weight = (0.5, 1.0, 2.0)[scale]
        total = total + weight * 4 ** (scale + 1) * difference.square().sum(dim=(2, 3, 4)).mean(1) / pixels
    return total
