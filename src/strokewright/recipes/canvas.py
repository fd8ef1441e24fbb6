"""Runs of canvas networks: what they imitate, by vocabulary and preset."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

LAYERS = "strokewright.models.canvas_drawer.canvas_actions:Layers"


def canvas_strokes() -> RunConfig:
    """Quadratic strokes with widths, as Skia paints them: the bundled `canvas/strokes`."""
    return RunConfig(
        model=ModelSpec(name="canvas-network", config={"vocabulary": "quadratic"}),
        data=DataSpec(
            train=Source(make=LAYERS, options={"vocabulary": "quadratic"}),
            evaluation=Source(make=LAYERS, options={"vocabulary": "quadratic", "seed": 1, "pool": 1024}),
        ),
        training=TrainingOptions(
            steps=12_000,
            batch_size=64,
            learning_rate=2e-3,
            warmup_steps=50,
            clip_norm=1.0,
            ema_decay=0.998,
            log_every=200,
            evaluate_every=1000,
            evaluation_batches=16,
            monitor="error_share",
            sample_every=0,
            checkpoint_every=2000,
            checkpoint_minutes=4.0,
        ),
    )
