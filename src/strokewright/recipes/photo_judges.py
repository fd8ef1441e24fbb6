"""The judges of the benchmark of photos: one for each set, learned from its real training photos."""

from __future__ import annotations

from typing import Any

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_PHOTOS = "strokewright.models.sketch2img.photo_batches:PhotoBatches"
_SEED = 7  # of weights and batches; what the perceptual loss sees through has another


def photo_judge_things() -> RunConfig:
    """Clothes and flowers, 15 classes."""
    return _run({"data": "things"}, minutes=25.0)


def photo_judge_cifar() -> RunConfig:
    """CIFAR-10 at 32 px."""
    return _run({"data": "cifar10", "size": 32}, minutes=25.0)


def photo_judge_objects() -> RunConfig:
    """The 32 renders of the drawing game; all look one way, so none is mirrored."""
    return _run({"data": "object-sketches", "mirror": 0.0}, held_out="train", minutes=3.0)


def photo_judge_emoji() -> RunConfig:
    """Fluent's pictures by group, for their features: groups look too much alike to be told for certain."""
    return _run({"data": "fluent-pairs", "mirror": 0.0}, minutes=3.0)


def photo_judge_pacs() -> RunConfig:
    """The photos of six classes of PACS. Research use."""
    return _run({"data": "pacs-photos"}, minutes=3.0)


def _run(data: dict[str, Any], minutes: float, held_out: str = "valid") -> RunConfig:
    """Return a judge's run.

    Args:
        data: Options of `PhotoBatches`.
        minutes: Budget.
        held_out: Split to evaluate on: of the 32 renders there is only one.
    """
    return RunConfig(
        model=ModelSpec(name="photo-judge"),
        data=DataSpec(
            train=Source(make=_PHOTOS, options=data),
            evaluation=Source(make=_PHOTOS, options={**data, "split": held_out, "in_order": True}),
        ),
        training=TrainingOptions(
            steps=10_000,
            minutes=minutes,
            batch_size=32,
            seed=_SEED,
            optimiser="adamw",
            learning_rate=2e-3,
            weight_decay=0.05,
            warmup_steps=50,
            ema_decay=0.99,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=250,
            evaluation_batches=10,
            sample_every=0,
            checkpoint_every=500,
            checkpoint_minutes=4.0,
        ),
    )
