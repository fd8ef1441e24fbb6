"""Runs of the canvas drawer."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

WINDOWS = "strokewright.models.canvas_drawer.windows:Windows"
SHIPPABLE = {"tuberlin": 0.35, "lucide": 0.15, "quickdraw": 0.2, "omniglot": 0.2, "random": 0.1}
"""Sources whose licences put no terms on the weights beyond naming them: OpenMoji's share-alike leaves it out."""

LESSONS = 3500
"""Batches of random scenes before the first patch."""


def canvas_drawer_lineart() -> RunConfig:
    """Line art of any size through a sliding field of 64 px: the bundled `trace/lineart`.

    Differs from the paper in up to six steps with a stop in place of ten, in the analytic renderer, and in the lessons
    on random scenes that come first.
    """
    return RunConfig(
        model=ModelSpec(
            name="line-drawer",
            config={
                "steps": 6,
                "channels": (24, 48, 64),
                "hidden": 192,
                "softness_px": 2.0,
                "soft_share": 0.6,
                "stop_share": 0.0,
                "price_px": 12.0,
            },
        ),
        data=DataSpec(
            train=Source(make=WINDOWS, options={"sources": SHIPPABLE, "lessons": LESSONS, "lesson_every": 3}),
            evaluation=Source(make=WINDOWS, options={"sources": SHIPPABLE, "held_out": True, "pool": 512}),
        ),
        training=TrainingOptions(
            steps=30_000,
            batch_size=48,
            learning_rate=1e-3,
            warmup_steps=100,
            clip_norm=1.0,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=1000,
            evaluation_batches=8,
            monitor="true_pixels",
            sample_every=1000,
            checkpoint_every=1000,
            checkpoint_minutes=4.0,
        ),
    )
