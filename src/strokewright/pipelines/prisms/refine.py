"""Move the corners and colours of prisms by gradient until their three views are the pictures.

Scenes are rows of the vocabulary "prism", but with sRGB in place of LAB: smooth edges are mixed in sRGB, so that the
analytic renderer can match a picture exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.pipelines.prisms.views import Views
from strokewright.render.analytic import layer
from strokewright.render.prism import stack
from strokewright.render.protocol import VOCABULARIES

_PRISM = VOCABULARIES["prism"]
_SEARCH_PX = 32  # side of the views while boxes are still far from their places
_FINE_PX = 96
_SOFTNESS = 0.12  # of a view's side, at first
_RATE = 0.02
_CLOSE = 3e-4  # squared distance that says: found
_WORTH = 1e-4  # squared distance that a box must save
_ROUNDS = 3  # of other starts
_STARTS = 12
_JITTER = 0.03  # of the cube's side
_NEW_SIDE = 0.25
_THINNEST = 0.01
_FAINT = 0.1  # alpha below which a box is not even tried as a solid one


def fit(drawn: Tensor, views: Views, steps: int, seed: int = 0) -> Tensor:
    """Find the scene behind three pictures, from what the drawer drew.

    Where that leads astray, other starts beside it are tried. Boxes that the pictures do not need are left out.

    Args:
        drawn: The drawer's scene, (prisms, 10).
        views: The pictures.
        steps: Gradient steps of a descent; those from near by take fewer. 0 keeps what the drawer drew.
        seed: Seed of the other starts.

    Returns:
        The boxes that are there, (boxes, 10).
    """
    if steps == 0:
        return _present(drawn)
    small = views.resized(min(_SEARCH_PX, views.size_px))
    best = refine(drawn[None], small, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(_ROUNDS):
        if distances(best, small) <= _CLOSE:
            break
        tries = torch.cat([best, refine(_starts(best[0], small, generator), small, steps)])
        best = tries[distances(tries, small).argmin()][None]
    boxes = _present(best[0], _FAINT)
    if len(boxes) > 0:  # what was pale and thin has another colour when solid
        boxes = _needed(refine(boxes[None], small, steps // 4, softness=0.0)[0], small, steps)
    if len(boxes) == 0:
        return boxes
    return _present(refine(boxes[None], views.resized(min(_FINE_PX, views.size_px)), steps // 2, softness=0.0)[0])


def refine(rows: Tensor, views: Views, steps: int, softness: float = _SOFTNESS) -> Tensor:
    """Descend from each of several scenes (starts, prisms, 10), through soft edges first and sharp ones at last.

    Solid boxes stay solid: otherwise a paler colour and a lower alpha could stand for one another.
    """
    solid = rows[..., -1:] == 1
    moved = rows.clone().requires_grad_()
    optimiser = torch.optim.Adam([moved], betas=(0.9, 0.95))
    for step in range(steps):
        left = 1 - step / steps
        optimiser.param_groups[0]["lr"] = _RATE * (0.02 + 0.98 * left) * (1 if softness else 0.2)
        optimiser.zero_grad()
        with torch.enable_grad():
            distances(moved, views, softness * views.size_px * max(0.0, 2 * left - 1)).sum().backward()
        optimiser.step()
        with torch.no_grad():
            moved.clamp_(0, 1)[..., -1:].masked_fill_(solid, 1.0)
    return moved.detach()


def distances(rows: Tensor, views: Views, softness_px: float = 0.0) -> Tensor:
    """Return the mean squared distance of each scene (scenes, prisms, 10) to the pictures, (scenes,)."""
    return _errors(rows, views, softness_px).mean(dim=(1, 2, 3))


def _errors(rows: Tensor, views: Views, softness_px: float = 0.0) -> Tensor:
    """Squared distance at each pixel of each scene, (scenes, 9, size, size)."""
    paper = views.paper.expand(len(rows), -1, views.size_px, views.size_px)
    layers = layer(_PRISM, rows.flatten(0, 1), views.size_px, softness_px).unflatten(0, rows.shape[:2])
    return (stack(paper, layers.unbind(dim=1), rows.unbind(dim=1)) - views.pixels).square()


def _starts(rows: Tensor, views: Views, generator: torch.Generator) -> Tensor:
    """Scenes beside one scene (prisms, 10): in each, one box begins anew where the pictures are not matched."""
    wrong = _errors(rows[None], views)[0].unflatten(0, (3, 3)).sum(dim=1)  # (views, size, size)
    pixel = torch.multinomial(wrong.flatten(), _STARTS, replacement=True, generator=generator)
    view, down, across = torch.unravel_index(pixel, wrong.shape)
    centre = torch.rand(_STARTS, 3, generator=generator)
    each = torch.arange(_STARTS)
    share = (torch.stack([across, down], dim=1) + 0.5) / views.size_px
    centre[each, torch.tensor([0, 2, 0])[view]] = share[:, 0]
    centre[each, torch.tensor([1, 1, 2])[view]] = torch.where(view == 2, 1 - share[:, 1], share[:, 1])
    starts = rows + _JITTER * torch.randn(_STARTS, *rows.shape, generator=generator)
    which = each % len(rows)
    starts[each, which, :3] = centre - _NEW_SIDE / 2
    starts[each, which, 3:6] = centre + _NEW_SIDE / 2
    starts[each, which, 6:9] = views.pixels.unflatten(0, (3, 3))[view, :, down, across]
    starts[..., -1] = 0.7
    return starts.clamp(0, 1)


def _present(rows: Tensor, least_alpha: float = 0.5) -> Tensor:
    """Keep the boxes that are there and have some extent, made solid."""
    thinnest = (rows[:, :3] - rows[:, 3:6]).abs().amin(dim=1)
    kept = rows[(rows[:, -1] >= least_alpha) & (thinnest >= _THINNEST)].clone()
    kept[:, -1] = 1.0
    return kept


def _needed(boxes: Tensor, views: Views, steps: int) -> Tensor:
    """Leave out, one by one, boxes without which the others can match the pictures as well."""
    while len(boxes) > 0:
        others = torch.stack([torch.cat([boxes[:i], boxes[i + 1 :]]) for i in range(len(boxes))])
        if len(boxes) > 1:
            others = torch.cat([others, refine(others, views, steps // 2)])
            after = distances(others, views)
        else:
            after = (views.paper - views.pixels).square().mean()[None]
        if after.min() > distances(boxes[None], views) + _WORTH:
            break
        boxes = others[after.argmin()]
    return boxes
