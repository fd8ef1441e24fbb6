"""SketchRNN ⇄ Magenta's JSON files, which the JavaScript sketches run.

Both keep weights for row vectors and gates in the order i, j, f, o, so import and export only name and round them: an
imported model is exported again with the same integers. The format knows plain LSTM cells and one class; a model of
several classes goes out one label at a time, its embedding folded into the decoder's bias, which changes nothing:

    [row, z, label] W + b = [row, z] W' + (b + label W")        the same for the start state, inside its tanh

A decoder alone starts from zeros in this format. One with labels starts from a state of its own; it goes out as a whole
model with one latent unit that nothing listens to.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.cells import Cell, LSTMCell
from strokewright.models.sketch_rnn.config import SketchRNNConfig
from strokewright.models.sketch_rnn.magenta_file import MagentaFile, read_magenta, to_integers, write_magenta
from strokewright.models.sketch_rnn.mixture import PEN_STATES, PER_COMPONENT
from strokewright.models.sketch_rnn.vae import ROW, SketchRNN

_VERSION = 6
_MODE = {"gen": 2, "vae": 1}
Arrays = dict[str, NDArray[Any]]


def from_magenta(source: str | PurePath | bytes, device: str | torch.device = "cpu") -> SketchRNN:
    """Read a model, in evaluation mode.

    A decoder alone starts from zeros, which fits the public files better than the paper's first row, unless the file
    says otherwise; `max_seq_len` becomes `n_max` and `scale_factor` becomes `scale_px`.

    Args:
        source: A path (`*.gen.json`, `*.vae.json`, plain or .gz), or the file's bytes.
        device: Where the model goes.

    Raises:
        WeightsError: Missing or damaged, or not the arrays of a sketch-rnn.
    """
    file = read_magenta(source)
    model = SketchRNN(_config_of(file))
    with torch.no_grad():
        for name, parameter in _tensors(model):
            parameter.copy_(torch.from_numpy(file.weight(name)))
    return model.to(device).eval()


def to_magenta(model: SketchRNN, path: str | Path, label: str | None = None, name: str | None = None) -> None:
    """Write a model of plain LSTM cells; a name that ends in .gz is gzipped.

    Weights are rounded to steps of 3.05e-4, so the file's mixtures differ from the model's by about 1e-3.

    Args:
        model: What to write.
        path: Where to.
        label: Which class of a model with several.
        name: Name inside the file; None: the label, else the file's own name up to the first dot.

    Raises:
        OptionError: Other cells than LSTM, no label where one is needed, or an unknown one.
        WeightsError: A weight outside [-10, 10].
    """
    config = model.config
    encoder_cell = config.encoder_cell if config.latent_size else "lstm"
    for part, cell in (("decoder", config.decoder_cell), ("encoder", encoder_cell)):
        if cell != "lstm":
            raise OptionError(
                f"to_magenta: expected lstm cells, the only ones that the format and the JavaScript programs have, got "
                f"{cell} in the {part}; train with {part}_cell=lstm, or share the model by save_pretrained"
            )
    arrays = _folded(model, _label_index(config, label))
    kind = "vae" if "start_weight" in arrays else "gen"
    info: dict[str, Any] = {
        "name": name or label or Path(path).name.partition(".")[0],
        "mode": _MODE[kind],
        "version": _VERSION,
        "max_seq_len": config.n_max,
        "scale_factor": config.scale_px,
        "start": config.start,
    }
    write_magenta(MagentaFile(kind, info, {key: to_integers(key, value) for key, value in arrays.items()}), path)


def _config_of(file: MagentaFile) -> SketchRNNConfig:
    units, outputs = file.integers["output_weight"].shape
    start = file.info.get("start")
    return SketchRNNConfig.model_validate(
        {
            "encoder_cell": "lstm",
            "encoder_size": len(file.integers["forward_hidden"]) if file.kind == "vae" else 1,
            "decoder_cell": "lstm",
            "decoder_size": units,
            "latent_size": len(file.integers["start_weight"]) if file.kind == "vae" else 0,
            "components": (outputs - PEN_STATES) // PER_COMPONENT,
            "n_max": round(file.number("max_seq_len", 250)),
            "scale_px": file.number("scale_factor", 1.0),
            "start": start if start in ("zeros", "pen-down") else "zeros" if file.kind == "gen" else "pen-down",
        }
    )


def _tensors(model: SketchRNN) -> list[tuple[str, Tensor]]:
    """Return the model's weights as the file lays them out, by the file's names."""
    pairs = [("output_weight", model.head.weight.T), ("output_bias", model.head.bias)]
    pairs += _cell_tensors("decoder", model.decoder)
    layers = [] if model.to_state is None else [("start", model.to_state)]
    if model.config.latent_size:
        pairs += _cell_tensors("forward", model.encoder_forward) + _cell_tensors("backward", model.encoder_backward)
        layers += [("mean", model.to_mean), ("variance", model.to_log_variance)]
    for name, layer in layers:
        pairs += [(f"{name}_weight", layer.weight.T), (f"{name}_bias", layer.bias)]
    return pairs


def _cell_tensors(name: str, cell: Cell) -> list[tuple[str, Tensor]]:
    lstm = cast(LSTMCell, cell)
    return [(f"{name}_input", lstm.w_xh), (f"{name}_hidden", lstm.w_hh), (f"{name}_bias", lstm.bias)]


def _label_index(config: SketchRNNConfig, label: str | None) -> int | None:
    if not config.labels:
        if label is not None:
            raise OptionError(f"label: this model has no labels, got {label!r}; leave it out")
        return None
    if label not in config.labels:
        raise OptionError(
            f"label: expected one of {', '.join(config.labels)}, got {label!r}; a Magenta file holds one class"
        )
    return config.labels.index(label)


def _folded(model: SketchRNN, label: int | None) -> Arrays:
    """Return the file's arrays as numbers, with the label's embedding folded into biases."""
    latent = model.config.latent_size
    with torch.no_grad():
        arrays: Arrays = {key: tensor.detach().cpu().double().numpy() for key, tensor in _tensors(model)}
        if label is not None and model.label_embedding is not None:
            embedding = model.label_embedding.weight[label].cpu().double().numpy()
            _fold(arrays, "decoder_input", "decoder_bias", ROW + latent, embedding)
            _fold(arrays, "start_weight", "start_bias", latent, embedding)
            if not latent:
                _add_unheard_latent(arrays)
    return arrays


def _fold(arrays: Arrays, weight: str, bias: str, kept: int, embedding: NDArray[np.float64]) -> None:
    """Move what the embedding adds, through the rows of `weight` after the first `kept`, into the bias."""
    arrays[bias] = arrays[bias] + embedding @ arrays[weight][kept:]
    arrays[weight] = arrays[weight][:kept]


def _add_unheard_latent(arrays: Arrays) -> None:
    """Make a decoder with a start state of its own a whole model, with one latent unit that changes nothing."""
    arrays["decoder_input"] = np.concatenate([arrays["decoder_input"], np.zeros_like(arrays["decoder_input"][:1])])
    arrays["start_weight"] = np.zeros((1, len(arrays["start_bias"])))
    for way in ("forward", "backward"):
        arrays |= {f"{way}_input": np.zeros((ROW, 4)), f"{way}_hidden": np.zeros((1, 4)), f"{way}_bias": np.zeros(4)}
    for part in ("mean", "variance"):
        arrays |= {f"{part}_weight": np.zeros((2, 1)), f"{part}_bias": np.zeros(1)}
