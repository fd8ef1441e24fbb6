"""Photos: pictures made of test sketches, scored by judges that learned the real photos.

Presets and baseline learned from the same pairs; "pictures seen" says how many. CIFAR-10's rows are the ablation too:
from the report's program to the preset `modern`. What each number means is said in `photo_metrics.py`. The row "photos"
sets training photos beside the test photos: what other real photos get. Pictures are compared with the very photos that
their lines were made of, so a perfect copy would get less.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.harness import RESULTS_DIR, Bound, at_least, at_most, report, row, save_sheet
from benchmarks.photo_metrics import (
    bad_pictures,
    diversity,
    edges_on_lines,
    fid,
    judge_of,
    kid,
    l1,
    load_judge,
    recognised,
    scores,
    ssim,
)
from benchmarks.photo_metrics import features as judge_features
from benchmarks.photo_sets import (
    LONG,
    OURS,
    SETS,
    Bytes,
    Pairs,
    PhotoSet,
    load_maker,
    load_pairs,
    paint,
)
from benchmarks.plot import Axes, save_plot
from benchmarks.trained import Trained, not_trained
from strokewright import weights
from strokewright.models.sketch2img.judge import PhotoJudge
from strokewright.pipelines.photo import PhotoMaker
from strokewright.training.checkpoints import list_checkpoints, read_progress
from strokewright.training.logs import read_metrics
from strokewright.training.run import Run

SEED = 0
_MOST, _QUICK = 1000, 40
_MANY = 10_000
_STEPS = 20_000
_SHEET = 10
_TIMED = 5

Rows = list[dict[str, Any]]
Scored = dict[str, dict[str, float]]  # case → its numbers, in the order of scoring
Sheet = list[tuple[str, list[Any]]]


def run(quick: bool) -> dict[str, Any]:
    """Score all generators that lie here; quick: bundled ones on a slice."""
    started = time.perf_counter()
    rows: Rows = []
    for chosen in SETS:
        rows += _set_rows(chosen, quick)
    if not quick:
        rows += _long_run_rows()
        rows += _many_rows()
        _save_curves()
    rows += _speed_rows()
    data = "test splits: objects by pairs of players, things and CIFAR-10 by photo, emoji by code point, pairs by photo"
    return report("photo", rows, started=started, seed=SEED, data=data)


def _set_rows(chosen: PhotoSet, quick: bool) -> Rows:
    """Score the generators of a set, and the photos themselves."""
    makers = {case: load_maker(trained, bundled_only=quick) for case, trained in chosen.makers.items()}
    if quick and not any(makers.values()):
        return []
    pairs = load_pairs(chosen.data, most=_QUICK if quick else _MOST)
    judge = load_judge(chosen.judge) if chosen.judge and not quick else None
    rows = [] if quick else _photo_rows(chosen, pairs, judge)
    sheet: Sheet = [
        ("sketch", list(_spread(pairs.sketches, pairs.sketches))),
        ("photo", list(_spread(pairs.photos, pairs.photos))),
    ]
    before: Scored = {}
    for case, maker in reversed(makers.items()):  # the baseline first: the others are held against it
        if maker is None:
            name = not_trained(f"{chosen.name}, {case}", chosen.makers[case].command)
            rows += [] if quick else [row(name, "recognised", None)]
            continue
        pictures = paint(maker, pairs, pairs.labels, SEED)
        sheet.append((case, list(_spread(pictures, pairs.sketches))))
        rows += _maker_rows(chosen, case, maker, pairs, pictures, judge, before)
        rows += _seen_rows(f"{chosen.name}, {case}", chosen.makers[case])
    if not quick:
        name = re.sub("[^a-z0-9]+", "_", chosen.name.lower().replace("'", ""))
        save_sheet(RESULTS_DIR / f"photo_{name}.png", [""] * _SHEET, _drawable(sheet), cell_px=96)
    return rows


def _maker_rows(
    chosen: PhotoSet,
    case: str,
    maker: PhotoMaker,
    pairs: Pairs,
    pictures: Bytes,
    judge: PhotoJudge | None,
    before: Scored,
) -> Rows:
    """Score one generator, and put its numbers into `before`, which those after it are held against."""
    name = f"{chosen.name}, {case}"
    values = _values(judge, pictures, pairs)
    second = paint(maker, pairs, pairs.labels, SEED + 1)
    values["diversity"] = diversity([pictures, second])
    bounds = _bounds(chosen, before) if case == OURS else {}
    best = {metric: _best(metric, before) for metric in values}
    rows = [
        row(
            name,
            metric,
            value,
            bounds.get(metric),
            reference=best[metric],
            reference_source=None if best[metric] is None else f"the best of {', '.join(before)}",
        )
        for metric, value in values.items()
    ]
    before[case] = values
    return rows + (_category_rows(chosen, name, maker, pairs, pictures, judge) if chosen.groups and judge else [])


def _bounds(chosen: PhotoSet, before: Scored) -> dict[str, Bound | None]:
    """Return what is asked of our generator, beside those scored before."""
    baseline = before.get("pix2pix", {})
    bounds: dict[str, Bound | None] = {"diversity": at_least(0.02)}
    if chosen.recognised is not None:
        bounds["recognised"] = at_least(
            max(chosen.recognised, 0.0 if chosen.groups else baseline.get("recognised", 0.0))
        )
    if chosen.name.startswith("emoji") and "SSIM" in baseline:
        bounds["SSIM"] = at_least(baseline["SSIM"])
    lowest = _best("KID-own", before)
    if lowest is not None:
        bounds["KID-own"] = at_most(lowest)
    return bounds


def _best(metric: str, scored: Scored) -> float | None:
    known = [values[metric] for values in scored.values() if metric in values]
    better = min if metric in ("KID-own", "FID-own", "L1", "black", "saturated") else max
    return better(known) if known else None


def _seen_rows(name: str, trained: Trained) -> Rows:
    """Say how many pictures the generator that `load_maker` finds learned from: by its card, or else by its run."""
    seen = [card.metrics["pictures_seen"] for card in weights.cards() if card.name == trained.card]
    checkpoints = list_checkpoints(trained.run / "checkpoints")
    if not seen and checkpoints:
        seen = [float(read_progress(checkpoints[-1]).step * Run(trained.run).config.training.batch_size)]
    return [row(name, "pictures seen", count) for count in seen]


def _values(judge: PhotoJudge | None, pictures: Bytes, pairs: Pairs) -> dict[str, float]:
    if judge is not None:
        return scores(judge, pictures, pairs.photos, pairs.sketches, pairs.labels)
    return {"L1": l1(pictures, pairs.photos), "SSIM": ssim(pictures, pairs.photos)}


def _category_rows(
    chosen: PhotoSet, name: str, maker: PhotoMaker, pairs: Pairs, pictures: Bytes, judge: PhotoJudge
) -> Rows:
    """Score how often the category is right; and pictures for which it alone was given: the sketch must tell the rest.

    What a sketch tells has a bound of its own: a linear classifier of sketches finds a third of the objects.
    """
    group = {kind: category for category, kinds in chosen.groups.items() for kind in kinds}
    told_less = paint(maker, pairs, [group[label] for label in pairs.labels], SEED)
    case = f"{name}, label: category"
    return [
        row(name, "category recognised", recognised(judge, pictures, pairs.labels, chosen.groups), at_least(0.90)),
        row(case, "category recognised", recognised(judge, told_less, pairs.labels, chosen.groups), at_least(0.90)),
        row(case, "recognised", recognised(judge, told_less, pairs.labels)),
        row(case, "L1", l1(told_less, pairs.photos)),
    ]


def _photo_rows(chosen: PhotoSet, pairs: Pairs, judge: PhotoJudge | None) -> Rows:
    """Score the test photos themselves, and set training photos beside them; without a judge say how to train one."""
    if judge is None:
        if not chosen.judge:
            return []
        return [row(not_trained(f"{chosen.name}, judge", judge_of(chosen.judge).command), "recognised", None)]
    train = load_pairs(chosen.data, "train", len(pairs))
    own, others = judge_features(judge, pairs.photos), judge_features(judge, train.photos)
    return [
        row(f"{chosen.name}, photos", "recognised", recognised(judge, pairs.photos, pairs.labels)),
        row(f"{chosen.name}, photos", "KID-own", kid(others, own)),
        row(f"{chosen.name}, photos", "FID-own", fid(others, own)),
        row(f"{chosen.name}, photos", "edges on the lines", edges_on_lines(pairs.photos, pairs.sketches)),
    ]


def _long_run_rows() -> Rows:
    """Read from the log of the long run how far it came, and what it skipped or lost on the way."""
    checkpoints = list_checkpoints(LONG.run / "checkpoints")
    if not checkpoints:
        return [row(not_trained("long run", LONG.command), "steps", None, at_least(_STEPS))]
    progress = read_progress(checkpoints[-1])
    logged = read_metrics(LONG.run / "metrics.csv")
    case = "long run, CIFAR-10, modern, base 8"
    return [
        row(case, "steps", progress.step, at_least(_STEPS)),
        row(case, "sittings", progress.sittings, at_least(2)),
        row(case, "batches skipped", progress.bad, at_most(0)),
        row(case, "largest share of black pictures in a log row", _largest(logged, "generator.black"), at_most(0)),
        row(case, "largest share of saturated values in a log row", _largest(logged, "generator.saturated")),
        row(case, "smallest diversity in the second half's log", _smallest_late(logged, "generator.diversity")),
    ]


def _save_curves() -> None:
    """Draw losses and class accuracies of our runs, as the report does; sheets of pictures lie in their `samples/`."""
    figures = {
        "losses": {"discriminator": "discriminator.loss", "generator": "generator.loss"},
        "accuracies": {"photos": "discriminator.class_accuracy", "pictures": "discriminator.fake_class_accuracy"},
    }
    ours = {chosen.name.partition(",")[0]: chosen.makers[OURS] for chosen in SETS}
    logs = {name: read_metrics(trained.run / "metrics.csv") for name, trained in ours.items()}
    for figure, columns in figures.items():
        curves = {
            f"{name}, {what}": [
                (float(line["step"]), float(line[column])) for line in log if float(line.get(column) or 0) > 0
            ]
            for name, log in logs.items()
            for what, column in columns.items()
        }
        curves = {name: points for name, points in curves.items() if points}
        if curves:
            save_plot(RESULTS_DIR / f"photo_{figure}.png", curves, Axes("steps", figure, {}))


def _largest(logged: Sequence[dict[str, str]], name: str) -> float:
    return max((float(line[name]) for line in logged if line.get(name)), default=float("nan"))


def _smallest_late(logged: Sequence[dict[str, str]], name: str) -> float:
    return min((float(line[name]) for line in logged[len(logged) // 2 :] if line.get(name)), default=float("nan"))


def _many_rows() -> Rows:
    """Count black and saturated pictures among ten thousand of each shipped generator."""
    rows: Rows = []
    for chosen in SETS:
        trained = chosen.makers[OURS]
        maker = load_maker(trained) if trained.card else None
        if maker is None:
            continue
        pairs = load_pairs(chosen.data, most=_MOST)
        bad = made = 0
        for seed in range(-(-_MANY // len(pairs))):
            pictures = paint(maker, pairs, pairs.labels, 100 + seed)
            bad, made = bad + sum(bad_pictures(pictures)), made + len(pictures)
        rows.append(row(f"{chosen.name}, {OURS}", f"black or saturated of {made:,}", bad, at_most(0)))
    return rows


def _speed_rows() -> Rows:
    """Time four pictures of one sketch on two threads, model loaded."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    rows: Rows = []
    try:
        for trained in dict.fromkeys(chosen.makers[OURS] for chosen in SETS if chosen.makers[OURS].card):
            if (maker := load_maker(trained)) is None:
                continue
            sketch = np.full((256, 256), 255, np.uint8)
            sketch[100:104, 40:200] = sketch[60:180, 80:84] = 0
            seconds: list[float] = []
            for _ in range(_TIMED):
                began = time.perf_counter()
                maker(sketch, label=maker.labels[0], n=4)
                seconds.append(time.perf_counter() - began)
            rows.append(
                row(f"{trained.card}, 4 pictures on 2 threads", "seconds", float(np.median(seconds)), at_most(1.0))
            )
    finally:
        torch.set_num_threads(threads)
    return rows


def _spread(values: Bytes, like: Bytes) -> Bytes:
    """Take a few rows, spread evenly."""
    return values[np.linspace(0, len(like) - 1, _SHEET).round().astype(int)]


def _drawable(sheet: Sheet) -> Sheet:
    """Turn bytes into what a sheet takes: colours in [0, 1], and ink for sketches."""
    return [(caption, [1 - cell / 255 if cell.ndim == 2 else cell / 255 for cell in cells]) for caption, cells in sheet]
