"""How fast the cells of sketch-rnn are beside torch's LSTM and a bare matrix product, and what length buckets save.

A cell's step is forward and backward over 130 rows, batch 100, 512 units, input 133 (a stroke-5 row and z). Ratios are
medians over rounds, in each of which everything is timed once, one after the other: other work cancels out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.harness import at_most, report, row
from strokewright.datasets.download import data_root
from strokewright.models.sketch_rnn import SketchRNN, SketchRNNConfig
from strokewright.models.sketch_rnn.batches import StepBatches
from strokewright.models.sketch_rnn.cells import make_cell
from strokewright.models.sketch_rnn.magenta import from_magenta

SEED = 0
BATCH, UNITS, ROW, LATENT = 100, 512, 5, 128
N_MAX = 129
"""As in the peers' measurements; a few drawings of the set are longer, and would flatter the buckets."""
STEPS = 130
DATA = "quickdraw/quickdraw345_simplified.npz"
DECODER = "magenta_weights/bird.gen.json.gz"
BOUNDS = {"layer-norm": 1.35, "hyper": 2.3}
MEASURED = {"lstm": (1.0, 1.14), "layer-norm": (1.24, 1.37), "hyper": (2.6, 1.63)}
"""What an eager loop (for `lstm`, torch's own) took ÷ nn.LSTM and ÷ its own matrix products, on another machine."""
PEERS = {"lstm": 2.15, "layer-norm": 2.23, "hyper": 3.96}
PORTS = {"lstm": 2.20, "layer-norm": 2.40, "hyper": 7.10}
"""CPU seconds of one thread, ±40 %: magenta on TensorFlow 2.15, and ports to PyTorch."""

Work = Callable[[], object]


def run(quick: bool) -> dict[str, Any]:
    """Time the cells, the buckets, and whole training steps."""
    started = time.perf_counter()
    threads = torch.get_num_threads()
    torch.manual_seed(SEED)
    try:
        rows = _cell_rows(1, whole=not quick) + _bucket_rows(quick)
        if not quick:
            rows = _cell_rows(2, whole=False) + rows + _step_rows()
    finally:
        torch.set_num_threads(threads)
    data = f"random rows, and {DATA}; batch {BATCH}, float32 where nothing else is said"
    return report("cells", rows, started=started, seed=SEED, data=data)


def _cell_rows(threads: int, whole: bool) -> list[dict[str, Any]]:
    """Each cell beside nn.LSTM: CPU time on one thread, wall time on two; the whole of it with all kinds of inputs."""
    torch.set_num_threads(threads)
    clock, unit = (time.process_time, "CPU s") if threads == 1 else (time.perf_counter, "wall s")
    where = f"{unit}, {threads} thread{'s' * (threads > 1)}"
    works: dict[str, Work] = {"nn.LSTM": _library_work()} | {kind: _cell_work(kind, beside=0) for kind in BOUNDS}
    if whole:
        works["lstm"] = _cell_work("lstm", beside=0)
        works |= {f"{kind}, z constant": _cell_work(kind, beside=LATENT) for kind in PEERS}
        for name in ("nn.LSTM", "lstm, z constant", "layer-norm, z constant", "hyper, z constant"):
            works[f"{name}, bf16"] = _in_bf16(works[name])
        works["products"] = _product_work
    times = _rounds(works, 3 if whole else 1, clock)
    rows = [row(name, where, median(times[name])) for name in works]
    for name in works:
        kind, _, rest = name.partition(", ")
        if kind not in PEERS:
            continue
        loop, floor = MEASURED[kind] if not rest else (None, None)
        base = times["nn.LSTM, bf16" if name.endswith("bf16") else "nn.LSTM"]
        bound = None if rest or kind not in BOUNDS else at_most(BOUNDS[kind])
        source = "eager loop, two threads of another machine" if loop else None
        rows.append(
            row(name, f"÷ nn.LSTM, {where}", _ratio(times[name], base), bound, reference=loop, reference_source=source)
        )
        if whole and not rest:
            share = _ratio(times[name], times["products"]) / _products_of(kind)
            metric = f"÷ its matrix products, {where}"
            rows.append(row(name, metric, share, reference=floor, reference_source=source))
    return rows


