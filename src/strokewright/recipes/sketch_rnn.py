"""Runs of sketch-rnn: on your own drawings, on many classes of doodles, on kanji, characters and icons; Table 1.

The classes, the longest drawing and the unit of a model come from its data, so one recipe fits any set. Every set has
its own train, valid and test drawings; those of the decoders are all train, so no test drawing is ever learned from.
"""

from __future__ import annotations

from typing import Any

from strokewright.models.sketch_rnn.config import PRESETS
from strokewright.recipes.doodles import CLASSES, FOLDER
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_BATCHES = "strokewright.models.sketch_rnn.batches:StepBatches"
_DOODLES = "strokewright.recipes.doodles:doodle_batches"
_KANJI = "sketchrnn/short_kanji.npz"
_CHARACTERS = "sketchrnn/omniglot.npz"


def sketch_rnn_paper() -> RunConfig:
    """The paper's model (layer-norm 512, Hyper 2048) and its training, on your drawings."""
    return _run(PRESETS["paper"])


def sketch_rnn_magenta() -> RunConfig:
    """The public trainer's defaults (LSTM 256 and 512), on your drawings."""
    return _run(PRESETS["magenta"])


def sketch_rnn_small() -> RunConfig:
    """A model that a processor learns in half an hour, on your drawings."""
    return _run(PRESETS["small"]).replaced(_FAST)


def sketch_doodles() -> RunConfig:
    """One autoencoder for 38 classes, asked for by name: `sketch/doodles`.

    It learns from real drawings, and for 16 classes from drawings of the public decoders too: those drawn carefully
    that show their class. Its decoder begins with the weights of a public one.
    """
    code = {"latent_size": 128, "kl_weight": 0.15, "kl_decay": 0.9995, "kl_floor": 0.02}
    run = _doodles({"encoder_size": 256, **code}, ["clear"])
    return run.replaced({"data.train.options.jitter_px": 0.7})


def sketch_doodles_decoder() -> RunConfig:
    """The decoder-only twin of `sketch_doodles`, for 16 classes: its loss can be put beside the public decoders'."""
    return _doodles({"latent_size": 0}, ["full"]).replaced(
        {"data.train.options.classes": list(CLASSES), "data.evaluation.options.classes": list(CLASSES)}
    )


def sketch_kanji() -> RunConfig:
    """Kanji of KanjiVG: `sketch/kanji`."""
    return _on(_KANJI)


def sketch_characters() -> RunConfig:
    """Omniglot's characters: `sketch/characters`."""
    return _on(_CHARACTERS)


def sketch_icons() -> RunConfig:
    """Lucide's icons, on their grid: `sketch/icons`."""
    steps = {"keep_page": True, "epsilon_px": 1.5, "grid_px": 0.5, "fewest_steps": 1, "most_steps": 150}
    run = _on({"path": "lucide", "word": "icon"}, steps=steps)
    return run.replaced({"training.steps": 6000})


def sketch_table_start() -> RunConfig:
    """What all rows of Table 1 begin with: a decoder alone, for any set, named by `--data`."""
    return _table(0.0).replaced({"model.config.latent_size": 0, "training.learning_rate": 2e-3})


def sketch_table() -> RunConfig:
    """Table 1, w_KL 1; `--set model.start=RUN/model` names what it begins with, the run of `sketch_table_start`."""
    return _table(1.0)


def sketch_table_half() -> RunConfig:
    """Table 1, w_KL 0.5."""
    return _table(0.5)


def sketch_table_quarter() -> RunConfig:
    """Table 1, w_KL 0.25."""
    return _table(0.25)


def sketch_table_decoder() -> RunConfig:
    """Table 1, decoder-only, as long as the others."""
    return sketch_table().replaced({"model.config.latent_size": 0})


