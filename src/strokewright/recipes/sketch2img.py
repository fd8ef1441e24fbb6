"""Sketch2Img: small pictures that follow a sketch, from real sketches or from lines made of photos.

All runs are made for two cores without a GPU: base 16, a discriminator whose stem halves the picture, mixed precision,
16 pairs a step. Runs that are compared see the same pairs in the same order and as many of them, unless their minutes
are used up before; each preset keeps its own rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strokewright.datasets.pairs import OBJECT_CATEGORIES
from strokewright.models.sketch2img import PRESETS
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions, TurnOptions

_GAN = "strokewright.models.sketch2img.gan:Sketch2ImgGAN"
_PAIRS = "strokewright.models.sketch2img.batches:PairBatches"
_PHOTOS = "strokewright.models.sketch2img.photo_batches:PhotoBatches"
_CATEGORIES = "strokewright.models.sketch2img.categories:CategoryBatches"
_SMALL: dict[str, Any] = {"base": 16, "noise_size": 64, "discriminator_stride": 2, "diversity_share": 0.125}
_OBJECTS: dict[str, Any] = {"data": "object-sketches", "size": 64, "mirror": 0.0}
_EMOJI: dict[str, Any] = {
    "data": [{"name": "fluent-pairs", "lines": lines} for lines in ("glyph", "outline", "made")],
    "size": 64,
    "mirror": 0.25,
}
_THINGS: dict[str, Any] = {"data": "things", "size": 64, "balanced": True}
_CIFAR: dict[str, Any] = {"data": "cifar10", "size": 32}
_SLIGHT: dict[str, Any] = {"penalty_weight": 0.05, "penalty_weight_end": 0.005}
"""R3GAN's gamma for CIFAR-10; that of the preset is for 64 px."""
_SKETCHY: dict[str, Any] = {"data": "sketchy-pairs", "edges": "sketchy-photos", "edge_batches": 2000, "size": 64}
_EARLIER: dict[str, Any] = {"generator_class_weight": 0.5, "penalty_every": 16}
"""`modern` as it was when the shipped objects and emoji were trained: with lines made of photos its class loss drowned
the others."""
_REPORTED: dict[str, Any] = {
    "generator_class_weight": -1.0,
    "class_on_fakes": True,
    "discriminator_sees_sketch": False,
    "penalty": "none",
    "spectral_norm": True,
    "start": "label",
    "norm": "plain",
}
"""What the report's first program did: see "What went wrong in the report" in the documentation."""


def photo_objects() -> RunConfig:
    """Sketches of birds, cars, chairs and dogs into the object drawn, of which there are eight each.

    In three rows of four the label is the object, in the others its category, and the sketch must tell which object it
    is. Pictures are not mirrored: all objects look one way.
    """
    return _run("modern", _OBJECTS, OBJECT_CATEGORIES, 6000, minutes=75.0, centred=True, l1_weight_end=5.0, **_EARLIER)


def photo_objects_pix2pix() -> RunConfig:
    """The objects by the baseline, a U-Net with a patch discriminator."""
    return _run("pix2pix", _OBJECTS, OBJECT_CATEGORIES, 6000, minutes=40.0, centred=True)


def photo_emoji() -> RunConfig:
    """Line drawings into shaded emoji: glyphs of Fluent, their outlines, and lines made from its pictures."""
    weights: dict[str, Any] = {"l1_weight": 20.0, "l1_weight_end": 20.0, "perceptual_weight": 6.0}
    return _run("modern", _EMOJI, steps=5000, minutes=60.0, **weights, **_EARLIER)


def photo_emoji_pix2pix() -> RunConfig:
    """The emoji by the baseline."""
    return _run("pix2pix", _EMOJI, steps=5000, minutes=30.0)


def photo_things() -> RunConfig:
    """Lines made of photos of clothes and flowers, fifteen classes, back into photos."""
    return _run("modern", _THINGS, steps=4000, minutes=75.0)


def photo_things_pix2pix() -> RunConfig:
    """The clothes and flowers by the baseline."""
    return _run("pix2pix", _THINGS, steps=4000, minutes=40.0)


def photo_cifar() -> RunConfig:
    """CIFAR-10 at 32 px by the preset `modern`: the last row of an ablation that goes from the report to it."""
    return _run("modern", _CIFAR, steps=4000, **_SLIGHT)


def photo_cifar_reported() -> RunConfig:
    """CIFAR-10 as the report's program learned it, faults, scaling and colour jitter too: the ablation's first row."""
    return _run("paper", {**_CIFAR, "scaling": "report", "jitter": 0.2}, steps=4000, **_REPORTED)


