"""sketch-rnn: a recurrent autoencoder of drawings, or its decoder alone.

The encoder reads a drawing forwards and backwards and gives mean and log variance of z. The decoder starts from a state
made of z and sees at every step the row before and z; its head gives the distribution of the next row. With several
classes an embedding of the label stands beside z: one model then draws what it is asked for, and z need not hold it.
While it learns, the model notes how the means of z lie for the drawings of each class: new drawings take z from there.

Source: "A Neural Representation of Sketch Drawings", section 3. Differs from the paper in the label, which it leaves to
future work, and in new drawings' z, which it draws from N(0, I): of that, a short training fills a small part.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Literal

import torch
from torch import Tensor, nn

from strokewright.errors import DataError, OptionError
from strokewright.models.pretrained import Pretrained
from strokewright.models.sketch_rnn.cells import make_cell
from strokewright.models.sketch_rnn.config import SketchRNNConfig
from strokewright.models.sketch_rnn.dropout import draw_keep
from strokewright.models.sketch_rnn.losses import END, counted_rows, kl_loss, kl_weight, row_losses
from strokewright.models.sketch_rnn.mixture import PEN_STATES, PER_COMPONENT

ROW = 5
_TAIL_STEPS = 8
"""Rows of padding that the decoder runs at once while it looks for rest."""
_AT_REST = 2e-7
"""By how much L_p may still change, were the change of the last few rows to go on to N_max."""
_LATELY = 0.002
"""Weight of a drawing among the noted codes of its class; that of the one before is smaller by this share."""
_FAINT = 0.3
_AT_REST_NOISY = 1e-4  # fresh dropout masks keep the rows from coming to rest any further


class SketchRNN(Pretrained):
    """Encodes drawings to z and draws them again; see the module."""

    def __init__(self, config: SketchRNNConfig) -> None:
        super().__init__()
        self.config = config
        hyper = (config.hyper_size, config.hyper_embedding)
        latent, units = config.latent_size, config.decoder_size
        if latent:
            self.encoder_forward = make_cell(config.encoder_cell, ROW, config.encoder_size, *hyper)
            self.encoder_backward = make_cell(config.encoder_cell, ROW, config.encoder_size, *hyper)
            self.to_mean = _near_zero(2 * config.encoder_size, latent)
            self.to_log_variance = _near_zero(2 * config.encoder_size, latent)
            self.code_mean = nn.Buffer(torch.zeros(max(1, len(config.labels)), latent))
            self.code_variance = nn.Buffer(torch.ones_like(self.code_mean))
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        beside = latent + (config.label_size if config.labels else 0)
        self.decoder = make_cell(config.decoder_cell, ROW + beside, units, *hyper)
        self.to_state = _near_zero(beside, self.decoder.state_size) if beside else None
        outputs = PEN_STATES + PER_COMPONENT * config.components
        self.head = nn.Linear(units, outputs)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.uniform_(self.head.bias, -((3 / outputs) ** 0.5), (3 / outputs) ** 0.5)  # the trainer's, not zero
        self._step = 0

    def begin_as(self, known: Pretrained) -> None:
        """Take the weights of a trained model; of a bare decoder, what z and labels add stays random, faint."""
        if not isinstance(known, SketchRNN) or known.config.latent_size or known.config.labels:
            super().begin_as(known)
            return
        learned, own = (dict(model.decoder.named_parameters()) for model in (known, self))
        if learned.keys() != own.keys():
            raise RuntimeError(f"decoder_cell: {known.config.decoder_cell} there, {self.config.decoder_cell} here")
        with torch.no_grad():
            for name, weight in own.items():
                if name == "w_xh":
                    weight[ROW:] *= _FAINT
                weight[: len(learned[name])].copy_(learned[name])
            self.head.load_state_dict(known.head.state_dict())

    @classmethod
    def from_magenta(cls, source: str | PurePath | bytes, device: str | torch.device = "cpu") -> SketchRNN:
        """Read Magenta's JSON, such as `bird.gen.json`; see `magenta.py`."""
        from strokewright.models.sketch_rnn.magenta import from_magenta

        return from_magenta(source, device)

    def to_magenta(self, path: str | Path, label: str | None = None, name: str | None = None) -> None:
        """Write Magenta's JSON, which the JavaScript sketches run; see `magenta.py`."""
        from strokewright.models.sketch_rnn.magenta import to_magenta

        to_magenta(self, path, label, name)

    def set_step(self, step: int) -> None:
        """Hear which step of the training comes, from 0: the weight of L_KL rises with it."""
        self._step = step

    def encode(self, rows: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read drawings.

        Args:
            rows: Stroke-5 rows in model units without the start token (batch, steps, 5).
            lengths: Rows of each drawing that count, ≥ 1 (batch,); what comes after them is not looked at.

        Returns:
            Mean and log variance of z, both (batch, latent).

        Raises:
            OptionError: A model without an encoder.
        """
        if not self.config.latent_size:
            raise OptionError("encode: expected a model with an encoder, got latent_size 0; use another model")
        steps = rows.shape[1]
        places = torch.arange(steps, device=rows.device)
        backwards = (lengths[:, None] - 1 - places).remainder(steps)
        reversed_rows = rows.gather(1, backwards[..., None].expand_as(rows))
        last = (lengths - 1).clamp(min=0)
        ends: list[Tensor] = []
        for cell, read in ((self.encoder_forward, rows), (self.encoder_backward, reversed_rows)):
            keep = self._keep(steps, len(rows), self.config.encoder_size, rows)
            outputs, _ = cell(read.float().transpose(0, 1), cell.initial_state(len(rows)), keep)
            ends.append(outputs[last, torch.arange(len(rows), device=rows.device)])
        summary = torch.cat(ends, dim=1)
        with torch.autocast(rows.device.type, enabled=False):
            return self.to_mean(summary.float()), self.to_log_variance(summary.float())

    def new_codes(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Return z of drawings that are not there yet, normally distributed as the means of z of known drawings are.

        Args:
            noise: Standard normal numbers (batch, latent); smaller ones keep nearer to the middle of the class.
            label: Numbers of the labels (batch,); None for a model without labels.

        Returns:
            z (batch, latent); the noise itself, as in the paper, for a model that has not learned here.
        """
        row = torch.zeros(len(noise), dtype=torch.long, device=noise.device) if label is None else label
        return self.code_mean[row] + self.code_variance[row].sqrt() * noise

    @torch.no_grad()
    def _note_codes(self, means: Tensor, label: Tensor | None) -> None:
        """Take the means of z (batch, latent) into the running mean and variance of their classes."""
        row = torch.zeros(len(means), dtype=torch.long, device=means.device) if label is None else label
        counts = torch.zeros_like(self.code_mean[:, :1]).index_add_(0, row, torch.ones_like(means[:, :1]))
        share = (1 - (1 - _LATELY) ** counts) / counts.clamp(min=1)
        gaps = means - self.code_mean[row]
        none = torch.zeros_like(self.code_mean)
        self.code_mean += share * none.index_add(0, row, gaps)
        self.code_variance += share * (none.index_add(0, row, gaps**2) - counts * self.code_variance)

    def start_state(self, z: Tensor | None, label: Tensor | None = None, batch: int = 1) -> Tensor:
        """Return the decoder's flat state before the first row.

        Args:
            z: (batch, latent); None for a decoder alone.
            label: Numbers of the labels (batch,); None for a model without labels.
            batch: Drawings, where neither says how many.
        """
        beside = self.beside(z, label)
        if beside is None or self.to_state is None:
            return self.decoder.initial_state(batch)
        with torch.autocast(beside.device.type, enabled=False):
            return torch.tanh(self.to_state(beside.float()))

    def beside(self, z: Tensor | None, label: Tensor | None) -> Tensor | None:
        """Return what stands beside every row of the decoder's input: z and the label's embedding, if there are any.

        Raises:
            OptionError: z or label is missing, or given to a model that has none.
        """
        for name, given, wanted in (
            ("z", z is not None, self.config.latent_size > 0),
            ("label", label is not None, self.label_embedding is not None),
        ):
            if given != wanted:
                expected, got = ("one", "none") if wanted else ("none", "one")
                raise OptionError(f"{name}: this model takes {expected}, got {got}; see its config")
        parts = [] if z is None else [z]
        if label is not None and self.label_embedding is not None:
            parts.append(self.label_embedding(label))
        return torch.cat(parts, dim=1) if parts else None

    def decode(
        self, inputs: Tensor, z: Tensor | None = None, label: Tensor | None = None, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Foretell the row after each row.

        Args:
            inputs: Stroke-5 rows, the first one the start token (batch, steps, 5).
            z: (batch, latent); None for a decoder alone.
            label: Numbers of the labels (batch,); None for a model without labels.
            state: Flat state to go on from; None: `start_state`.

        Returns:
            The head's raw output (batch, steps, 3 + 6M), float32, and the flat state after the last row.
        """
        beside = self.beside(z, label)
        state = self.start_state(z, label, len(inputs)) if state is None else state
        keep = self._keep(inputs.shape[1], len(inputs), self.config.decoder_size, inputs)
        outputs, last = self.decoder(inputs.float().transpose(0, 1), state, keep, beside)
        with torch.autocast(inputs.device.type, enabled=False):  # bfloat16 has too few digits for places
            return self.head(outputs.float()).transpose(0, 1), last

    def losses(
        self,
        batch: dict[str, Tensor],
        padding: Literal["counted", "masked"] | None = None,
        noise: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return L_R, L_s, L_p and (with an encoder) L_KL before its floor, all at the config's N_max.

        Args:
            batch: `rows` (batch, steps + 1, 5): start token, drawing, end rows; trimmed anywhere from the end of the
                longest drawing on. `length` (batch,): rows of each drawing without start and end. `label` (batch,), if
                the model has labels; left alone otherwise.
            padding: Which rows L_p counts, see `losses.py`; None: as the config says.
            noise: Standard normal numbers (batch, latent) for z; None: drawn.

        Raises:
            DataError: Rows beyond N_max.
        """
        rows, length, n_max = self._rows(batch), batch["length"], self.config.n_max
        label = batch.get("label") if self.config.labels else None
        scores: dict[str, Tensor] = {}
        z = None
        if self.config.latent_size:
            mean, log_variance = self.encode(rows[:, 1:], length)
            noise = torch.randn_like(mean) if noise is None else noise
            z = mean + torch.exp(0.5 * log_variance) * noise
            scores["L_KL"] = kl_loss(mean, log_variance)
            if self.training:
                self._note_codes(mean, label)
        output, state = self.decode(self._inputs(rows), z, label)
        of_offset, of_pen = row_losses(output, rows[:, 1:])
        if (padding or self.config.padding) == "masked":
            pen_sum = torch.where(counted_rows(length, of_pen.shape[1]), of_pen, torch.zeros_like(of_pen)).sum()
        else:
            pen_sum = of_pen.sum() + self._tail(rows[:, -1:], z, label, state, n_max - of_pen.shape[1])
        count = len(rows) * n_max
        l_s, l_p = of_offset.sum() / count, pen_sum / count
        return {"L_R": l_s + l_p, "L_s": l_s, "L_p": l_p} | scores

    def _rows(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the rows of a batch, with the end row of the longest drawing and without padding beyond N_max."""
        longest, n_max = int(batch["length"].max()), self.config.n_max
        if longest > n_max:
            raise DataError(
                f"batch: expected drawings of at most n_max = {n_max} steps, got one of {longest}; "
                "set the model's n_max to the longest drawing of the data"
            )
        rows = batch["rows"][:, : n_max + 1].float()
        if rows.shape[1] - 1 == longest < n_max:
            rows = torch.cat([rows, torch.zeros_like(rows[:, :1])], dim=1)
            rows[:, -1, END] = 1
        return rows

    def _inputs(self, rows: Tensor) -> Tensor:
        """Return the decoder's inputs (batch, steps, 5): all rows but the last, beginning as the config says."""
        inputs = rows[:, :-1]
        if self.config.start == "pen-down":
            return inputs
        return torch.cat([torch.zeros_like(inputs[:, :1]), inputs[:, 1:]], dim=1)

    def _tail(self, last: Tensor, z: Tensor | None, label: Tensor | None, state: Tensor, missing: int) -> Tensor:
        """Return the pen losses, summed, of `missing` more end rows after the row `last` (batch, 1, 5).

        The decoder runs until the loss of a row is at rest; the last row that ran stands for those that did not.
        """
        total = last.new_zeros(())
        end = torch.zeros_like(last)
        end[..., END] = 1
        noisy = self.training and self.config.recurrent_keep < 1
        bound = (_AT_REST_NOISY if noisy else _AT_REST) * self.config.n_max * len(last)
        while missing > 0:
            steps = min(_TAIL_STEPS, missing)
            inputs = torch.cat([last, end.expand(-1, steps - 1, -1)], dim=1)
            output, state = self.decode(inputs, z, label, state)
            of_pen = -torch.log_softmax(output[..., :PEN_STATES], dim=-1)[..., PEN_STATES - 1]  # (batch, steps)
            total, missing, last = total + of_pen.sum(), missing - steps, end
            lately = of_pen.detach()[:, steps // 2 :]
            if missing * float((lately.amax(1) - lately.amin(1)).sum()) < bound:
                return total + missing * of_pen[:, -1].sum()
        return total

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss to train by: L_R plus the annealed weight times L_KL, which counts as the floor below it.

        Evaluation takes the full weight, so that its numbers can be compared at any step.

        Args:
            batch: As for `losses`.

        Returns:
            loss, L_R, L_s, L_p and, with an encoder, L_KL before its floor.
        """
        c = self.config
        scores = self.losses(batch)
        loss = scores["L_R"]
        if "L_KL" in scores:
            weight = kl_weight(self._step, c.kl_weight, c.kl_weight_start, c.kl_decay) if self.training else c.kl_weight
            loss = loss + weight * scores["L_KL"].clamp(min=c.kl_floor)
        return {"loss": loss, **scores}

    def _keep(self, steps: int, batch: int, units: int, like: Tensor) -> Tensor | None:
        """Return fresh masks of the recurrent dropout (steps, batch, units) in training, else None."""
        if not self.training or self.config.recurrent_keep == 1:
            return None
        return draw_keep((steps, batch, units), self.config.recurrent_keep, like.device)


def _near_zero(inputs: int, outputs: int) -> nn.Linear:
    """Return a linear layer as the trainer begins: weights N(0, 0.001), no bias."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.zeros_(layer.bias)
    return layer
