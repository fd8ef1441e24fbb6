"""The sliding drawers that `bench sketches` compares: the rows of the paper's Table 2, and the hierarchy's first pass.

All have the same lessons and patches, seed and number of steps: about ten minutes of one thread each. To draw
without overlap or in flood-fill order takes no training of its own: they learn on single fields with random parts drawn
already, and how the field moves is no part of that.
"""

from __future__ import annotations

from strokewright.recipes.canvas_drawer import SHIPPABLE, WINDOWS, canvas_drawer_lineart
from strokewright.render.protocol import VOCABULARIES
from strokewright.training.config import RunConfig, Source

LESSONS = 1200
"""Batches of random scenes before the first patch."""

SMALL = {"channels": (16, 32, 48), "hidden": 128, "soft_share": 0.8}
"""Half as large as the bundled drawer and twice as fast; edges grow sharp later, as the lessons take a larger share."""


def sketches_ten() -> RunConfig:
    """Up to ten steps with an LSTM: the drawer the others are variants of.

    Differs from the paper in the stop output: ten is the most, not the number of strokes a field.
    """
    run = canvas_drawer_lineart()
    patches = {"sources": SHIPPABLE, "pool": 6000}
    return run.replaced(
        {
            "model.config": {
                **run.model.config,
                **SMALL,
                "steps": 10,
            },
            "data.train.options": {**patches, "lessons": LESSONS, "lesson_every": 3},
            # New patches of the training drawings: the test drawings are for the benchmark alone.
            "data.evaluation": Source(make=WINDOWS, options={**patches, "seed": 9, "pool": 512}),
            "training.steps": 5000,
            "training.evaluate_every": 2500,
            "training.sample_every": 5000,
        }
    )


def sketches_four() -> RunConfig:
    """Up to four steps."""
    return sketches_ten().replaced({"model.config.steps": 4})


def sketches_no_lstm() -> RunConfig:
    """Up to ten steps, each of which knows picture and canvas alone."""
    return sketches_ten().replaced({"model.config.lstm": False})


def sketches_fixed_width() -> RunConfig:
    """Up to ten steps, every stroke 2 px wide, as in the vocabulary `thin`."""
    return sketches_ten().replaced({"model.config.fixed_width_px": VOCABULARIES["thin"].fixed_width_px})


def sketches_128() -> RunConfig:
    """Up to ten steps on fields of 128 px, as many pixels a batch as the others see: the hierarchy's first pass."""
    return sketches_ten().replaced(
        {
            "model.config.field_px": 128,
            "data.train.options.field_px": 128,
            "data.train.options.pool": 1500,
            "data.evaluation.options.field_px": 128,
            "data.evaluation.options.pool": 128,
            "training.batch_size": 12,
        }
    )


def sketches_ten_again() -> RunConfig:
    """The ten-step drawer once more under another seed: how far apart two trainings of one variant lie."""
    return sketches_ten().replaced({"training.seed": 1})
