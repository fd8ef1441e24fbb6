"""Ten strokes a character: the Omniglot drawer of Canvas-Drawer, Figure 6g, which also draws what is no character."""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_CHARACTERS = "strokewright.models.canvas_drawer.characters:Characters"


def characters() -> RunConfig:
    """Learn the characters of drawers 1 to 14, thickened and turned at random; drawers 15 to 17 say when it is good.

    In five looks and without LSTM, as the drawer of twenty strokes: it learns faster.
    """
    return RunConfig(
        model=ModelSpec(
            name="drawer",
            config={
                "steps": 10,
                "marks_a_look": 2,
                "channels": (32, 48, 96),
                "lstm": False,
                "joint": True,
                "soft_share": 0.15,
            },
        ),
        data=DataSpec(
            train=Source(make=_CHARACTERS, options={"split": "train"}),
            evaluation=Source(make=_CHARACTERS, options={"split": "valid"}),
        ),
        training=TrainingOptions(
            steps=16_000,
            minutes=40.0,
            batch_size=32,
            learning_rate=1e-3,
            warmup_steps=200,
            clip_norm=1.0,
            ema_decay=0.998,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=500,
            evaluation_batches=16,
            monitor="true_pixels",
            sample_every=1000,
            checkpoint_every=1000,
            checkpoint_minutes=4.0,
        ),
    )
