"""Sketch2Img: small pictures that follow a sketch, from real sketches or from lines made of photos.

All runs fit two cores without a GPU: networks of base 16 or less, a discriminator whose stem halves the picture, and
mixed precision. A step is a batch of 16 pairs.
"""

from __future__ import annotations

from typing import Any

from strokewright.datasets.pairs import OBJECT_CATEGORIES
from strokewright.models.sketch2img import PRESETS
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_GAN = "strokewright.models.sketch2img.gan:Sketch2ImgGAN"
_PAIRS = "strokewright.models.sketch2img.batches:PairBatches"
_CATEGORIES = "strokewright.models.sketch2img.categories:CategoryBatches"
_SMALL: dict[str, Any] = {"base": 16, "noise_size": 64, "discriminator_stride": 2}


def photo_objects() -> RunConfig:
    """Sketches of birds, cars, chairs and dogs into the object drawn: eight of each, the label is the category.

    Which object it is, the sketch alone can tell. Pictures are not mirrored: all objects look one way.
    """
    options = {"data": "object-sketches", "size": 64, "mirror": 0.0}
    return _run("modern", options, categories=OBJECT_CATEGORIES, minutes=75.0)


def _run(
    preset: str, data: dict[str, Any], *, minutes: float, steps: int = 20_000, categories: Any = None, **changes: Any
) -> RunConfig:
    """Return a run of a preset on pairs; changes are fields of the model's config."""
    make, extra = (_PAIRS, {}) if categories is None else (_CATEGORIES, {"categories": categories})
    held_out = {**data, **extra, "split": "valid", "change": False}
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
            learning_rate=5e-4,
            betas=(0.0, 0.99),
            warmup_steps=100,
            final_rate=0.1,
            clip_norm=10.0,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=1000,
            evaluation_batches=8,
            sample_every=500,
            checkpoint_every=500,
            checkpoint_minutes=4.0,
        ),
    )
