"""All moves of a painting moved together by gradient through the writer, towards a target of any size."""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.pipelines.paint.edges import edge_error
from strokewright.pipelines.paint.painting import Painting
from strokewright.render.template_windows import Windows

_RATES = {"centre": 0.008, "log_half": 0.03, "angle_rad": 0.04, "colour": 0.015, "opacity": 0.02}
_BETAS = (0.9, 0.99)
_STEPS_A_WINDOW = 5  # windows are made anew as often
_SLACK = 3.0  # of the way that a centre can go within them
_SMALLEST_PX = 0.6  # half axis on the target
_LARGEST = 1.5  # half axis in half pages
_FARTHEST = 1.1  # centre from the middle, in half pages
_FAINTEST = 0.1


def refine(
    painting: Painting,
    target: Tensor,
    steps: int,
    pace: tuple[float, float] = (1.0, 0.3),
    opacity: bool = False,
    detail: float = 0.0,
) -> Painting:
    """Move all moves together by Adam towards the least squared error, and with `detail` towards sharp edges.

    Args:
        painting: Where to begin.
        target: (channels, height, width); a smaller one has softer edges, so moves find their places from further away.
        steps: How often.
        pace: Factor of the rates of learning at the first and at the last step.
        opacity: Whether moves may become translucent.
        detail: What edges count beside the squared error, 0 to 1.

    Returns:
        The painting with the same moves in the same order, elsewhere; colours change where there is no palette.
    """
    if steps == 0 or len(painting) == 0:
        return painting
    size = (target.shape[1], target.shape[2])
    free = _free(painting, opacity)
    painting = painting.with_moves(painting.moves._replace(**free))
    optimizer = torch.optim.Adam([{"params": [part], "name": name} for name, part in free.items()], betas=_BETAS)
    bare, windows = painting.bare(size), None
    for step in range(steps):
        factor = pace[0] * (pace[1] / pace[0]) ** (step / max(1, steps - 1))
        for group in optimizer.param_groups:
            group["lr"] = factor * _RATES[group["name"]]
        local = painting.local()
        if windows is None or step % _STEPS_A_WINDOW == 0:
            way_px = factor * _RATES["centre"] * _STEPS_A_WINDOW * max(size) / 2
            windows = Windows(painting.bank, local, size, slack_px=1.5 + _SLACK / 2 * way_px)
        painted = windows.paint(local, bare)
        loss = (painted - target).square().sum()
        if detail:
            loss = loss + detail * edge_error(painted, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        _keep_in_range(free, 2 * _SMALLEST_PX / max(size))
    return painting.with_moves(painting.moves._replace(**{name: part.detach() for name, part in free.items()}))


def _free(painting: Painting, opacity: bool) -> dict[str, Tensor]:
    """Copy the parameters that may change."""
    names = ["centre", "log_half", "angle_rad"]
    names += ["colour"] * (painting.palette is None) + ["opacity"] * opacity
    return {name: getattr(painting.moves, name).detach().clone().requires_grad_() for name in names}


@torch.no_grad()
def _keep_in_range(free: dict[str, Tensor], smallest: float) -> None:
    low, high = torch.tensor([smallest, _LARGEST]).log().tolist()
    for name, part in free.items():
        if name == "colour":
            part.clamp_(0, 1)
        elif name == "opacity":
            part.clamp_(_FAINTEST, 1)
        elif name == "centre":
            part.clamp_(-_FARTHEST, _FARTHEST)
        elif name == "log_half":
            part.clamp_(low, high)
