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
            steps=4000,
            batch_size=64,
            learning_rate=3e-3,
            warmup_steps=50,
            clip_norm=1.0,
            ema_decay=0.998,
            log_every=200,
            evaluate_every=1000,
            evaluation_batches=16,
            monitor="error_share",
            sample_every=2000,
            checkpoint_every=2000,
            checkpoint_minutes=4.0,
        ),
    )


def canvas_strokes_paper() -> RunConfig:
    """Quadratic strokes by the paper's convolutional network, which sees the state.

    The paper trains 30,000 steps at a rate of 1e-3; the fewer steps here end on a lower rate.
    """
    return canvas_strokes().replaced(
        {
            "model.config.preset": "paper",
            "data.train.options.roll_out": 8,
            "data.train.options.pool": 30_000,
            "data.evaluation.options.roll_out": 8,
            "training.learning_rate": 1e-3,
            "training.ema_decay": 0.99,
            "training.steps": 30_000,
        }
    )


def canvas_thin() -> RunConfig:
    """Strokes of one fixed, thin width."""
    return _speaking("thin")


def canvas_colour() -> RunConfig:
    """Quadratic strokes with LAB colour and alpha."""
    return _speaking("quadratic-colour")


def canvas_rectangles() -> RunConfig:
    """Rectangles by two corners, with LAB colour and alpha."""
    return _speaking("rectangle")


def canvas_prisms() -> RunConfig:
    """Prisms in three views, with LAB colour and alpha."""
    return _speaking("prism").replaced({"model.config.hidden": 64})


def _speaking(vocabulary: str) -> RunConfig:
    parts = ("model.config", "data.train.options", "data.evaluation.options")
    return canvas_strokes().replaced({f"{part}.vocabulary": vocabulary for part in parts})
