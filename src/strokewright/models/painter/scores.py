"""How well moves match the shapes that a picture was made of: overlap, template, number, order."""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor

from strokewright.datasets.shapes import KINDS
from strokewright.render.template import Moves, invert

_SAME_COLOUR = 0.1
_OVERLAP = 0.9
_NEAR_PX = 4.0
_SEEN = 0.5


def boxes(moves: Moves, size_px: int) -> Tensor:
    """Return the boxes (batch, moves, 4) x0, y0, x1, y1 around upright moves, in pixels."""
    affine = invert(moves.where)
    centre, half = affine[..., 2], affine[..., :2].abs().sum(-1)
    return (torch.cat([centre - half, centre + half], dim=-1) + 1) * size_px / 2


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Return intersection over union of boxes (…, 4), with broadcasting."""
    low, high = torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (first, second)]
    return both / (areas[0] + areas[1] - both).clamp(min=1e-9)


def scene_scores(moves: Moves, names: tuple[str, ...], batch: dict[str, Tensor], size_px: int) -> dict[str, float]:
    """Compare moves with the truth of a batch of `datasets.shapes.SceneBatches`.

    Returns:
        solved: share of pictures in which every shape has a move of its own colour that overlaps it by more than 0.9.
        mean_overlap: of shapes and their moves.
        templates: share of pictures with a move of the right template within 4 pixels of each shape.
        number: share of pictures with as many moves as shapes.
        ordered: share of pictures with shapes that are seen to meet in which all of them are painted in the right
            order; each shape has a move of its colour, and the parts that are seen of both overlap by more than half.
        ordered_told: the same for those of these shapes alone whose order the picture tells, see `told`.
    """
    own, truth = boxes(moves, size_px), batch["corners"]
    there = batch["there"] > 0.5
    shown = torch.ones_like(own[..., 0]) if moves.there is None else moves.there
    same = (moves.what.mean(-1)[:, :, None] - batch["colour"][:, None]).abs() < _SAME_COLOUR
    seen = own.clamp(0, size_px)  # how far a move reaches beyond the page cannot be seen
    fit = overlap(seen[:, :, None], truth[:, None]) * same * (shown[:, :, None] > 0.5)  # (batch, moves, shapes)
    chosen = assign(-fit * there[:, None])
    value = fit.gather(1, chosen[:, None])[:, 0]
    found = (value > _OVERLAP) | ~there
    scores = {"solved": found.all(1).float().mean(), "mean_overlap": value[there].mean()}
    scores["number"] = ((shown > 0.5).sum(1) == there.sum(1)).float().mean()
    if len(names) > 1:
        scores["templates"] = _templates_right(moves, names, batch, own, there)
    meet = meeting(truth, there, size_px) & (batch["colour"][:, :, None] != batch["colour"][:, None])
    if meet.any():
        wrong = chosen[:, :, None] > chosen[:, None]
        shades = same.gather(1, chosen[:, None])[:, 0]
        painted = what_is_seen(own, shown > 0.5, size_px)
        painted = painted.gather(1, chosen[..., None, None].expand(-1, -1, size_px, size_px))
        wanted = what_is_seen(truth, there, size_px)
        both, either = (part.sum((2, 3)) for part in (painted.minimum(wanted), painted.maximum(wanted)))
        found = ((shades & (both > _SEEN * either)) | ~there).all(1)
        for name, pairs in (("ordered", meet), ("ordered_told", meet & told(truth, there, size_px))):
            right = found & ~(wrong & pairs).any(2).any(1)
            scores[name] = right[pairs.any(2).any(1)].float().mean()
    return {name: float(value) for name, value in scores.items()}


def assign(cost: Tensor) -> Tensor:
    """Give each shape a move of its own at the least cost in all: (batch, moves, shapes) → (batch, shapes)."""
    moves, shapes = cost.shape[1:]
    options = torch.tensor(list(permutations(range(moves), shapes)), device=cost.device)
    totals = cost.new_zeros(len(cost), len(options))
    for shape in range(shapes):
        totals += cost[:, options[:, shape], shape]
    return options[totals.argmin(dim=1)]


def _templates_right(
    moves: Moves, names: tuple[str, ...], batch: dict[str, Tensor], own: Tensor, there: Tensor
) -> Tensor:
    """The thesis' rule (section 5.5)."""
    kinds = torch.tensor([KINDS.index(name) if name in KINDS else -1 for name in names], device=own.device)
    template = kinds[moves.which.argmax(-1)]
    middle, truth = (own[..., :2] + own[..., 2:]) / 2, (batch["corners"][..., :2] + batch["corners"][..., 2:]) / 2
    near = (middle[:, :, None] - truth[:, None]).norm(dim=-1) < _NEAR_PX
    return ((near & (template[:, :, None] == batch["kind"][:, None])).any(1) | ~there).all(1).float().mean()


