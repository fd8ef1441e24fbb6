import math

import pytest
import torch

from strokewright.errors import DataError, OptionError
from strokewright.models.sketch_rnn import PRESETS, SketchRNN, SketchRNNConfig
from strokewright.models.sketch_rnn.losses import kl_weight

SMALL = {
    "encoder_cell": "lstm",
    "encoder_size": 10,
    "decoder_cell": "layer-norm",
    "decoder_size": 12,
    "hyper_size": 6,
    "hyper_embedding": 3,
    "latent_size": 4,
    "components": 3,
    "n_max": 60,
}


def build(seed=0, **changes):
    torch.manual_seed(seed)
    return SketchRNN(SketchRNNConfig.model_validate(SMALL | changes))


def batch_of(lengths, steps=None):
    """Random drawings, padded to `steps` rows; each ends with an end row."""
    steps = steps or max(lengths) + 1
    generator = torch.Generator().manual_seed(0)
    rows = torch.zeros(len(lengths), steps + 1, 5)
    for row, n in zip(rows, lengths, strict=True):
        row[1 : n + 1, :2] = torch.randn(n, 2, generator=generator)
        row[: n + 1, 2] = 1
        row[n + 1 :, 4] = 1
    label = torch.arange(len(lengths)) % 2
    return {"rows": rows, "length": torch.tensor(lengths), "label": label}


@pytest.mark.parametrize("padding", ["counted", "masked"])
@pytest.mark.parametrize("decoder", ["lstm", "layer-norm", "hyper"])
def test_trimmed_batches_have_the_same_losses(padding, decoder):
    model = build(decoder_cell=decoder, padding=padding, n_max=200).eval()
    lengths = [3, 14, 1, 9]
    noise = torch.randn(4, 4)
    padded = model.losses(batch_of(lengths, 200), noise=noise)
    for steps in (14, 15, 20):  # without and with the longest drawing's end row
        trimmed = model.losses(batch_of(lengths, steps), noise=noise)
        for name, expected in padded.items():
            torch.testing.assert_close(trimmed[name], expected, rtol=1e-5, atol=1e-5)


def test_gradients_of_trimmed_batches_count_the_padding():
    model = build(recurrent_keep=1.0, n_max=150)
    gradients = []
    for steps in (15, 150):
        loss = model.losses(batch_of([3, 14], steps), noise=torch.zeros(2, 4))["L_R"]
        gradients.append(torch.autograd.grad(loss, [model.head.bias])[0])
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_masked_losses_by_hand():
    model = build(padding="masked").eval()
    batch = batch_of([3, 5])
    mean, _ = model.encode(batch["rows"][:, 1:], batch["length"])
    noise = torch.zeros(2, 4)
    output, _ = model.decode(batch["rows"][:, :-1], mean)
    log_pen = torch.log_softmax(output[..., :3], -1)
    total = sum(-log_pen[i, t, 0 if t < n else 2] for i, n in enumerate([3, 5]) for t in range(n + 1))
    assert model.losses(batch, noise=noise)["L_p"].item() == pytest.approx(total.item() / 120, rel=1e-5)


def test_padding_does_not_reach_the_encoder():
    model = build().eval()
    short, long = batch_of([5, 2]), batch_of([5, 2], 30)
    for a, b in zip(*(model.encode(x["rows"][:, 1:], x["length"]) for x in (short, long)), strict=True):
        torch.testing.assert_close(a, b)
    alone, _ = model.encode(short["rows"][1:, 1:3], torch.tensor([2]))
    torch.testing.assert_close(alone, model.encode(short["rows"][:, 1:], short["length"])[0][1:])


def test_encoder_reads_in_both_directions():
    model = build().eval()
    batch = batch_of([5])
    rows = batch["rows"][:, 1:]
    mean = model.encode(rows, batch["length"])[0]
    backwards = model.encode(rows[:, :5].flip(1), batch["length"])[0]
    assert not torch.allclose(mean, backwards)
    model.encoder_forward, model.encoder_backward = model.encoder_backward, model.encoder_forward
    model.to_mean.weight.data = model.to_mean.weight.data.roll(10, 1)
    torch.testing.assert_close(model.encode(rows[:, :5].flip(1), batch["length"])[0], mean)


def test_decoding_in_pieces_is_the_same():
    model = build(labels=("cat", "bus")).eval()
    batch = batch_of([9, 4])
    z, label = torch.randn(2, 4), batch["label"]
    whole, last = model.decode(batch["rows"], z, label)
    first, state = model.decode(batch["rows"][:, :4], z, label)
    rest, end = model.decode(batch["rows"][:, 4:], z, label, state)
    torch.testing.assert_close(torch.cat([first, rest], dim=1), whole)
    torch.testing.assert_close(end, last)


def test_labels_change_what_is_drawn():
    for latent in (4, 0):
        model = build(labels=("cat", "bus"), latent_size=latent).eval()
        z = torch.zeros(2, 4) if latent else None
        state = model.start_state(z, torch.tensor([0, 1]))
        assert not torch.equal(state[0], state[1])
        output, _ = model.decode(torch.zeros(2, 3, 5), z, torch.tensor([0, 1]))
        assert not torch.allclose(output[0], output[1])


