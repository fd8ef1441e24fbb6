import csv
import math
import os
import signal

import pytest
import torch
from PIL import Image
from toy_training import Toy, ToyData, toy_run

from strokewright.errors import OptionError, StrokewrightError, WeightsError
from strokewright.training.checkpoints import list_checkpoints, read_checkpoint, read_progress
from strokewright.training.config import TrainingOptions
from strokewright.training.run import Run, start
from strokewright.training.schedule import learning_rate


def weights(run: Run) -> bytes:
    return (run.out / "model" / "model.safetensors").read_bytes()


def table(run: Run) -> list[dict[str, str]]:
    """The metrics without the clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.metrics()]


def test_a_run_learns_and_leaves_its_folder(tmp_path):
    events = []
    run = start(toy_run(steps=200, learning_rate=0.03), tmp_path / "run", callback=events.append)
    rows = run.metrics()
    assert float(rows[-1]["evaluation.loss"]) < 0.6 * float(rows[1]["evaluation.loss"])
    assert float(rows[-1]["evaluation.rows"]) == 8
    assert [event.step for event in events if event.kind == "step"] == list(range(1, 201))
    assert events[-1].kind == "finished"
    assert [path.stem for path in list_checkpoints(run.out / "checkpoints")] == ["step-000000190", "step-000000200"]
    with Image.open(run.out / "samples" / "step-000000020.png") as sheet:
        assert sheet.size == (12, 8)
    assert any((run.out / "tensorboard").iterdir())
    assert not list(run.out.rglob("*.part"))
    best = Toy.from_pretrained(run.out / "checkpoints" / "best.safetensors")
    assert best.config.width == 16
    assert Toy.from_pretrained(run.out / "model").first.weight.dtype == torch.float32


def test_the_same_seed_gives_the_same_weights_and_prefetch_changes_nothing(tmp_path):
    runs = [
        start(toy_run(seed=seed, prefetch=ahead), tmp_path / f"{seed}-{ahead}")
        for seed, ahead in [(1, 0), (1, 3), (2, 3)]
    ]
    assert weights(runs[0]) == weights(runs[1]) != weights(runs[2])
    assert table(runs[0]) == table(runs[1])


def test_a_run_can_begin_with_known_weights(tmp_path):
    first = start(toy_run(steps=100, learning_rate=0.03), tmp_path / "first")
    more = toy_run(steps=1, learning_rate=1e-9).replaced({"model.start": str(first.out / "model")})
    second = start(more, tmp_path / "second")
    for before, after in zip(
        Toy.from_pretrained(first.out / "model").parameters(),
        Toy.from_pretrained(second.out / "model").parameters(),
        strict=True,
    ):
        assert torch.allclose(before, after, atol=1e-6)
    with pytest.raises(OptionError, match=r"model\.start: expected weights that fit .* size mismatch"):
        start(more.replaced({"model.config.width": 8}), tmp_path / "third")
    with pytest.raises(WeightsError, match="no/such"):
        start(more.replaced({"model.start": "no/such"}), tmp_path / "fourth")


def test_a_run_with_more_steps_goes_on_and_refuses_to_be_overwritten(tmp_path):
    run = start(toy_run(steps=20, schedule="constant"), tmp_path / "run")
    with pytest.raises(OptionError, match="resume it, or choose another"):
        start(toy_run(), tmp_path / "run")
    assert run.resume(callback=lambda event: pytest.fail("a finished run does nothing")).finished
    longer = Run(tmp_path / "run").resume(overrides=["training.steps=40"])
    assert longer.finished
    straight = start(toy_run(steps=40, schedule="constant"), tmp_path / "straight")
    assert weights(longer) == weights(straight)
    assert run.out == longer.out


def test_ctrl_c_saves_and_the_run_can_be_resumed(tmp_path):
    def press(event):
        if event.kind == "step" and event.step == 13:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        start(toy_run(), tmp_path / "run", callback=press)
    # all processes agree on stopping in the step after the key was pressed
    assert list_checkpoints(tmp_path / "run" / "checkpoints")[-1].stem == "step-000000014"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed, straight = Run(tmp_path / "run").resume(), start(toy_run(), tmp_path / "straight")
    assert weights(resumed) == weights(straight)
    assert table(resumed) == table(straight)
    newest = [list_checkpoints(run.out / "checkpoints")[-1] for run in (resumed, straight)]
    assert [read_progress(path).sittings for path in newest] == [2, 1]


def test_a_nan_gradient_skips_its_batch_and_nothing_else(tmp_path):
    seen = []
    source = ToyData(0, poison=(13, 14))
    run = start(toy_run(), tmp_path / "run", source, seen.append)
    bad = [(event.step, event.values) for event in seen if event.kind == "bad"]
    assert [step for step, _ in bad] == [14, 15]
    assert all(math.isfinite(values["loss"]) and math.isnan(values["gradient_norm"]) for _, values in bad)
    assert [row["bad"] for row in run.metrics()][:4] == ["0.0", "0.0", "2.0", "2.0"]
    assert all(tensor.isfinite().all() for tensor in Toy.from_pretrained(run.out / "model").state_dict().values())


def test_three_bad_batches_roll_back_to_the_last_planned_checkpoint(tmp_path):
    events = []
    config = toy_run(steps=16, checkpoint_every=10, ema_decay=0.0)
    start(config, tmp_path / "run", ToyData(0, poison=(13, 14, 15)), events.append)
    assert [event.step for event in events if event.kind == "rolled_back"] == [16]
    parts, _ = read_checkpoint(tmp_path / "run" / "checkpoints" / "step-000000010.safetensors")
    after = Toy.from_pretrained(tmp_path / "run" / "model").state_dict()
    assert all(torch.equal(parts["model"][name], tensor) for name, tensor in after.items())


def test_it_gives_up_after_too_many_bad_batches(tmp_path):
    with pytest.raises(StrokewrightError, match=r"4 batches in a row.*lower training.learning_rate"):
        start(toy_run(patience=4), tmp_path / "run", ToyData(0, poison=tuple(range(9, 30))))


def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(tmp_path):
    run = start(toy_run(steps=10), tmp_path / "run")
    path = list_checkpoints(run.out / "checkpoints")[-1]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="delete it to resume from the one before"):
        run.resume(overrides=["training.steps=20"])


def test_minutes_end_a_run_with_its_schedule_and_bf16_trains(tmp_path):
    source = ToyData(0, pause_s=0.005)
    config = toy_run(steps=100_000, minutes=0.004, precision="bf16-mixed", checkpoint_every=1000)
    run = start(config, tmp_path / "run", source)
    rows = run.metrics()
    assert 5 < int(rows[-1]["step"]) < 1000
    assert float(rows[-1]["learning_rate"]) < 0.2 * float(rows[0]["learning_rate"])
    assert float(rows[-1]["seconds"]) >= 0.24


def test_learning_rate_rises_and_falls():
    options = TrainingOptions(learning_rate=1.0, warmup_steps=4, final_rate=0.1)
    rates = [learning_rate(options, step, share) for step, share in [(0, 0.0), (4, 0.0), (50, 0.5), (100, 1.0)]]
    assert rates == pytest.approx([0.2, 1.0, 0.55, 0.1])
    options = TrainingOptions(schedule="exponential", learning_rate=1e-3, rate_decay=0.9999)
    rates = [learning_rate(options, step, 0.5) for step in (0, 1, 5000, 10**6)]
    assert rates == pytest.approx([(1e-3 - 1e-5) * 0.9999**step + 1e-5 for step in (0, 1, 5000, 10**6)])


def test_gradients_are_clipped_by_value(tmp_path):
    """Plain descent with a rate of 1 moves no weight further than the bound."""
    options = {"steps": 1, "optimiser": "sgd", "betas": (0.0, 0.9), "schedule": "constant", "learning_rate": 1.0}
    config = toy_run(**options, clip_norm=None, clip_value=0.003, ema_decay=0.0, checkpoint_every=1)
    run = start(config.replaced({"model.config.dropout": 0.0}), tmp_path / "run")
    states = [read_checkpoint(path)[0]["model"] for path in list_checkpoints(run.out / "checkpoints")]
    moved = torch.cat([(after - states[0][name]).flatten() for name, after in states[-1].items() if name != "seen"])
    assert moved.abs().max().item() == pytest.approx(0.003, rel=1e-3)


def test_metrics_file_is_plain_csv(tmp_path):
    run = start(toy_run(steps=10), tmp_path / "run")
    with (run.out / "metrics.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert header[:2] == ["step", "loss"]
    assert len(set(header)) == len(header)
