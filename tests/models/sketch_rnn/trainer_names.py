"""Weights under the names of the public trainer ⇄ a model's parameters, for the tests of parity."""

from __future__ import annotations

import torch
from torch import Tensor

from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.cells import Cell, HyperCell, LayerNormCell

SCOPES = {"lstm": "LSTMCell", "layer-norm": "LayerNormLSTMCell", "hyper": "HyperLSTMCell"}
NORMS = {
    "gates_gamma": "ln_all/ln_gamma",
    "gates_beta": "ln_all/ln_beta",
    "cell_gamma": "ln_c/ln_gamma",
    "cell_beta": "ln_c/ln_beta",
}


def cell_tensors(cell: Cell, values: dict[str, Tensor], scope: str = "") -> dict[str, Tensor]:
    """Return {trainer's name: tensor} from `values`, {parameter name: tensor}: weights or gradients, without copies."""
    found = {f"{scope}W_xh": values["w_xh"], f"{scope}W_hh": values["w_hh"]}
    if "bias" in values:
        found[f"{scope}bias"] = values["bias"]
    if isinstance(cell, LayerNormCell | HyperCell):
        found |= {scope + theirs: values[ours] for ours, theirs in NORMS.items()}
    if isinstance(cell, HyperCell):
        inner = {name.removeprefix("hyper."): value for name, value in values.items() if name.startswith("hyper.")}
        found |= cell_tensors(cell.hyper, inner, f"{scope}LayerNormLSTMCell/")
        embed, bias = values["embed"].split(cell.embedding, dim=1), values["embed_bias"].split(cell.embedding)
        for i in range(12):
            side, gate = "xhh"[i // 4], "ijfo"[i % 4]
            down, up = ("zb", "beta") if i >= 8 else ("zw", "alpha")
            found[f"{scope}hyper_{gate}{side}/{down}/super_linear_w"] = embed[i]
            found[f"{scope}hyper_{gate}{side}/{up}/super_linear_w"] = values["scales"][i]
            if i < 8:
                found[f"{scope}hyper_{gate}{side}/{down}/super_linear_b"] = bias[i]
    return found


def model_tensors(model: SketchRNN, values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return {trainer's name below vector_rnn/: tensor} from {parameter name: tensor}."""
    found: dict[str, Tensor] = {}
    config = model.config
    for part, place, kind in (
        ("encoder_forward", "ENC_RNN/fw", config.encoder_cell),
        ("encoder_backward", "ENC_RNN/bw", config.encoder_cell),
        ("decoder", "RNN", config.decoder_cell),
    ):
        own = {name.removeprefix(f"{part}."): value for name, value in values.items() if name.startswith(f"{part}.")}
        found |= cell_tensors(getattr(model, part), own, f"{place}/{SCOPES[kind]}/")
    for part, place in (("to_mean", "ENC_RNN_mu"), ("to_log_variance", "ENC_RNN_sigma"), ("to_state", "linear")):
        found[f"{place}/super_linear_w"] = values[f"{part}.weight"].T
        found[f"{place}/super_linear_b"] = values[f"{part}.bias"]
    return found | {"RNN/output_w": values["head.weight"].T, "RNN/output_b": values["head.bias"]}


def gradients(module: torch.nn.Module) -> dict[str, Tensor]:
    """Return {parameter name: gradient}."""
    return {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


def load(places: dict[str, Tensor], weights: dict[str, Tensor]) -> None:
    """Copy weights into the views that `cell_tensors` or `model_tensors` made of the parameters."""
    if places.keys() != weights.keys():
        raise KeyError(sorted(places.keys() ^ weights.keys()))
    with torch.no_grad():
        for name, place in places.items():
            place.copy_(weights[name])
