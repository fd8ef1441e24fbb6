"""Trace: pictures with known strokes, ours and other tracers in the same run.

Every result, ours too, goes through SVG text and is rendered again by resvg at the input's size. A row holds our number
and one tracer's; rows without a peer in their metric stand alone.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import (
    RESULTS_DIR,
    Bound,
    at_least,
    at_most,
    coloured_by_order,
    report,
    row,
    save_sheet,
)
from benchmarks.stroke_metrics import chamfer_px, direction_right, iou, kendall_tau, mse
from benchmarks.trace_peers import Peer, count_paths, count_segments, installed_peers, rerender, timed, to_png
from benchmarks.trace_sets import SEED, PictureSet, characters, large_picture, picture_sets, render_8_bit
from strokewright import Drawing, load
from strokewright.files import read
from strokewright.files.svg import to_svg
from strokewright.pipelines.trace import Tracer

METHODS = ("drawer", "skeleton", "hybrid")
SHEET_ROWS_A_SET = 3
# Where Linux tells it, the peak since exec: ru_maxrss begins with that of the process that started this one.
_MEASURE_MEMORY = """
import resource, sys
from pathlib import Path
from strokewright import load
load("trace/lineart")(sys.argv[1])
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass(frozen=True)
class Scores:
    """What one tracer made of one picture; None where the number makes no sense for it."""

    mse: float
    iou: float
    segments: float
    strokes: float
    chamfer_px: float
    bytes: float
    seconds: float
    tau: float | None = None
    direction: float | None = None
    first_seconds: float | None = None


@dataclass(frozen=True)
class Traced:
    """One picture, and what each tracer made of it; peers' scores and pictures by name."""

    ink: NDArray[np.float32]
    drawing: Drawing
    ours: Scores
    peers: dict[str, tuple[Scores, NDArray[np.float32]]]


def run(quick: bool) -> dict[str, Any]:
    """Trace all sets; without quick also single methods, the large picture, and a contact sheet."""
    started = time.perf_counter()
    peers = installed_peers()
    tracer: Tracer = load("trace/lineart")
    tracer(to_png(render_8_bit(Drawing.from_points([[(8, 8), (40, 50)]], (64, 64), 3.0))))  # loads what is loaded once
    sets = picture_sets(quick)
    traced = {group.name: [_trace_one(tracer, truth, group, peers) for truth in group.drawings] for group in sets}
    rows = [line for group in sets for line in _set_rows(group, traced[group.name])]
    rows += _order_rows(tracer, "single Omniglot characters", characters(12 if quick else 400), bounded=True)
    if not quick:
        rows += [line for group in sets[:1] for method in METHODS for line in _method_rows(tracer, group, method)]
        rows.append(row("4,000×4,000 picture", "peak memory, GB", _peak_memory_gb(), at_most(2.0)))
        _save_sheet(traced)
    counts = ", ".join(f"{len(group.drawings)} {group.name}" for group in sets)
    return report("trace", rows, started=started, seed=SEED, data=f"test pictures: {counts}")


def _trace_one(tracer: Tracer, truth: Drawing, group: PictureSet, peers: dict[str, Peer]) -> Traced:
    ink = render_8_bit(truth)
    drawing, ours = trace_ours(tracer, truth, ink, by_pen=group.by_pen)
    others: dict[str, tuple[Scores, NDArray[np.float32]]] = {}
    width_px = float(np.mean([stroke.width.mean() for stroke in truth.strokes]))
    for name, peer in peers.items():
        svg, seconds = timed(peer, ink, width_px)
        picture = rerender(svg, (ink.shape[1], ink.shape[0]))
        others[name] = _score(svg, picture, _read_back(svg, truth), truth, ink, seconds), picture
    return Traced(ink, drawing, ours, others)


def trace_ours(
    tracer: Tracer, truth: Drawing, ink: NDArray[np.float32], by_pen: bool, method: str = "hybrid"
) -> tuple[Drawing, Scores]:
    """Trace a picture file of the ink, and score the SVG that comes out."""
    png = to_png(ink)
    started = time.perf_counter()
    drawing = tracer(png, method=method)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    next(tracer.stream(png, method=method))
    first = time.perf_counter() - started
    svg = to_svg(drawing)
    scores = _score(svg, rerender(svg, (ink.shape[1], ink.shape[0])), drawing, truth, ink, seconds)
    order = (kendall_tau(drawing, truth), direction_right(drawing, truth)) if by_pen else (None, None)
    return drawing, Scores(**{**vars(scores), "tau": order[0], "direction": order[1], "first_seconds": first})


def _score(
    svg: str,
    picture: NDArray[np.float32],
    drawing: Drawing,
    truth: Drawing,
    ink: NDArray[np.float32],
    seconds: float,
) -> Scores:
    return Scores(
        mse=mse(picture, ink),
        iou=iou(picture, ink),
        segments=count_segments(svg),
        strokes=count_paths(svg) / len(truth.strokes),
        chamfer_px=chamfer_px(drawing, truth),
        bytes=len(svg.encode()),
        seconds=seconds,
    )


