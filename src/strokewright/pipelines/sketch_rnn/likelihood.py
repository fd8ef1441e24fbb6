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
def log_likelihoods(
    model: SketchRNN, rows: NDArray[np.float32], beside: Tensor | None, unfinished: bool = False
) -> NDArray[np.float64]:
    """Return the log likelihoods (count,) of stroke-5 rows, end rows left out.

    Args:
        model: What judges.
        rows: In model units, (count, steps, 5), or (1, steps, 5) to be judged beside each code.
        beside: z and label (count, width); None for a model that has neither.
        unfinished: Judge the rows and that more are to come.
    """
    count = len(rows) if beside is None else len(beside)
    given = torch.from_numpy(rows).to(model.head.weight.device).expand(count, -1, -1)
    begun, output = begin_after(model, given, beside)
    mixture = Mixture.from_output(output)
    pen = (mixture.log_pen() * given[..., 2:]).sum(-1)
    result = (pen - mixture.offset_loss(given[..., :2])).sum(-1)
    if unfinished:
        row = begun.row if begun.beside is None else torch.cat([begun.row, begun.beside], dim=1)
        after = Mixture.from_output(model.head(model.decoder.step(row, begun.state)[0]))
        result = result + after.log_pen()[:, :2].logsumexp(-1)  # pen down or up, not end
    return result.double().cpu().numpy()


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


@torch.inference_mode()
def each_label(model: SketchRNN, z: Tensor | None, count: int) -> Tensor | None:
    """Return codes (count · labels, width) of each z (count, latent) with every label; None where there is neither."""
    if model.label_embedding is None:
        return model.beside(z, None)
    labels = len(model.config.labels)
    numbers = torch.arange(labels, device=model.head.weight.device).repeat(count)
    return model.beside(None if z is None else z.repeat_interleave(labels, dim=0), numbers)
