"""What every benchmark shares: rows with bounds, the result object, and contact sheets.

rows = [row("case", "MSE", 0.0031, at_most(0.004)), row("case", "seconds", 1.2, reference=0.1, reference_source="x")]
return report("name", rows, started=time.perf_counter(), seed=0, data="what was measured")
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Sequence
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from strokewright import Drawing
from strokewright.render.skia import render

RESULTS_DIR = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Bound:
    """What an issue asks of a number: low ≤ number ≤ high; None leaves a side open."""

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"<= {self.high:g}" if self.high is not None else f">= {self.low:g}"

    def met_by(self, value: float) -> bool:
        """Whether the number keeps the bound; NaN never does."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high) and value == value


def at_most(high: float) -> Bound:
    """Ask for a number ≤ high."""
    return Bound(high=high)


def at_least(low: float) -> Bound:
    """Ask for a number ≥ low."""
    return Bound(low=low)


def row(
    case: str,
    metric: str,
    ours: float | None,
    bound: Bound | None = None,
    *,
    reference: float | None = None,
    reference_source: str | None = None,
) -> dict[str, Any]:
    """Make one row; `met` is computed here, never typed.

    Args:
        case: What was measured.
        metric: Name and unit of the number.
        ours: Our number; None = could not be measured.
        bound: What an issue asks of it.
        reference: A peer's or a paper's number for the same case and metric.
        reference_source: Whose number it is.
    """
    return {
        "case": case,
        "metric": metric,
        "ours": None if ours is None else float(ours),
        "bound": None if bound is None else str(bound),
        "met": None if bound is None else ours is not None and bound.met_by(float(ours)),
        "reference": None if reference is None else float(reference),
        "reference_source": reference_source,
    }


def report(name: str, rows: Sequence[dict[str, Any]], *, started: float, seed: int | None, data: str) -> dict[str, Any]:
    """Make the result object.

    Args:
        name: The benchmark's name.
        rows: Made by `row`.
        started: `time.perf_counter()` at the beginning.
        seed: What random choices were made with.
        data: What was measured, in words.
    """
    return {
        "name": name,
        "rows": list(rows),
        "seed": seed,
        "data": data,
        "commit": commit(),
        "seconds": round(time.perf_counter() - started, 2),
        "machine": machine(),
    }


def commit() -> str:
    """The checkout's commit, with "+" when files differ from it; "unknown" outside a git checkout."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> str:
    """Processor, cores and how busy they are, system and Python, in words."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores{load}, {platform.system()}, Python {platform.python_version()}"


def save_sheet(
    path: Path,
    header: Sequence[str],
    rows: Sequence[tuple[str, Sequence[NDArray[np.floating]]]],
    cell_px: int = 256,
    colours: int | None = None,
) -> None:
    """Write a contact sheet: one row of pictures a case, captions above the columns and left of the rows.

    Args:
        path: PNG to write; its folder is made.
        header: A caption for each column.
        rows: (caption, pictures): each picture (h, w) ink, (h, w, 3) or (3, h, w) colours, in [0, 1].
        cell_px: Side of a cell.
        colours: Keep only so many colours, for a smaller file; None: all.
    """
    margin_px, gap_px = 150, 6
    size = (margin_px + len(header) * (cell_px + gap_px), 24 + len(rows) * (cell_px + gap_px))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, caption in enumerate(header):
        draw.text((margin_px + column * (cell_px + gap_px), 6), caption, fill="black")
    for line, (caption, pictures) in enumerate(rows):
        top = 24 + line * (cell_px + gap_px)
        draw.multiline_text((6, top), caption, fill="black")
        for column, picture in enumerate(pictures):
            sheet.paste(_cell(picture, cell_px), (margin_px + column * (cell_px + gap_px), top))
    if colours is not None:
        sheet = sheet.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


def _cell(picture: NDArray[np.floating], cell_px: int) -> Image.Image:
    array = np.asarray(picture)
    if array.ndim == 2:
        array = np.repeat(1 - array[..., None], 3, axis=2)  # ink → grey on white
    elif array.shape[0] == 3:
        array = array.transpose(1, 2, 0)
    image = Image.fromarray((array.clip(0, 1) * 255).round().astype(np.uint8))
    image.thumbnail((cell_px, cell_px), Image.Resampling.LANCZOS)
    return image


def coloured_by_order(drawing: Drawing) -> NDArray[np.floating]:
    """Render a drawing, (3, h, w), with strokes running from blue (first) over green to red (last)."""
    count = max(1, len(drawing.strokes) - 1)
    strokes = tuple(
        stroke.replace(colour=hsv_to_rgb(0.66 * (1 - i / count), 0.9, 0.8), opacity=1.0)
        for i, stroke in enumerate(drawing.strokes)
    )
    return render(drawing.replace(marks=strokes, background=(1.0, 1.0, 1.0)))