def _read_back(svg: str, truth: Drawing) -> Drawing:
    """A peer's paths as a drawing on the truth's page."""
    drawing = read(svg.encode(), ".svg")
    x, y = truth.size[0] / drawing.size[0], truth.size[1] / drawing.size[1]
    return drawing.transformed([[x, 0, 0], [0, y, 0]], truth.size)


def _mean(values: Iterable[float | None]) -> float:
    kept = [value for value in values if value is not None]
    return float(np.mean(kept)) if kept else float("nan")


def _median(values: Iterable[float | None]) -> float:
    return statistics.median(value for value in values if value is not None)


_METRICS: tuple[tuple[str, str, Callable[[Iterable[float | None]], float], Bound | None], ...] = (
    ("MSE", "mse", _mean, at_most(0.0040)),
    ("IoU", "iou", _mean, at_least(0.85)),
    ("segments, mean", "segments", _mean, None),
    ("strokes ÷ true strokes, median", "strokes", _median, Bound(0.8, 1.25)),
    ("Chamfer to the true centre lines, px", "chamfer_px", _mean, at_most(0.9)),
    ("bytes, mean", "bytes", _mean, None),
    ("seconds a picture, median", "seconds", _median, at_most(3.0)),
)
"""Metric, field of Scores, how pictures are summed up, the issue's bound for main sets."""


def _set_rows(group: PictureSet, pictures: list[Traced]) -> list[dict[str, Any]]:
    """One row a metric with the first peer beside it, then one for each further peer."""
    rows: list[dict[str, Any]] = []
    names = list(pictures[0].peers) or [None]
    for metric, key, total, bound in _METRICS:
        ours = total(getattr(p.ours, key) for p in pictures)
        for name in names:
            other = None if name is None else total(getattr(p.peers[name][0], key) for p in pictures)
            asked = bound if group.main and name == names[0] else None
            rows.append(row(group.name, metric, ours, asked, reference=other, reference_source=name))
    if "potrace" in names:
        ratio = sum(p.ours.segments for p in pictures) / sum(p.peers["potrace"][0].segments for p in pictures)
        rows.append(row(group.name, "segments ÷ potrace's", ratio, at_most(0.25) if group.main else None))
    first = _median(p.ours.first_seconds for p in pictures)
    rows.append(row(group.name, "seconds to the first stroke, median", first, at_most(0.6) if group.main else None))
    if group.by_pen:
        rows.append(row(group.name, "Kendall τ of the order, mean", _mean(p.ours.tau for p in pictures)))
        rows.append(row(group.name, "direction right, share", _mean(p.ours.direction for p in pictures)))
    return rows


def _order_rows(tracer: Tracer, case: str, drawings: list[Drawing], bounded: bool) -> list[dict[str, Any]]:
    """Order and direction against the pen's own, beside chance."""
    results = [tracer(to_png(render_8_bit(truth))) for truth in drawings]
    tau = _mean(kendall_tau(ours, truth) for ours, truth in zip(results, drawings, strict=True))
    right = _mean(direction_right(ours, truth) for ours, truth in zip(results, drawings, strict=True))
    bounds = (at_least(0.5), at_least(0.75)) if bounded else (None, None)
    return [
        row(case, "Kendall τ of the order, mean", tau, bounds[0], reference=0.0, reference_source="chance"),
        row(case, "direction right, share", right, bounds[1], reference=0.5, reference_source="chance"),
    ]


def _method_rows(tracer: Tracer, group: PictureSet, method: str) -> list[dict[str, Any]]:
    """The main numbers of one method on one set."""
    scores = [trace_ours(tracer, truth, render_8_bit(truth), group.by_pen, method)[1] for truth in group.drawings]
    case = f"{group.name}, method {method}"
    rows = [row(case, metric, total(getattr(s, key) for s in scores)) for metric, key, total, _ in _METRICS]
    return [*rows, row(case, "Kendall τ of the order, mean", _mean(s.tau for s in scores))]


def _peak_memory_gb() -> float:
    """Trace the large picture in a process of its own; its largest resident size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.png"
        path.write_bytes(to_png(large_picture()))
        command = [sys.executable, "-c", _MEASURE_MEMORY, str(path)]
        peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def _save_sheet(traced: dict[str, list[Traced]]) -> None:
    """Input, ours coloured by order, and the peer with the lowest MSE, for a few pictures of each set."""
    lines: list[tuple[str, list[NDArray[np.floating]]]] = []
    for name, pictures in traced.items():
        for picture in pictures[:: max(1, len(pictures) // SHEET_ROWS_A_SET)][:SHEET_ROWS_A_SET]:
            cells: list[NDArray[np.floating]] = [picture.ink, coloured_by_order(picture.drawing)]
            caption = f"{name}\n{len(picture.drawing.strokes)} strokes\nMSE {picture.ours.mse:.4f}"
            if picture.peers:
                best = min(picture.peers, key=lambda peer: picture.peers[peer][0].mse)
                cells.append(picture.peers[best][1])
                caption += f"\n\n{best}\nMSE {picture.peers[best][0].mse:.4f}"
            lines.append((caption, cells))
    save_sheet(RESULTS_DIR / "trace.png", ("input", "ours, blue first to red last", "best peer"), lines)