def test_decoder_alone():
    model = build(latent_size=0)
    assert not model.start_state(None, batch=3).any()
    scores = model.loss(batch_of([4, 6]))
    assert scores.keys() == {"loss", "L_R", "L_s", "L_p"}
    assert scores["loss"] == scores["L_R"]
    with pytest.raises(OptionError, match="latent_size 0"):
        model.encode(torch.zeros(1, 3, 5), torch.tensor([3]))
    with pytest.raises(OptionError, match="z: this model takes none"):
        model.decode(torch.zeros(1, 3, 5), torch.zeros(1, 4))


def test_start_of_zeros():
    batch = batch_of([4, 6])
    model = build(start="zeros", latent_size=0).eval()
    zeros = batch["rows"].clone()
    zeros[:, 0] = 0
    losses = {start: build(start=start, latent_size=0).eval().losses(batch)["L_R"] for start in ("zeros", "pen-down")}
    assert losses["zeros"] == model.losses(batch | {"rows": zeros})["L_R"] != losses["pen-down"]


def test_weight_of_kl_rises_and_its_floor_holds():
    assert [kl_weight(step, 1.0, 0.01, 0.5) for step in (0, 1, 2)] == pytest.approx([0.01, 0.505, 0.7525])
    model = build(recurrent_keep=1.0, kl_weight=0.5, kl_decay=0.5, kl_floor=3.0)
    losses = []
    for step in (0, 1, 1000):
        model.set_step(step)
        torch.manual_seed(1)
        scores = model.loss(batch_of([4, 6]))
        losses.append((scores["loss"] - scores["L_R"]).item())
        assert scores["L_KL"] < 0.1
    assert losses == pytest.approx([0.03, 0.765, 1.5], rel=1e-4)
    model.eval().set_step(0)
    scores = model.loss(batch_of([4, 6]))
    assert (scores["loss"] - scores["L_R"]).item() == pytest.approx(1.5)


def test_dropout_in_training_alone():
    model, batch = build(padding="masked"), batch_of([9, 4])
    for training in (True, False):
        model.train(training)
        losses = {model.losses(batch, noise=torch.zeros(2, 4))["L_R"].item() for _ in range(3)}
        assert len(losses) == (3 if training else 1)


def test_long_drawings():
    model = build(n_max=320, decoder_cell="hyper")
    scores = model.loss(batch_of([300, 2]))
    scores["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    with pytest.raises(DataError, match="at most n_max = 60 steps, got one of 70"):
        build().loss(batch_of([70, 2]))
    assert math.isfinite(build(n_max=70).loss(batch_of([70, 2]))["loss"].item()), "the longest needs no end row"


def test_presets_and_wrong_configs():
    for changes in PRESETS.values():
        SketchRNNConfig.model_validate(changes)
    paper = SketchRNNConfig()
    assert (paper.encoder_size, paper.decoder_cell, paper.decoder_size, paper.latent_size) == (512, "hyper", 2048, 128)
    for field, value in (("decoder_cell", "gru"), ("recurrent_keep", 0), ("labels", ["a", "a"]), ("n_max", 0)):
        with pytest.raises(OptionError, match=field):
            SketchRNN.from_options({field: value})


def test_new_codes_lie_as_those_of_the_drawings_seen():
    model = build(recurrent_keep=1.0, labels=("cat", "dog", "sun")).eval()
    with torch.no_grad():
        model.to_mean.bias += 2
        model.to_mean.weight *= 300
    batch = batch_of([3, 14, 1, 9] * 50)
    batch["label"] = torch.full_like(batch["label"], 1)
    means, _ = model.encode(batch["rows"][:, 1:], batch["length"])
    noise, label = torch.randn(3000, 4), torch.arange(3000) % 3
    model.losses(batch)
    assert torch.equal(model.new_codes(noise, label), noise), "evaluation notes nothing"
    model.train()
    for _ in range(40):
        model.losses(batch)
    codes = model.new_codes(noise, label)
    torch.testing.assert_close(codes[label == 1].mean(0), means.mean(0), atol=0.1, rtol=0.05)
    torch.testing.assert_close(codes[label == 1].std(0), means.std(0), atol=0.05, rtol=0.1)
    assert torch.equal(codes[label != 1], noise[label != 1]), "classes that were not seen keep N(0, I)"


def test_an_autoencoder_begins_as_a_bare_decoder_draws() -> None:
    bare, whole = build(latent_size=0), build()
    whole.begin_as(bare)
    own, known = dict(whole.decoder.named_parameters()), dict(bare.decoder.named_parameters())
    for name, weight in known.items():
        torch.testing.assert_close(own[name][: len(weight)], weight)
    torch.testing.assert_close(whole.head.weight, bare.head.weight)
    again = build()
    again.begin_as(whole)
    torch.testing.assert_close(again.to_mean.weight, whole.to_mean.weight)
    with pytest.raises(RuntimeError, match="decoder_cell"):
        build(decoder_cell="lstm").begin_as(bare)
