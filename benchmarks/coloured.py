"""Colored MNIST: a grey digit in, strokes in the digit's colour out; Figure 11a of the Canvas-Drawer paper."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawers import draw_all, enlarged
from benchmarks.harness import RESULTS_DIR, at_least, report, row, save_sheet
from benchmarks.trained import Trained, not_trained
from strokewright.models.canvas_drawer import Drawer
from strokewright.models.canvas_drawer.pictures import DIGIT_RGB, ColouredDigits
from strokewright.render.actions import render_actions
from strokewright.render.colour import DISTANCE, WHITE_LAB, to_lab, to_rgb_array

SEED = 0
DRAWER = Trained("digits_coloured", card="draw/coloured")
_QUICK = 500
_SHEET_ROWS, _SHEET_COLUMNS = 6, 4


def run(quick: bool) -> dict[str, Any]:
    """Draw the test digits and read the colours of what was drawn."""
    started = time.perf_counter()
    digits = ColouredDigits(split="test", in_order=True)
    batch = digits.batch(0, _QUICK if quick else len(digits))
    truth = digits.digits[: len(batch["hint"])]
    drawer = DRAWER.load(Drawer, bundled_only=quick)
    case = "test digits"
    data = f"{len(truth)} MNIST test digits, 28×28, in ten colours"
    right, distance = "digit colour right, share", "squared distance in LAB, (ΔE/100)²"
    if drawer is None:
        case = not_trained(case, DRAWER.command)
        rows = [row(case, right, None, at_least(0.97)), row(case, distance, None)]
        return report("coloured", rows, started=started, seed=SEED, data=data)
    drawn = render_actions(drawer.vocabulary, draw_all(drawer, batch["hint"]), 28)
    blank = np.broadcast_to(np.float32(WHITE_LAB)[:, None, None], drawn.shape)
    rows = [
        row(case, right, float((nearest_digit(drawn, visible_ink(drawn)) == truth).mean()), at_least(0.97)),
        row(
            f"{case}, colour over the digit's ink, drawn or not",
            right,
            float((nearest_digit(drawn, batch["hint"]) == truth).mean()),
        ),
        row(
            case,
            distance,
            lab_distance(drawn, batch["target"]),
            reference=lab_distance(blank, batch["target"]),
            reference_source="blank page",
        ),
    ]
    if not quick:
        _save_sheet(batch, drawn)
    return report("coloured", rows, started=started, seed=SEED, data=data)


def nearest_digit(canvases: NDArray[np.float32], ink: NDArray[np.float32]) -> NDArray[np.intp]:
    """Say whose colour each picture has: of its mean over the ink, the nearest of the ten.

    Args:
        canvases: (n, 3, size, size) scaled LAB.
        ink: What counts how much, (n, 1, size, size): the visible ink says which colour was painted, the digit's ink
            counts bare places too.
    """
    mean = (canvases * ink).sum(axis=(2, 3)) / np.maximum(ink.sum(axis=(2, 3)), 1e-6)
    difference = (mean[:, None] - to_lab(DIGIT_RGB)) * np.float32(DISTANCE)
    return np.square(difference).sum(axis=2).argmin(axis=1)


def visible_ink(canvases: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is from the paper, ΔE/100, (n, 1, size, size): white paint on white is no ink."""
    difference = (canvases - np.float32(WHITE_LAB)[:, None, None]) * np.float32(DISTANCE)[:, None, None]
    return np.sqrt(np.square(difference).sum(axis=1, keepdims=True))


def lab_distance(canvases: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    """Mean over pixels of (ΔE/100)² between pictures (n, 3, size, size) of scaled LAB."""
    difference = (canvases - target) * np.float32(DISTANCE)[:, None, None]
    return float(np.square(difference, dtype=np.float64).sum(axis=1).mean())


def _save_sheet(batch: dict[str, NDArray[np.float32]], drawn: NDArray[np.float32]) -> None:
    """Write triples of hint, target and drawing."""

    def colours(canvas: NDArray[np.float32]) -> NDArray[np.float32]:
        return enlarged(to_rgb_array(canvas.transpose(1, 2, 0)).transpose(2, 0, 1))

    rows: list[tuple[str, list[NDArray[np.float32]]]] = []
    for first in range(0, _SHEET_ROWS * _SHEET_COLUMNS, _SHEET_COLUMNS):
        pictures: list[NDArray[np.float32]] = []
        for i in range(first, first + _SHEET_COLUMNS):
            pictures += [enlarged(batch["hint"][i, 0]), colours(batch["target"][i]), colours(drawn[i])]
        rows.append((f"test {first} to {first + _SHEET_COLUMNS - 1}", pictures))
    save_sheet(RESULTS_DIR / "coloured.png", ["hint", "target", "drawn"] * _SHEET_COLUMNS, rows, cell_px=112)
