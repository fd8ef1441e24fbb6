"""Runs of canvas networks: what they imitate, by vocabulary and preset; and `train_canvas`, for one's own renderer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import ValidationError

from strokewright.errors import OptionError
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

if TYPE_CHECKING:  # neither torch nor NumPy is imported for the names of recipes
    import numpy as np
    from numpy.typing import NDArray

    from strokewright.models.canvas_drawer.canvas.network import CanvasNetwork
    from strokewright.render.protocol import ActionRenderer, Floats, Vocabulary
    from strokewright.training.sitting import Callback

LAYERS = "strokewright.models.canvas_drawer.canvas.actions:Layers"
_WAVES = 12  # across the width: one's own brush may have bristles
_SPARE_PX = 0.5  # beyond the farthest ink that was seen


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
            learning_rate=5e-3,
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

    The paper trains 30,000 steps at a rate of 1e-3; where the minutes end before, the rate has fallen by then.
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
            "training.minutes": 85.0,
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


def train_canvas(
    renderer: ActionRenderer,
    vocabulary: str | Vocabulary,
    size: int = 64,
    preset: Literal["coordinate", "paper"] = "coordinate",
    minutes: float = 5.0,
    out: str | Path | None = None,
    seed: int = 0,
    overrides: Iterable[str] = (),
    callback: Callback | None = None,
) -> CanvasNetwork:
    """Train a canvas network that imitates a renderer of your own.

    Args:
        renderer: Any function from action rows (n, columns) in [0, 1] to layers (n, size, size) of ink, 0 = bare
            paper, or (n, channels, size, size); see `ActionRenderer`. It is tried first.
        vocabulary: What the columns mean: a name in the table, or a `Vocabulary` of your own.
        size: Side of the layers in pixels. Preset "coordinate" then works on other sizes, too.
        preset: "coordinate", small and exact; "paper", the paper's residual network, which takes far longer.
        minutes: Budget of training time.
        out: The run folder; None: nothing is kept but what is returned.
        seed: Seed of the actions and the weights.
        overrides: Changes of the run such as "model.config.hidden=64".
        callback: Called with an Event after each step.

    Returns:
        The network: `layer(canvas, action)` paints with gradient, `fidelity(renderer)` measures.

    Raises:
        OptionError: A vocabulary that is unknown or cannot be imitated, layers of a wrong shape or range, always blank
            or always the same, or a folder that holds a run.
    """
    from strokewright.models.canvas_drawer.canvas.actions import Layers, check_renderer
    from strokewright.recipes import train

    words = find_vocabulary(vocabulary)
    tried = check_renderer(renderer, words, size)
    run_config = own_canvas(words, tried, size, preset).replaced({"training.minutes": minutes, "training.seed": seed})
    layers = Layers(seed, words, renderer, size, roll_out=1 if preset == "coordinate" else 8)
    with nullcontext(out) if out is not None else TemporaryDirectory() as folder:
        run = train(run_config, data=layers, out=folder, overrides=overrides, callback=callback)
        return cast("CanvasNetwork", run.model())


def find_vocabulary(vocabulary: str | Vocabulary) -> Vocabulary:
    """Return a vocabulary by its name, or check one of the user's own.

    Raises:
        OptionError: No such name, an own one of that name that differs from ours, or one that no network imitates.
    """
    from strokewright.models.canvas_drawer.canvas.network import OwnVocabulary
    from strokewright.render.protocol import VOCABULARIES

    if isinstance(vocabulary, str):
        if vocabulary not in VOCABULARIES:
            raise OptionError(f"vocabulary: expected one of {', '.join(VOCABULARIES)}, got {vocabulary!r}")
        return VOCABULARIES[vocabulary]
    if VOCABULARIES.get(vocabulary.name, vocabulary) is not vocabulary:
        raise OptionError(f"vocabulary: expected a name of its own, got ours, {vocabulary.name!r}; choose another name")
    if vocabulary.name not in VOCABULARIES:
        try:
            OwnVocabulary(**_facts(vocabulary))
        except ValidationError as error:
            first = error.errors()[0]
            raise OptionError(
                f"vocabulary {vocabulary.name!r}: {first['loc'][0]}: a canvas network cannot imitate this: "
                f"{first['msg']}, got {first['input']!r}"
            ) from error
    return vocabulary


def _facts(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return what a network remembers of a user's own vocabulary: the fields of `OwnVocabulary`."""
    return {name: value for name, value in asdict(vocabulary).items() if name not in ("name", "make_mark")}


def own_canvas(vocabulary: Vocabulary, tried: tuple[Floats, NDArray[np.float32]], size: int, preset: str) -> RunConfig:
    """Return the run of a canvas network for a renderer of which some actions and their ink were `tried`."""
    import torch

    from strokewright.models.canvas_drawer.canvas.coordinate import measure_reach
    from strokewright.render.protocol import VOCABULARIES

    model: dict[str, Any] = {"vocabulary": vocabulary.name, "preset": preset, "size_px": size}
    if vocabulary.name not in VOCABULARIES:
        model["own"] = _facts(vocabulary)
    actions, ink = (torch.from_numpy(part).float() for part in tried)
    model["waves"] = _WAVES
    model["reach_px"] = measure_reach(vocabulary, actions, ink) + _SPARE_PX
    base = canvas_strokes() if preset == "coordinate" else canvas_strokes_paper()
    changes = {
        "steps": 30_000,
        "evaluate_every": 0,
        "sample_every": 0,
        "prefetch": 0,
    }  # the renderer stays in one thread
    training = base.training.model_copy(update=changes)
    return RunConfig(recipe="train_canvas", model=ModelSpec(name="canvas-network", config=model), training=training)
