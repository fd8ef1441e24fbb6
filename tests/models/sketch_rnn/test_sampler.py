"""Fast drawing: the same as the plain model step by step, the same whatever is drawn beside it, and honest ends."""

import json

import numpy as np
import pytest
import torch

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn import SketchRNN, SketchRNNConfig
from strokewright.models.sketch_rnn.draws import Temper, draw, noise_of
from strokewright.models.sketch_rnn.mixture import Mixture
from strokewright.models.sketch_rnn.sampler import Sampler, begin, begin_after

SIZES = {"encoder_size": 6, "decoder_size": 16, "hyper_size": 8, "hyper_embedding": 4, "label_size": 4, "components": 4}


def model_of(cell="lstm", labels=("cat", "sheep"), latent=5, n_max=30, seed=0, **changes):
    torch.manual_seed(seed)
    config = SIZES | {"decoder_cell": cell, "labels": labels, "latent_size": latent, "n_max": n_max} | changes
    model = SketchRNN(SketchRNNConfig(**config)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
        model.head.bias[2] -= 2.5  # long enough drawings
    return model


def beside_of(model, count):
    z = torch.randn(count, model.config.latent_size, generator=torch.Generator().manual_seed(1))
    label = torch.arange(count) % 2
    with torch.no_grad():
        return model.beside(z if model.config.latent_size else None, label if model.config.labels else None)


def plainly(model, beside, temperature, rule, seed, streams, most):
    """Draw by the model's own decode and the mixture's own sample, one drawing after the other."""
    drawings = []
    for index, stream in enumerate(streams):
        begun = begin(model, 1, None if beside is None else beside[index : index + 1])
        row, state, rows = begun.row, begun.state, []
        for noise in torch.from_numpy(noise_of(seed, stream, most)):
            output, state = model.decoder.step(row if beside is None else torch.cat([row, begun.beside], 1), state)
            row = Mixture.from_output(model.head(output)).tempered(temperature, rule).sample(noise[None])
            if row[0, 4] == 1:
                break
            rows.append([*row[0, :2].tolist(), row[0, 3].item()])
        drawings.append(np.array(rows).reshape(-1, 3))
    return drawings


@pytest.mark.parametrize("cell", ["lstm", "layer-norm", "hyper"])
@pytest.mark.parametrize(("labels", "latent"), [((), 0), (("cat", "sheep"), 0), ((), 5), (("cat", "sheep"), 5)])
def test_it_draws_what_the_plain_model_draws(cell, labels, latent):
    model = model_of(cell, labels, latent)
    beside = beside_of(model, 7)
    drawn = Sampler(model, lanes=3).sample(begin(model, 7, beside), temperature=0.7, seed=5)
    with torch.no_grad():
        plain = plainly(model, beside, 0.7, "paper", 5, range(7), 30)
    assert {len(rows) for rows in plain} != {30}, "some must end by themselves"
    for ours, rows in zip(drawn, plain, strict=True):
        assert np.allclose(ours.rows, rows, atol=1e-4)
        assert ours.finished == (len(rows) < 30)


def test_it_begins_as_the_model_does():
    model = model_of()
    z, label = torch.randn(3, 5), torch.tensor([0, 1, 0])
    begun = begin(model, 3, model.beside(z, label))
    assert torch.equal(begun.state, model.start_state(z, label))
    assert begun.row.tolist() == [[0, 0, 1, 0, 0]] * 3
    assert begin(model_of(start="zeros", labels=(), latent=0), 1).row.tolist() == [[0] * 5]
    with pytest.raises(OptionError, match="beside"):
        begin(model, 3)
    with pytest.raises(OptionError, match="beside"):
        begin(model, 3, torch.zeros(3, 4))


@pytest.mark.parametrize("lanes", [1, 4, 100])
def test_a_drawing_does_not_depend_on_its_neighbours(lanes):
    model = model_of()
    beside = beside_of(model, 12)
    many = Sampler(model).sample(begin(model, 12, beside), seed=3)
    few = Sampler(model, lanes).sample(begin(model, 5, beside[:5]), seed=3)
    last = Sampler(model, lanes).sample(begin(model, 2, beside[10:]), seed=3, streams=(10, 11))
    for one, other in [*zip(few, many, strict=False), *zip(last, many[10:], strict=True)]:
        assert np.allclose(one.rows, other.rows, atol=1e-4)
    again = Sampler(model).sample(begin(model, 12, beside), seed=3)
    other = Sampler(model).sample(begin(model, 12, beside), seed=4)
    assert all((a.rows == b.rows).all() for a, b in zip(many, again, strict=True))
    assert not np.array_equal(many[0].rows, other[0].rows)


def test_a_stream_is_the_drawing_row_by_row_and_two_do_not_disturb_each_other():
    model = model_of()
    sampler, begun = Sampler(model), begin(model, 2, beside_of(model, 2))
    first = sampler.stream(begun, temperature=0.5, seed=2)
    second = sampler.stream(begun.only(1), temperature=0.5, seed=2, stream=1)
    rows = ([next(first)], [next(second)])
    for row in first:
        rows[0].append(row)
    rows[1].extend(second)
    for streamed, drawn in zip(rows, sampler.sample(begun, temperature=0.5, seed=2), strict=True):
        assert np.allclose(np.array(streamed), drawn.rows, atol=1e-5)


def test_streams_leave_no_mode_behind():
    model = model_of()
    steps = Sampler(model).stream(begin(model, 1, beside_of(model, 1)))
    next(steps)
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


def test_going_on_after_rows_equals_drawing_on():
    model = model_of("hyper")
    beside = beside_of(model, 1)
    (whole,) = Sampler(model).sample(begin(model, 1, beside), temperature=0, max_steps=12)
    lifted = torch.from_numpy(whole.rows[:5, 2:]).float()
    rows = torch.cat([torch.from_numpy(whole.rows[:5, :2]).float(), 1 - lifted, lifted, torch.zeros(5, 1)], 1)
    begun, output = begin_after(model, rows[None], beside)
    (rest,) = Sampler(model).sample(begun, temperature=0, max_steps=7)
    assert output.shape == (1, 5, 3 + 6 * 4)
    assert np.allclose(rest.rows, whole.rows[5:], atol=1e-4)


def test_long_drawings_and_cuts_are_told():
    model = model_of(n_max=300)
    model.head.bias.data[2] = -50
    drawn = Sampler(model).sample(begin(model, 2, beside_of(model, 2)))
    assert [(len(d.rows), d.finished) for d in drawn] == [(300, False)] * 2
    assert all(np.isfinite(d.rows).all() for d in drawn)
    model.head.bias.data[2] = 50
    drawn = Sampler(model).sample(begin(model, 2, beside_of(model, 2)))
    assert [(d.rows.shape, d.finished) for d in drawn] == [((0, 3), True)] * 2


@pytest.mark.parametrize("rule", ["paper", "js", "tf"])
@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0, 2.0])
def test_draws_are_those_of_the_mixture(rule, temperature):
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(300, 3 + 6 * 20, generator=generator) * 3
    noise = noise_of(1, 2, 300)
    offsets, pen = draw(output.numpy(), noise, Temper.of(temperature, rule))
    plain = Mixture.from_output(output).tempered(temperature, rule).sample(torch.from_numpy(noise))
    agree = np.isclose(offsets, plain[:, :2].numpy(), rtol=1e-3, atol=1e-4).all(1)
    assert agree.mean() > 0.99  # a draw may fall on the other side of a border by rounding
    assert (pen == plain[:, 2:].argmax(1).numpy()).mean() > 0.99


