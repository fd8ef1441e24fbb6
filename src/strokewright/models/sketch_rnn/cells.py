"""The three recurrent cells of sketch-rnn: LSTM, layer-norm LSTM and HyperLSTM.

All weights are stored for row vectors, [in, out], with the gates in blocks i, j, f, o (j is the candidate), as the
public trainer keeps them; 1 is added to the forget gate at run time. A cell's state is one flat row a drawing:
LSTM [c, h]; layer-norm LSTM [h, c]; HyperLSTM [h, h of the hyper cell, c, c of the hyper cell].

Every cell has two ways through it: `step` is the plain reference, one row at a time; `forward` takes a whole sequence
and is fast. They agree to rounding, with and without a dropout mask.

Source: "A Neural Representation of Sketch Drawings", section 3.2; "HyperNetworks", appendix A.2.2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.gates import FORGET_BIAS, GATES, NORM_EPS, Norms
from strokewright.models.sketch_rnn.hyper_sequence import HyperState, HyperWeights, run_hyper_sequence
from strokewright.models.sketch_rnn.sequence import run_sequence


class Cell(nn.Module):
    """What every cell has: sizes, an initial state, one step, a whole sequence.

    Args:
        input_size: Width of a row of the input.
        hidden_size: Width of the output.
        state_size: Width of the flat state.
    """

    def __init__(self, input_size: int, hidden_size: int, state_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.state_size = input_size, hidden_size, state_size
        self.w_xh = nn.Parameter(nn.init.xavier_uniform_(torch.empty(input_size, GATES * hidden_size)))
        blocks = [nn.init.orthogonal_(torch.empty(hidden_size, hidden_size)) for _ in range(GATES)]
        self.w_hh = nn.Parameter(torch.cat(blocks, dim=1))

    def initial_state(self, batch: int) -> Tensor:
        """Return zeros (batch, state size)."""
        return self.w_hh.new_zeros(batch, self.state_size)

    def output_of(self, state: Tensor) -> Tensor:
        """Return the output (batch, hidden) that a flat state holds."""
        return state[:, : self.hidden_size]

    def step(self, inputs: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            inputs: (batch, input size).
            state: Flat state (batch, state size).
            keep: Recurrent dropout: factors (batch, hidden) of the candidate, 0 or 1 / keep; None: no dropout.

        Returns:
            The output (batch, hidden) and the next flat state.
        """
        raise NotImplementedError

    def forward(
        self, inputs: Tensor, state: Tensor, keep: Tensor | None = None, constant: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over a whole sequence.

        Args:
            inputs: (steps, batch, width); width is the input size less the width of `constant`.
            state: Flat state before the first step (batch, state size).
            keep: Recurrent dropout: factors (steps, batch, hidden) of the candidates, 0 or 1 / keep.
            constant: (batch, width): further columns that are the same in every step, multiplied only once.

        Returns:
            The outputs (steps, batch, hidden) and the last flat state.
        """
        raise NotImplementedError

    def _split(self, constant: Tensor | None, width: int, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the weights of the changing inputs, and the product (batch, outputs) of the constant ones."""
        with torch.autocast(weight.device.type, enabled=False):
            return weight[:width], None if constant is None else constant.to(weight.dtype) @ weight[width:]


class LSTMCell(Cell):
    """LSTM; recurrent dropout acts on the candidate alone."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, 2 * hidden_size)
        self.bias = nn.Parameter(torch.zeros(GATES * hidden_size))

    def output_of(self, state: Tensor) -> Tensor:
        """Return the output (batch, hidden) that a flat state holds."""
        return state[:, self.hidden_size :]

    def step(self, inputs: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take one step; see `Cell.step`."""
        cell, hidden = state.chunk(2, dim=1)
        gates = (inputs @ self.w_xh + hidden @ self.w_hh).to(state.dtype) + self.bias
        cell, out = _update(gates, cell, keep)
        hidden = out * torch.tanh(cell)
        return hidden, torch.cat([cell, hidden], dim=1)

    def forward(
        self, inputs: Tensor, state: Tensor, keep: Tensor | None = None, constant: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over a whole sequence; see `Cell.forward`."""
        cell, hidden = state.to(self.w_hh.dtype).chunk(2, dim=1)
        w_x, product = self._split(constant, inputs.shape[-1], self.w_xh)
        offset = self.bias.expand(len(state), -1) if product is None else product + self.bias
        outputs, cell = run_sequence(inputs.to(w_x.dtype), offset, hidden, cell, w_x, self.w_hh, None, keep)
        return outputs, torch.cat([cell, outputs[-1]], dim=1)


class LayerNormCell(Cell):
    """LSTM whose four gates, and whose cell on the way out, are normalised over the hidden units; it has no bias."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, 2 * hidden_size)
        self.gates_gamma = nn.Parameter(torch.ones(GATES * hidden_size))
        self.gates_beta = nn.Parameter(torch.zeros(GATES * hidden_size))
        self.cell_gamma = nn.Parameter(torch.ones(hidden_size))
        self.cell_beta = nn.Parameter(torch.zeros(hidden_size))

    def step(self, inputs: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take one step; see `Cell.step`."""
        hidden, cell = state.chunk(2, dim=1)
        products = (inputs @ self.w_xh + hidden @ self.w_hh).to(state.dtype)
        cell, out = _update(_normalise_gates(products, self.gates_gamma, self.gates_beta), cell, keep)
        size = (self.hidden_size,)
        hidden = out * torch.tanh(F.layer_norm(cell, size, self.cell_gamma, self.cell_beta, NORM_EPS))
        return hidden, torch.cat([hidden, cell], dim=1)

    def forward(
        self, inputs: Tensor, state: Tensor, keep: Tensor | None = None, constant: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over a whole sequence; see `Cell.forward`."""
        hidden, cell = state.to(self.w_hh.dtype).chunk(2, dim=1)
        w_x, product = self._split(constant, inputs.shape[-1], self.w_xh)
        offset = w_x.new_zeros(len(state), w_x.shape[1]) if product is None else product
        outputs, cell = run_sequence(inputs.to(w_x.dtype), offset, hidden, cell, w_x, self.w_hh, self.norms, keep)
        return outputs, torch.cat([outputs[-1], cell], dim=1)

    @property
    def norms(self) -> Norms:
        """Weights of its layer normalisations."""
        return Norms(self.gates_gamma, self.gates_beta, self.cell_gamma, self.cell_beta)


class HyperCell(Cell):
    """Layer-norm LSTM whose weights a smaller layer-norm LSTM scales anew at every step, unit by unit.

    The smaller cell sees [input, last output]. Its output makes 12 short embeddings, and each of them, times one of the
    matrices `scales`, a row of hidden units: four that scale the gates' products with the input, four that scale those
    with the last output, four that are added.
    """

    def __init__(self, input_size: int, hidden_size: int, hyper_size: int = 256, embedding: int = 32) -> None:
        super().__init__(input_size, hidden_size, 2 * (hidden_size + hyper_size))
        self.hyper_size, self.embedding = hyper_size, embedding
        self.bias = nn.Parameter(torch.zeros(GATES * hidden_size))
        self.gates_gamma = nn.Parameter(torch.ones(GATES * hidden_size))
        self.gates_beta = nn.Parameter(torch.zeros(GATES * hidden_size))
        self.cell_gamma = nn.Parameter(torch.ones(hidden_size))
        self.cell_beta = nn.Parameter(torch.zeros(hidden_size))
        self.hyper = LayerNormCell(input_size + hidden_size, hyper_size)
        scaling = 2 * GATES * embedding
        self.embed = nn.Parameter(torch.zeros(hyper_size, scaling + GATES * embedding))
        self.embed_bias = nn.Parameter(torch.ones(scaling))
        self.scales = nn.Parameter(torch.full((3 * GATES, embedding, hidden_size), 0.1 / embedding))
        with torch.no_grad():
            self.embed[:, scaling:].normal_(std=0.01)
            self.scales[2 * GATES :].zero_()

    def step(self, inputs: Tensor, state: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take one step; see `Cell.step`."""
        units, hyper = self.hidden_size, self.hyper_size
        hidden, hyper_hidden, cell, hyper_cell = state.split([units, hyper, units, hyper], dim=1)
        hyper_state = torch.cat([hyper_hidden, hyper_cell], dim=1)
        hyper_hidden, hyper_state = self.hyper.step(torch.cat([inputs, hidden], dim=1), hyper_state)
        embedded = (hyper_hidden @ self.embed).to(state.dtype) + F.pad(self.embed_bias, (0, GATES * self.embedding))
        rows = embedded.unflatten(1, (3 * GATES, self.embedding)).transpose(0, 1)
        of_input, of_hidden, added = (rows @ self.scales).to(state.dtype).transpose(0, 1).flatten(1).chunk(3, dim=1)
        products = of_input * (inputs @ self.w_xh) + of_hidden * (hidden @ self.w_hh) + added + self.bias
        cell, out = _update(_normalise_gates(products, self.gates_gamma, self.gates_beta), cell, keep)
        hidden = out * torch.tanh(F.layer_norm(cell, (units,), self.cell_gamma, self.cell_beta, NORM_EPS))
        return hidden, torch.cat([hidden, hyper_hidden, cell, hyper_state[:, hyper:]], dim=1)

    def forward(
        self, inputs: Tensor, state: Tensor, keep: Tensor | None = None, constant: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over a whole sequence; see `Cell.forward`."""
        small, width, units = self.hyper, inputs.shape[-1], self.hidden_size
        state = state.to(self.w_hh.dtype)
        w_x, product = self._split(constant, width, self.w_xh)
        from_input, from_main = small.w_xh.split([self.input_size, units])
        small_x, small_product = self._split(constant, width, from_input)
        offset, small_offset = (
            weight.new_zeros(len(state), weight.shape[1]) if found is None else found
            for weight, found in ((w_x, product), (small_x, small_product))
        )
        small_h = torch.cat([from_main, small.w_hh])
        weights = HyperWeights(w_x, self.w_hh, self.bias, small_x, small_h, self.embed, self.embed_bias, self.scales)
        parts = HyperState(*state.split([units, self.hyper_size] * 2, dim=1))
        norms = Norms(self.gates_gamma, self.gates_beta, self.cell_gamma, self.cell_beta), small.norms
        outputs, last = run_hyper_sequence(inputs.to(w_x.dtype), (offset, small_offset), parts, weights, norms, keep)
        return outputs, torch.cat(last, dim=1)


CELLS = {"lstm": LSTMCell, "layer-norm": LayerNormCell, "hyper": HyperCell}


def make_cell(kind: str, input_size: int, hidden_size: int, hyper_size: int = 256, embedding: int = 32) -> Cell:
    """Return a cell by its name in `CELLS`; the last two sizes are those of the HyperLSTM.

    Raises:
        OptionError: No such cell.
    """
    if kind not in CELLS:
        raise OptionError(f"cell: expected one of {', '.join(CELLS)}, got {kind!r}")
    if kind == "hyper":
        return HyperCell(input_size, hidden_size, hyper_size, embedding)
    return CELLS[kind](input_size, hidden_size)


def _update(gates: Tensor, cell: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the next cell and the output gate from gates (batch, 4 · hidden) before their squashing."""
    i, j, f, o = gates.chunk(GATES, dim=1)
    candidate = torch.tanh(j) if keep is None else torch.tanh(j) * keep
    return cell * torch.sigmoid(f + FORGET_BIAS) + torch.sigmoid(i) * candidate, torch.sigmoid(o)


def _normalise_gates(products: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Normalise each of the four blocks of (batch, 4 · hidden) on its own."""
    blocks = products.unflatten(1, (GATES, -1))
    return F.layer_norm(blocks, blocks.shape[-1:], eps=NORM_EPS).flatten(1) * gamma + beta
