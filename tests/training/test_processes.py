"""Real processes: killed by SIGKILL, and two of them under torchrun."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strokewright.training.run import Run, start

HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}


def test_killed_at_any_moment_and_resumed_gives_the_same_weights_bit_for_bit(tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, str(HERE / "toy_training.py"), str(out), "200", "0.004"]
    child = subprocess.Popen(command, env=ENVIRONMENT)
    while not (out / "checkpoints").exists() and child.poll() is None:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.7))
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not Run(out).finished
    resumed = Run(out).resume()
    straight = start(resumed.config, tmp_path / "straight")
    for name in ("model/model.safetensors", "checkpoints/best.safetensors"):
        assert (resumed.out / name).read_bytes() == (straight.out / name).read_bytes()
    clockless = [[row | {"seconds": ""} for row in run.metrics()] for run in (resumed, straight)]
    assert clockless[0] == clockless[1]
    assert not list(resumed.out.rglob("*.part"))


def test_two_processes_give_the_curve_of_one_with_the_doubled_batch(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = ENVIRONMENT | {"PYTHONWARNINGS": ""}  # the launcher's own warnings are not ours
    subprocess.run(
        [*command, str(HERE / "toy_training.py"), str(tmp_path / "two"), "60"], env=environment, check=True, timeout=120
    )
    two = Run(tmp_path / "two")
    changes = {"training.batch_size": 2 * two.config.training.batch_size}
    one = start(two.config.replaced(changes), tmp_path / "one")
    assert len(two.metrics()) == len(one.metrics()) > 5
    for ours, theirs in zip(two.metrics(), one.metrics(), strict=True):
        for name in ("loss", "gradient_norm", "guess", "evaluation.loss"):
            assert ours[name] == theirs[name] == "" or float(ours[name]) == pytest.approx(
                float(theirs[name]), rel=1e-4, abs=1e-6
            )
