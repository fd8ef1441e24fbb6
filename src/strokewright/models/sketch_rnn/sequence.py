"""LSTM and layer-norm LSTM over a whole sequence, with a backward pass written by hand.

Per step there is one product forwards and one backwards; the gradient of the weights is summed over several steps at
once. Under autocast the products are in bfloat16; states, normalisation and sums stay in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from strokewright.models.sketch_rnn.gates import GATES, GateSteps, Norms

_CHUNK = 8
"""Steps whose weight gradients are summed by one product: they fit the cache together."""
NARROW = 16
"""Inputs up to this width are multiplied in full precision even under autocast: it costs nothing."""


def run_sequence(
    inputs: Tensor,
    offset: Tensor,
    hidden: Tensor,
    cell: Tensor,
    w_x: Tensor,
    w_h: Tensor,
    norms: Norms | None,
    keep: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Run an LSTM, with layer normalisation if `norms` is given.

    Args:
        inputs: (steps, batch, width).
        offset: Added to the products of every step (batch, 4 · units).
        hidden: Output before the first step (batch, units).
        cell: Cell before the first step (batch, units).
        w_x: (width, 4 · units), gates i, j, f, o.
        w_h: (units, 4 · units).
        norms: Weights of the layer normalisations, or None.
        keep: Factors of the recurrent dropout (steps, batch, units), or None.

    Returns:
        The outputs (steps, batch, units) and the last cell (batch, units).
    """
    tensors = (inputs.contiguous(), offset, hidden, cell, w_x, w_h, *(norms or ()))
    saving = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    return _Sequence.apply(keep, product_type(inputs), saving, *tensors)


def product_type(like: Tensor) -> torch.dtype:
    """Return the type to multiply in: autocast's where it is on, else that of `like`."""
    kind = like.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else like.dtype


def blocks(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return (width, 4 · units) as (4, width, units), each gate's block together in memory."""
    return weight.detach().to(dtype).unflatten(1, (GATES, -1)).transpose(0, 1).contiguous()


def add_product(place: Tensor, row: Tensor, weight: Tensor) -> None:
    """Add row @ weight to place: (gates, batch, units) += (batch, width) @ (gates, width, units)."""
    if weight.dtype == place.dtype:
        place.baddbmm_(row.expand(len(weight), -1, -1), weight)
    else:
        place.add_(torch.bmm(row.to(weight.dtype).expand(len(weight), -1, -1), weight))


def set_product(place: Tensor, row: Tensor, weight: Tensor) -> None:
    """Write row @ weight to place: (gates, batch, units) = (batch, width) @ (gates, width, units)."""
    row = row.to(weight.dtype).expand(len(weight), -1, -1)
    if weight.dtype == place.dtype:
        torch.bmm(row, weight, out=place)
    else:
        place.copy_(torch.bmm(row, weight))


class WeightGradient:
    """Sums rowᵀ · gradient over the steps of a sequence, several steps a product.

    Args:
        shape: Of the weight: (width, outputs).
        batch: Rows a step.
        like: Tensor of the type and on the device of the sum.
        dtype: The type to multiply in.
    """

    def __init__(self, shape: torch.Size, batch: int, like: Tensor, dtype: torch.dtype) -> None:
        self.total = like.new_zeros(shape)
        self._rows = like.new_empty(_CHUNK, batch, shape[0], dtype=dtype)
        self._gradients = like.new_empty(_CHUNK, batch, shape[1], dtype=dtype)
        self._count = 0

    def next_place(self) -> Tensor:
        """Return where the next gradient (batch, outputs) is to be written before `add`."""
        return self._gradients[self._count]

    def add(self, *parts: Tensor) -> None:
        """Take up a row (batch, width), or its parts side by side, whose gradient lies in `next_place` already."""
        row = self._rows[self._count]
        for place, part in zip(row.split([part.shape[1] for part in parts], dim=1), parts, strict=True):
            place.copy_(part)
        self._count += 1
        if self._count == _CHUNK:
            self.sum_up()

    def sum_up(self) -> Tensor:
        """Sum what is waiting; return the total."""
        if self._count:
            rows, gradients = (part[: self._count].flatten(0, 1) for part in (self._rows, self._gradients))
            if rows.dtype == self.total.dtype:
                self.total.addmm_(rows.T, gradients)
            else:
                self.total.add_(rows.T @ gradients)
            self._count = 0
        return self.total


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep: Tensor | None, dtype: torch.dtype, saving: bool, *tensors: Tensor) -> Any:
        inputs, offset, hidden, cell, w_x, w_h, *norms = tensors
        steps, (batch, units) = len(inputs), hidden.shape
        with torch.autocast(inputs.device.type, enabled=False):
            gates = GateSteps(steps, hidden, Norms(*norms) if norms else None, keep, saving)
            narrow = inputs.dtype if inputs.shape[-1] <= NARROW else dtype
            into, again = blocks(w_x, narrow), blocks(w_h, dtype)
            base = offset.view(batch, GATES, units).transpose(0, 1).contiguous()
            outputs = inputs.new_empty(steps, batch, units)
            output = hidden
            for t, (row, place) in enumerate(zip(inputs.unbind(0), outputs.unbind(0), strict=True)):
                products = gates.products[gates.row(t)]
                products.copy_(base)
                add_product(products, row, into)
                add_product(products, output, again)
                output = place
                cell = gates.forward(t, cell, output)
        last = cell.clone()
        if saving:
            ctx.gates, ctx.dtype = gates, dtype
            ctx.save_for_backward(*tensors, outputs)
            ctx.set_materialize_grads(False)
        return outputs, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        d_outputs, d_last = grad_outputs
        inputs, _, hidden, first, w_x, w_h, *norms, outputs = ctx.saved_tensors
        gates: GateSteps = ctx.gates
        gates.reset_gradients()
        (steps, batch, units), wants_inputs = outputs.shape, ctx.needs_input_grad[3]
        with torch.autocast(inputs.device.type, enabled=False):
            back, back_x = w_h.to(ctx.dtype).T, w_x.T
            of_h = WeightGradient(w_h.shape, batch, outputs, ctx.dtype)
            d_w_x, d_offset = torch.zeros_like(w_x), outputs.new_zeros(batch, GATES * units)
            d_inputs = torch.empty_like(inputs) if wants_inputs else None
            d_cell = torch.zeros_like(first) if d_last is None else d_last.clone()
            d_hidden = torch.zeros_like(hidden)
            same, exact = ctx.dtype == outputs.dtype, outputs.new_empty(batch, GATES * units)
            d_rows = None if d_outputs is None else d_outputs.unbind(0)
            before_rows, rows = (hidden, *outputs.unbind(0)), inputs.unbind(0)
            for t in reversed(range(steps)):
                d_output = d_hidden if d_rows is None else d_hidden.add_(d_rows[t])
                place = of_h.next_place()
                flat = place if same else exact
                before = gates.cells[t - 1] if t else first
                d_cell = gates.backward(t, d_output, d_cell, before, flat.view(batch, GATES, units))
                if not same:
                    place.copy_(flat)
                d_hidden = (place @ back).to(outputs.dtype)
                of_h.add(before_rows[t])
                d_offset.add_(flat)
                d_w_x.addmm_(rows[t].T, flat)
                if d_inputs is not None:
                    torch.mm(flat, back_x, out=d_inputs[t])
        of_norms = gates.gradients if norms and gates.gradients is not None else ()
        return (None, None, None, d_inputs, d_offset, d_hidden, d_cell, d_w_x, of_h.sum_up(), *of_norms)