def photo_cifar_paper() -> RunConfig:
    """CIFAR-10 by the preset `paper`: the report's losses with their faults mended."""
    return _run("paper", _CIFAR, steps=4000)


def photo_cifar_hinge() -> RunConfig:
    """CIFAR-10 by the preset `paper` with the hinge loss, for which spectral norm stands in for a penalty."""
    return _run("paper", _CIFAR, steps=4000, adversarial="hinge", penalty="none", spectral_norm=True)


def photo_cifar_relativistic() -> RunConfig:
    """CIFAR-10 by the preset `paper` with the relativistic loss and its penalties; `modern` changes more than these."""
    loss = {field: PRESETS["modern"][field] for field in ("adversarial", "penalty", "penalty_every")}
    return _run("paper", _CIFAR, steps=4000, **loss, **_SLIGHT)


def photo_cifar_pix2pix() -> RunConfig:
    """CIFAR-10 by the baseline."""
    return _run("pix2pix", _CIFAR, steps=4000)


def photo_long() -> RunConfig:
    """CIFAR-10 by the preset `modern` at base 8, 8 pairs a step: 20,000 steps in an hour of one core."""
    return _run("modern", _CIFAR, base=8).replaced({"training.batch_size": 8})


def photo_sketchy() -> RunConfig:
    """The real pairs of a part of the Sketchy Database, with photos of its classes for a beginning. Research use."""
    return _run("modern", _SKETCHY, steps=2000, minutes=40.0)


def photo_sketchy_paper() -> RunConfig:
    """The same by the preset `paper`, with SketchyGAN's second loader: nine in ten real pictures are of the photos."""
    return _run("paper", {**_SKETCHY, "real_edge_share": 0.9}, steps=2000, minutes=60.0)


def photo_pacs() -> RunConfig:
    """The real pairs of six classes of PACS. Research use."""
    return _run("modern", {"data": "pacs-pairs", "size": 64}, steps=2000, minutes=40.0)


def photo_features() -> RunConfig:
    """A classifier of the photos of clothes and flowers, for the perceptual loss: `model.config.feature_net`."""
    return RunConfig(
        model=ModelSpec(name="photo-classifier"),
        data=DataSpec(
            train=Source(make=_PHOTOS, options={"data": "things"}),
            evaluation=Source(make=_PHOTOS, options={"data": "things", "split": "valid", "in_order": True}),
        ),
        training=TrainingOptions(
            steps=4000,
            minutes=15.0,
            batch_size=32,
            learning_rate=2e-3,
            optimiser="adamw",
            weight_decay=0.02,
            warmup_steps=100,
            ema_decay=0.99,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=250,
            checkpoint_every=500,
            checkpoint_minutes=4.0,
        ),
    )


def _run(
    preset: str,
    data: dict[str, Any],
    categories: Mapping[str, Sequence[str]] | None = None,
    steps: int = 20_000,
    minutes: float | None = None,
    **changes: Any,
) -> RunConfig:
    """Return a run of a preset on pairs; changes are fields of the model's config."""
    make, extra = (
        (_PAIRS, {}) if categories is None else (_CATEGORIES, {"categories": categories, "category_share": 0.25})
    )
    held_out = {**data, **extra, "split": "valid", "change": False, "balanced": False}
    return RunConfig(
        model=ModelSpec(name=_GAN, config={**PRESETS[preset], **_SMALL, **changes}),
        data=DataSpec(
            train=Source(make=make, options={**data, **extra}),
            evaluation=Source(make=make, options=held_out),
        ),
        training=TrainingOptions(
            steps=steps,
            minutes=minutes,
            batch_size=16,
            warmup_steps=100,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=1000,
            sample_every=500,
            checkpoint_every=500,
            checkpoint_minutes=4.0,
            **_RATES[preset],
        ),
    )


_RATES: dict[str, dict[str, Any]] = {
    "modern": {"learning_rate": 5e-4, "betas": (0.0, 0.99), "final_rate": 0.1, "clip_norm": 10.0},
    "paper": {
        "learning_rate": 4e-4,
        "betas": (0.0, 0.9),
        "turns": {"generator": TurnOptions(rate_share=0.5)},
        "final_rate": 0.2,
        "clip_norm": 50.0,
        "weight_decay": 1e-5,
    },
    "pix2pix": {"learning_rate": 2e-4, "betas": (0.5, 0.999), "final_rate": 0.1, "clip_norm": None},
}
"""Rates of each preset: ours for small networks and short runs, SketchyGAN's, and pix2pix's."""
