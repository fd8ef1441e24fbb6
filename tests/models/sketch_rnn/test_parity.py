"""Cells, losses, gradients and training steps beside the public trainer's, from its published numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from tests.models.sketch_rnn.trainer_names import cell_tensors, gradients, load, model_tensors

from strokewright.models.sketch_rnn import SketchRNN, SketchRNNConfig
from strokewright.models.sketch_rnn.cells import make_cell
from strokewright.models.sketch_rnn.losses import counted_rows, row_losses
from strokewright.models.sketch_rnn.mixture import Mixture

pytestmark = pytest.mark.data
VARIANTS = {
    "lstm_lstm": ("lstm", "lstm"),
    "layernorm_hyper": ("layer-norm", "hyper"),
    "lstm_layernorm": ("lstm", "layer-norm"),
    "hyper_lstm": ("hyper", "lstm"),
}


@pytest.fixture(scope="module")
def fixtures(data_dir: Path) -> Path:
    folder = data_dir.parent / "fixtures" / "sketch_rnn"
    if not folder.is_dir():
        pytest.skip("no published numbers of sketch-rnn")
    return folder


def part_of(arrays, prefix):
    """Return {name: tensor} of the arrays below a prefix."""
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(arrays[name]))
        for name in arrays.files
        if name.startswith(prefix)
    }


def close(ours, theirs, atol=1e-5):
    assert_allclose(ours.detach().numpy(), theirs.numpy(), rtol=0, atol=atol)


def close_gradients(ours, theirs):
    largest = max(float(value.abs().max()) for value in theirs.values())
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert_allclose(ours[name].numpy(), value.numpy(), rtol=0, atol=1e-5 * max(1.0, largest), err_msg=name)


@pytest.mark.parametrize("way", ["step", "sequence"])
@pytest.mark.parametrize("kind", ["lstm", "layer-norm", "hyper"])
def test_cells(fixtures, kind, way):
    with np.load(fixtures / "cells_tf.npz") as arrays:
        want = part_of(arrays, f"{kind.replace('-', '_')}/")
    cell = make_cell(kind, 9, 16, 8, 4)
    weights = {name.removeprefix("weight/"): value for name, value in want.items() if name.startswith("weight/")}
    load(cell_tensors(cell, dict(cell.named_parameters())), weights)
    inputs, state0 = want["input"].requires_grad_(), want["state0"].requires_grad_()
    if way == "sequence":
        outputs, state = cell(inputs, state0)
        close(state, want["states"][-1])
    else:
        rows, state = [], state0
        for t, row in enumerate(inputs):
            output, state = cell.step(row, state)
            close(state, want["states"][t])
            rows.append(output)
        outputs = torch.stack(rows)
    close(outputs, want["outputs"])
    loss = (outputs * want["out_weights"]).sum()
    assert loss.item() == pytest.approx(float(want["loss"]), rel=1e-5, abs=1e-5)
    loss.backward()
    theirs = {name.removeprefix("grad/"): value for name, value in want.items() if name.startswith("grad/")}
    theirs |= {"input": want["grad_input"], "state0": want["grad_state0"]}
    close_gradients(cell_tensors(cell, gradients(cell)) | {"input": inputs.grad, "state0": state0.grad}, theirs)


def build(fixtures, name):
    """Return the trainer's model, its numbers, and the batch that they belong to."""
    with np.load(fixtures / "vae_tf.npz") as arrays:
        want, rows, length = part_of(arrays, f"{name}/"), arrays["batch"], arrays["lengths"]
    encoder, decoder = VARIANTS[name]
    config = SketchRNNConfig(
        encoder_cell=encoder,
        encoder_size=12,
        decoder_cell=decoder,
        decoder_size=16,
        hyper_size=10,
        hyper_embedding=4,
        latent_size=6,
        components=3,
        n_max=20,
        recurrent_keep=1.0,
        kl_weight=float(want["w_kl"]),
        kl_floor=float(want["kl_floor"]),
    )
    model = SketchRNN(config)
    weights = {key.removeprefix("weight/"): value for key, value in want.items() if key.startswith("weight/")}
    load(model_tensors(model, dict(model.named_parameters())), weights)
    return model, want, {"rows": torch.from_numpy(rows), "length": torch.from_numpy(length).long()}


