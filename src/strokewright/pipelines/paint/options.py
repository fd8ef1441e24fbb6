"""What a user may choose when painting; the command's options are these fields."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strokewright.errors import OptionError
from strokewright.files.svg.values import parse_colour

_PENS = 8


class PaintOptions(BaseModel):
    """Options of `paint`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moves: int = Field(default=200, ge=1, le=2000, description="Paint at most this many moves.")
    template: tuple[str, ...] = Field(
        default=("circle",),
        min_length=1,
        max_length=8,
        description="Shapes to paint with: circle, square, line, curve, or a picture of a dark shape of your own; give "
        "the option several times for several.",
    )
    rounds: int = Field(
        default=3,
        ge=0,
        le=20,
        description="How often the least useful moves are placed anew where most is amiss, and all are moved together; "
        "0: each move is placed once and stays.",
    )
    detail: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Sharper edges and more texture, for a little more error in colour: 0 = not at all, 1 = most.",
    )
    translucent: bool = Field(default=False, description="Let paint be see-through where that helps.")
    colours: int | None = Field(default=None, ge=2, le=64, description="Use at most this many colours, paper included.")
    palette: tuple[str, ...] = Field(
        default=(),
        max_length=64,
        description="Use only these colours, such as '#c03020' or navy; give the option once a colour.",
    )
    paper: str | None = Field(
        default=None, description="Colour of the paper; by default the commonest of the picture, white with --hatch-px."
    )
    layers: bool = Field(
        default=False,
        description="Paint one colour after the other, each in a layer of its own (with --colours or --palette).",
    )
    hatch_px: float | None = Field(
        default=None,
        ge=0.5,
        description="For plotters: strokes this far apart in place of filled shapes, only where a colour is seen, one "
        f"layer a colour; {_PENS} colours unless said otherwise.",
    )

    def checked(self) -> PaintOptions:
        """Return the options with what follows from others filled in.

        Raises:
            OptionError: Options that contradict each other, or a colour that is none.
        """
        if self.colours is not None and self.palette:
            raise OptionError("paint: expected colours or palette, got both; give one of them")
        limited = bool(self.palette) or self.colours is not None
        if self.layers and not limited and self.hatch_px is None:
            raise OptionError("paint: expected colours or palette with layers, got neither; try colours=8")
        if self.translucent and (limited or self.layers or self.hatch_px is not None):
            raise OptionError(
                "paint: expected solid paint with a limit of colours, layers or hatching, got translucent; leave it out"
            )
        if self.detail and not self.rounds:
            raise OptionError(
                "paint: expected rounds with detail, as only refining brings it, got rounds=0; try rounds=3"
            )
        for colour in (*self.palette, *([] if self.paper is None else [self.paper])):
            to_rgb(colour)
        changes: dict[str, Any] = {}
        if self.hatch_px is not None:
            changes["paper"] = self.paper or "white"
            changes["colours"] = self.colours if limited else _PENS + 1
        return self.model_copy(update=changes)


def chosen_options(values: dict[str, Any]) -> PaintOptions:
    """Return the options with these values. Raises OptionError for an unknown one, or one out of range."""
    try:
        return PaintOptions(**values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(PaintOptions.model_fields)
        raise OptionError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; options are {known}") from error


def to_rgb(text: str) -> tuple[float, float, float]:
    """Read a colour as CSS spells them. Raises OptionError."""
    try:
        parsed = parse_colour(text)
    except ValueError as error:
        raise OptionError(f"paint: {error}; write it as '#c03020' or navy") from error
    if parsed is None:
        raise OptionError(f"paint: expected a colour, got {text!r}; write it as '#c03020' or navy")
    return parsed[0]
