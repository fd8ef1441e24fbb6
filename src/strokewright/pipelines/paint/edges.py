"""How far a painting's edges are from a picture's: in place, and in amount.

Squared error asks for the mean of what moves cannot follow: fur becomes flat. Edges of the right strength in about the
right places cost it nearly as much as none, so they are compared for themselves.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_PLACE = 0.03  # weights beside a squared error
_AMOUNT = 0.1
_WINDOW_PX, _STEP_PX = 8, 4
_TINY = 1e-5  # a square root has no gradient at 0


def edge_error(painted: Tensor, target: Tensor) -> Tensor:
    """Compare the differences between neighbouring pixels, in two ways, by absolute values.

    Pixel by pixel, which draws edges to where the picture has them; and their mean lengths in windows of 8×8 pixels,
    which asks for as much texture as the picture has, wherever exactly it comes to lie.

    Args:
        painted: (channels, height, width) in [0, 1].
        target: The same of the picture.

    Returns:
        A scalar, a sum over pixels, weighed to stand beside a squared error.
    """
    own, other = _differences(painted), _differences(target)
    place = sum((a - b).abs().sum() for a, b in zip(own, other, strict=True))
    amount = F.avg_pool2d(_lengths(own) - _lengths(other), _WINDOW_PX, _STEP_PX, padding=_STEP_PX)
    return _PLACE * place + _AMOUNT * _STEP_PX**2 * amount.abs().sum()


def _differences(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pixel's difference to the next one across and down, 0 at the far edges."""
    wider = F.pad(picture, (0, 1, 0, 1), mode="replicate")
    return wider[:, :-1].diff(dim=2), wider[:, :, :-1].diff(dim=1)


def _lengths(differences: tuple[Tensor, Tensor]) -> Tensor:
    across, down = differences
    return (across.square() + down.square() + _TINY).sqrt()
