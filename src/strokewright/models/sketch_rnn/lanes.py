"""The decoder, packed to draw: one matrix product a step, in buffers that are never allocated anew.

A lane holds one drawing under way: its last row, its recurrent state, and what stands beside every row. z and the
label never change while a drawing is made, so their share of the gates is worked out once, when it enters its lane.
What is left of a step of the LSTM is [row, h] times one matrix, and some arithmetic in place. The other two cells take
their plain step.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.models.sketch_rnn.cells import FORGET_BIAS, LSTMCell
from strokewright.models.sketch_rnn.vae import ROW, SketchRNN

_Floats = NDArray[np.float32]


class Lanes(Protocol):
    """Room for some drawings that are drawn at once; the first `count` lanes are in use."""

    def enter(self, lane: int, row: Tensor, state: Tensor, beside: Tensor | None) -> None:
        """Put a drawing into a lane: its last row (5,), flat state (state size,), and z and label (width,)."""
        ...

    def move(self, source: int, target: int) -> None:
        """Copy one lane over another."""
        ...

    def step(self, count: int) -> _Floats:
        """Take a step of the first lanes; return the head's raw output (count, 3 + 6M), good until the next step."""
        ...

    def feed(self, rows: _Floats) -> None:
        """Set the last rows (count, 5) of the first lanes."""
        ...


class Packed(Protocol):
    """A decoder's weights as drawing needs them; all lanes share them."""

    def lanes(self, count: int) -> Lanes:
        """Return new lanes, all of them free."""
        ...


def pack(model: SketchRNN) -> Packed:
    """Pack a model's decoder as it is now, where it lies now."""
    return PackedLSTM(model) if isinstance(model.decoder, LSTMCell) else PackedCell(model)


class PackedLSTM:
    """Weights of an LSTM, with the gates in the order i, f, o, j, so that one call squashes three of them."""

    def __init__(self, model: SketchRNN) -> None:
        cell = cast(LSTMCell, model.decoder)
        units = cell.hidden_size
        i, j, f, o = (np.arange(units) + block * units for block in range(4))
        order = torch.from_numpy(np.concatenate([i, f, o, j])).to(cell.w_hh.device)
        with torch.inference_mode():
            bias = cell.bias.clone()
            bias[2 * units : 3 * units] += FORGET_BIAS
            self.bias = bias[order]
            self.weight = torch.cat([cell.w_xh[:ROW], cell.w_hh])[:, order].contiguous()
            self.beside_weight = cell.w_xh[ROW:, order].contiguous()
            self.head_weight, self.head_bias = model.head.weight.T.contiguous(), model.head.bias.clone()
        self.units = units

    def lanes(self, count: int) -> Lanes:
        """See `Packed`."""
        return _LSTMLanes(self, count)


class _LSTMLanes:
    @torch.inference_mode()
    def __init__(self, packed: PackedLSTM, lanes: int) -> None:
        self._packed, units = packed, packed.units
        make = packed.weight.new_zeros
        self._input, self._cell, self._squashed = make(lanes, ROW + units), make(lanes, units), make(lanes, units)
        self._constant, self._gates = make(lanes, 4 * units), make(lanes, 4 * units)
        self._output = make(lanes, len(packed.head_bias))

    @torch.inference_mode()
    def enter(self, lane: int, row: Tensor, state: Tensor, beside: Tensor | None) -> None:
        packed = self._packed
        self._input[lane, :ROW] = row
        self._cell[lane], self._input[lane, ROW:] = state[: packed.units], state[packed.units :]
        self._constant[lane] = packed.bias if beside is None else packed.bias + beside @ packed.beside_weight

    @torch.inference_mode()
    def move(self, source: int, target: int) -> None:
        for buffer in (self._input, self._cell, self._constant):
            buffer[target] = buffer[source]

    @torch.inference_mode()
    def step(self, count: int) -> _Floats:
        packed, units = self._packed, self._packed.units
        inputs, gates, cell, squashed = (b[:count] for b in (self._input, self._gates, self._cell, self._squashed))
        torch.addmm(self._constant[:count], inputs, packed.weight, out=gates)
        gates[:, : 3 * units].sigmoid_()
        candidate = gates[:, 3 * units :].tanh_()
        cell.mul_(gates[:, units : 2 * units]).addcmul_(gates[:, :units], candidate)
        torch.tanh(cell, out=squashed)
        hidden = torch.mul(gates[:, 2 * units : 3 * units], squashed, out=inputs[:, ROW:])
        return torch.addmm(packed.head_bias, hidden, packed.head_weight, out=self._output[:count]).cpu().numpy()

    @torch.inference_mode()
    def feed(self, rows: _Floats) -> None:
        self._input[: len(rows), :ROW] = torch.from_numpy(rows)


class PackedCell:
    """A decoder of any cell, as it is."""

    def __init__(self, model: SketchRNN) -> None:
        self.cell, self.head = model.decoder, model.head

    def lanes(self, count: int) -> Lanes:
        """See `Packed`."""
        return _CellLanes(self, count)


class _CellLanes:
    @torch.inference_mode()
    def __init__(self, packed: PackedCell, lanes: int) -> None:
        self._packed = packed
        make = packed.cell.w_hh.new_zeros
        self._input, self._state = make(lanes, packed.cell.input_size), make(lanes, packed.cell.state_size)

    @torch.inference_mode()
    def enter(self, lane: int, row: Tensor, state: Tensor, beside: Tensor | None) -> None:
        self._input[lane] = row if beside is None else torch.cat([row, beside])
        self._state[lane] = state

    @torch.inference_mode()
    def move(self, source: int, target: int) -> None:
        for buffer in (self._input, self._state):
            buffer[target] = buffer[source]

    @torch.inference_mode()
    def step(self, count: int) -> _Floats:
        output, state = self._packed.cell.step(self._input[:count], self._state[:count])
        self._state[:count] = state
        return self._packed.head(output).cpu().numpy()

    @torch.inference_mode()
    def feed(self, rows: _Floats) -> None:
        self._input[: len(rows), :ROW] = torch.from_numpy(rows)
