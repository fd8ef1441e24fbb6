"""How fast a sketch-rnn draws: 100 drawings at once, one alone, and the first point of a stream.

The model is the public decoder `bird` (512 units) where the data folder has it, else one of the same size with random
weights that never ends. A point is a row that is kept: none are made of drawings that have ended.

Other programs on the machine disturb these times, so two kinds are given. Wall times are of the shortest of many steps
on two threads: what two idle cores do, if the machine left us both for two milliseconds. Process times are of all that
there is to do on one thread, from beginning to end. Floors are the same matrix products alone, timed likewise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from statistics import median
from typing import Any

import torch

from benchmarks.harness import RESULTS_DIR, at_least, at_most, report, row, save_sheet
from strokewright import SketchRNN
from strokewright.datasets.download import find
from strokewright.errors import DataError
from strokewright.models.sketch_rnn.draws import Temper
from strokewright.models.sketch_rnn.mixture import Mixture, draw_noise
from strokewright.models.sketch_rnn.sampler import Sampler, begin
from strokewright.pipelines.sketch_rnn import Sketcher
from strokewright.render.skia import render_ink

SEED = 0
UNITS, STEPS, BATCH = 512, 129, 100
TEMPERATURE = 0.5
PLAIN_LOOP = (41_200.0, "plain torch loop, 100 sketches at once, 2 threads, idle machine")
JAVASCRIPT = (346.0, "sketch-rnn-js, bird, one sketch (tfjs: 313)")


def run(quick: bool) -> dict[str, Any]:
    """Time all cells, and compare the LSTM with its products, the plain loop and the peers."""
    started = time.perf_counter()
    threads = torch.get_num_threads()
    model, data = _bird()
    rows: list[dict[str, Any]] = []
    try:
        torch.set_num_threads(min(2, os.cpu_count() or 1))
        rows += _wall_rows(model, 0.7 if quick else 12.0)
        torch.set_num_threads(1)
        rows += _process_rows(model, quick) + _stream_rows(model, quick)
    finally:
        torch.set_num_threads(threads)
    if not quick:
        _save_sheet(model)
    return report("sampling", rows, started=started, seed=SEED, data=data)


def _bird() -> tuple[SketchRNN, str]:
    try:
        path = find("magenta_weights/bird.gen.json.gz")
        if path.exists():
            return SketchRNN.from_magenta(path), "public decoder bird, 512 units"
    except DataError:
        pass
    return _random("lstm"), "random weights, 512 units"


def _random(cell: str) -> SketchRNN:
    torch.manual_seed(SEED)
    config = {"decoder_cell": cell, "decoder_size": UNITS, "latent_size": 0, "n_max": STEPS}
    model = SketchRNN.from_options(config).eval()
    with torch.no_grad():
        model.head.bias[2] = -50.0
    return model


def _wall_rows(model: SketchRNN, seconds: float) -> list[dict[str, Any]]:
    """Time steps of 100 lanes and of one; drawings that end make room for others."""

    def steps(lanes: int) -> Iterator[object]:
        return Sampler(model, lanes).steps(begin(model, 20 * lanes), Temper.of(TEMPERATURE), SEED, None, STEPS)

    rows: list[dict[str, Any]] = []
    for lanes, case, bound, peer in (
        (BATCH, f"{BATCH} at once, two threads", 40_000, PLAIN_LOOP),
        (1, "one alone", 3_000, JAVASCRIPT),
    ):
        ours = lanes / _best_step_s(lambda n=lanes: steps(n), seconds)
        floor = lanes / _best_step_s(lambda n=lanes: _products(model, n), seconds)
        rows += [
            row(case, "points/s", ours, at_least(bound), reference=peer[0], reference_source=peer[1]),
            row(case, "times the matrix products", floor / ours, reference=1.0, reference_source=_floor(floor)),
        ]
    return rows


def _process_rows(model: SketchRNN, quick: bool) -> list[dict[str, Any]]:
    """Time all there is to do, from beginning to end, on one thread."""
    repetitions, count = (1, BATCH) if quick else (5, 4 * BATCH)
    many = _process_rate(lambda: _points(Sampler(model), model, count), repetitions)
    floor = _process_rate(lambda: BATCH * sum(1 for _ in islice(_products(model, BATCH), 30)), repetitions)
    steps = 20 if quick else STEPS
    plain = _process_rate(lambda: _plain_loop(model, steps), repetitions)
    alone = _process_rate(lambda: _points(Sampler(model), model, 1), 3 * repetitions)
    case = f"{count} drawings, {BATCH} at once, one thread"
    rows = [
        row(case, "points a processor second", many, reference=plain, reference_source="plain loop, same run"),
        row(case, "times the matrix products", floor / many, reference=1.0, reference_source=_floor(floor)),
        row("one drawing alone, one thread", "points a processor second", alone),
    ]
    for cell in ("layer-norm", "hyper"):
        other = _random(cell)
        rate = _process_rate(lambda m=other: _points(Sampler(m), m, BATCH, steps), 1)
        rows.append(row(f"{cell}, {BATCH} drawings at once, one thread", "points a processor second", rate))
    return rows


def _floor(rate: float) -> str:
    return f"same run: {rate:.0f} points/s"


def _stream_rows(model: SketchRNN, quick: bool) -> list[dict[str, Any]]:
    sketcher = Sketcher(model, "cpu")
    _ = sketcher.habits
    begun = sketcher.sample(n=1, seed=SEED, max_steps=20)[0]
    cases = {"stream from nothing": None, "stream of an ending": begun}
    rows: list[dict[str, Any]] = []
    for case, drawing in cases.items():
        times: list[float] = []
        for seed in range(5 if quick else 30):
            begun_s = time.process_time()
            points = sketcher.stream(drawing, seed=seed)
            for _ in zip(range(2), points, strict=False):  # the start, and the first point that the model drew
                pass
            times.append(1e3 * (time.process_time() - begun_s))
        rows.append(row(f"{case}, one thread", "ms of processor time to the first point", median(times), at_most(30)))
    return rows


def _points(sampler: Sampler, model: SketchRNN, count: int, steps: int = STEPS) -> int:
    drawn = sampler.sample(begin(model, count), temperature=TEMPERATURE, seed=SEED, max_steps=steps)
    return sum(len(one.rows) for one in drawn)


def _process_rate(work: Callable[[], int], repetitions: int) -> float:
    """Return points a second of processor time, the median."""
    rates: list[float] = []
    for _ in range(repetitions):
        begun = time.process_time()
        points = work()
        rates.append(points / (time.process_time() - begun))
    return median(rates)


def _best_step_s(begin_again: Callable[[], Iterator[object]], seconds: float) -> float:
    """Return the wall time of the shortest step within so many seconds; the first one of a round is not counted."""
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        times: list[float] = []
        for _ in begin_again():
            times.append(time.perf_counter())
            if times[-1] > end and len(times) > 1:
                break
        best = min([best, *(late - early for early, late in pairwise(times))])
    return best


def _products(model: SketchRNN, lanes: int) -> Iterator[None]:
    """Do the two matrix products of a step, over and over."""
    units = model.config.decoder_size
    left, right = torch.randn(lanes, 5 + units), torch.randn(5 + units, 4 * units)
    head, gates = torch.randn(units, len(model.head.bias)), torch.empty(lanes, 4 * units)
    output = torch.empty(lanes, len(model.head.bias))
    for _ in range(STEPS):
        torch.mm(left, right, out=gates)
        torch.mm(left[:, 5:], head, out=output)
        yield


@torch.inference_mode()
def _plain_loop(model: SketchRNN, steps: int) -> int:
    """Draw as one would without a sampler: cell, head and mixture step by step, for all drawings to the last."""
    begun = begin(model, BATCH)
    inputs, state = begun.row, begun.state
    generator = torch.Generator().manual_seed(SEED)
    for _ in range(steps):
        output, state = model.decoder.step(inputs, state)
        mixture = Mixture.from_output(model.head(output)).tempered(TEMPERATURE)
        inputs = mixture.sample(draw_noise((BATCH,), generator))
    return BATCH * steps


def _save_sheet(model: SketchRNN) -> None:
    """Show what was drawn, at four temperatures."""
    sketcher = Sketcher(model, "cpu")
    temperatures = (0.1, 0.4, 0.7, 1.0)
    lines = [(f"T = {t:g}", sketcher.sample(n=8, temperature=t, seed=SEED)) for t in temperatures]
    pictures = [(caption, [render_ink(drawing) for drawing in drawings]) for caption, drawings in lines]
    save_sheet(RESULTS_DIR / "sampling.png", [""] * 8, pictures, cell_px=160, colours=16)