_FAST: dict[str, Any] = {
    "training.schedule": "cosine",
    "training.steps": 16_000,
    "training.warmup_steps": 100,
    "training.ema_decay": 0.998,
    "training.batch_size": 50,
    "training.precision": "bf16-mixed",
    "training.checkpoint_minutes": 4.0,
    "training.evaluate_every": 250,
    "model.config.padding": "masked",
    "model.config.kl_decay": 0.9997,
}
"""What a run of an hour on a processor has in place of the paper's days: a cosine, an average, small batches (a row
costs nearly the same in one of 50 as in one of 200)."""
_CODE: dict[str, Any] = {
    "latent_size": 64,
    "kl_weight": 0.25,
    "kl_weight_start": 0.002,
    "kl_decay": 0.9997,
    "kl_floor": 0.01,
}
"""Smaller than the paper's, and nearly without a floor: what lies below a floor is free, and a short run spends it on a
lower variance of z, not on what z says (128 units under a floor of 0.2: 24 nats, variance 0.37, means near 0 after 500
steps; after 837, 8 of 24 nats told the decoder something). Then a random z is one that the decoder has never seen."""


def _run(config: dict[str, Any]) -> RunConfig:
    """Return the public trainer's run: Adam, clipping by value, the rate falling to a hundredth by 0.9999 a step."""
    return RunConfig(
        model=ModelSpec(name="sketch-rnn", config=dict(config)),
        data=DataSpec(
            train=Source(make=_BATCHES), evaluation=Source(make=_BATCHES, options={"split": "valid", "window": 1})
        ),
        training=TrainingOptions(
            steps=100_000,
            batch_size=100,
            learning_rate=1e-3,
            schedule="exponential",
            rate_decay=0.9999,
            final_rate=0.01,
            clip_norm=None,
            clip_value=1.0,
            log_every=50,
            evaluate_every=500,
            evaluation_batches=4,
            sample_every=0,
            checkpoint_every=500,
            checkpoint_minutes=4.0,
        ),
    )


def _on(path: str | dict[str, Any], **options: Any) -> RunConfig:
    """Return a run of the sizes of the public trainer's on one set: LSTM 256 and 512."""
    run = _run({**PRESETS["magenta"], **_CODE}).replaced(_FAST)
    held_out = {"split": "valid", "window": 1}
    return run.replaced(
        {
            "data.train.options": {"path": path, **options},
            "data.evaluation.options": {"path": path, **options, **held_out},
        }
    )


def _doodles(config: dict[str, Any], kinds: list[str]) -> RunConfig:
    """Return a run on the doodles; its decoder begins as a public decoder, whose cell it therefore shares."""
    cells = {"encoder_cell": "lstm", "decoder_cell": "lstm", "decoder_size": 512, "recurrent_keep": 1.0}
    run = _run(cells | config).replaced(_FAST)
    return run.replaced(
        {
            "data.train": {"make": _DOODLES, "options": {"kinds": kinds}},
            "data.evaluation": {"make": _DOODLES, "options": {"split": "valid"}},
            "model.start": f"{FOLDER}/start" if config["latent_size"] else f"{FOLDER}/start-decoder",
            "training.clip_norm": 2.0,  # a public decoder meets labels that it does not know
            "training.evaluation_batches": 6,
        }
    )


def _table(weight: float) -> RunConfig:
    """A short run. Rows of Table 1 share their first thousand steps, else they differ by chance more than by w_KL.

    The weight of L_KL rises as in the paper, which here is the beginning of the rise: to 5 % of w_KL in 1,000 steps.
    Faster, and so short a run ends at the floor for all weights.
    """
    cells = {"encoder_cell": "lstm", "encoder_size": 128, "decoder_cell": "lstm", "decoder_size": 256}
    slow = {"kl_weight_start": 0.002, "kl_decay": 0.99995, "kl_floor": 0.01}
    return _run({**cells, "latent_size": 64, "kl_weight": weight}).replaced(
        _FAST
        | {f"model.config.{name}": value for name, value in slow.items()}
        | {
            "data.train.options.jitter_px": 0.7,  # else what is measured is how far spikes on whole pixels have come
            "training.steps": 1000,
            "training.ema_decay": 0.99,
            "training.evaluate_every": 250,
        }
    )
