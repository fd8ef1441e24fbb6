"""Floor plan to rooms, in three runs: the drawer of proposals, the chooser of rooms among them, the namer of rooms.

Their data is CC BY-NC 4.0, and so are the weights: not for commercial use.
"""

from __future__ import annotations

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

PLANS = "strokewright.models.canvas_drawer.rooms.batches:PlanBatches"
CHOICES = "strokewright.recipes.room_choices:RoomChoices"
NAMES = "strokewright.recipes.room_names:RoomNames"


def rooms_propose() -> RunConfig:
    """Each cell of a plan proposes its room's rectangle and colour: the bundled `rooms/proposals`."""
    return RunConfig(
        model=ModelSpec(name="room-drawer"),
        data=DataSpec(
            train=Source(make=PLANS),
            evaluation=Source(make=PLANS, options={"split": "valid", "change": False}),
        ),
        training=TrainingOptions(
            steps=3_000,
            minutes=42.0,
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


def rooms_choose() -> RunConfig:
    """Choose and colour the rectangles: the bundled `rooms/floorplans`. It needs `rooms/proposals`."""
    return RunConfig(
        model=ModelSpec(name="room-chooser"),
        data=DataSpec(
            train=Source(make=CHOICES),
            evaluation=Source(make=CHOICES, options={"split": "valid", "change": False}),
        ),
        training=TrainingOptions(
            steps=5_000,
            minutes=16.0,
            batch_size=8,
            optimiser="adamw",
            learning_rate=1.5e-3,
            weight_decay=0.05,
            warmup_steps=100,
            clip_norm=2.0,
            ema_decay=0.995,
            precision="bf16-mixed",
            log_every=100,
            evaluate_every=500,
            evaluation_batches=10,
            monitor="wrong",
            sample_every=0,
            checkpoint_every=500,
            checkpoint_minutes=5.0,
        ),
    )


def rooms_name() -> RunConfig:
    """Name the rooms, by eight nets at once: the bundled `rooms/types`. It needs `rooms/proposals`.

    Steps, sizes and thresholds were chosen on valid with `data.train.options.splits=["train"]`; then valid is learned.
    """
    return RunConfig(
        model=ModelSpec(name="room-namer"),
        data=DataSpec(train=Source(make=NAMES, options={"splits": ["train", "valid"]})),
        training=TrainingOptions(
            steps=2_800,
            minutes=60.0,
            batch_size=16,
            optimiser="adamw",
            learning_rate=2e-3,
            weight_decay=0.3,
            warmup_steps=50,
            clip_norm=5.0,
            log_every=100,
            sample_every=0,
            checkpoint_every=200,
            checkpoint_minutes=5.0,
        ),
    )