def meeting(truth: Tensor, there: Tensor, size_px: int) -> Tensor:
    """Say which pairs (batch, lower, upper) of boxes (batch, shapes, 4) are seen to meet, in the order of painting.

    Of two that meet under a third one nobody can say which lies above.
    """
    masks, seen = coverage(truth, size_px) * there[..., None, None], what_is_seen(truth, there, size_px)
    shared = (masks[:, :, None] * seen[:, None]).amax((3, 4))
    return (shared > _SEEN).triu(1)


def told(truth: Tensor, there: Tensor, size_px: int) -> Tensor:
    """Say of which pairs (batch, lower, upper) of boxes the picture alone tells the order.

    Whatever is hidden of a box, it fills the rectangle around its pixels that are seen. Where that holds pixels of
    another box, this one lies above it, and also above all that lie below it. The order of other pairs can be changed,
    along with what is hidden, and the picture stays as it is.
    """
    seen = what_is_seen(truth, there, size_px) > _SEEN
    rows, columns = _filled(seen.any(3)), _filled(seen.any(2))
    around = rows[..., :, None] & columns[..., None, :]
    order = (around[:, :, None] & seen[:, None]).any(4).any(3).triu(1)
    for between in range(order.shape[1]):
        order |= order[:, :, between, None] & order[:, between, None]
    return order


def _filled(seen: Tensor) -> Tensor:
    """Fill what lies between the first and the last True of each row."""
    return (seen.cumsum(-1) > 0) & (seen.flip(-1).cumsum(-1).flip(-1) > 0)


def what_is_seen(box: Tensor, there: Tensor, size_px: int) -> Tensor:
    """Return what is seen of boxes (batch, moves, 4) painted one over another, (batch, moves, side, side) in [0, 1]."""
    masks = coverage(box, size_px) * there[..., None, None]
    bare = torch.ones_like(masks[:, 0])
    seen: list[Tensor] = []
    for mask in reversed(masks.unbind(1)):
        seen.append(mask * bare)
        bare = bare * (1 - mask)
    return torch.stack(seen[::-1], dim=1)


def coverage(box: Tensor, size_px: int) -> Tensor:
    """Return how much of each pixel boxes (…, 4) cover, (…, side, side)."""
    edge = torch.arange(size_px, device=box.device)
    x, y = (
        (torch.minimum(box[..., i + 2, None], edge + 1) - torch.maximum(box[..., i, None], edge)).clamp(0, 1)
        for i in range(2)
    )
    return y[..., :, None] * x[..., None, :]


def clean_share(moves: Moves, size_px: int) -> float:
    """Return the share of pictures of clean shapes: dark, at least 4 px a side, on the page, and not over one another.

    A pixel of tolerance each way at the page's edge, and one between shapes.
    """
    box = boxes(moves, size_px)
    dark = (moves.what < _SAME_COLOUR).all(-1)
    large = (box[..., 2:] - box[..., :2]).amin(-1) >= _NEAR_PX
    inside = (box.amin(-1) > -1) & (box.amax(-1) < size_px + 1)
    low = torch.maximum(box[:, :, None, :2], box[:, None, :, :2])
    high = torch.minimum(box[:, :, None, 2:], box[:, None, :, 2:])
    apart = (high - low).amin(-1) < 1
    apart = apart | torch.eye(box.shape[1], dtype=torch.bool, device=box.device)
    return float(((dark & large & inside).all(1) & apart.all(2).all(1)).float().mean())
