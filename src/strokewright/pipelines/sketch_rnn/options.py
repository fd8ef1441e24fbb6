"""What a user may choose when drawing with a sketch-rnn; the commands' options are these fields."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strokewright.errors import OptionError

Mode = Literal["slerp", "lerp"]


class DrawOptions(BaseModel):
    """Options of everything that draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(
        default=0.4, ge=0, le=10, description="How freely to draw: 0 always the likeliest, 0.4 carefully, 1 as learned."
    )
    rule: Literal["paper", "js", "tf"] = Field(
        default="paper",
        description="What the temperature means: as in the paper, in sketch-rnn-js, or in the TensorFlow trainer.",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of all random choices.")
    max_steps: int | None = Field(
        default=None, ge=1, le=10_000, description="Most points of a drawing; by default what the model was trained on."
    )


class SampleOptions(DrawOptions):
    """Options of `Sketcher.sample`; its temperature tempers z as it does the offsets."""

    n: int = Field(default=1, ge=1, le=100_000, description="How many drawings.")
    label: str | None = Field(default=None, description="Class to draw; by default every class in turn.")


class CompleteOptions(DrawOptions):
    """Options of `Sketcher.complete`."""

    n: int = Field(default=1, ge=1, le=10_000, description="How many endings.")
    label: str | None = Field(default=None, description="Class of the drawing; by default the likeliest.")


class DecodeOptions(DrawOptions):
    """Options of `Sketcher.decode` and `Sketcher.reconstruct`."""

    temperature: float = Field(
        default=0.1, ge=0, le=10, description="How freely to draw: 0 always the likeliest, 1 as learned."
    )


class BlendOptions(DecodeOptions):
    """Options of `Sketcher.blend` and `Sketcher.morph`."""

    temperature: float = Field(
        default=0.3, ge=0, le=10, description="How freely to draw: 0 always the likeliest, 1 as learned."
    )
    mode: Mode = Field(
        default="slerp",
        description="Between two drawings: slerp (on a sphere, the nearer one's class) or lerp (straight).",
    )
    label: str | None = Field(default=None, description="Class of all drawings; by default the likeliest of each.")


_Options = TypeVar("_Options", bound=BaseModel)


def chosen(kind: type[_Options], values: dict[str, Any]) -> _Options:
    """Return the options with these values. Raises OptionError for an unknown one, or one out of range."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(kind.model_fields)
        raise OptionError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; options are {known}") from error
