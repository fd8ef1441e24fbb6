"""A run of a few seconds on made-up strokes: shows that training works on a machine, and needs no data."""

from __future__ import annotations

from strokewright.datasets.patches import Ink, Patches
from strokewright.datasets.patches import Source as PatchSource
from strokewright.datasets.random_strokes import RandomStrokes
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

FIELD_PX = 32


class RandomPatches:
    """Pictures of one to three random strokes, with part of them on the canvas."""

    def __init__(self, seed: int = 0) -> None:
        strokes = RandomStrokes(10_000, float(FIELD_PX), (1, 3), (1.0, 4.0), seed)
        self._patches = Patches(
            {"random": PatchSource(strokes, (FIELD_PX, FIELD_PX), True)}, {"random": 1.0}, FIELD_PX, seed=seed
        )

    def batch(self, index: int, batch_size: int) -> dict[str, Ink]:
        """Return ink and canvas, each (batch_size, 32, 32)."""
        ink, canvas = self._patches.batch(index, batch_size)
        return {"ink": ink, "canvas": canvas}


def smoke() -> RunConfig:
    """Return a run of a very small canvas drawer."""
    place = f"{__name__}:RandomPatches"
    small = {"field_px": FIELD_PX, "steps": 3, "channels": (8, 8, 8), "hidden": 32}
    return RunConfig(
        model=ModelSpec(name="line-drawer", config=small),
        data=DataSpec(train=Source(make=place), evaluation=Source(make=place, options={"seed": 1})),
        training=TrainingOptions(
            steps=100,
            batch_size=16,
            ema_decay=0.9,
            log_every=10,
            evaluate_every=50,
            sample_every=50,
            checkpoint_every=50,
        ),
    )
