"""Runs of the drawer on MNIST: Table 1 of the Canvas-Drawer paper, through either canvas."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

PICTURES = "strokewright.models.canvas_drawer.pictures:Pictures"


def digits_four_steps() -> RunConfig:
    """Four strokes with widths a digit, trained through the analytic renderer.

    Differs from the paper in the renderer, and in strokes whose width varies.
    """
    return RunConfig(
        model=ModelSpec(name="drawer", config={"steps": 4, "channels": (32, 48, 96)}),
        data=DataSpec(
            train=Source(make=PICTURES, options={"split": "train"}),
            evaluation=Source(make=PICTURES, options={"split": "valid"}),
        ),
        training=TrainingOptions(
            steps=40_000,
            minutes=24.0,
            batch_size=64,
            learning_rate=1e-3,
            warmup_steps=200,
            clip_norm=1.0,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=200,
            evaluate_every=1000,
            evaluation_batches=16,
            monitor="true_pixels",
            sample_every=5000,
            checkpoint_every=2000,
            checkpoint_minutes=4.0,
        ),
    )


def digits_four_steps_canvas() -> RunConfig:
    """The same drawer trained through the bundled canvas network, as in the paper."""
    return digits_four_steps().replaced({"model.config.canvas": "canvas/strokes", "training.minutes": 17.0})


def digits_four_steps_plain() -> RunConfig:
    """The same drawer without its LSTM: a step knows its number, and looks at picture and canvas together."""
    return digits_four_steps().replaced(
        {"model.config.lstm": False, "model.config.joint": True, "training.minutes": 12.0}
    )


def digits_twenty_steps() -> RunConfig:
    """Twenty strokes a digit in five looks of four, without LSTM: it learns faster and costs little more than four."""
    return digits_four_steps_plain().replaced(
        {
            "model.config.steps": 20,
            "model.config.marks_a_look": 4,
            "model.config.soft_share": 0.1,
            "training.batch_size": 32,
            "training.steps": 36_000,
            "training.minutes": 88.0,
            "training.evaluate_every": 1000,
        }
    )
