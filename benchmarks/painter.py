"""Painter: every row of the table in its specification on held-out pictures, and its figures as picture sheets.

A case without a trained model says how to train it. Real pictures are scored by the true renderer. `painter.png` shows
paintings in the making, `painter_samples.png` what variational models dream, `painter_progress.png` how painters
learned. What moves tell of digits beside their painting: `painter_features.py`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from benchmarks.harness import RESULTS_DIR, at_least, at_most, report, row, save_sheet
from benchmarks.painter_features import feature_rows
from benchmarks.painter_progress import save_progress
from benchmarks.painters import (
    BOUND_CASES,
    PICTURE_CASES,
    SCENE_CASES,
    SCENES,
    Case,
    Pixels,
    error_by_moves,
    first,
    hidden_share,
    marks_error,
    moves_of,
    painting_error,
    pictures,
    process,
    scene_batch,
    scene_score,
)
from benchmarks.trained import not_trained
from strokewright.models.painter import Painter
from strokewright.models.painter.scores import clean_share
from strokewright.models.pretrained import Pretrained
from strokewright.render.template import paint

SEED = 0
THESIS = "Teaching Machines to Paint: 1 = solved, 0 = stuck"
THESIS_NUMBER = "Teaching Machines to Paint, section 5.5, training pictures"
_QUICK = 64
_DREAMS = 1000
_COLUMNS, _ROWS = 12, 2

Sheet = list[tuple[str, list[Pixels]]]
Rows = list[dict[str, Any]]
METRICS = {
    "solved": "share of pictures with IoU > 0.9 for every shape",
    "templates": "share of pictures with the right templates",
    "ordered": "share of pictures with shapes that meet painted in the right order",
    "ordered_told": "share of pictures with shapes whose order the picture tells painted in that order",
    "number": "share of pictures with the right number of moves",
    "true_pixels": "mean squared pixel distance",
    "loss": "negative lower bound, nats a picture",
}


def run(quick: bool) -> dict[str, Any]:
    """Score all models; with quick, bundled ones on a slice."""
    started = time.perf_counter()
    sheet: Sheet = []
    dreams: Sheet = []
    rows = [] if quick else _scene_rows(sheet, dreams)
    rows += _picture_rows(quick, sheet) + feature_rows(quick)
    if not quick:
        rows += _bound_rows(sheet, dreams)
        save_progress((*SCENE_CASES, *PICTURE_CASES))
        for name, pages in (("painter", sheet), ("painter_samples", dreams)):
            if pages:
                save_sheet(RESULTS_DIR / f"{name}.png", [""] * _COLUMNS, pages, cell_px=112)
    data = f"test pictures: {SCENES:,} of a synthetic set, of five rectangles 600, of Omniglot 400; MNIST, faces, CIFAR"
    return report("painter", rows, started=started, seed=SEED, data=data)


def _scene_rows(sheet: Sheet, dreams: Sheet) -> Rows:
    rows: Rows = []
    for case in SCENE_CASES:
        model = case.trained.load(Pretrained)
        moves = moves_of(model, scene_batch(case)["target"]) if isinstance(model, Painter) else None
        scores = {} if model is None else scene_score(model, case, moves)
        source = None if case.thesis is None else THESIS_NUMBER if case.metric == "templates" else THESIS
        name = case.case if model is not None else not_trained(case.case, case.trained.command)
        score = scores.get(case.metric)
        rows.append(row(name, METRICS[case.metric], score, case.bound, reference=case.thesis, reference_source=source))
        if model is None:
            continue
        others = (name for name in ("ordered_told", "solved") if name != case.metric and name in scores)
        rows += [row(case.case, METRICS[other], scores[other]) for other in others]
        if isinstance(model, Painter) and moves is not None:
            few = scene_batch(case, _QUICK)["target"]
            error = marks_error(model, first(moves, _QUICK), few)
            rows.append(row(case.case, "marks against canvas, MSE", error, at_most(0.002)))
            if model.prior is not None:
                rows.append(_dream_row(case, model, dreams))
        few = scene_batch(case, _ROWS)["target"]
        shown = process(model, None if moves is None else first(moves, _ROWS), few, _COLUMNS)
        sheet += [(case.case.replace(", ", "\n"), cells) for cells in shown]
    return rows


def _dream_row(case: Case, model: Painter, dreams: Sheet) -> dict[str, Any]:
    """Score what the prior dreams, and show it."""
    moves = model.dream(_DREAMS, SEED)
    with torch.no_grad():
        *_, canvas = _paintings(model, moves)
    dreams.append((case.case.replace(", ", "\n"), [np.repeat(c.numpy(), 3, axis=0) for c in canvas[:_COLUMNS]]))
    return row(
        case.case,
        "share of samples from the prior that are two clean rectangles",
        clean_share(moves, 28),
        at_least(0.9),
    )


def _paintings(model: Painter, moves: Any) -> Any:
    return paint(model.bank, moves, model.blank(len(moves.what), model.config.size_px))


def _picture_rows(quick: bool, sheet: Sheet) -> Rows:
    rows: Rows = []
    errors: dict[str, float] = {}
    for case in PICTURE_CASES:
        model = case.trained.load(Painter, bundled_only=quick)
        if model is None:
            name = not_trained(case.case, case.trained.command)
            rows += [] if quick else [row(name, METRICS["true_pixels"], None, case.bound)]
            continue
        target = pictures(case, _QUICK if quick else None)
        moves = moves_of(model, target)
        errors[case.case] = painting_error(model, moves, target)
        few, moves = target[:_QUICK], first(moves, _QUICK)
        rows += [
            row(case.case, METRICS["true_pixels"], errors[case.case], case.bound),
            row(case.case, "marks against canvas, MSE", marks_error(model, moves, few), at_most(0.002)),
            row(case.case, "share of moves that are painted over whole", hidden_share(model, moves, case.size_px)),
        ]
        by_moves = error_by_moves(model, moves, few)
        for count in (n for n in (1, 2, 5, 10, 20, 40, 60) if n < len(by_moves)):
            rows.append(row(f"{case.case}, the first {count}", METRICS["true_pixels"], by_moves[count - 1]))
        sheet += [
            (case.case.replace(", ", "\n"), cells)
            for cells in process(model, first(moves, _ROWS), target[:_ROWS], _COLUMNS)
        ]
    forty, hundred = (errors.get(f"faces, {count} moves") for count in (40, 100))
    if forty and hundred:
        rows.append(row("faces", "MSE at 100 moves ÷ MSE at 40", hundred / forty, at_most(0.7)))
    return rows


def _bound_rows(sheet: Sheet, dreams: Sheet) -> Rows:
    """DRAW and AIR on digits: lower bounds, and samples from DRAW's prior."""
    rows: Rows = []
    for case in BOUND_CASES:
        model: Any = case.trained.load(Pretrained)
        if model is None:
            rows.append(row(not_trained(case.case, case.trained.command), METRICS["loss"], None))
            continue
        target = pictures(case, SCENES)
        torch.manual_seed(SEED)
        with torch.no_grad():
            rows.append(row(case.case, METRICS["loss"], float(model.loss({"target": target})["loss"])))
        sheet += [(case.case.replace(", ", "\n"), cells) for cells in process(model, None, target[:_ROWS], _COLUMNS)]
        if hasattr(model, "sample"):
            drawn = model.sample(_COLUMNS, SEED)
            dreams.append((case.case.replace(", ", "\n"), [np.repeat(c.numpy(), 3, axis=0) for c in drawn]))
    return rows