@pytest.mark.parametrize("name", VARIANTS)
def test_model_and_losses(fixtures, name):
    model, want, batch = build(fixtures, name)
    mean, log_variance = model.encode(batch["rows"][:, 1:], batch["length"])
    z = mean + torch.exp(log_variance / 2) * want["eps"]
    output, state = model.decode(batch["rows"][:, :-1], z)
    for ours, key in ((mean, "mu"), (log_variance, "logvar"), (z, "z"), (model.start_state(z), "state0")):
        close(ours, want[key])
    close(output, want["y"])
    close(state, want["final_state"])
    mixture = Mixture.from_output(output)
    close(torch.softmax(mixture.weight_logits, -1), want["pi"])
    close(mixture.rho, want["rho"])
    close(mixture.log_pen().exp(), want["pen"])
    for axis, letter in enumerate("xy"):
        close(mixture.mean[..., axis], want[f"mu_{letter}"])
        close(mixture.log_sigma[..., axis].exp(), want[f"sigma_{letter}"])
    of_offset, of_pen = row_losses(output, batch["rows"][:, 1:])
    close(of_offset, want["L_s"])
    close(of_pen, want["L_p"])
    # the trainer's own mask counts no end row at all, ours the first
    own = counted_rows(batch["length"] - 1, 20)
    close(torch.where(own, of_pen, 0.0), want["L_p_masked"])
    scores = model.losses(batch, noise=want["eps"])
    for ours, key in (("L_s", "L_s_mean"), ("L_p", "L_p_mean"), ("L_R", "L_R"), ("L_KL", "L_KL_raw")):
        assert scores[ours].item() == pytest.approx(float(want[key]), rel=1e-5), key
    assert max(scores["L_KL"].item(), model.config.kl_floor) == pytest.approx(float(want["L_KL"]), rel=1e-5)


def cost_of(model, want, batch):
    """Return the loss at the full weight of L_KL and the trainer's own noise."""
    scores = model.losses(batch, noise=want["eps"])
    return scores["L_R"] + model.config.kl_weight * scores["L_KL"].clamp(min=model.config.kl_floor)


@pytest.mark.parametrize("name", VARIANTS)
def test_gradients_and_training_steps(fixtures, name):
    model, want, batch = build(fixtures, name)
    weights = dict(model.named_parameters())
    first = {key: torch.zeros_like(value) for key, value in weights.items()}
    second = {key: torch.zeros_like(value) for key, value in weights.items()}
    clip, rate = float(want["grad_clip"]), float(want["lr"])
    for t in (1, 2, 3):
        model.zero_grad()
        cost = cost_of(model, want, batch)
        assert cost.item() == pytest.approx(float(want["train_costs"][t - 1]), rel=1e-5)
        cost.backward()
        if t == 1:
            theirs = {key.removeprefix("grad/"): value for key, value in want.items() if key.startswith("grad/")}
            close_gradients(model_tensors(model, gradients(model)), theirs)
        with torch.no_grad():  # Adam as TensorFlow writes it: epsilon beside the square root before its correction
            for key, weight in weights.items():
                gradient = weight.grad.clamp(-clip, clip)
                first[key].mul_(0.9).add_(gradient, alpha=0.1)
                second[key].mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                step = rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
                weight -= step * first[key] / (second[key].sqrt() + 1e-8)
        if t in (1, 3):
            for key, value in model_tensors(model, weights).items():
                close(value, want[f"after{t}/{key}"])


def test_temperature_rules(fixtures):
    rows = json.loads((fixtures / "sampling_rules.json").read_text())["rows"]
    for row in rows:
        mixture = Mixture.from_output(torch.tensor(row["y"], dtype=torch.float64).float())
        for temperature, rules in row["temperature"].items():
            for rule, want in rules.items():
                ours = mixture.tempered(float(temperature), rule)
                sigma = ours.log_sigma.exp()
                assert_allclose(torch.softmax(ours.weight_logits, -1), want["pi"], rtol=0, atol=1e-6)
                assert_allclose(ours.log_pen().exp(), want["pen"], rtol=0, atol=1e-6)
                assert_allclose(sigma[..., 0], want["sigma_x"], rtol=1e-6)
                assert_allclose(sigma[..., 1], want["sigma_y"], rtol=1e-6)
