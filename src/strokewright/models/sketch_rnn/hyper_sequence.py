"""HyperLSTM over a whole sequence, with a backward pass written by hand; its parts are those of `sequence.py`.

The scales of the gates are 12 products (batch, embedding) @ (embedding, units). They are not kept for the gradient but
computed again: reading them back from memory would take longer. Folding embedding and scales into one matrix would save
no work, it has five times as many entries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from strokewright.models.sketch_rnn.gates import GATES, GateSteps, Norms
from strokewright.models.sketch_rnn.lent_memory import Loan
from strokewright.models.sketch_rnn.sequence import (
    NARROW,
    WeightGradient,
    add_product,
    blocks,
    product_type,
    set_product,
)


class HyperWeights(NamedTuple):
    """Weights, or their gradients; units: of the main cell, small: of the hyper cell, width: of the changing inputs."""

    w_x: Tensor
    """(width, 4 · units)"""
    w_h: Tensor
    """(units, 4 · units)"""
    bias: Tensor
    """(4 · units)"""
    small_x: Tensor
    """(width, 4 · small)"""
    small_h: Tensor
    """(units + small, 4 · small): from the last outputs of both cells"""
    embed: Tensor
    """(small, 12 · embedding)"""
    embed_bias: Tensor
    """(8 · embedding)"""
    scales: Tensor
    """(12, embedding, units)"""


class HyperState(NamedTuple):
    """State of both cells, or its gradient."""

    hidden: Tensor
    small_hidden: Tensor
    cell: Tensor
    small_cell: Tensor


def run_hyper_sequence(
    inputs: Tensor,
    offsets: tuple[Tensor, Tensor],
    state: HyperState,
    weights: HyperWeights,
    norms: tuple[Norms, Norms],
    keep: Tensor | None,
) -> tuple[Tensor, HyperState]:
    """Run a HyperLSTM.

    Args:
        inputs: (steps, batch, width).
        offsets: Added to the inputs' products of the main cell (batch, 4 · units) and of the hyper cell (…, 4 · small).
        state: Before the first step.
        weights: Of both cells.
        norms: Weights of the layer normalisations of the main cell and of the hyper cell.
        keep: Factors of the recurrent dropout (steps, batch, units), or None.

    Returns:
        The outputs (steps, batch, units) and the last state.
    """
    tensors = (inputs.contiguous(), *offsets, *state, *weights, *norms[0], *norms[1])
    saving = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    outputs, *last = _HyperSequence.apply(keep, product_type(inputs), saving, *tensors)
    return outputs, HyperState(outputs[-1], *last)


class _Arguments(NamedTuple):
    """The tensors of `_HyperSequence`, sorted."""

    inputs: Tensor
    offsets: tuple[Tensor, ...]
    state: HyperState
    weights: HyperWeights
    norms: tuple[Norms, Norms]

    @classmethod
    def sort(cls, tensors: tuple[Tensor, ...]) -> _Arguments:
        ends = (1, 3, 7, 15, 19, 23)
        inputs, offsets, state, weights, main, small = (
            tensors[a:b] for a, b in zip((0, *ends[:-1]), ends, strict=True)
        )
        return cls(inputs[0], offsets, HyperState(*state), HyperWeights(*weights), (Norms(*main), Norms(*small)))


class _Steps:
    """The steps of a sequence forwards, and what they leave for the way back."""

    def __init__(self, given: _Arguments, keep: Tensor | None, dtype: torch.dtype, saving: bool) -> None:
        w, state, (steps, batch, width) = given.weights, given.state, given.inputs.shape
        self.dtype, self.embedding = dtype, w.scales.shape[1]
        self.main = GateSteps(steps, state.hidden, given.norms[0], keep, saving)
        self.small = GateSteps(steps, state.small_hidden, given.norms[1], None, saving)
        self.units, narrow = w.scales.shape[2], given.inputs.dtype if width <= NARROW else dtype
        self.into, self.again = blocks(w.w_x, narrow), blocks(w.w_h, dtype)
        self.small_into, small_again = blocks(w.small_x, narrow), blocks(w.small_h, dtype)
        self.from_main, self.from_small = small_again.split([self.units, small_again.shape[1] - self.units], dim=1)
        self.base, self.small_base = (
            offset.view(batch, GATES, -1).transpose(0, 1).contiguous() for offset in given.offsets
        )
        self.embed, self.scales = w.embed.to(dtype), w.scales.to(dtype)
        self.embed_bias = torch.nn.functional.pad(w.embed_bias, (0, GATES * self.embedding))
        self.bias = w.bias.view(GATES, 1, self.units)
        held = steps if saving else 1
        products = (held, GATES, batch, self.units)
        self._loan = Loan([products, products, (held, batch, len(self.embed_bias))], state.hidden)
        self.from_input, self.from_hidden, self.embedded = (tensor.unbind(0) for tensor in self._loan.tensors)
        self.small_outputs = state.small_hidden.new_empty(held, *state.small_hidden.shape).unbind(0)

    def forward(self, t: int, row: Tensor, state: HyperState, output: Tensor) -> HyperState:
        """Take step t from the state before it; write the output and return the state."""
        at = self.main.row(t)
        products = self.small.products[at].copy_(self.small_base)
        add_product(products, row, self.small_into)
        add_product(products, state.hidden, self.from_main)
        add_product(products, state.small_hidden, self.from_small)
        small_hidden = self.small_outputs[at]
        small_cell = self.small.forward(t, state.small_cell, small_hidden)
        embedded, from_hidden = self.embedded[at], self.from_hidden[at]
        torch.add(self.embed_bias, small_hidden.to(self.dtype) @ self.embed, out=embedded)
        set_product(from_hidden, state.hidden, self.again)
        from_input = self.from_input[at].copy_(self.base)
        add_product(from_input, row, self.into)
        of_input, of_hidden, added = self.scaled(embedded).split(GATES)
        products = torch.addcmul(added, of_input, from_input, out=self.main.products[at])
        products.addcmul_(of_hidden, from_hidden).add_(self.bias)
        return HyperState(output, small_hidden, self.main.forward(t, state.cell, output), small_cell)

    def rows_of(self, embedded: Tensor) -> Tensor:
        """Return the 12 embeddings (12, batch, embedding), to multiply with."""
        return embedded.to(self.dtype).unflatten(1, (3 * GATES, self.embedding)).transpose(0, 1)

    def scaled(self, embedded: Tensor, count: int = 3 * GATES) -> Tensor:
        """Return the first `count` scales (count, batch, units)."""
        return torch.bmm(self.rows_of(embedded)[:count], self.scales[:count])


class _Back:
    """The steps of a sequence backwards, and the sums of the weights' gradients."""

    def __init__(self, steps: _Steps, given: _Arguments, outputs: Tensor) -> None:
        w, batch, self.dtype = given.weights, outputs.shape[1], steps.dtype
        self.steps, self.given, self.outputs = steps, given, outputs.unbind(0)
        self.inputs = given.inputs.unbind(0)
        steps.main.reset_gradients()
        steps.small.reset_gradients()
        self.of_h = WeightGradient(w.w_h.shape, batch, outputs, self.dtype)
        self.of_small_h = WeightGradient(w.small_h.shape, batch, outputs, self.dtype)
        self.of_embed = WeightGradient(w.embed.shape, batch, outputs, self.dtype)
        self.sums = w._replace(  # of the others the sums stand above
            **{name: torch.zeros_like(getattr(w, name)) for name in ("w_x", "bias", "small_x", "embed_bias", "scales")}
        )
        self.offsets = [torch.zeros_like(offset) for offset in given.offsets]
        self.back_h, self.back_small_h, self.back_embed = (
            weight.to(self.dtype).T for weight in (w.w_h, w.small_h, w.embed)
        )
        self.back_scales = steps.scales.transpose(1, 2)
        self.d_scaled = outputs.new_empty(3 * GATES, batch, steps.units)
        self.d_inputs: list[Tensor] = []

    def backward(self, t: int, d_output: Tensor, d_state: HyperState, wants_input: bool) -> HyperState:
        """Take step t back: from the gradients of its output and of its state to that of the state before."""
        before = self._before(t)
        d_products = self.d_scaled[2 * GATES :]
        d_cell = self.steps.main.backward(t, d_output, d_state.cell, before.cell, d_products.transpose(0, 1))
        d_x, d_hidden = self._through_products(t, d_products, before)
        d_small_hidden = d_state.small_hidden + self._through_scales(t)
        width = d_small_hidden.shape[1]
        small = d_x.new_empty(len(d_x), GATES * width)
        d_small_cell = self.steps.small.backward(
            t, d_small_hidden, d_state.small_cell, before.small_cell, small.view(-1, GATES, width)
        )
        place = self.of_small_h.next_place().copy_(small)
        d_both = (place @ self.back_small_h).to(small.dtype)
        self.of_small_h.add(before.hidden, before.small_hidden)
        row = self.inputs[t]
        for i, (d, total) in enumerate(((d_x, self.sums.w_x), (small, self.sums.small_x))):
            total.addmm_(row.T, d)
            self.offsets[i].add_(d)
        if wants_input:
            self.d_inputs.append(d_x @ self.given.weights.w_x.T + small @ self.given.weights.small_x.T)
        d_main, d_small_hidden = d_both.split([self.steps.units, width], dim=1)
        return HyperState(d_hidden.add_(d_main), d_small_hidden, d_cell, d_small_cell)

    def _before(self, t: int) -> HyperState:
        if t == 0:
            return self.given.state
        s = self.steps
        return HyperState(self.outputs[t - 1], s.small_outputs[t - 1], s.main.cells[t - 1], s.small.cells[t - 1])

    def _through_products(self, t: int, d_products: Tensor, before: HyperState) -> tuple[Tensor, Tensor]:
        """Return the gradients of the input's products (batch, 4 · units) and of the last output (batch, units)."""
        steps, units = self.steps, self.steps.units
        of_input, of_hidden = steps.scaled(steps.embedded[t], 2 * GATES).split(GATES)
        torch.mul(d_products, steps.from_input[t], out=self.d_scaled[:GATES])
        torch.mul(d_products, steps.from_hidden[t], out=self.d_scaled[GATES : 2 * GATES])
        self.sums.bias.view(GATES, units).add_(d_products.sum(1))
        d_x = d_products.new_empty(d_products.shape[1], GATES, units)
        torch.mul(d_products, of_input, out=d_x.transpose(0, 1))
        place = self.of_h.next_place()
        place.view(-1, GATES, units).transpose(0, 1).copy_(d_products * of_hidden)
        d_hidden = (place @ self.back_h).to(d_x.dtype)
        self.of_h.add(before.hidden)
        return d_x.flatten(1), d_hidden

    def _through_scales(self, t: int) -> Tensor:
        """Return the gradient of the hyper cell's output (batch, small) that comes back through the scales."""
        d_scaled, steps = self.d_scaled.to(self.dtype), self.steps
        rows = steps.rows_of(steps.embedded[t])
        if rows.dtype == self.sums.scales.dtype:
            self.sums.scales.baddbmm_(rows.transpose(1, 2), d_scaled)
        else:
            self.sums.scales.add_(torch.bmm(rows.transpose(1, 2), d_scaled))
        place = self.of_embed.next_place()
        place.copy_(torch.bmm(d_scaled, self.back_scales).transpose(0, 1).flatten(1))
        self.sums.embed_bias.add_(place[:, : len(self.sums.embed_bias)].sum(0))
        d_small_hidden = (place @ self.back_embed).to(self.sums.scales.dtype)
        self.of_embed.add(steps.small_outputs[t])
        return d_small_hidden

    def weights(self) -> HyperWeights:
        """Return the gradients of all weights but the norms'."""
        return self.sums._replace(
            w_h=self.of_h.sum_up(), small_h=self.of_small_h.sum_up(), embed=self.of_embed.sum_up()
        )


