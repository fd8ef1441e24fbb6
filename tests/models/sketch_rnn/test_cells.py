"""The fast way over a sequence beside the plain steps, and both beside finite differences."""

import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.cells import CELLS, make_cell
from strokewright.models.sketch_rnn.dropout import draw_keep

STEPS, BATCH, INPUT, HIDDEN = 11, 3, 4, 6


@pytest.fixture(params=CELLS)
def cell(request):
    torch.manual_seed(0)
    cell = make_cell(request.param, INPUT + 3, HIDDEN, 5, 2).double()
    for parameter in cell.parameters():  # away from zeros and ones, which hide mistakes
        torch.nn.init.normal_(parameter, 0.1, 0.5)
    return cell


def examples(cell, seed=1):
    """Inputs, constant columns, a start state and a dropout mask, the first three with gradient."""
    generator = torch.Generator().manual_seed(seed)
    shapes = ((STEPS, BATCH, INPUT), (BATCH, 3), (BATCH, cell.state_size))
    inputs, constant, state = (torch.randn(shape, generator=generator).double().requires_grad_() for shape in shapes)
    keep = (torch.rand(STEPS, BATCH, HIDDEN, generator=generator) < 0.7).double() / 0.7
    return inputs, constant, state, keep


def plain(cell, inputs, constant, state, keep):
    """Run the reference: one step after the other."""
    rows = []
    for t in range(STEPS):
        full = inputs[t] if constant is None else torch.cat([inputs[t], constant], dim=1)
        output, state = cell.step(full, state, None if keep is None else keep[t])
        rows.append(output)
    return torch.stack(rows), state


def score(outputs, state):
    weights = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    return (outputs * weights).sum() + (state * torch.linspace(-2, 1, state.shape[1], dtype=state.dtype)).sum()


@pytest.mark.parametrize("dropout", [False, True])
def test_sequence_equals_steps_with_gradients(cell, dropout):
    inputs, constant, state, keep = examples(cell)
    wanted = [inputs, constant, state, *cell.parameters()]
    found = []
    for run in (plain, lambda cell, x, c, s, k: cell(x, s, k, c)):
        outputs, last = run(cell, inputs, constant, state, keep if dropout else None)
        found.append([outputs, last, *torch.autograd.grad(score(outputs, last), wanted)])
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected)


def test_without_constant_columns_or_gradient(cell):
    inputs, constant, state, _ = examples(cell)
    full = torch.cat([inputs, constant.expand(STEPS, -1, -1)], dim=2)
    outputs, last = cell(full, state)
    for ours, expected in zip(cell(inputs, state, None, constant), (outputs, last), strict=True):
        torch.testing.assert_close(ours, expected)
    with torch.no_grad():
        for ours, expected in zip(cell(full, state), (outputs, last), strict=True):
            torch.testing.assert_close(ours, expected)
    assert torch.autograd.grad(outputs.sum(), [state], retain_graph=True)[0].equal(
        torch.autograd.grad(outputs.sum(), [state])[0]
    ), "the gradient may be asked for twice"


def test_gradients_are_slopes(cell):
    inputs, constant, state, keep = examples(cell)
    wanted = [inputs, constant, state, *cell.parameters()]
    gradients = torch.autograd.grad(score(*cell(inputs, state, keep, constant)), wanted)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for tensor, gradient in zip(wanted, gradients, strict=True):
            direction = torch.randn(tensor.shape, generator=generator).double()
            values = []
            for sign in (1, -1):
                tensor.add_(direction, alpha=sign * 1e-5)
                values.append(score(*cell(inputs, state, keep, constant)))
                tensor.sub_(direction, alpha=sign * 1e-5)
            slope = (values[0] - values[1]) / 2e-5
            torch.testing.assert_close(slope, (gradient * direction).sum(), rtol=1e-5, atol=1e-6)


def test_under_autocast_states_stay_exact(cell):
    cell = cell.float()
    inputs, constant, state, keep = (tensor.detach().float() for tensor in examples(cell))
    expected = cell(inputs, state, keep, constant)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs, last = cell(inputs, state, keep, constant)
    outputs.sum().backward()
    assert outputs.dtype == last.dtype == torch.float32
    assert 0 < (outputs - expected).abs().max() < 0.1
    assert all(torch.isfinite(parameter.grad).all() for parameter in cell.parameters())


def test_memory_is_lent_again_without_mixing_sequences():
    torch.manual_seed(0)
    cell = make_cell("layer-norm", INPUT, HIDDEN)
    inputs, state = torch.randn(STEPS, BATCH, INPUT), cell.initial_state(BATCH)
    alone = torch.autograd.grad(cell(inputs, state)[0].sum(), [cell.w_hh])[0]
    first = cell(inputs, state)[0].sum()
    second = cell(-inputs, state)[0].sum()
    torch.autograd.grad(second, [cell.w_hh])
    assert torch.equal(torch.autograd.grad(first, [cell.w_hh])[0], alone)


def test_initial_weights():
    torch.manual_seed(0)
    cell = make_cell("hyper", 7, 32, 16, 4)
    for block in cell.w_hh.chunk(4, dim=1):
        torch.testing.assert_close(block @ block.T, torch.eye(32), atol=1e-5, rtol=0)
    assert cell.w_xh.abs().max() <= (6 / (7 + 128)) ** 0.5
    for zero in (cell.bias, cell.embed[:, :32], cell.scales[8:]):
        assert not zero.any()
    for one in (cell.embed_bias, cell.scales[:8] * 40, cell.gates_gamma):
        torch.testing.assert_close(one, torch.ones_like(one))


def test_dropout_masks():
    torch.manual_seed(3)
    keep = draw_keep((40, 50, 33), 0.9, torch.device("cpu"))
    torch.manual_seed(3)
    assert torch.equal(keep, draw_keep((40, 50, 33), 0.9, torch.device("cpu")))
    assert keep.unique().tolist() == pytest.approx([0, 1 / 0.9], rel=1e-4)
    assert keep.mean().item() == pytest.approx(1, abs=0.005)


def test_unknown_cell():
    with pytest.raises(OptionError, match="lstm, layer-norm, hyper"):
        make_cell("gru", 3, 4)
