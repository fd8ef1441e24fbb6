"""Floor plans to rooms: precision, recall and IoU on held-out plans, beside connected areas and the net alone.

A found room is right if a true one of the same type overlaps it with IoU ≥ 0.5. Further rows are of the same plans at
other sizes, with thicker lines, and light on dark.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.harness import RESULTS_DIR, Bound, at_least, report, row, save_sheet
from benchmarks.room_metrics import Score, connected_areas
from strokewright import Drawing, load
from strokewright.datasets.dataset import Sample
from strokewright.datasets.floorplans import Floorplans
from strokewright.drawing import Box
from strokewright.errors import EmptyError
from strokewright.pipelines.rooms import RoomFinder, RoomOptions
from strokewright.pipelines.rooms.find import RoomModels, find_rooms
from strokewright.render.skia import render

SEED = 0
BOUND = 0.60
_QUICK, _SHOWN, _STRANGE = 10, 6, 12
Pixels = NDArray[np.uint8]


def run(quick: bool) -> dict[str, Any]:
    """Score the shipped weights, the baseline, and the net alone on the test plans."""
    started = time.perf_counter()
    plans, finder = Floorplans(), load("rooms/floorplans")
    test = plans.split("test")
    samples = [test[i] for i in range(_QUICK if quick else len(test))]
    common = _most_frequent(plans)
    ours = {True: Score(), False: Score()}
    plain = {True: Score(), False: Score()}
    alone = {True: Score(), False: Score()}
    spent, pictures = 0.0, []
    for sample in samples:
        begun = time.process_time()
        found = _found(finder, _paper(sample))
        spent += time.process_time() - begun
        areas, cells = connected_areas(sample.picture, common), _found_alone(finder.models, _paper(sample))
        for typed in (True, False):
            ours[typed].add(found, sample.drawing, typed)
            plain[typed].add(areas, sample.drawing, typed)
            alone[typed].add(cells, sample.drawing, typed)
        if len(pictures) < _SHOWN:
            pictures.append((sample.group, [sample.picture, *(_shown(d) for d in (found, sample.drawing, areas))]))
    rows = _rows(ours, plain, alone, spent / len(samples))
    rows += _strange_rows(finder, samples[: 2 if quick else _STRANGE])
    if not quick:
        save_sheet(RESULTS_DIR / "rooms.png", ["plan", "found", "true", "connected areas"], pictures)
    return report("rooms", rows, started=started, seed=SEED, data=f"CubiCasa5K, {len(samples)} test plans")


def _rows(
    ours: dict[bool, Score], plain: dict[bool, Score], alone: dict[bool, Score], seconds: float
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for typed, case in ((True, "rooms, type right"), (False, "rooms, any type")):
        for name in ("recall", "precision", "mean_iou"):
            values = [getattr(score[typed], name) for score in (ours, plain, alone)]
            metric = "mean IoU of matches" if name == "mean_iou" else f"{name} at IoU 0.5"
            bound = at_least(BOUND) if typed and name != "mean_iou" else None
            rows.append(row(case, metric, values[0], bound, reference=values[1], reference_source="connected areas"))
            rows.append(row(f"{case}, net alone", metric, values[2]))
    for name in ("recall", "precision"):
        lead = getattr(ours[True], name) - getattr(plain[True], name)
        rows.append(row("rooms, type right", f"{name} above the baseline's", lead, Bound(low=1e-9)))
    for label, count in ours[True].true.most_common():
        rows.append(row(f"type {label}, {count} rooms", "recall at IoU 0.5", ours[True].matched[label] / count))
    return [*rows, row("a plan", "CPU seconds", seconds)]


def _strange_rows(finder: RoomFinder, samples: list[Sample]) -> list[dict[str, Any]]:
    """Score the same plans, changed, on the boxes changed along."""
    rows: list[dict[str, Any]] = []
    for case, (change, scale) in _CHANGES.items():
        score = Score()
        for sample in samples:
            paper = change(_paper(sample))
            score.add(_found(finder, paper), _scaled(sample.drawing, scale), typed=True)
        name = f"{len(samples)} plans, {case}"
        rows.append(row(name, "recall at IoU 0.5", score.recall))
        rows.append(row(name, "precision at IoU 0.5", score.precision))
    return rows


def _resized(scale: float) -> Callable[[Pixels], Pixels]:
    def change(paper: Pixels) -> Pixels:
        side = round(len(paper) * scale)
        return np.asarray(Image.fromarray(paper).resize((side, side), Image.Resampling.LANCZOS))

    return change


_CHANGES: dict[str, tuple[Callable[[Pixels], Pixels], float]] = {
    "as they are": (lambda paper: paper, 1.0),
    "1024 px": (_resized(2.0), 2.0),
    "1331 px": (_resized(2.6), 2.6),
    "333 px": (_resized(0.65), 0.65),
    "lines of 3 px": (lambda paper: ndimage.minimum_filter(paper, 3), 1.0),
    "light on dark": (lambda paper: 255 - paper, 1.0),
}


def _found(finder: RoomFinder, paper: Pixels) -> Drawing:
    try:
        return finder(paper)
    except EmptyError:
        return Drawing()


def _found_alone(models: RoomModels, paper: Pixels) -> Drawing:
    try:
        return find_rooms(paper, models._replace(chooser=None, namer=None), RoomOptions(views=1))
    except EmptyError:
        return Drawing()


def _paper(sample: Sample) -> Pixels:
    """Return the plan as it is stored: black on white."""
    assert sample.picture is not None
    return np.rint(255 * (1 - sample.picture)).astype(np.uint8)


def _scaled(drawing: Drawing, scale: float) -> Drawing:
    boxes = [mark for mark in drawing.marks if isinstance(mark, Box)]
    marks = [Box(b.x0 * scale, b.y0 * scale, b.x1 * scale, b.y1 * scale, b.colour, b.label) for b in boxes]
    return Drawing(tuple(marks), (drawing.size[0] * scale, drawing.size[1] * scale))


def _most_frequent(plans: Floorplans) -> str:
    counts = Counter(mark.label for sample in plans.split("train") for mark in sample.drawing.marks)
    return counts.most_common(1)[0][0]


def _shown(drawing: Drawing) -> NDArray[np.float32]:
    """Show rooms in their colours, large ones first."""
    boxes = [mark for mark in drawing.marks if isinstance(mark, Box)]
    ordered = sorted(boxes, key=lambda box: (box.x0 - box.x1) * (box.y1 - box.y0))
    return render(drawing.replace(marks=tuple(ordered)), (256, 256))
