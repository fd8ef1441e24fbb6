"""Colored MNIST: a grey digit in, coloured strokes out, a colour for each digit; Figure 11a of Canvas-Drawer."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_DIGITS = "strokewright.models.canvas_drawer.pictures:ColouredDigits"


def digits_coloured() -> RunConfig:
    """Four strokes a digit in the digit's colour, through the analytic renderer.

    The drawer has to read the digit to choose the colour: nothing tells it but the pixels of the target.
    """
    return RunConfig(
        model=ModelSpec(
            name="drawer",
            config={
                "vocabulary": "quadratic-colour",
                "steps": 4,
                "channels": (16, 32, 64),
                "hidden": 128,
                "soft_share": 0.05,
            },
        ),
        data=DataSpec(
            train=Source(make=_DIGITS, options={"split": "train"}),
            evaluation=Source(make=_DIGITS, options={"split": "valid"}),
        ),
        training=TrainingOptions(
            steps=32_000,
            minutes=75.0,
            batch_size=64,
            learning_rate=2e-3,
            warmup_steps=200,
            clip_norm=1.0,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=500,
            evaluation_batches=16,
            monitor="true_pixels",
            sample_every=2000,
            checkpoint_every=1000,
            checkpoint_minutes=4.0,
        ),
    )
