"""Magenta's JSON: parity with sketch-rnn-js, the same integers after import and export, and clear refusals."""

import base64
import gzip
import json

import numpy as np
import pytest
import torch

from strokewright import SketchRNN
from strokewright.errors import OptionError, WeightsError
from strokewright.models.sketch_rnn import SketchRNNConfig, magenta_file
from strokewright.models.sketch_rnn.magenta_file import NAMES, MagentaFile, read_magenta, write_magenta
from strokewright.models.sketch_rnn.mixture import Mixture
from strokewright.models.sketch_rnn.sampler import Sampler, begin

LSTMS = {"encoder_cell": "lstm", "decoder_cell": "lstm", "encoder_size": 6, "decoder_size": 8, "components": 3}


def model_of(**changes):
    torch.manual_seed(3)
    model = SketchRNN(SketchRNNConfig(**LSTMS | {"label_size": 4, "latent_size": 5, "n_max": 30} | changes)).eval()
    with torch.no_grad():  # biases and start states that are not zero, so that folding them is seen
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
    return model


def document(kind="gen", units=4, latent=3, own=2, components=2):
    head = 3 + 6 * components
    shapes = {
        "output_weight": [units, head],
        "output_bias": [head],
        "decoder_input": [5 + (latent if kind == "vae" else 0), 4 * units],
        "decoder_hidden": [units, 4 * units],
        "decoder_bias": [4 * units],
    }
    for way in ("forward", "backward"):
        shapes |= {f"{way}_input": [5, 4 * own], f"{way}_hidden": [own, 4 * own], f"{way}_bias": [4 * own]}
    for part in ("mean", "variance"):
        shapes |= {f"{part}_weight": [2 * own, latent], f"{part}_bias": [latent]}
    shapes |= {"start_weight": [latent, 2 * units], "start_bias": [2 * units]}
    rng = np.random.default_rng(0)
    dims = [shapes[name] for name in NAMES[kind]]
    return [{"mode": kind}, dims, [rng.integers(-(2**15), 2**15, int(np.prod(d))).tolist() for d in dims]]


@pytest.fixture
def fixtures_dir(data_dir):
    folder = data_dir.parent / "fixtures" / "sketch_rnn"
    if not folder.is_dir():
        pytest.skip(f"no fixtures in {folder}")
    return folder


@pytest.mark.data
@pytest.mark.parametrize("name", ["bird", "bicycle", "rabbit"])
@pytest.mark.parametrize("start", ["", "zero_start/"])
def test_mixtures_are_those_of_sketch_rnn_js(data_dir, fixtures_dir, name, start):
    model = SketchRNN.from_magenta(data_dir / f"magenta_weights/{name}.gen.json.gz")
    fixture = np.load(fixtures_dir / "decoder_js.npz")
    rows = torch.from_numpy(fixture[f"{name}/input"]).clone()
    rows[0] *= not start
    with torch.no_grad():
        output, state = model.decode(rows[None])
    mixture = Mixture.from_output(output[0])
    ours = {
        "pi": mixture.weight_logits.softmax(-1),
        "mu_x": mixture.mean[..., 0],
        "mu_y": mixture.mean[..., 1],
        "rho": mixture.rho,
        "pen": mixture.log_pen().exp(),
    }
    for key, value in ours.items():
        assert np.abs(value.numpy() - fixture[f"{name}/{start}{key}"]).max() < 1e-5, key
    for axis, key in enumerate(("sigma_x", "sigma_y")):
        assert np.allclose(
            mixture.log_sigma[..., axis].exp().numpy(), fixture[f"{name}/{start}{key}"], rtol=1e-5, atol=0
        )
    if not start:
        final = np.concatenate([fixture[f"{name}/final_c"], fixture[f"{name}/final_h"]])
        assert np.abs(state[0].numpy() - final).max() < 1e-5


@pytest.mark.data
@pytest.mark.parametrize("name", ["bird", "bicycle", "rabbit"])
def test_greedy_drawings_are_those_of_sketch_rnn_js(data_dir, fixtures_dir, name):
    model = SketchRNN.from_magenta(data_dir / f"magenta_weights/{name}.gen.json.gz")
    greedy = np.load(fixtures_dir / "decoder_js.npz")[f"{name}/greedy_zero_start"]
    (drawn,) = Sampler(model).sample(begin(model, 1), temperature=0, max_steps=60)
    assert not drawn.finished
    assert np.abs(drawn.rows[:, :2] - greedy[:, :2]).max() < 1e-4
    assert (drawn.rows[:, 2] == greedy[:, 3]).all()