@pytest.mark.data
def test_tempered_logits_are_those_of_the_reference_programs(data_dir):
    path = data_dir.parent / "fixtures/sketch_rnn/sampling_rules.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    for row in json.loads(path.read_text())["rows"]:
        output = np.array(row["y"], np.float64)
        for temperature, rules in row["temperature"].items():
            for rule, wanted in rules.items():
                temper = Temper.of(float(temperature), rule)
                for key, logits in (("pi", output[3:23]), ("pen", output[:3])):
                    share = np.exp(temper.logits * (logits - logits.max()))
                    assert np.abs(share / share.sum() - wanted[key]).max() < 1e-6
                assert np.allclose(np.exp(output[63:83]) * temper.sigma, wanted["sigma_x"], rtol=1e-6, atol=0)
                mixture = Mixture.from_output(torch.tensor(row["y"])).tempered(float(temperature), rule)
                assert np.allclose(mixture.weight_logits.softmax(-1), wanted["pi"], atol=1e-6)
                assert np.allclose(mixture.log_sigma.exp()[:, 1], wanted["sigma_y"], rtol=1e-5, atol=0)


def test_extreme_heads_draw_finite_numbers():
    output = np.full((4, 3 + 6 * 5), 200.0, np.float32)
    output[1] = -200
    output[2, :8] = -np.inf
    output[2, 4] = 1
    output[2, 0] = 0
    offsets, pen = draw(output, noise_of(0, 0, 4), Temper.of(1.0))
    assert np.isfinite(offsets).all()
    assert pen[2] == 0


def test_wrong_options_are_refused():
    model = model_of()
    begun = begin(model, 1, beside_of(model, 1))
    for options, text in (
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"rule": "loud"}, "paper, js, tf"),
        ({"max_steps": 0}, "max_steps"),
    ):
        with pytest.raises(OptionError, match=text):
            Sampler(model).sample(begun, **options)
    assert Sampler(model).sample(begin(model, 0, beside_of(model, 0))) == []
