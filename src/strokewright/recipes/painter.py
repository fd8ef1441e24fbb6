"""Runs of the painter: synthetic sets, digits, characters, faces, photos; DRAW and AIR beside it.

The thesis trains on pixels alone. Ours are taught at first, where a picture comes with its truth (`lesson`), and read
around each move (`looks`); `painter_setting_a` to `painter_setting_j` are the ten settings of the thesis' Figure 5.9,
without either.

Source: Jaques, "Teaching Machines to Paint" (2016), sections 1.3 and chapters 4 and 5.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions

_SCENES = "strokewright.datasets.shapes:SceneBatches"
_PICTURES = "strokewright.models.painter.batches:Lightness"
_BATCH = 100  # the thesis'

_TRAINING = TrainingOptions(
    steps=20_000,
    minutes=15.0,
    batch_size=_BATCH,
    learning_rate=2e-3,
    clip_norm=1.0,
    ema_decay=0.995,
    log_every=100,
    evaluate_every=1000,
    evaluation_batches=4,
    sample_every=250,
    checkpoint_every=2000,
    checkpoint_minutes=4.0,
)
_TAUGHT: dict[str, Any] = {
    "feels": True,
    "looks": 10,
    "replacements": 2,
    "taught_looks": 2,
    "early_share": 0.3,
    "softness_px": 2.0,
    "soft_share": 0.5,
    "lesson": 3.0,
}
_SORTED: dict[str, Any] = {
    "sorter": "depth",
    "seeks_colour": True,
    "polish": 40,
    "restacks": 2,
    "usual_weight": 0.01,
}


def _scenes(name: str, model: str, config: dict[str, Any], **training: Any) -> RunConfig:
    """A run on a synthetic set."""
    return RunConfig(
        model=ModelSpec(name=model, config=config),
        data=DataSpec(
            train=Source(make=_SCENES, options={"name": name}),
            evaluation=Source(make=_SCENES, options={"name": name, "split": "valid", "count": 1000}),
        ),
        training=_TRAINING.model_copy(update=training),
    )


def _pictures(dataset: str, config: dict[str, Any], options: dict[str, Any], **training: Any) -> RunConfig:
    """A run on real pictures."""
    plain = {name: value for name, value in options.items() if name not in ("mirrored", "change")}
    return RunConfig(
        model=ModelSpec(name="painter", config=config),
        data=DataSpec(
            train=Source(make=_PICTURES, options={"dataset": dataset, "split": "train"} | options),
            evaluation=Source(make=_PICTURES, options={"dataset": dataset, "split": "valid"} | plain),
        ),
        training=_TRAINING.model_copy(update={"monitor": "true_pixels"} | training),
    )


def painter_two_rectangles() -> RunConfig:
    """The simple painter on 2-Rectangles."""
    return _scenes("2-rectangles", "painter", _TAUGHT)


def painter_two_rectangles_recurrent() -> RunConfig:
    """The recurrent painter."""
    return painter_two_rectangles().replaced({"model.config.network": "recurrent"})


def painter_two_rectangles_canvas() -> RunConfig:
    """The canvas-recurrent painter."""
    return painter_two_rectangles().replaced({"model.config.network": "canvas-recurrent"})


def painter_two_rectangles_untaught() -> RunConfig:
    """The simple painter with corrections, by pixels alone."""
    return painter_two_rectangles().replaced({"model.config.lesson": 0.0, "model.config.softness_px": 8.0})


def painter_variational() -> RunConfig:
    """A variational painter that paints: noisy moves, a prior that is learned, a cost that comes late."""
    return _scenes(
        "2-rectangles", "painter", _TAUGHT | {"latent": "moves", "cost_share": 0.5, "cost_weight": 1.0}, minutes=20.0
    )


def painter_mixed() -> RunConfig:
    """Black on white and white on black: three moves, one of them for the page."""
    return _scenes("2-rectangles-mixed", "painter", _TAUGHT | {"moves": 3, "sorter": "depth"})


def painter_four_rectangles() -> RunConfig:
    """Four rectangles."""
    config = _TAUGHT | {"moves": 4, "looks": 16, "taught_looks": 3, "hidden": 384}
    return _scenes("4-rectangles", "painter", config, steps=30_000, minutes=30.0)


def painter_zero_to_two() -> RunConfig:
    """None, one or two rectangles, with a stop."""
    return _scenes("0to2-rectangles", "painter", _TAUGHT | {"stops": True})


def painter_two_shapes() -> RunConfig:
    """Squares and circles."""
    return _scenes("2-shapes", "painter", _TAUGHT | {"templates": ("square", "circle")})


def painter_two_shapes_untaught() -> RunConfig:
    """Squares and circles by pixels alone."""
    return painter_two_shapes().replaced({"model.config.lesson": 0.0, "model.config.softness_px": 8.0})


def painter_learnable_templates() -> RunConfig:
    """Squares and circles by two templates that begin as a circle and a line and are learned."""
    return painter_two_shapes().replaced({"model.config.templates": ("line", "circle"), "model.config.learnable": True})


def painter_occlusion_unsorted() -> RunConfig:
    """Two rectangles, one over the other, painted in a fixed order."""
    return _scenes("2-rectangles-occlusion", "painter", _TAUGHT)


def painter_occlusion_pair() -> RunConfig:
    """The same with the thesis' sorter for two."""
    return painter_occlusion_unsorted().replaced({"model.config.sorter": "pair"})


