"""The loop with this model: bad gradients, exact resume, clipping by value."""

import math

import numpy as np
import pytest
import torch

from strokewright.models.sketch_rnn import SketchRNN
from strokewright.training.config import ModelSpec, RunConfig, TrainingOptions
from strokewright.training.run import Run, start

CONFIG = {
    "encoder_cell": "lstm",
    "encoder_size": 8,
    "decoder_cell": "layer-norm",
    "decoder_size": 12,
    "latent_size": 4,
    "components": 3,
    "n_max": 20,
    "kl_decay": 0.9,
}


class Drawings:
    """Random drawings of 2 to 9 steps; every batch is as long as its longest drawing."""

    def batch(self, index, batch_size):
        random = np.random.default_rng((5, index))
        length = random.integers(2, 10, batch_size)
        rows = np.zeros((batch_size, length.max() + 2, 5), np.float32)
        rows[:, 0, 2] = 1
        for row, n in zip(rows, length, strict=True):
            row[1 : n + 1, :2] = random.normal(size=(n, 2))
            row[1 : n + 1, 2] = 1
            row[n + 1 :, 4] = 1
        return {"rows": rows, "length": length}


def run_config(**training):
    options = {"steps": 16, "batch_size": 4, "checkpoint_every": 5, "device": "cpu", "sample_every": 0, **training}
    return RunConfig(model=ModelSpec(name="sketch-rnn", config=CONFIG), training=TrainingOptions(**options))


def weights(run):
    return SketchRNN.from_pretrained(run.out / "model").state_dict()


def test_nan_in_a_gradient_rolls_back_and_training_goes_on(tmp_path, monkeypatch):
    original = SketchRNN.loss

    def poisoned(self, batch):
        scores = original(self, batch)
        if self.training and self._step in (6, 7, 8):  # the loss stays finite, its gradient does not
            scores["loss"] = scores["loss"] + (self.decoder.w_hh * 0).abs().sum().sqrt()
        return scores

    monkeypatch.setattr(SketchRNN, "loss", poisoned)
    events = []
    run = start(run_config(log_every=1), tmp_path / "run", Drawings(), events.append)
    bad = [event for event in events if event.kind == "bad"]
    assert [event.step for event in bad] == [7, 8, 9]
    assert all(math.isfinite(event.values["loss"]) and math.isnan(event.values["gradient_norm"]) for event in bad)
    assert [event.step for event in events if event.kind == "rolled_back"] == [9]
    assert events[-1].step == 16
    after = weights(run)
    assert all(tensor.isfinite().all() for tensor in after.values())
    torch.manual_seed(0)
    assert not torch.equal(after["head.bias"], SketchRNN.from_options(CONFIG).head.bias)
    assert math.isfinite(float(run.metrics()[-1]["loss"]))


def test_resumed_equals_straight(tmp_path):
    options = {"schedule": "exponential", "rate_decay": 0.9, "clip_norm": None, "clip_value": 0.01}
    straight = start(run_config(**options), tmp_path / "straight", Drawings())

    def stop(event):
        if event.kind == "step" and event.step == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(run_config(**options), tmp_path / "run", Drawings(), stop)
    resumed = Run(tmp_path / "run").resume(Drawings())
    for (name, ours), expected in zip(weights(resumed).items(), weights(straight).values(), strict=True):
        assert torch.equal(ours, expected), name


def test_it_learns_under_bf16(tmp_path):
    config = run_config(steps=40, precision="bf16-mixed", learning_rate=0.01, log_every=20)
    losses = [float(row["L_R"]) for row in start(config, tmp_path / "run", Drawings()).metrics()]
    assert losses[-1] < losses[0]
