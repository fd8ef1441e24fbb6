"""How fast and how true the analytic strokes are: beside the plain reference, a matrix product, and Skia.

Times are process times of one thread, the median over repetitions, so that other work on the machine counts little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness import RESULTS_DIR, at_most, report, row, save_sheet
from strokewright.drawing.drawing import Drawing, Stroke
from strokewright.render.curve import coverage, coverage_of_pairs
from strokewright.render.curve_reference import coverage_reference
from strokewright.render.protocol import to_cubic
from strokewright.render.skia import render_ink

SEED = 0
SIDE_PX = 64
COUNT = 64
BOUND_MS = 1.5 * 17
MSE_BOUND = 0.0003


def run(quick: bool) -> dict[str, Any]:
    """Time both degrees, the sparse form, the reference and the yardstick; compare with Skia."""
    started = time.perf_counter()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = _rows(7 if quick else 30, not quick)
    finally:
        torch.set_num_threads(threads)
    data = f"{COUNT} random curves, {SIDE_PX}x{SIDE_PX} px, widths 1 to 5 px, one thread"
    return report("renderers", rows, started=started, seed=SEED, data=data)


def _rows(repetitions: int, sheet: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    generator = torch.Generator().manual_seed(SEED)
    left, right = torch.rand(100, 512, generator=generator), torch.rand(512, 2048, generator=generator)
    product_ms = _milliseconds(lambda: left @ right, repetitions)
    source = "100x512x2048 matrix product, same run"
    pictures: list[tuple[str, list[np.ndarray[Any, Any]]]] = []
    for points, name in ((3, "quadratic"), (4, "cubic")):
        control, width = random_curves(points, generator)
        ours = _milliseconds(lambda c=control, w=width: _both_ways(coverage, c, w), repetitions)
        plain = _milliseconds(lambda c=control, w=width: _both_ways(coverage_reference, c, w), 1)
        case = f"{COUNT} {name}s, forward + backward"
        bound = at_most(BOUND_MS) if points == 3 else None
        rows.append(row(case, "ms", ours, bound, reference=plain, reference_source="plain reference, same run"))
        rows.append(row(case, "times the yardstick", ours / product_ms, reference=1.0, reference_source=source))
        soft = coverage(control, width, (SIDE_PX, SIDE_PX)).detach().numpy()
        true = np.stack([_skia(c, w) for c, w in zip(control, width, strict=True)])
        rows.append(row(f"{name} against Skia", "MSE", float(((soft - true) ** 2).mean()), at_most(MSE_BOUND)))
        pictures += [
            (f"{name} {i}", [_enlarged(ink[i]) for ink in (true, soft, np.abs(true - soft))]) for i in range(3)
        ]
    rows.append(
        row("100,000 pixel-curve pairs, warm start, forward + backward", "ms", _pairs_ms(generator, repetitions))
    )
    rows.append(row("yardstick: 100x512x2048 matrix product", "ms", product_ms))
    if sheet:
        save_sheet(RESULTS_DIR / "renderers.png", ["Skia", "analytic", "difference"], pictures)
    return rows


def random_curves(points: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Make control points anywhere in the square and widths of 1 to 5 px; both want a gradient."""
    control = torch.rand(COUNT, points, 2, generator=generator) * SIDE_PX
    width = torch.rand(COUNT, 2, generator=generator) * 4 + 1
    return control.requires_grad_(), width.requires_grad_()


def _both_ways(cover: Callable[..., Tensor], control: Tensor, width: Tensor) -> None:
    cover(control, width, (SIDE_PX, SIDE_PX)).square().sum().backward()


def _pairs_ms(generator: torch.Generator, repetitions: int) -> float:
    control, width = random_curves(4, generator)
    pixels = torch.rand(100_000, 2, generator=generator) * SIDE_PX
    index = torch.randint(0, COUNT, (100_000,), generator=generator)
    _, t = coverage_of_pairs(pixels, control, width, index)

    def step() -> None:
        coverage_of_pairs(pixels, control, width, index, t)[0].sum().backward()

    return _milliseconds(step, repetitions)


def _milliseconds(work: Callable[[], object], repetitions: int) -> float:
    work()
    times: list[float] = []
    for _ in range(repetitions):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return 1e3 * median(times)


def _skia(control: Tensor, width: Tensor) -> np.ndarray[Any, Any]:
    stroke = Stroke.from_controls(to_cubic(control.detach().numpy())[None], width=width.detach().numpy())
    return render_ink(Drawing((stroke,), (SIDE_PX, SIDE_PX)))


def _enlarged(ink: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Show every pixel as 4 × 4."""
    return np.kron(ink, np.ones((4, 4)))