def painter_occlusion_two() -> RunConfig:
    """The same with the sorter that scales."""
    sizes = {"usual_size": (-0.79, 0.25)}  # of training pictures
    return _scenes("2-rectangles-occlusion", "painter", _TAUGHT | _SORTED | sizes)


def painter_occlusion_five() -> RunConfig:
    """Five rectangles over one another."""
    sizes = {"usual_size": (-0.96, 0.24)}  # of training pictures
    config = _TAUGHT | _SORTED | sizes | {"moves": 5, "looks": 16, "taught_looks": 3, "hidden": 384}
    run = _scenes("5-rectangles-occlusion", "painter", config, steps=30_000, minutes=30.0)
    return run.replaced({"training.evaluation_batches": 1})


def painter_occlusion_five_unsorted() -> RunConfig:
    """Five rectangles over one another, painted in a fixed order."""
    unsorted = {"model.config.sorter": "none", "model.config.polish": 0, "model.config.restacks": 0}
    return painter_occlusion_five().replaced(unsorted)


def painter_setting(latent: str, cost: str, entropy_loss: bool) -> RunConfig:
    """One of the ten settings: the thesis' simple painter, 10,000 batches."""
    config = {"latent": latent, "cost": cost, "entropy_loss": entropy_loss}
    return _scenes(
        "2-rectangles", "painter", config, steps=10_000, minutes=5.0, learning_rate=1e-3, schedule="constant"
    )


_PARTS = (("variational", "full"), ("noise", "mean"), ("none", "mean"), ("noise", "none"), ("none", "none"))
SETTINGS = {
    letter: (latent, cost, entropy_loss)
    for letter, (entropy_loss, (latent, cost)) in zip(
        "abcdefghij", [(entropy, part) for entropy in (True, False) for part in _PARTS], strict=True
    )
}
"""Figure 5.9: letter → latent, cost, whether the loss is the cross-entropy."""

painter_setting_a = partial(painter_setting, *SETTINGS["a"])
painter_setting_b = partial(painter_setting, *SETTINGS["b"])
painter_setting_c = partial(painter_setting, *SETTINGS["c"])
painter_setting_d = partial(painter_setting, *SETTINGS["d"])
painter_setting_e = partial(painter_setting, *SETTINGS["e"])
painter_setting_f = partial(painter_setting, *SETTINGS["f"])
painter_setting_g = partial(painter_setting, *SETTINGS["g"])
painter_setting_h = partial(painter_setting, *SETTINGS["h"])
painter_setting_i = partial(painter_setting, *SETTINGS["i"])
painter_setting_j = partial(painter_setting, *SETTINGS["j"])


