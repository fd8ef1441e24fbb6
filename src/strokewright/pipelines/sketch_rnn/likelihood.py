"""How likely a model finds rows, and which class it would take them for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.mixture import Mixture
from strokewright.models.sketch_rnn.sampler import begin_after


@torch.inference_mode()
def log_likelihoods(model: SketchRNN, rows: NDArray[np.float32], beside: Tensor | None) -> NDArray[np.float64]:
    """Return the log likelihood of the same stroke-5 rows (steps, 5), end row left out, beside each of some codes.

    Args:
        model: What judges.
        rows: In model units.
        beside: z and label (count, width); None for a model that has neither, which gives one number.
    """
    count = 1 if beside is None else len(beside)
    given = torch.from_numpy(rows).to(model.head.weight.device).expand(count, -1, -1)
    _, output = begin_after(model, given, beside)
    mixture = Mixture.from_output(output)
    pen = (mixture.log_pen() * given[..., 2:]).sum(-1)
    return (pen - mixture.offset_loss(given[..., :2])).sum(-1).double().cpu().numpy()


@torch.inference_mode()
def encoded(model: SketchRNN, rows: Sequence[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Return mean and log variance of z, (drawings, latent), of drawings as stroke-5 rows (steps, 5)."""
    lengths = [len(one) for one in rows]
    padded = np.zeros((len(rows), max(lengths), 5), np.float32)
    padded[..., 4] = 1
    for target, one in zip(padded, rows, strict=True):
        target[: len(one)] = one
    device = model.head.weight.device
    return model.encode(torch.from_numpy(padded).to(device), torch.tensor(lengths, device=device))


def each_label(model: SketchRNN, z: Tensor | None) -> Tensor | None:
    """Return codes (labels, width) of one z (1, latent) with every label; None for a model that has neither."""
    if model.label_embedding is None:
        return model.beside(z, None)
    labels = torch.arange(len(model.config.labels), device=model.head.weight.device)
    return model.beside(None if z is None else z.expand(len(labels), -1), labels)
