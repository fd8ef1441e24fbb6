"""The recipes: one function a run, returning a full RunConfig. This file is their table, and `train`.

A new recipe is one function and one line here. A variant calls another recipe and replaces fields:
`return canvas_drawer().replaced({"training.steps": 1000})`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from strokewright.errors import OptionError
from strokewright.models import import_object
from strokewright.training.config import RunConfig, parse_overrides

if TYPE_CHECKING:  # torch is only imported once a run starts
    from strokewright.training.data import BatchSource
    from strokewright.training.run import Run
    from strokewright.training.sitting import Callback

RECIPES: dict[str, str] = {
    "canvas_strokes": "strokewright.recipes.canvas:canvas_strokes",
    "canvas_strokes_paper": "strokewright.recipes.canvas:canvas_strokes_paper",
    "canvas_thin": "strokewright.recipes.canvas:canvas_thin",
    "canvas_colour": "strokewright.recipes.canvas:canvas_colour",
    "canvas_rectangles": "strokewright.recipes.canvas:canvas_rectangles",
    "canvas_prisms": "strokewright.recipes.canvas:canvas_prisms",
    "canvas_drawer_lineart": "strokewright.recipes.canvas_drawer:canvas_drawer_lineart",
    "characters": "strokewright.recipes.characters:characters",
    "digits_coloured": "strokewright.recipes.coloured:digits_coloured",
    "digits_four_steps": "strokewright.recipes.digits:digits_four_steps",
    "digits_four_steps_canvas": "strokewright.recipes.digits:digits_four_steps_canvas",
    "digits_four_steps_plain": "strokewright.recipes.digits:digits_four_steps_plain",
    "digits_twenty_steps": "strokewright.recipes.digits:digits_twenty_steps",
    "sketches_128": "strokewright.recipes.sketches:sketches_128",
    "sketches_fixed_width": "strokewright.recipes.sketches:sketches_fixed_width",
    "sketches_four": "strokewright.recipes.sketches:sketches_four",
    "sketches_no_lstm": "strokewright.recipes.sketches:sketches_no_lstm",
    "sketches_ten": "strokewright.recipes.sketches:sketches_ten",
    "sketches_ten_again": "strokewright.recipes.sketches:sketches_ten_again",
    "photo_cifar": "strokewright.recipes.sketch2img:photo_cifar",
    "photo_cifar_hinge": "strokewright.recipes.sketch2img:photo_cifar_hinge",
    "photo_cifar_paper": "strokewright.recipes.sketch2img:photo_cifar_paper",
    "photo_cifar_pix2pix": "strokewright.recipes.sketch2img:photo_cifar_pix2pix",
    "photo_cifar_relativistic": "strokewright.recipes.sketch2img:photo_cifar_relativistic",
    "photo_cifar_reported": "strokewright.recipes.sketch2img:photo_cifar_reported",
    "photo_emoji": "strokewright.recipes.sketch2img:photo_emoji",
    "photo_emoji_pix2pix": "strokewright.recipes.sketch2img:photo_emoji_pix2pix",
    "photo_features": "strokewright.recipes.sketch2img:photo_features",
    "photo_judge_cifar": "strokewright.recipes.photo_judges:photo_judge_cifar",
    "photo_judge_emoji": "strokewright.recipes.photo_judges:photo_judge_emoji",
    "photo_judge_objects": "strokewright.recipes.photo_judges:photo_judge_objects",
    "photo_judge_pacs": "strokewright.recipes.photo_judges:photo_judge_pacs",
    "photo_judge_things": "strokewright.recipes.photo_judges:photo_judge_things",
    "photo_long": "strokewright.recipes.sketch2img:photo_long",
    "photo_objects": "strokewright.recipes.sketch2img:photo_objects",
    "photo_objects_pix2pix": "strokewright.recipes.sketch2img:photo_objects_pix2pix",
    "photo_pacs": "strokewright.recipes.sketch2img:photo_pacs",
    "photo_sketchy": "strokewright.recipes.sketch2img:photo_sketchy",
    "photo_sketchy_paper": "strokewright.recipes.sketch2img:photo_sketchy_paper",
    "photo_things": "strokewright.recipes.sketch2img:photo_things",
    "photo_things_pix2pix": "strokewright.recipes.sketch2img:photo_things_pix2pix",
    "rooms_choose": "strokewright.recipes.rooms:rooms_choose",
    "rooms_name": "strokewright.recipes.rooms:rooms_name",
    "rooms_propose": "strokewright.recipes.rooms:rooms_propose",
    "prisms": "strokewright.recipes.prisms:prisms",
    "sketch_rnn_paper": "strokewright.recipes.sketch_rnn:sketch_rnn_paper",
    "sketch_rnn_magenta": "strokewright.recipes.sketch_rnn:sketch_rnn_magenta",
    "sketch_rnn_small": "strokewright.recipes.sketch_rnn:sketch_rnn_small",
    "sketch_doodles": "strokewright.recipes.sketch_rnn:sketch_doodles",
    "sketch_doodles_decoder": "strokewright.recipes.sketch_rnn:sketch_doodles_decoder",
    "sketch_kanji": "strokewright.recipes.sketch_rnn:sketch_kanji",
    "sketch_characters": "strokewright.recipes.sketch_rnn:sketch_characters",
    "sketch_icons": "strokewright.recipes.sketch_rnn:sketch_icons",
    "sketch_table_start": "strokewright.recipes.sketch_rnn:sketch_table_start",
    "sketch_table": "strokewright.recipes.sketch_rnn:sketch_table",
    "sketch_table_half": "strokewright.recipes.sketch_rnn:sketch_table_half",
    "sketch_table_quarter": "strokewright.recipes.sketch_rnn:sketch_table_quarter",
    "sketch_table_decoder": "strokewright.recipes.sketch_rnn:sketch_table_decoder",
    "painter_two_rectangles": "strokewright.recipes.painter:painter_two_rectangles",
    "painter_two_rectangles_recurrent": "strokewright.recipes.painter:painter_two_rectangles_recurrent",
    "painter_two_rectangles_canvas": "strokewright.recipes.painter:painter_two_rectangles_canvas",
    "painter_two_rectangles_untaught": "strokewright.recipes.painter:painter_two_rectangles_untaught",
    "painter_variational": "strokewright.recipes.painter:painter_variational",
    "painter_mixed": "strokewright.recipes.painter:painter_mixed",
    "painter_four_rectangles": "strokewright.recipes.painter:painter_four_rectangles",
    "painter_zero_to_two": "strokewright.recipes.painter:painter_zero_to_two",
    "painter_two_shapes": "strokewright.recipes.painter:painter_two_shapes",
    "painter_two_shapes_untaught": "strokewright.recipes.painter:painter_two_shapes_untaught",
    "painter_learnable_templates": "strokewright.recipes.painter:painter_learnable_templates",
    "painter_occlusion_unsorted": "strokewright.recipes.painter:painter_occlusion_unsorted",
    "painter_occlusion_pair": "strokewright.recipes.painter:painter_occlusion_pair",
    "painter_occlusion_two": "strokewright.recipes.painter:painter_occlusion_two",
    "painter_occlusion_five": "strokewright.recipes.painter:painter_occlusion_five",
    "painter_occlusion_five_unsorted": "strokewright.recipes.painter:painter_occlusion_five_unsorted",
    "painter_setting_a": "strokewright.recipes.painter:painter_setting_a",
    "painter_setting_b": "strokewright.recipes.painter:painter_setting_b",
    "painter_setting_c": "strokewright.recipes.painter:painter_setting_c",
    "painter_setting_d": "strokewright.recipes.painter:painter_setting_d",
    "painter_setting_e": "strokewright.recipes.painter:painter_setting_e",
    "painter_setting_f": "strokewright.recipes.painter:painter_setting_f",
    "painter_setting_g": "strokewright.recipes.painter:painter_setting_g",
    "painter_setting_h": "strokewright.recipes.painter:painter_setting_h",
    "painter_setting_i": "strokewright.recipes.painter:painter_setting_i",
    "painter_setting_j": "strokewright.recipes.painter:painter_setting_j",
    "t_draw_rectangles": "strokewright.recipes.painter:t_draw_rectangles",
    "t_air_rectangles": "strokewright.recipes.painter:t_air_rectangles",
    "draw_digits": "strokewright.recipes.painter:draw_digits",
    "t_draw_digits": "strokewright.recipes.painter:t_draw_digits",
    "air_digits": "strokewright.recipes.painter:air_digits",
    "t_air_digits": "strokewright.recipes.painter:t_air_digits",
    "painter_digits": "strokewright.recipes.painter:painter_digits",
    "painter_characters": "strokewright.recipes.painter:painter_characters",
    "painter_faces": "strokewright.recipes.painter:painter_faces",
    "painter_faces_hundred": "strokewright.recipes.painter:painter_faces_hundred",
    "painter_faces_plain": "strokewright.recipes.painter:painter_faces_plain",
    "painter_photos": "strokewright.recipes.painter:painter_photos",
    "painter_photos_coloured": "strokewright.recipes.painter:painter_photos_coloured",
    "smoke": "strokewright.recipes.smoke:smoke",
}


def find_recipe(name: str) -> RunConfig:
    """Return the run of a recipe.

    Raises:
        OptionError: No such recipe.
    """
    if name not in RECIPES:
        near = get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise OptionError(f"recipe: no {name!r}; {hint}there are: {', '.join(sorted(RECIPES))}")
    config: RunConfig = import_object(RECIPES[name])()
    return config.model_copy(update={"recipe": name})


def train(
    recipe: str | RunConfig,
    data: BatchSource | str | Path | None = None,
    out: str | Path = "runs/run",
    minutes: float | None = None,
    overrides: Iterable[str] = (),
    callback: Callback | None = None,
) -> Run:
    """Train a model by a recipe.

    Args:
        recipe: Name of a recipe, or a run config of your own.
        data: What to learn from in place of the recipe's data: a path, or an object with `batch(index, batch_size)`.
        out: The run folder; it must hold no run yet (`Run(out).resume()` continues one).
        minutes: Budget of training time; the learning rate falls to its end within it.
        overrides: Changes such as "training.steps=1000" or "model.config.steps=4".
        callback: Called with an Event after each step.

    Raises:
        OptionError: An unknown recipe or field, a value outside its range, a folder that holds a run.
    """
    from strokewright.training.run import start

    config = find_recipe(recipe) if isinstance(recipe, str) else recipe
    changes = parse_overrides(overrides) | ({} if minutes is None else {"training.minutes": minutes})
    return start(config.replaced(changes), out, data, callback)
