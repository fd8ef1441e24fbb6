"""sketch-rnn: Table 1 of the paper, the loss beside the public decoders', and what can be recognised.

- Table 1: a small model for each set and w_KL, all trained alike and briefly; L_R, L_s, L_p and L_KL on the set's test
  drawings. L_p counts a drawing's rows and its first end row. Google's class files (storage.googleapis.com, folder
  quickdraw_dataset/sketchrnn) are sets too where they lie in the data folder's sketchrnn/google.
- Held-out loss: real drawings of valid and test of 16 classes, which no part of ours has learned from; nats a point in
  the class's own unit (see `sketch_likelihood.py`). The public decoders may have learned from some of them.
- Recognised: by a classifier of real drawings alone (see `doodle_classifier.py`), drawings at temperature 0.4.
- Frames between two drawings: recognised as the class of one or the other end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.doodle_classifier import accuracy, load_classifier
from benchmarks.harness import RESULTS_DIR, at_least, at_most, report, row, save_sheet
from benchmarks.sketch_likelihood import Likelihood, held_out, our_likelihood, public_decoder, public_likelihood
from benchmarks.sketch_rnn_figures import save_figures, save_samples
from benchmarks.trained import RUNS_DIR, Trained, not_trained
from strokewright import weights
from strokewright.datasets import Dataset
from strokewright.datasets.download import find
from strokewright.drawing import Drawing
from strokewright.models.sketch_rnn import SketchRNN
from strokewright.pipelines.sketch_rnn.evaluation import evaluate
from strokewright.pipelines.sketch_rnn.sketcher import Sketcher
from strokewright.recipes.doodle_classifier import Classifier, rasters
from strokewright.recipes.doodles import CLASSES
from strokewright.render.skia import render_ink

SEED = 0
TEMPERATURE = 0.4
DOODLES = Trained("sketch_doodles", card="sketch/doodles")
DECODER = Trained("sketch_doodles_decoder", card="sketch/doodles-decoder")
CLASSIFIER = RUNS_DIR / "doodle-classifier.safetensors"
SETS = {
    "kanji": "sketchrnn/short_kanji.npz",
    "characters": "sketchrnn/omniglot.npz",
    "sheep": "sketchrnn/aaron_sheep.npz",
    "monkey": "quickdraw/sketchrnn_monkey.npz",
}
LONGER = {"characters": "--set training.steps=2000"}  # it has three times as many drawings as any other
CLASS_FILES = "sketchrnn/google"
VARIANTS = {
    "decoder-only": "sketch_table_decoder",
    "w_KL 1": "sketch_table",
    "w_KL 0.5": "sketch_table_half",
    "w_KL 0.25": "sketch_table_quarter",
}
_LOSSES = ("L_R", "L_s", "L_p", "L_KL")
_NEAR, _CLASSES_NEAR = 0.05, 12
_OF_REAL, _SLERP = 0.85, 0.80
_SHEET, _IN_A_ROW = 8, 15  # drawings of a class, of a model of one class
SINGLE = {"sketch/kanji", "sketch/characters", "sketch/icons"}

Rows = list[dict[str, Any]]


def run(quick: bool) -> dict[str, Any]:
    """Measure what is trained; with quick, bundled weights on a slice."""
    started = time.perf_counter()
    rows = [] if quick else _table_rows()
    rows += _held_out_rows(quick)
    if not quick or CLASSIFIER.exists():
        rows += _recognised_rows(quick)
    data = "KanjiVG, Omniglot, sheep, monkeys: test splits; real doodles of 16 classes: valid and test"
    return report("sketch_rnn", rows, started=started, seed=SEED, data=data)


def _table_rows() -> Rows:
    """Measure Table 1 on all sets, and whether L_R falls as the latent code is given more room."""
    google = sorted(find(CLASS_FILES).glob("*.npz")) if find(CLASS_FILES).is_dir() else []
    sets = SETS | {f"Google's {path.stem}": f"{CLASS_FILES}/{path.name}" for path in google}
    return [one for name, path in sets.items() for one in _set_rows(name, path)]


def _set_rows(name: str, path: str) -> Rows:
    rows: Rows = []
    reconstruction: list[float] = []
    for variant, recipe in VARIANTS.items():
        start, folder = (f"{kind.replace('_', '-')}-{name.split()[-1]}" for kind in ("sketch_table_start", recipe))
        more = f" {LONGER[name]}" if name in LONGER else ""
        trained = Trained(f"{recipe} --data {path} --set model.start=runs/{start}/model{more}", folder)
        model = trained.load(SketchRNN)
        if model is None:
            rows.append(row(not_trained(f"{name}, {variant}", trained.command), "L_R", None))
            continue
        scores = evaluate(
            model, find(path), "test", n_max=model.config.n_max, scale_px=model.config.scale_px, seed=SEED
        )
        case = f"{name}, {variant}, N_max {model.config.n_max}"
        rows += [row(case, loss, scores[loss]) for loss in _LOSSES if loss in scores]
        reconstruction.append(scores["L_R"])
    if len(reconstruction) == len(VARIANTS):
        steps = np.diff(reconstruction)
        rows.append(row(f"{name}: L_R at w_KL 1 less that of decoder-only", "L_R", float(steps[0]), at_most(0.0)))
        rows.append(row(f"{name}: largest rise of L_R as w_KL falls", "L_R", float(steps[1:].max()), at_most(0.0)))
    return rows


def _held_out_rows(quick: bool) -> Rows:
    """Compare the loss of our decoder with that of each class's public decoder, the autoencoder's bound beside."""
    twin, whole = (trained.load(SketchRNN, bundled_only=quick) for trained in (DECODER, DOODLES))
    if twin is None and whole is None:
        return [] if quick else [row(not_trained("held-out loss", DECODER.command), "L_s + L_p a point", None)]
    rows: Rows = []
    near: list[bool] = []
    for name in CLASSES[::4] if quick else CLASSES:
        drawings = held_out(name)
        public = public_likelihood(name, drawings)
        case = f"{name}, {len(drawings)} held-out drawings"
        source: dict[str, Any] = {"reference": public.a_point, "reference_source": f"public decoder of {name}"}
        if twin is not None:
            ours = our_likelihood(twin, name, drawings, SEED)
            near.append(ours.a_point <= public.a_point + _NEAR)
            rows.append(row(case, "L_s + L_p a point", ours.a_point, at_most(public.a_point + _NEAR), **source))
            rows += _parts(case, ours, public)
        if whole is not None:
            bound = our_likelihood(whole, name, drawings, SEED)
            rows.append(row(f"{case}, autoencoder", "(L_R + KL) a point", bound.a_point, **source))
    if near and not quick:
        case = "within 0.05 nats of the public decoder, or below"
        rows.append(row(case, "classes of 16", sum(near), at_least(_CLASSES_NEAR)))
    return rows


def _parts(case: str, ours: Likelihood, public: Likelihood) -> Rows:
    pairs = (("L_s a point", ours.offsets, public.offsets), ("L_p a point", ours.pens, public.pens))
    return [row(case, metric, a, reference=b, reference_source="public decoder") for metric, a, b in pairs]


def _recognised_rows(quick: bool) -> Rows:
    """Count what the classifier recognises: real drawings, the public decoders' and ours."""
    classifier = load_classifier(CLASSIFIER)
    count = 25 if quick else 200
    real = accuracy(classifier, real_drawings())
    public = {
        name: Sketcher(public_decoder(name)).sample(n=count, temperature=TEMPERATURE, seed=SEED) for name in CLASSES
    }
    theirs = accuracy(classifier, public)
    rows = [
        row("real held-out drawings, top 1 of 16", "recognised", real),
        row(f"public decoders, temperature {TEMPERATURE}", "recognised", theirs),
    ]
    model = DOODLES.load(SketchRNN, bundled_only=quick)
    if model is None:
        return rows if quick else [*rows, row(not_trained("sketch/doodles", DOODLES.command), "recognised", None)]
    sketcher = Sketcher(model)
    own = {name: sketcher.sample(n=count, label=name, temperature=TEMPERATURE, seed=SEED) for name in CLASSES}
    share = accuracy(classifier, own)
    case = f"sketch/doodles, temperature {TEMPERATURE}, {count} a class"
    rows.append(row(case, "recognised", share, at_least(theirs), reference=theirs, reference_source="public decoders"))
    rows.append(
        row(
            case, "recognised ÷ real", share / real, at_least(_OF_REAL), reference=1.0, reference_source="real drawings"
        )
    )
    rows += _slerp_rows(sketcher, classifier, own, 10 if quick else 60)
    if not quick:
        _save_sheet(own, public)
        save_figures(sketcher, real_drawings(), SEED)
        _save_sets()
    return rows


