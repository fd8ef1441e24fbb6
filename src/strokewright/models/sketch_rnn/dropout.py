"""Masks of the recurrent dropout, drawn fast: a quarter of the random numbers that torch's own dropout would take."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_LEVELS = 2**16


def draw_keep(shape: tuple[int, ...], keep: float, device: torch.device) -> Tensor:
    """Return factors of inverted dropout, float32: 1 / keep with the probability `keep` (to 1.5e-5), else 0.

    Args:
        shape: Shape of the factors.
        keep: Probability in (0, 1].
        device: Where they are made, by torch's own generator there.
    """
    count = math.prod(shape)
    words = torch.empty(-(-count // 4), dtype=torch.int64, device=device).random_(-(2**63), None)
    levels = words.view(torch.int16)[:count].view(shape)  # each word holds four numbers from -32768 to 32767
    kept = round(keep * _LEVELS)
    return (levels < kept - _LEVELS // 2) * (_LEVELS / kept)
