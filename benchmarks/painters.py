"""What the painter's benchmark measures: its models, their sets, their bounds; and how each is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from benchmarks.harness import Bound, at_least, at_most
from benchmarks.trained import Trained
from strokewright.datasets.shapes import SceneBatches
from strokewright.models.painter import Painter
from strokewright.models.painter.batches import Lightness
from strokewright.models.painter.scores import scene_scores
from strokewright.render.skia import render
from strokewright.render.template import Moves, paint, to_drawing, write

SCENES = 2000  # test pictures of a synthetic set
_BATCH = 100
_HIDDEN_PX = 0.5

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """One model and what is asked of it.

    Args:
        case: In words.
        recipe: What trains it.
        data: A synthetic set, or a dataset with pictures.
        metric: Name of the score.
        bound: What the issue asks.
        thesis: Its number there, or 1 for "solved" and 0 for "stuck"; None: nothing is said.
        card: Name of the bundled model, if it is one.
        size_px: Side of real pictures.
        most: How many pictures at most, spread evenly over the test split.
    """

    case: str
    recipe: str
    data: str
    metric: str = "solved"
    bound: Bound | None = None
    thesis: float | None = None
    card: str = ""
    size_px: int = 28
    most: int = 10_000

    @property
    def trained(self) -> Trained:
        """Where the model comes from."""
        return Trained(self.recipe, card=self.card)


_TWO, _FOUR, _SHAPES = "2-rectangles", "4-rectangles", "2-shapes"
SCENE_CASES = (
    Case("2-Rectangles, simple", "painter_two_rectangles", _TWO, bound=at_least(0.98), thesis=1),
    Case("2-Rectangles, recurrent", "painter_two_rectangles_recurrent", _TWO, bound=at_least(0.98), thesis=1),
    Case("2-Rectangles, canvas-recurrent", "painter_two_rectangles_canvas", _TWO, bound=at_least(0.98), thesis=1),
    Case("2-Rectangles, simple, by pixels alone", "painter_two_rectangles_untaught", _TWO),
    Case("2-Rectangles, variational, noisy moves", "painter_variational", _TWO, bound=at_least(0.95), thesis=0),
    Case("2-Rectangles, T-DRAW", "t_draw_rectangles", _TWO, thesis=0),
    Case("2-Rectangles, T-AIR", "t_air_rectangles", _TWO, thesis=0),
    *(
        Case(f"2-Rectangles, setting {letter}", f"painter_setting_{letter}", _TWO, thesis=float(letter in "eij"))
        for letter in "abcdefghij"
    ),
    Case("4-Rectangles", "painter_four_rectangles", _FOUR, bound=at_least(0.9)),
    Case("2-Rectangles-Mixed, three moves", "painter_mixed", "2-rectangles-mixed", thesis=1),
    Case("2-Shapes, templates", "painter_two_shapes", _SHAPES, "templates", at_least(0.99), 0.952),
    Case("2-Shapes, templates, by pixels alone", "painter_two_shapes_untaught", _SHAPES, "templates", None, 0.952),
    Case("2-Shapes, learned templates", "painter_learnable_templates", _SHAPES, "true_pixels"),
    Case("occlusion of two, fixed order", "painter_occlusion_unsorted", "2-rectangles-occlusion", "ordered", None, 0),
    Case("occlusion of two, thesis' sorter", "painter_occlusion_pair", "2-rectangles-occlusion", "ordered", None, 1),
    Case(
        "occlusion of two, our sorter",
        "painter_occlusion_two",
        "2-rectangles-occlusion",
        "ordered",
        at_least(0.98),
        1,
    ),
    Case("occlusion of five, fixed order", "painter_occlusion_five_unsorted", "5-rectangles-occlusion", "ordered"),
    Case(
        "occlusion of five, our sorter",
        "painter_occlusion_five",
        "5-rectangles-occlusion",
        "ordered",
        at_least(0.9),
        most=600,
    ),
    Case("0to2-Rectangles, number of moves", "painter_zero_to_two", "0to2-rectangles", "number", at_least(0.98)),
)
_MSE = "true_pixels"
PICTURE_CASES = (
    Case("MNIST, 20 moves", "painter_digits", "mnist", _MSE, at_most(0.008), card="paint/digits"),
    Case("Omniglot, 40 moves", "painter_characters", "omniglot", _MSE, card="paint/characters", size_px=105, most=400),
    Case("faces, 40 moves", "painter_faces", "faces", _MSE, at_most(0.006), card="paint/faces", size_px=100),
    Case("faces, 40 moves, as the thesis", "painter_faces_plain", "faces", _MSE, size_px=100),
    Case("faces, 100 moves", "painter_faces_hundred", "faces", _MSE, size_px=100),
    Case("CIFAR-10 grey, 60 moves", "painter_photos", "cifar10", _MSE, at_most(0.010), card="paint/photos", size_px=32),
)
BOUND_CASES = tuple(
    Case(f"MNIST, {name}", recipe, "mnist", "loss")
    for name, recipe in (
        ("DRAW", "draw_digits"),
        ("T-DRAW", "t_draw_digits"),
        ("AIR", "air_digits"),
        ("T-AIR", "t_air_digits"),
    )
)


def scene_batch(case: Case, count: int = SCENES) -> dict[str, torch.Tensor]:
    """Return test pictures of a synthetic set with their truth."""
    batch = SceneBatches(name=case.data, split="test", count=SCENES).batch(0, min(count, case.most))
    return {key: torch.from_numpy(values) for key, values in batch.items()}


def pictures(case: Case, count: int | None = None) -> torch.Tensor:
    """Return the test pictures (n, channels, size, size) of a case as lightness."""
    data = Lightness(dataset=case.data, split="test", size_px=case.size_px)
    chosen = np.linspace(0, len(data) - 1, min(count or case.most, len(data))).round().astype(int)
    return data.batch(0, len(data))["target"][torch.from_numpy(chosen)]


@torch.no_grad()
def moves_of(model: Painter, target: torch.Tensor) -> Moves:
    """Return what a painter does with pictures, a hundred at a time."""
    parts = [model.moves(part) for part in target.split(_BATCH)]
    return Moves(*(None if part[0] is None else torch.cat(part) for part in zip(*parts, strict=True)))  # pyright: ignore[reportArgumentType]


def first(moves: Moves, count: int) -> Moves:
    """Return the moves of the first pictures."""
    return Moves(*(None if part is None else part[:count] for part in moves))  # pyright: ignore[reportArgumentType]


def scene_score(model: Any, case: Case, moves: Moves | None) -> dict[str, float]:
    """Score a painter by its moves, or T-DRAW or T-AIR, on a synthetic set."""
    torch.manual_seed(0)
    batch = scene_batch(case)
    if moves is None:
        with torch.no_grad():
            return model.metrics(batch)
    scores = scene_scores(moves, model.bank.names, batch, 28)
    return scores | {"true_pixels": painting_error(model, moves, batch["target"])}


def painting_error(model: Painter, moves: Moves, target: torch.Tensor) -> float:
    """Return the mean squared distance of paintings to pictures, by the true renderer."""
    return float(np.square(_rendered(model, moves, target) - target.numpy(), dtype=np.float64).mean())


def marks_error(model: Painter, moves: Moves, target: torch.Tensor) -> float:
    """Return the mean squared distance of the marks, by the true renderer, to the canvas of the same moves."""
    *_, canvas = paint(model.bank, moves, model.blank(len(target), target.shape[-1]))
    return float(np.square(_rendered(model, moves, target) - canvas.detach().numpy()).mean())


def _rendered(model: Painter, moves: Moves, target: torch.Tensor) -> Pixels:
    side = target.shape[-1]
    drawings = to_drawing(model.bank, moves, (side, side), (model.config.paper,))
    return np.stack([render(drawing)[: target.shape[1]] for drawing in drawings])


@torch.no_grad()
def error_by_moves(model: Painter, moves: Moves, target: torch.Tensor) -> list[float]:
    """Return the mean squared distance after each move."""
    canvases = paint(model.bank, moves, model.blank(len(target), target.shape[-1]))
    return [F.mse_loss(canvas, target).item() for canvas in canvases]


@torch.no_grad()
def hidden_share(model: Painter, moves: Moves, side: int) -> float:
    """Return the share of moves of which less than half a pixel is seen in the end: they get no gradient."""
    masks = write(model.bank, moves.which, moves.where, (side, side))
    bare, hidden = torch.ones_like(masks[:, 0]), 0
    for mask in reversed(masks.unbind(1)):
        hidden += int(((mask * bare).sum((1, 2)) < _HIDDEN_PX).sum())
        bare = bare * (1 - mask)
    return hidden / masks[:, :, 0, 0].numel()


@torch.no_grad()
def process(model: Any, moves: Moves | None, target: torch.Tensor, columns: int) -> list[list[Pixels]]:
    """Return for each picture the canvas after some of the moves, the last always among them, then the picture."""
    if moves is not None:
        canvases = list(paint(model.bank, moves, model.blank(len(target), target.shape[-1])))
    else:
        canvases = (
            list(model.run(target, len(target)).canvases.unbind(1))
            if hasattr(model, "sample")
            else list(model.run(target).canvases.unbind(1))
        )
    chosen = np.unique(np.linspace(0, len(canvases) - 1, columns - 1).round().astype(int))
    shown = [canvases[i].clamp(0, 1) for i in chosen] + [target]
    return [[_enlarged(canvas[row]) for canvas in shown] for row in range(len(target))]


def _enlarged(canvas: torch.Tensor) -> Pixels:
    zoom = max(1, 112 // canvas.shape[-1])
    return canvas.expand(3, -1, -1).numpy().repeat(zoom, axis=1).repeat(zoom, axis=2)
