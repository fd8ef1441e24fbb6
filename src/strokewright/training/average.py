"""The exponential moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn


class Average:
    """Averaged copies of all floating weights and buffers: average ← d · average + (1 - d) · weight.

    After n updates d = min(decay, (1 + n)/(10 + n)): the rising decay lets a short run forget its first steps.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.tensors = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after `step` updates."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, tensor in model.state_dict().items():
            average = self.tensors[name]
            if tensor.is_floating_point():
                average.lerp_(tensor, share)
            else:
                average.copy_(tensor)

    @contextmanager
    def applied(self, model: nn.Module) -> Generator[None]:
        """Lend the averaged weights to the model inside a with block."""
        own = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        model.load_state_dict(self.tensors)
        try:
            yield
        finally:
            model.load_state_dict(own)