def t_draw_rectangles() -> RunConfig:
    """T-DRAW on 2-Rectangles; it fails."""
    config = {"template": "square"}
    return _scenes("2-rectangles", "draw", config, steps=10_000, minutes=10.0, learning_rate=1e-3, ema_decay=0.0)


def t_air_rectangles() -> RunConfig:
    """T-AIR on 2-Rectangles; it fails."""
    return t_draw_rectangles().replaced({"model.name": "air"})


def _digits(model: str, config: dict[str, Any]) -> RunConfig:
    run = _pictures("mnist", config, {}, steps=20_000, minutes=20.0, learning_rate=1e-3, monitor="loss")
    return run.replaced({"model.name": model})


def draw_digits() -> RunConfig:
    """DRAW on digits, 20 steps."""
    return _digits("draw", {"steps": 20})


def t_draw_digits() -> RunConfig:
    """T-DRAW on digits, 20 moves of a circle."""
    return _digits("draw", {"steps": 20, "template": "circle"})


def air_digits() -> RunConfig:
    """AIR on digits, 3 objects."""
    return _digits("air", {"steps": 3})


def t_air_digits() -> RunConfig:
    """T-AIR on digits, 20 moves of a circle."""
    return _digits("air", {"steps": 20, "template": "circle"})


_FREE: dict[str, Any] = {
    "templates": ("circle",),
    "freedom": "turned",
    "encoder": "convolutional",
    "reads_colour": True,
    "looks": 2,
    "early_share": 0.3,
    "softness_px": 1.0,
}


def painter_digits() -> RunConfig:
    """MNIST, 20 moves of a circle."""
    config = _FREE | {"moves": 20, "channels": (16, 32)}
    return _pictures("mnist", config, {}, batch_size=64, learning_rate=1e-3, minutes=30.0, steps=15_000)


def painter_characters() -> RunConfig:
    """Omniglot, 105×105, 40 moves of a circle; the encoder sees half the size."""
    size = {"size_px": 105, "seen_px": 52, "coarse_px": 52, "channels": (16, 32, 32)}
    config = _FREE | size | {"moves": 40, "feels": True, "looks": 12, "taught_looks": 3}
    options = {"size_px": 105, "change": 0.05}
    return _pictures("omniglot", config, options, batch_size=16, learning_rate=1e-3, minutes=55.0, steps=15_000)


def painter_faces() -> RunConfig:
    """Faces, 100×100, 40 moves of a circle; the encoder sees half the size."""
    size = {"size_px": 100, "seen_px": 50, "coarse_px": 50, "channels": (16, 32, 32)}
    config = (
        _FREE
        | size
        | {"moves": 40, "opening": "coarse-to-fine", "feels": True, "looks": 48, "taught_looks": 4, "replacements": 2}
    )
    options = {"size_px": 100, "mirrored": True, "change": 0.08}
    training = {"batch_size": 8, "evaluation_batches": 5, "learning_rate": 1e-3, "minutes": 55.0, "steps": 15_000}
    return _pictures("faces", config, options, **training)


def painter_faces_hundred() -> RunConfig:
    """Faces in 100 moves."""
    return painter_faces().replaced({"model.config.moves": 100, "training.batch_size": 4})


def painter_faces_plain() -> RunConfig:
    """Faces as the thesis paints them: no colours read, no corrections."""
    plain = {"reads_colour": False, "feels": False, "looks": 0, "replacements": 0, "opening": "even"}
    return painter_faces().replaced({f"model.config.{name}": value for name, value in plain.items()})


def painter_photos() -> RunConfig:
    """CIFAR-10 in grey, 60 moves of a circle."""
    config = _FREE | {"moves": 60, "opening": "coarse-to-fine", "size_px": 32, "channels": (16, 32)}
    options = {"size_px": 32, "mirrored": True}
    return _pictures("cifar10", config, options, batch_size=48, learning_rate=1e-3, minutes=55.0, steps=20_000)


def painter_photos_coloured() -> RunConfig:
    """CIFAR-10 in colour, 60 moves of a circle."""
    changes = {f"data.{part}.options.colours": 3 for part in ("train", "evaluation")}
    return painter_photos().replaced({"model.config.colours": 3} | changes)
