"""Runs of the room drawer."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

PLANS = "strokewright.models.canvas_drawer.plan_batches:PlanBatches"


def rooms() -> RunConfig:
    """Floor plan to rooms: the bundled `rooms/floorplans`. Its data, and so its weights, are CC BY-NC 4.0."""
    return RunConfig(
        model=ModelSpec(name="room-drawer"),
        data=DataSpec(
            train=Source(make=PLANS),
            evaluation=Source(make=PLANS, options={"split": "valid", "change": False}),
        ),
        training=TrainingOptions(
            steps=3_000,
            batch_size=8,
            optimiser="adamw",
            learning_rate=2e-3,
            weight_decay=0.05,
            warmup_steps=100,
            clip_norm=5.0,
            ema_decay=0.995,
            precision="bf16-mixed",
            log_every=50,
            evaluate_every=250,
            evaluation_batches=10,
            monitor="type_error",
            sample_every=0,
            checkpoint_every=250,
            checkpoint_minutes=5.0,
        ),
    )