def _rounds(works: Mapping[str, Work], rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Time everything once a round; a first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for count in range(rounds + 1):
        for name, work in works.items():
            begun = clock()
            work()
            if count:
                times[name].append(clock() - begun)
    return times


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def _library_work() -> Work:
    cell, inputs = nn.LSTM(ROW + LATENT, UNITS), torch.randn(STEPS, BATCH, ROW + LATENT)
    zeros = torch.zeros(1, BATCH, UNITS)
    return lambda: cell(inputs, (zeros, zeros))[0].sum().backward()


def _cell_work(kind: str, beside: int) -> Work:
    """Take one of our cells over the sequence; `beside` of its inputs are the same in every step, as z is."""
    cell = make_cell(kind, ROW + LATENT, UNITS)
    inputs = torch.randn(STEPS, BATCH, ROW + LATENT - beside)
    constant, state = torch.randn(BATCH, beside) if beside else None, cell.initial_state(BATCH)
    return lambda: cell(inputs, state, None, constant)[0].sum().backward()


def _in_bf16(work: Work) -> Work:
    def under_autocast() -> object:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return work()

    return under_autocast


def _product_work() -> None:
    """Take the bare matrix products of an LSTM: forward, back to the inputs, and to the weights."""
    rows, weight = torch.ones(BATCH, ROW + LATENT + UNITS), torch.ones(ROW + LATENT + UNITS, 4 * UNITS)
    gradient = torch.ones(BATCH, 4 * UNITS)
    for _ in range(STEPS):
        torch.mm(rows, weight)
        torch.mm(gradient, weight.T)
        torch.mm(rows.T, gradient)


def _products_of(kind: str) -> float:
    """Return the multiplications of a cell's step as a multiple of an LSTM's."""
    own = (ROW + LATENT + UNITS) * 4 * UNITS
    small, embedding = 256, 32
    hyper = (ROW + LATENT + UNITS + small) * 4 * small + 12 * embedding * (small + UNITS)
    return (own + hyper) / own if kind == "hyper" else 1.0


def _bucket_rows(quick: bool) -> list[dict[str, Any]]:
    """Steps on trimmed batches beside the same drawings padded to N_max, under both definitions of L_p."""
    torch.set_num_threads(1)
    source = StepBatches(DATA, seed=SEED, steps={"most_steps": N_MAX}, scale_share=0.0, merge_share=0.0)
    n_max, batches = source.facts["n_max"], 2 if quick else 12
    public = from_magenta(data_root() / DECODER)
    public.config = public.config.model_copy(update={"n_max": n_max})
    config = SketchRNNConfig(
        encoder_cell="lstm",
        encoder_size=256,
        decoder_cell="lstm",
        decoder_size=UNITS,
        n_max=n_max,
        recurrent_keep=1.0,
        padding="masked",
    )
    lengths = np.concatenate([source.batch(index, BATCH)["length"] for index in range(batches)])
    rows = [row(f"real lengths, N_max {n_max}", "mean ÷ N_max", float(lengths.mean()) / n_max)]
    models = {"decoder of bird, padding counted": public}
    if not quick:
        models["new autoencoder, padding masked"] = SketchRNN(config)
    for case, model in models.items():
        trimmed, padded, apart = _bucket_times(model.eval(), source, batches)
        rows.append(row(case, "bucketed ÷ padded step", trimmed / padded, at_most(0.55)))
        rows.append(row(case, "largest difference of the loss", apart, at_most(1e-5)))
    return rows


def _bucket_times(model: SketchRNN, source: StepBatches, batches: int) -> tuple[float, float, float]:
    """Return CPU seconds of the trimmed and of the padded steps, and the largest difference of their losses."""
    spent, apart = [0.0, 0.0], 0.0
    for index in range(batches):
        trimmed = {name: torch.from_numpy(np.asarray(part)) for name, part in source.batch(index, BATCH).items()}
        missing = model.config.n_max + 1 - trimmed["rows"].shape[1]
        end = torch.tensor([0.0, 0, 0, 0, 1]).expand(BATCH, missing, -1)
        padded = trimmed | {"rows": torch.cat([trimmed["rows"], end], dim=1)}
        noise, losses = torch.randn(BATCH, model.config.latent_size), list[Tensor]()
        for i, batch in enumerate((trimmed, padded)):
            begun = time.process_time()
            losses.append(model.losses(batch, noise=noise)["L_R"])
            losses[-1].backward()
            spent[i] += time.process_time() - begun
        apart = max(apart, abs(losses[0].item() - losses[1].item()))
    return spent[0], spent[1], apart


def _step_rows() -> list[dict[str, Any]]:
    """Whole training steps on batches padded to 129 rows, beside the peers', one thread."""
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for kind, theirs in PEERS.items():
        for precision in ("float32", "bf16"):
            seconds = _step_seconds(kind, precision == "bf16")
            case = f"training step, lstm 256 / {kind} 512, {N_MAX} rows, {precision}"
            rows.append(row(case, "CPU s", seconds, reference=theirs, reference_source="magenta, TensorFlow 2.15"))
            rows.append(row(case, "CPU s", seconds, reference=PORTS[kind], reference_source="ports to PyTorch"))
    return rows


def _step_seconds(kind: str, bf16: bool) -> float:
    """Return the CPU seconds of forward, backward and optimiser."""
    config = {"encoder_cell": "lstm", "encoder_size": 256, "decoder_cell": kind, "decoder_size": UNITS, "n_max": N_MAX}
    model = SketchRNN.from_options(config)
    optimiser = torch.optim.Adam(model.parameters())
    rows = torch.randn(BATCH, N_MAX + 1, ROW)
    rows[..., 2:] = torch.tensor([1.0, 0, 0])
    batch = {"rows": rows, "length": torch.full((BATCH,), N_MAX)}

    def work() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = model.loss(batch)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return median(_rounds({kind: work}, 2, time.process_time)[kind])
