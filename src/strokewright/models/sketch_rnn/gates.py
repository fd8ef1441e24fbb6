"""The element-wise half of a cell, over a sequence: from the gates' products to the output, and back by hand.

It is arranged for the speed of plain torch calls: each gate lies together in memory, every result is written where it
is needed, and tanh(x) is 2 · sigmoid(2x) - 1, which is five times faster here. Layer normalisation is optional.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from strokewright.models.sketch_rnn.lent_memory import Loan

GATES = 4
FORGET_BIAS = 1.0
NORM_EPS = 1e-3
"""Inside the square root of every layer normalisation."""
_aten = torch.ops.aten
_INPUT, _CANDIDATE, _FORGET, _OUTPUT = range(GATES)


class Norms(NamedTuple):
    """Weights of the two layer normalisations, or their gradients: (4 · units) for the gates, (units) for the cell."""

    gates_gamma: Tensor
    gates_beta: Tensor
    cell_gamma: Tensor
    cell_beta: Tensor


class GateSteps:
    """What the gates of a sequence computed, as far as the gradient needs it.

    Args:
        steps: Steps of the sequence.
        like: Any tensor (batch, units) of the type and on the device to work in.
        norms: Weights of the layer normalisations; None: an LSTM without them.
        keep: Factors of the recurrent dropout (steps, batch, units), or None.
        saving: Keep every step for `backward`; else only the last one is held.
    """

    def __init__(self, steps: int, like: Tensor, norms: Norms | None, keep: Tensor | None, saving: bool) -> None:
        batch, units = like.shape
        self.keep, self.norms, self.saving = keep, norms, saving
        held = steps if saving else 1
        wide, narrow = (held, GATES, batch, units), (held, batch, units)
        self._loan = Loan([wide, wide, narrow, narrow] if norms else [wide, narrow, narrow], like)
        products, *rest = self._loan.tensors
        self.products = products.unbind(0)  # at once: an index a step costs more than it looks
        self._gates = (rest[0] if norms else products).unbind(0)  # without norms nobody asks for the products again
        self.cells, self._squashed = rest[-2].unbind(0), rest[-1].unbind(0)
        self._minus_one = like.new_tensor(-1.0)
        self._gate_stats: list[list[tuple[Tensor, Tensor]]] = []
        self._cell_stats: list[tuple[Tensor, Tensor]] = []
        self.gradients: Norms | None = None
        self._by_gate: list[tuple[Tensor, ...]] = []
        if norms is not None:
            gamma, beta = norms.gates_gamma.view(GATES, units).clone(), norms.gates_beta.view(GATES, units).clone()
            gamma[_CANDIDATE] *= 2  # for the tanh
            beta[_CANDIDATE] *= 2
            beta[_FORGET] += FORGET_BIAS
            self._affine = list(zip(gamma, beta, strict=True))
            self._cell_affine = 2 * norms.cell_gamma, 2 * norms.cell_beta

    def reset_gradients(self) -> None:
        """Begin to sum the gradients of the norms' weights."""
        if self.norms is not None:
            self.gradients = Norms(*(torch.zeros_like(weight) for weight in self.norms))
            weights = (*self.norms[:2], *self.gradients[:2])
            self._by_gate = list(zip(*(weight.view(GATES, -1).unbind(0) for weight in weights), strict=True))

    def forward(self, t: int, cell: Tensor, output: Tensor) -> Tensor:
        """Take step t from its products, which lie in `products[row(t)]` already; write the output, return the cell."""
        row = self.row(t)
        self._squash_gates(self.products[row], self._gates[row])
        i, j, _, o = gates = self._gates[row].unbind(0)
        torch.add(self._minus_one, j, alpha=2, out=j)
        new, squashed = self.cells[row], self._squashed[row]
        torch.mul(cell, gates[_FORGET], out=new)
        if self.keep is None:
            new.addcmul_(i, j)
        else:
            new.addcmul_(i * j, self.keep[t])
        if self.norms is None:
            torch.mul(new, 2, out=squashed).sigmoid_()
        else:
            normal, *stats = torch.native_layer_norm(new, new.shape[-1:], *self._cell_affine, NORM_EPS)
            torch.sigmoid(normal, out=squashed)
            if self.saving:
                self._cell_stats.append((stats[0], stats[1]))
        torch.add(self._minus_one, squashed, alpha=2, out=squashed)
        torch.mul(o, squashed, out=output)
        return new

    def row(self, t: int) -> int:
        """Return where step t is held."""
        return t if self.saving else 0

    def _squash_gates(self, products: Tensor, gates: Tensor) -> None:
        """Normalise, and turn products into sigmoids; the candidate's argument is doubled."""
        if self.norms is None:
            products[_CANDIDATE].mul_(2)
            products[_FORGET].add_(FORGET_BIAS)
            torch.sigmoid(products, out=gates)
            return
        stats: list[tuple[Tensor, Tensor]] = []
        for gate, (gamma, beta) in enumerate(self._affine):
            normal, mean, scale = torch.native_layer_norm(products[gate], gamma.shape, gamma, beta, NORM_EPS)
            torch.sigmoid(normal, out=gates[gate])
            stats.append((mean, scale))
        if self.saving:
            self._gate_stats.append(stats)

    def backward(self, t: int, d_output: Tensor, d_cell: Tensor, cell: Tensor, d_products: Tensor) -> Tensor:
        """Take step t back.

        Args:
            t: The step.
            d_output: Gradient of its output (batch, units).
            d_cell: Gradient of its cell from the step after it (batch, units); used up.
            cell: The cell before it.
            d_products: Where the gradient of its products goes (batch, 4, units).

        Returns:
            The gradient of the cell before it.
        """
        i, j, f, o = self._gates[t].unbind(0)
        squashed = self._squashed[t]
        d_out = d_output * squashed
        self._through_output(t, _aten.tanh_backward(d_output * o, squashed), d_cell)
        d_candidate = d_cell if self.keep is None else d_cell * self.keep[t]
        d_gates = d_candidate * j, d_candidate * i, d_cell * cell, d_out
        for gate, (d_gate, value) in enumerate(zip(d_gates, (i, j, f, o), strict=True)):
            back = _aten.tanh_backward if gate == _CANDIDATE else _aten.sigmoid_backward
            if self.norms is None:
                back.grad_input(d_gate, value, grad_input=d_products[:, gate])
            else:
                self._through_norm(t, gate, back(d_gate, value), d_products[:, gate])
        return d_cell.mul_(f)

    def _through_output(self, t: int, d_argument: Tensor, d_cell: Tensor) -> None:
        """Add to `d_cell` what comes back through the output's tanh, and the cell's norm."""
        if self.norms is None or self.gradients is None:
            d_cell.add_(d_argument)
            return
        gamma, beta = self.norms.cell_gamma, self.norms.cell_beta
        back = _aten.native_layer_norm_backward(
            d_argument, self.cells[t], gamma.shape, *self._cell_stats[t], gamma, beta, [True, True, True]
        )
        for place, gradient in zip((d_cell, self.gradients.cell_gamma, self.gradients.cell_beta), back, strict=True):
            place.add_(gradient)

    def _through_norm(self, t: int, gate: int, d_normal: Tensor, d_products: Tensor) -> None:
        """Write the gradient of one gate's products, from that of its normalised values."""
        gamma, beta, d_gamma, d_beta = self._by_gate[gate]
        back = _aten.native_layer_norm_backward(
            d_normal, self.products[t][gate], gamma.shape, *self._gate_stats[t][gate], gamma, beta, [True, True, True]
        )
        d_products.copy_(back[0])
        d_gamma.add_(back[1])
        d_beta.add_(back[2])