@pytest.mark.data
@pytest.mark.parametrize("name", ["bird", "bear"])
def test_public_files_come_out_with_the_same_integers(data_dir, tmp_path, name):
    source = data_dir / f"magenta_weights/{name}.gen.json.gz"
    model = SketchRNN.from_magenta(source)
    model.to_magenta(tmp_path / "again.gen.json")
    before, after = read_magenta(source), read_magenta(tmp_path / "again.gen.json")
    assert after.info["max_seq_len"] == before.info["max_seq_len"] == model.config.n_max
    assert after.info["scale_factor"] == before.info["scale_factor"]
    assert model.config.start == "zeros"
    for key, values in before.integers.items():
        assert (values == after.integers[key]).all(), key


@pytest.mark.parametrize("kind", ["gen", "vae"])
@pytest.mark.parametrize("suffix", ["json", "json.gz"])
def test_any_integers_come_out_the_same(tmp_path, kind, suffix):
    given = document(kind)
    path = tmp_path / f"mine.{kind}.{suffix}"
    SketchRNN.from_magenta(json.dumps(given).encode()).to_magenta(path)
    again = read_magenta(path)
    assert again.info["name"] == "mine"
    for name, dims, values in zip(NAMES[kind], given[1], given[2], strict=True):
        assert (again.integers[name] == np.array(values).reshape(dims)).all(), name
    assert path.read_bytes()[:2] == (b"\x1f\x8b" if suffix.endswith("gz") else b"[{")


@pytest.mark.data
def test_the_arrays_lie_where_the_trainer_has_them(fixtures_dir):
    fixture = np.load(fixtures_dir / "vae_tf.npz")
    names = [f"ENC_RNN/{way}/LSTMCell/{part}" for way in ("fw", "bw") for part in ("W_xh", "W_hh", "bias")]
    names += [f"{part}/super_linear_{w}" for part in ("ENC_RNN_mu", "ENC_RNN_sigma", "linear") for w in "wb"]
    names += ["RNN/output_w", "RNN/output_b", *(f"RNN/LSTMCell/{part}" for part in ("W_xh", "W_hh", "bias"))]
    weights = [fixture[f"lstm_lstm/weight/{name}"] for name in names]
    blobs = [np.rint(w.astype(np.float64) * 32767 / 10).astype(int).ravel().tolist() for w in weights]
    model = SketchRNN.from_magenta(json.dumps([{}, [list(w.shape) for w in weights], blobs]).encode())
    batch, lengths = torch.from_numpy(fixture["batch"]), torch.from_numpy(fixture["lengths"]).long()
    with torch.no_grad():
        mean, _ = model.encode(batch[:, 1:], lengths)
        output, _ = model.decode(batch[:, :20], torch.from_numpy(fixture["lstm_lstm/z"]))
    assert np.abs(mean.numpy() - fixture["lstm_lstm/mu"]).max() < 3e-3  # weights are rounded to 3e-4
    assert np.abs(output.numpy() - fixture["lstm_lstm/y"]).max() < 3e-3


@pytest.mark.parametrize("labels", [(), ("cat", "sheep")])
@pytest.mark.parametrize("latent", [0, 5])
def test_a_model_of_ours_comes_back_with_the_same_mixture(tmp_path, labels, latent):
    model = model_of(labels=labels, latent_size=latent, scale_px=12.5)
    path = tmp_path / "mine.json"
    model.to_magenta(path, label="sheep" if labels else None)
    again = SketchRNN.from_magenta(path)
    assert (again.config.n_max, again.config.scale_px, again.config.start) == (30, 12.5, "pen-down")
    rows = torch.randn(2, 12, 5, generator=torch.Generator().manual_seed(0))
    z = torch.randn(2, latent, generator=torch.Generator().manual_seed(1)) if latent else None
    own_z = z if z is not None or not labels else torch.randn(2, 1)  # one unit that nothing listens to
    label = torch.tensor([1, 1]) if labels else None
    with torch.no_grad():
        before, after = model.decode(rows, z, label)[0], again.decode(rows, own_z)[0]
    ours, theirs = Mixture.from_output(before), Mixture.from_output(after)
    assert (ours.weight_logits.softmax(-1) - theirs.weight_logits.softmax(-1)).abs().max() < 1e-3
    assert (ours.log_pen().exp() - theirs.log_pen().exp()).abs().max() < 1e-3
    assert (ours.mean - theirs.mean).abs().max() < 2e-3
    assert (before - after).abs().max() > 0


