"""Sketches: Table 2 and Figures 8 to 10 of the Canvas-Drawer paper, our sliding drawers scored on the true renderer.

The paper's sketches are not to be had: beside its numbers stand those on TU-Berlin test drawings with pens of many
widths, so it is the order of the variants that compares.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch

from benchmarks.harness import at_least, at_most, report, row
from benchmarks.sketch_figures import save_figures
from benchmarks.sketch_sets import SEED, Pages, page_sets
from benchmarks.sketch_variants import (
    PAPER,
    SHIPPED,
    TABLE_2,
    TEN,
    VARIANTS,
    Variant,
    draw,
    missing,
)
from benchmarks.strange_pictures import GREYS, tones
from benchmarks.stroke_metrics import mse
from benchmarks.trained import Trained
from strokewright.models.canvas_drawer.hierarchy import to_drawing
from strokewright.render.skia import render_ink

PAGES = 8
QUICK_PAGES = 2
BEST_MSE = 0.020


@dataclass(frozen=True)
class Score:
    """What a variant made of a set of pages, means over the pages."""

    mse: float
    strokes: float
    seconds: float


def run(quick: bool) -> dict[str, Any]:
    """Score all variants whose weights are there, and make the figures; quick: the bundled drawer on a slice."""
    started = time.perf_counter()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows, untrained = _rows(quick)
        if not quick:
            save_figures()
    finally:
        torch.set_num_threads(threads)
    count = QUICK_PAGES if quick else PAGES
    data = f"{count} pages of 512 px of the main set, half as many of the others, none trained on; one thread"
    if quick:
        data += "; in brief the bundled drawer alone"
    if untrained:
        data += "; not scored for want of weights: " + ", ".join(untrained)
        sys.stderr.write("".join(f"missing weights: {Trained(recipe).command}\n" for recipe in untrained))
    return report("sketches", rows, started=started, seed=SEED, data=data)


def _rows(quick: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """All rows, and the recipes whose weights are missing."""
    scored = [v for v in VARIANTS if v.bundled or not (quick or missing(v))]
    untrained = list(dict.fromkeys(recipe for v in VARIANTS for recipe in missing(v)))
    rows: list[dict[str, Any]] = []
    for pages in page_sets(QUICK_PAGES if quick else PAGES):
        scores = {variant.name: _score(variant, pages) for variant in scored}
        rows += _set_rows(pages, scores)
        if pages.main:
            rows += _order_rows(scores, bounded=not quick)
    for variant in (TEN, SHIPPED):
        rows += _tone_rows(variant, variant in scored)
    return rows, untrained


def _score(variant: Variant, pages: Pages) -> Score:
    scores: list[tuple[float, int, float]] = []
    for truth in pages.drawings:
        ink = render_ink(truth)
        started = time.perf_counter()
        pieces = draw(variant, ink)
        seconds = time.perf_counter() - started
        scores.append((mse(render_ink(to_drawing(pieces, truth.size)), ink), len(pieces), seconds))
    return Score(*np.mean(scores, axis=0).tolist())


def _set_rows(pages: Pages, scores: Mapping[str, Score]) -> list[dict[str, Any]]:
    """The rows of one set; a variant without weights keeps its rows, empty."""
    blank = float(np.mean([np.mean(render_ink(truth) ** 2) for truth in pages.drawings]))
    rows = [row(f"{pages.name}: blank picture", "MSE", blank)]
    for variant in VARIANTS:
        score, case = scores.get(variant.name), f"{pages.name}: {variant.name}"
        reference = variant.reference if pages.main else None
        source = PAPER if reference is not None else None
        rows.append(row(case, "MSE", score and score.mse, reference=reference, reference_source=source))
        rows.append(row(case, "strokes a page", score and score.strokes))
        rows.append(row(case, "seconds a page", score and score.seconds))
    return rows


def _order_rows(scores: Mapping[str, Score], bounded: bool) -> list[dict[str, Any]]:
    """Whether the variants come in Table 2's order, by how many pairs, and the best one's distance."""
    rivals = [variant.name for variant in TABLE_2 if variant.name in scores] or list(scores)
    best = min(rivals, key=lambda name: scores[name].mse)
    measured = [scores[variant.name].mse for variant in TABLE_2 if variant.name in scores]
    pairs: int | None = None
    if len(measured) == len(TABLE_2):
        pairs = sum(better < worse for better, worse in combinations(measured, 2))
    count = len(TABLE_2) * (len(TABLE_2) - 1) // 2
    whole = None if pairs is None else float(pairs == count)
    case = "order of the variants as in Table 2"
    return [
        row(case, "1 = yes, 0 = no", whole, at_least(1.0) if bounded else None),
        row(case, f"pairs in that order, of {count}", pairs, reference=count, reference_source=PAPER),
        row(f"best variant on line art: {best}", "MSE", scores[best].mse, at_most(BEST_MSE)),
    ]


def _tone_rows(variant: Variant, scored: bool) -> list[dict[str, Any]]:
    """Grey asked for against mean ink drawn, and how monotone that is."""
    drawn = [tone.drawn for tone in tones(variant)] if scored else [None] * len(GREYS)
    rows = [
        row(
            f"hatching, {variant.name}: grey {grey:.1f}",
            "mean ink drawn",
            ink,
            reference=grey,
            reference_source="asked",
        )
        for grey, ink in zip(GREYS, drawn, strict=True)
    ]
    known = [ink for ink in drawn if ink is not None]
    rising = float(np.mean(np.diff(known) >= 0)) if known else None
    error = float(np.mean(np.abs(np.subtract(known, GREYS)))) if known else None
    case = f"hatching, {variant.name}"
    return [
        *rows,
        row(case, "share of steps to a darker grey that draw no less ink", rising),
        row(case, "mean absolute error of the tone", error),
    ]
