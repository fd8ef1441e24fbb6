"""PPO on the true renderer: a run that was stopped goes on as if it had not been."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from benchmarks import ppo

from strokewright.training.logs import read_metrics


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(ppo, "SIDE_BY_SIDE", 4)
    monkeypatch.setattr(ppo, "ROUNDS_AN_UPDATE", 1)
    monkeypatch.setattr(ppo, "UPDATES_A_CHUNK", 1)
    monkeypatch.setattr(ppo, "BATCH", 16)
    clock = iter(range(100))
    monkeypatch.setattr(ppo, "time", SimpleNamespace(monotonic=lambda: next(clock)))  # a chunk takes one second
    ink = np.zeros((6, 28, 28), dtype=np.float32)
    ink[:, 5:20, 12:15] = 1
    return ink


def test_stopped_and_resumed_equals_undisturbed(small, tmp_path):
    whole = ppo.train(tmp_path / "whole", 3 / 60, small, small)
    ppo.train(tmp_path / "parts", 1 / 60, small, small)
    parts = ppo.train(tmp_path / "parts", 3 / 60, small, small)
    assert whole == parts
    assert whole.step == 12
    assert read_metrics(tmp_path / "whole" / "metrics.csv") == read_metrics(tmp_path / "parts" / "metrics.csv")
    actions = ppo.draw(ppo.load_agent(tmp_path / "parts", small), small)
    assert np.array_equal(actions, ppo.draw(ppo.load_agent(tmp_path / "whole", small), small))
    assert actions.shape == (6, 4, 8)
