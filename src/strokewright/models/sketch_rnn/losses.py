"""The losses of sketch-rnn at a stated N_max, and how they stay the same when a batch is trimmed.

Per drawing of N_s rows, with N_max the longest drawing of the data set:

    L_s  = -1/N_max · sum over the N_s rows of log(density of the offset + 1e-6)
    L_p  = -1/N_max · sum over all N_max rows of log(probability of the pen state)
    L_KL = -1/2 · mean over latent units of (1 + log variance - mean² - variance)

L_p counts the rows of padding after the end too. A batch is trimmed to its longest drawing, and those rows are not
there; two definitions are therefore offered:

- "counted", the paper's and the trainer's: every row up to N_max. Past the trimmed rows the decoder's input never
  changes, so its state comes to rest: the model runs on only until the loss of a row does, and that row then
  stands for all the rest (`SketchRNN.losses`). So the loss equals the padded one to 1e-5, at any time of the training.
- "masked", the trainer's when it draws: a drawing counts its own rows and its first end row, the one row of
  padding at which a drawing can end. What a model says after that is never drawn. Trimming changes nothing at all.

Source: "A Neural Representation of Sketch Drawings", equations 9 to 11 and supplement.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.models.sketch_rnn.mixture import Mixture

END = 4
"""Column of a stroke-5 row that marks the end of the drawing and all padding."""


def row_losses(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each row costs, unmasked padding included.

    Args:
        output: Raw output of the head (batch, steps, 3 + 6M).
        target: Stroke-5 rows that it should have foretold (batch, steps, 5).

    Returns:
        Offset loss, 0 where the target is an end row, and pen loss: both (batch, steps), float32.
    """
    mixture = Mixture.from_output(output)
    target = target.float()
    # where, not a product: 0 × NaN is NaN, and so would its gradient be
    is_end = target[..., END] > 0.5
    offsets = torch.where(is_end[..., None], torch.zeros_like(target[..., :2]), target[..., :2])
    of_offset = mixture.offset_loss(offsets)
    of_pen = -(mixture.log_pen() * target[..., 2:]).sum(-1)
    return torch.where(is_end, torch.zeros_like(of_offset), of_offset), of_pen


def counted_rows(length: Tensor, steps: int) -> Tensor:
    """Return which rows (batch, steps) the masked pen loss counts: a drawing's own rows and its first end row."""
    return torch.arange(steps, device=length.device) <= length[:, None]


def kl_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return L_KL, a mean over drawings and latent units, before any floor. Both arguments are (batch, latent)."""
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()


def kl_weight(step: int, weight: float, start: float, decay: float) -> float:
    """Return the annealed weight of L_KL: from `start` at step 0 towards `weight`, the gap shrinking by `decay`."""
    return weight - (weight - start) * decay**step
