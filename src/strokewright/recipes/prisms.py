"""The drawer of prisms: one to three boxes from their front, side and top."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

SCENES = "strokewright.models.canvas_drawer.solids:BoxScenes"
SIZE_PX = 24
HELD_OUT_SEED = 1


def prisms() -> RunConfig:
    """Three prisms a scene, each there or not by its alpha, trained through the analytic renderer.

    The views are small: smooth edges tell where a side lies to a part of a pixel, and the corners are refined at the
    pictures' own size when drawing.
    """
    config = {
        "vocabulary": "prism",
        "size_px": SIZE_PX,
        "hint_channels": 9,
        "steps": 3,
        "early_share": 0.2,
        "softness_px": 4.0,
        "soft_share": 0.5,
    }
    return RunConfig(
        model=ModelSpec(name="drawer", config=config),
        data=DataSpec(
            train=Source(make=SCENES, options={"size_px": SIZE_PX, "lessons": 1500}),
            evaluation=Source(make=SCENES, options={"size_px": SIZE_PX, "seed": HELD_OUT_SEED}),
        ),
        training=TrainingOptions(
            steps=30_000,
            minutes=60.0,
            batch_size=32,
            learning_rate=1.5e-3,
            warmup_steps=100,
            ema_decay=0.998,
            log_every=100,
            evaluate_every=1000,
            evaluation_batches=8,
            monitor="true_pixels",
            sample_every=3000,
            checkpoint_every=1000,
            checkpoint_minutes=4.0,
        ),
    )