class _HyperSequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep: Tensor | None, dtype: torch.dtype, saving: bool, *tensors: Tensor) -> Any:
        given = _Arguments.sort(tensors)
        with torch.autocast(given.inputs.device.type, enabled=False):
            steps, state = _Steps(given, keep, dtype, saving), given.state
            outputs = given.inputs.new_empty(len(given.inputs), *state.hidden.shape)
            for t, (row, output) in enumerate(zip(given.inputs.unbind(0), outputs.unbind(0), strict=True)):
                state = steps.forward(t, row, state, output)
        if saving:
            ctx.steps = steps
            ctx.save_for_backward(*tensors, outputs)
            ctx.set_materialize_grads(False)
        return outputs, *(part.clone() for part in state[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        d_outputs, *d_last = grad_outputs
        *tensors, outputs = ctx.saved_tensors
        given, wants_input = _Arguments.sort(tuple(tensors)), ctx.needs_input_grad[3]
        with torch.autocast(outputs.device.type, enabled=False):
            back = _Back(ctx.steps, given, outputs)
            parts = zip(given.state[1:], d_last, strict=True)
            d_state = HyperState(
                torch.zeros_like(given.state.hidden),
                *(torch.zeros_like(part) if d is None else d.clone() for part, d in parts),
            )
            d_rows = None if d_outputs is None else d_outputs.unbind(0)
            for t in reversed(range(len(outputs))):
                d_output = d_state.hidden if d_rows is None else d_state.hidden.add_(d_rows[t])
                d_state = back.backward(t, d_output, d_state, wants_input)
            weights = back.weights()
        d_inputs = torch.stack(back.d_inputs[::-1]) if wants_input else None
        norms = (*(ctx.steps.main.gradients or ()), *(ctx.steps.small.gradients or ()))
        return (None, None, None, d_inputs, *back.offsets, *d_state, *weights, *norms)