def real_drawings() -> dict[str, list[Drawing]]:
    """Return the real drawings that the classifier has not seen, by class: all 22 of the simplified file."""
    data = Dataset.open("quickdraw")
    found: dict[str, list[Drawing]] = {name: [] for name in CLASSES}
    for sample in data:
        if sample.label in found and sample.drawing is not None:
            found[sample.label].append(sample.drawing)
    return found


def _slerp_rows(sketcher: Sketcher, classifier: Classifier, own: dict[str, list[Drawing]], pairs: int) -> Rows:
    """Count pairs of drawings between which every frame is recognised as the class of one of both ends."""
    rng = np.random.default_rng(SEED)
    shares: list[float] = []
    for _ in range(pairs):
        ends = [CLASSES[i] for i in rng.choice(len(CLASSES), 2, replace=False)]
        # drawings that are recognised themselves: others say nothing about the way between them
        chosen = [_recognised(classifier, own[name], name) for name in ends]
        guesses = classifier.guess(rasters(sketcher.morph(chosen, steps=8, seed=SEED)), CLASSES)
        shares.append(float(np.mean([guess in ends for guess in guesses])))
    case = f"slerp between two drawings of different classes, {pairs} pairs of 8 frames"
    whole = float(np.mean(np.array(shares) == 1))
    return [
        row(case, "pairs whose every frame is one of both", whole, at_least(_SLERP)),
        row(case, "frames that are one of both", float(np.mean(shares))),
    ]


