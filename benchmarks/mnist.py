"""Digits: Table 1 and Figure 7 of the Canvas-Drawer paper, on the true renderer.

Each variant draws the 10,000 test digits; its actions are rendered by Skia at 28×28, and the mean squared pixel
distance is compared with the paper's. The curves of loss against pictures seen come from the runs' own evaluations on
held-out training digits (the split `valid`), also by Skia.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawers import (
    draw_all,
    enlarged,
    in_red,
    soft_distance,
    true_distance,
)
from benchmarks.harness import RESULTS_DIR, Bound, at_most, report, row, save_sheet
from benchmarks.plot import Axes, save_plot
from benchmarks.trained import RUNS_DIR, Trained, not_trained
from strokewright import weights
from strokewright.models.canvas_drawer import Drawer
from strokewright.models.canvas_drawer.pictures import Pictures
from strokewright.recipes import find_recipe
from strokewright.render.protocol import VOCABULARIES
from strokewright.training.checkpoints import list_checkpoints
from strokewright.training.logs import read_metrics
from strokewright.training.run import Run

SEED = 0
METRIC = "mean squared pixel distance"
PAPER = "Canvas-Drawer paper, Table 1"
PPO_RUN = "digits-ppo"
PPO_COMMAND = "python -m benchmarks.ppo --out runs/digits-ppo"
EARLY = Trained("digits_four_steps --set training.steps=400 --set training.evaluate_every=50", "digits-four-early")
_QUICK = 500
_SLOW = 2000  # canvas networks are slow
_TIMES_FEWER = 5
_SHEET_DIGITS = (3, 2, 1, 18, 4, 8, 11, 0, 61, 7)  # the first test digit of each kind

Points = list[tuple[float, float]]
Sheet = list[tuple[str, list[NDArray[np.float32]]]]
"""Captions, and the pictures of a row."""


@dataclass(frozen=True)
class Variant:
    """A row of Table 1."""

    case: str
    trained: Trained
    bound: Bound
    paper: float


VARIANTS = (
    Variant("four steps, LSTM", Trained("digits_four_steps", "digits-four", "draw/digits"), at_most(0.0100), 0.0175),
    Variant(
        "four steps, LSTM, learned canvas",
        Trained("digits_four_steps_canvas", "digits-four-canvas", "draw/digits-canvas"),
        at_most(0.0175),
        0.0175,
    ),
    Variant(
        "four steps, no LSTM",
        Trained("digits_four_steps_plain", "digits-four-plain", "draw/digits-plain"),
        at_most(0.0120),
        0.0198,
    ),
    Variant(
        "twenty steps, five looks, no LSTM",
        Trained("digits_twenty_steps", "digits-twenty", "draw/digits-twenty"),
        at_most(0.0050),
        0.0080,
    ),
)


def run(quick: bool) -> dict[str, Any]:
    """Score all variants and PPO; with quick, bundled drawers on a slice."""
    started = time.perf_counter()
    digits = Pictures(split="test", in_order=True)
    target = digits.batch(0, _QUICK if quick else len(digits))["target"]
    rows = [row("blank page", METRIC, float(np.square(target, dtype=np.float64).mean()))]
    sheet: Sheet = [("digit", [enlarged(1 - target[i, 0]) for i in _SHEET_DIGITS])]
    for variant in VARIANTS:
        rows += _variant_rows(variant, target, sheet, quick)
    data = f"{len(target)} MNIST test digits, 28×28; curves: MNIST valid digits"
    if quick:
        return report("mnist", rows, started=started, seed=SEED, data=data)
    rows.append(_ppo_row(target, sheet))
    curves = _curves()
    rows += _efficiency_rows(curves)
    if curves:
        _save_figure(curves)
    save_sheet(RESULTS_DIR / "mnist.png", [f"{i}" for i in range(10)], sheet, cell_px=112)
    return report("mnist", rows, started=started, seed=SEED, data=data) | {"curves": curves}


def _variant_rows(variant: Variant, target: NDArray[np.float32], sheet: Sheet, quick: bool) -> list[dict[str, Any]]:
    """Score one drawer on the true renderer; one trained through a canvas network also on the bundled one."""
    drawer = variant.trained.load(Drawer, bundled_only=quick)
    case = variant.case
    paper: dict[str, Any] = {"reference": variant.paper, "reference_source": PAPER}
    if drawer is None:
        return [] if quick else [row(not_trained(case, variant.trained.command), METRIC, None, variant.bound, **paper)]
    actions = draw_all(drawer, target)
    rows = [row(case, METRIC, true_distance(drawer.vocabulary, actions, target), variant.bound, **paper)]
    if drawer.config.canvas:
        own = f"{case}, on the bundled canvas network, first {_SLOW:,} digits"
        rows.append(row(own, METRIC, soft_distance(drawer, target[:_SLOW]), **paper))
    sheet.append((variant.case.replace(", ", "\n"), [in_red(drawer.vocabulary, actions[i], 28) for i in _SHEET_DIGITS]))
    return rows


def _ppo_row(target: NDArray[np.float32], sheet: Sheet) -> dict[str, Any]:
    """Score PPO; without a run, or without the extra `rl`, the row says how to make it."""
    case = "PPO, four steps"
    paper: dict[str, Any] = {"reference": 0.0873, "reference_source": PAPER}
    if not list_checkpoints(RUNS_DIR / PPO_RUN / "checkpoints"):
        return row(not_trained(case, PPO_COMMAND), METRIC, None, **paper)
    try:
        from benchmarks.ppo import draw, load_agent
    except ModuleNotFoundError as error:
        return row(f"{case}: needs {error.name}, run `pip install 'strokewright[rl]'`", METRIC, None, **paper)
    agent = load_agent(RUNS_DIR / PPO_RUN, target[:1, 0])
    actions = np.concatenate([draw(agent, target[i : i + 500, 0]) for i in range(0, len(target), 500)])
    vocabulary = VOCABULARIES["quadratic"]
    sheet.append(("PPO", [in_red(vocabulary, actions[i], 28) for i in _SHEET_DIGITS]))
    return row(case, METRIC, true_distance(vocabulary, actions.astype(np.float64), target), **paper)


def _curves() -> dict[str, Points]:
    """Loss on valid digits against pictures seen, for each run that lies here."""
    found = {variant.case: _curve_of(variant.trained) for variant in VARIANTS}
    extra = _canvas_pictures()
    learned = VARIANTS[1].case
    found[f"{learned}, its training counted"] = [(pictures + extra, loss) for pictures, loss in found.pop(learned)]
    found["four steps, LSTM, short run"] = _curve_of(EARLY)
    found["PPO"] = _points(RUNS_DIR / PPO_RUN, 1)
    return {name: points for name, points in found.items() if points}


def _curve_of(trained: Trained) -> Points:
    if not (trained.run / "config.json").exists():
        return []
    run = Run(trained.run)
    return _points(run.out, run.config.training.batch_size)


def _points(folder: Path, pictures_a_step: int) -> Points:
    name = "evaluation.true_pixels"
    rows = [line for line in read_metrics(folder / "metrics.csv") if line.get(name)]
    return [(float(line["step"]) * pictures_a_step, float(line[name])) for line in rows]


def _canvas_pictures() -> int:
    """Count the pictures that the bundled canvas network learned from: those of its recipe."""
    card = next((entry for entry in weights.cards() if entry.name == "canvas/strokes"), None)
    if card is None:
        return 0
    training = find_recipe(card.recipe).training
    return training.steps * training.batch_size


def _efficiency_rows(curves: dict[str, Points]) -> list[dict[str, Any]]:
    """Put PPO's pictures beside the drawer's for the same loss, and their losses at a fifth of its pictures."""
    ppo = curves.get("PPO", [])
    ours = sorted(curves.get("four steps, LSTM, short run", []) + curves.get(VARIANTS[0].case, []))
    if not ppo or not ours:
        return [row(f"PPO's pictures ÷ the drawer's: run `{PPO_COMMAND}` and `{EARLY.command}`", "times", None)]
    pictures, best = min(ppo, key=lambda point: point[1])
    reached = next((seen for seen, loss in ours if loss < best), float("nan"))
    rows = [row("PPO's pictures ÷ the drawer's when it was first better than PPO's best", "times", pictures / reached)]
    last, last_loss = ppo[-1]
    allowed = [(seen, loss) for seen, loss in ours if seen <= last / _TIMES_FEWER]
    if allowed:
        seen, loss = allowed[-1]
        case = f"drawer after {seen:,.0f} pictures, valid digits"
        rows.append(
            row(case, METRIC, loss, at_most(last_loss), reference=last_loss, reference_source=f"PPO after {last:,.0f}")
        )
    return rows


def _save_figure(curves: dict[str, Points]) -> None:
    blank = float(np.square(Pictures(split="valid").pixels / 255).mean())
    axes = Axes("pictures seen", "mean squared pixel distance, valid digits, true renderer", {"blank page": blank})
    save_plot(RESULTS_DIR / "mnist_curves.png", curves, axes)
