"""Canvas networks: their error against the true renderer by vocabulary and preset, and their speed.

Errors are those of one mark on blank paper, 64×64 pixels, over random actions that no network was trained on, relative
to the blank canvas (of colour: in LAB). Networks that are not bundled are looked for in `runs/`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.harness import RESULTS_DIR, at_most, report, row, save_sheet
from benchmarks.trained import Trained, not_trained
from strokewright.models.canvas_drawer import CanvasNetwork
from strokewright.models.canvas_drawer.canvas.fidelity import Bin, Case
from strokewright.render import analytic
from strokewright.render.actions import render_layers

SEED = 2
SIZE_PX = 64
PICTURES = 64
_HEADER = ("truth", "network", "difference", "worst: truth", "network", "difference")


@dataclass(frozen=True)
class Entry:
    """One network: its name here, where it comes from, and its bound if an issue sets one."""

    case: str
    trained: Trained
    bound: float | None = None


ENTRIES = (
    Entry("strokes with thickness, coordinate", Trained("canvas_strokes", card="canvas/strokes"), 0.03),
    Entry("strokes with thickness, paper", Trained("canvas_strokes_paper")),
    Entry("thin strokes, coordinate", Trained("canvas_thin", card="canvas/thin")),
    Entry("coloured strokes, coordinate", Trained("canvas_colour", card="canvas/colour")),
    Entry("rectangles, coordinate", Trained("canvas_rectangles", card="canvas/rectangles")),
    Entry("prisms in three views, coordinate", Trained("canvas_prisms", card="canvas/prisms")),
)


def run(quick: bool = False) -> dict[str, Any]:
    """Score every network that is there; quick: 192 actions instead of 2,048."""
    started = time.perf_counter()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    sheet: list[tuple[str, list[Any]]] = []
    for entry in ENTRIES:
        network = entry.trained.load(CanvasNetwork)
        if network is None:
            rows.append(row(not_trained(entry.case, entry.trained.command), "error / blank", None))
            continue
        scored, pictures = _score(entry, network, 192 if quick else 2048)
        rows += scored
        sheet += pictures
    if not quick:
        save_sheet(RESULTS_DIR / "canvas.png", _HEADER, sheet, 128, colours=128)
    data = f"random actions of seed {SEED} on {SIZE_PX}x{SIZE_PX} pixels, painted by Skia"
    return report("canvas", rows, started=started, seed=SEED, data=data)


def _score(entry: Entry, network: CanvasNetwork, count: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """Measure one network; return its rows and its three worst cases."""
    network.requires_grad_(False)
    found = network.fidelity(count=count, seed=SEED)
    limit = None if entry.bound is None else at_most(entry.bound)
    analytic_error, uniform_error = _others(network, count // 2)
    rows = [
        row(entry.case, "error / blank", found.error_share, limit),
        row(
            entry.case,
            "error / blank, uniform actions",
            uniform_error,
            limit,
            reference=analytic_error,
            reference_source="analytic renderer",
        ),
        row(entry.case, "MSE", found.mse),
    ]
    for name, bins in (("size", found.by_size), ("width", found.by_width)):
        rows += [
            row(entry.case, f"error / blank, {name} {_span(part)}", part.error_share) for part in bins if part.count
        ]
    ours, theirs = _seconds(network)
    speed = "CPU seconds for 64 pictures, forward and backward"
    rows.append(row(entry.case, speed, ours, reference=theirs, reference_source="analytic renderer"))
    return rows, _pictures(entry, network, found.worst)


def _pictures(entry: Entry, network: CanvasNetwork, worst: Sequence[Case]) -> list[tuple[str, list[Any]]]:
    """Put three uniform actions and the three worst cases side by side, each as truth, network and difference."""
    actions = np.random.default_rng((SEED, 4)).random((3, len(network.vocabulary.columns)))
    blank = network.blank(len(actions), SIZE_PX)
    layers = (
        torch.from_numpy(render_layers(network.vocabulary, actions, SIZE_PX)),
        network.layer(blank, torch.from_numpy(actions).float()),
    )
    truth, painted = (network.shown(network.lay(blank, layer)).numpy() for layer in layers)
    rows: list[tuple[str, list[Any]]] = []
    for index, case in enumerate(worst[: len(actions)]):
        cells = [truth[index], painted[index], case.truth, case.painted]
        differences = [1 - np.abs(cells[0] - cells[1]), 1 - np.abs(cells[2] - cells[3])]
        caption = f"{entry.case.replace(', ', chr(10))}\nworst: {case.error_share:.3f}"
        rows.append((caption, [*cells[:2], differences[0], *cells[2:], differences[1]]))
    return rows


def _span(part: Bin) -> str:
    return f"{part.low:g} to {part.high:g} px" if np.isfinite(part.high) else f"over {part.low:g} px"


def _others(network: CanvasNetwork, count: int) -> tuple[float, float]:
    """Measure the analytic renderer and the network on actions that are uniform in every column."""
    actions = np.random.default_rng((SEED, 3)).random((count, len(network.vocabulary.columns)))
    sums = torch.zeros(3, dtype=torch.float64)
    for start in range(0, count, PICTURES):
        part = actions[start : start + PICTURES]
        truth = torch.from_numpy(render_layers(network.vocabulary, part, SIZE_PX))
        action = torch.from_numpy(part).float()
        error, blank = network.errors(action, truth)
        exact = network.layer_errors(analytic.layer(network.vocabulary, action, SIZE_PX), truth)
        sums += torch.stack([exact.sum(), error.sum(), blank.sum()]).double()
    return float(sums[0] / sums[2]), float(sums[1] / sums[2])


def _seconds(network: CanvasNetwork) -> tuple[float, float]:
    """Time network and analytic renderer on one thread, the median of seven passes each."""
    action = torch.rand(PICTURES, len(network.vocabulary.columns), generator=torch.Generator().manual_seed(SEED))
    action.requires_grad_()
    blank = network.blank(PICTURES, SIZE_PX)

    def time_of(paint: Any) -> float:
        times: list[float] = []
        for _ in range(7):
            started = time.process_time()
            paint().square().sum().backward()
            times.append(time.process_time() - started)
        return float(np.median(times))

    return (
        time_of(lambda: network.layer(blank, action)),
        time_of(lambda: analytic.layer(network.vocabulary, action, SIZE_PX)),
    )