def _recognised(classifier: Classifier, drawings: Sequence[Drawing], name: str) -> Drawing:
    guesses = classifier.guess(rasters(drawings), CLASSES)
    return next((d for d, guess in zip(drawings, guesses, strict=True) if guess == name), drawings[0])


def _save_sets() -> None:
    """Show what the models of one class each draw."""
    drawn: dict[str, list[Drawing]] = {}
    for card in sorted(SINGLE & {entry.name for entry in weights.cards()}):
        many = Sketcher(card).sample(n=4 * _IN_A_ROW, temperature=TEMPERATURE, seed=SEED)
        drawn |= {
            f"{card}\n{i + 1} to {i + _IN_A_ROW}": many[i : i + _IN_A_ROW] for i in range(0, len(many), _IN_A_ROW)
        }
    if drawn:
        save_samples("sketch_rnn_sets", drawn)


def _save_sheet(own: dict[str, list[Drawing]], public: dict[str, list[Drawing]]) -> None:
    """Show the first drawings of each class, ours left and the public decoder's right."""
    columns = ["ours"] * _SHEET + ["public decoder"] * _SHEET
    cells = [
        (name, [render_ink(drawing, (128, 128)) for drawing in own[name][:_SHEET] + public[name][:_SHEET]])
        for name in CLASSES
    ]
    save_sheet(RESULTS_DIR / "sketch_rnn.png", columns, cells, cell_px=96, colours=16)