def test_what_the_format_cannot_hold_is_refused(tmp_path):
    path = tmp_path / "no.json"
    with pytest.raises(OptionError, match="hyper in the decoder"):
        model_of(decoder_cell="hyper", hyper_size=4, hyper_embedding=2).to_magenta(path)
    with pytest.raises(OptionError, match="layer-norm in the encoder"):
        model_of(encoder_cell="layer-norm").to_magenta(path)
    model_of(encoder_cell="layer-norm", latent_size=0).to_magenta(path)  # no encoder: its cell does not matter
    with pytest.raises(OptionError, match="expected one of cat, sheep, got None"):
        model_of(labels=("cat", "sheep")).to_magenta(path)
    with pytest.raises(OptionError, match="has no labels, got 'cat'"):
        model_of().to_magenta(path, label="cat")
    for weight in (10.1, float("nan")):
        model = model_of()
        model.head.bias.data[0] = weight
        with pytest.raises(WeightsError, match="output_bias"):
            model.to_magenta(path)


def changed(change):
    value = document()
    return change(value) or value


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a whole JSON"),
        (b"[1, 2", "not a whole JSON"),
        (b"[" * 100_000, "not a whole JSON"),
        (b"\x1f\x8b broken", "expected a Magenta JSON"),
        (gzip.compress(b"[]", mtime=0), "expected \\[info, dims, blobs\\]"),
        (changed(lambda d: d[1].pop()), "expected \\[info, dims, blobs\\]"),
        (changed(lambda d: (d[1].pop(), d[2].pop())[:0]), "5 arrays .* or 17"),
        (changed(lambda d: d[0].update(mode=1)), "mode 1 .vae., but the 5 arrays"),
        (changed(lambda d: d[0].update(max_seq_len="many")), "max_seq_len: expected a number"),
        (changed(lambda d: d[1].__setitem__(0, [4, -1])), "dims 0: expected"),
        (changed(lambda d: d[1].__setitem__(0, [4, 14])), "3 \\+ 6 × components"),
        (changed(lambda d: d[1].__setitem__(2, [8, 16])), "array 2 .* export all 17 arrays"),
        (changed(lambda d: d[1].__setitem__(4, [17])), "array 4 .decoder_bias.: expected shape \\[16\\]"),
        (changed(lambda d: d[2].__setitem__(4, [0.5] * 16)), "16 integers of 16 bits"),
        (changed(lambda d: d[2].__setitem__(4, [40000] * 16)), "16 integers of 16 bits"),
        (changed(lambda d: d[2].__setitem__(4, "?" * 44)), "expected base64"),
        (changed(lambda d: d[2].__setitem__(4, base64.b64encode(b"12").decode())), "expected 32 bytes"),
    ],
)
def test_bad_files_are_refused_in_words(data, text):
    with pytest.raises(WeightsError, match=text):
        SketchRNN.from_magenta(data if isinstance(data, bytes) else json.dumps(data).encode())


def test_missing_and_large_files(tmp_path, monkeypatch):
    with pytest.raises(WeightsError, match="no-such"):
        SketchRNN.from_magenta(tmp_path / "no-such.gen.json")
    monkeypatch.setattr(magenta_file, "MAX_BYTES", 1000)
    for data in (json.dumps(document()).encode(), gzip.compress(b" " * 5000)):
        with pytest.raises(WeightsError, match="at most"):
            SketchRNN.from_magenta(data)


def test_missing_info_is_tolerated(tmp_path):
    given = document()
    file = read_magenta(json.dumps([{}, *given[1:]]).encode())
    write_magenta(MagentaFile("gen", {}, file.integers), tmp_path / "x.json")
    config = SketchRNN.from_magenta(tmp_path / "x.json").config
    assert (config.n_max, config.scale_px, config.start) == (250, 1.0, "zeros")
