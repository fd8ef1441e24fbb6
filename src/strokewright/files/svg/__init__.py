"""SVG, in and out.

In: tree.py (bytes → elements, within limits) → css.py, style.py (what an element inherits) → shapes.py, path_data.py
(elements → chains of cubics) → reader.py (the walk that makes a Drawing). Out: writer.py (Drawing → text, by profile),
ribbon.py (outlines). Both ways: values.py (numbers, colours, transforms), facts.py (maker, seed, metadata).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from strokewright.drawing import Drawing
from strokewright.files.format import Format, read_limited
from strokewright.files.svg.reader import parse_svg
from strokewright.files.svg.writer import spell_svg

__all__ = ["ANIMATED_SVG", "MAX_BYTES", "SVG", "from_svg", "to_svg"]

MAX_BYTES = 64 * 2**20


def from_svg(text: str | bytes) -> Drawing:
    """Read SVG text. Raises FormatError."""
    return parse_svg(text.encode() if isinstance(text, str) else text)


def to_svg(
    drawing: Drawing, profile: str = "edit", page: str | None = None, margin_mm: float = 10.0, seconds: float = 4.0
) -> str:
    """Return the drawing as SVG text.

    Args:
        drawing: What to write.
        profile: "edit" (Bézier strokes, one path each; changing width is painted at its mean and kept aside), "plot"
            (for pen plotters: mm, a layer a pen), "outline" (every stroke a filled ribbon) or "animate" (the strokes
            are drawn one after the other).
        page: For "plot": "a4", "a3" or "letter"; upright or lying, as the drawing is. None keeps its own size.
        margin_mm: For "plot" with a page: free space on all sides, ≥ 0.
        seconds: For "animate": how long the drawing takes, > 0.

    Raises:
        OptionError: An option is unknown or out of range.
        FormatError: A mark that the profile cannot hold.
    """
    return spell_svg(drawing, profile, page, margin_mm, seconds)


def read_svg(stream: BinaryIO) -> Iterator[Drawing]:
    """Read the drawing. Raises FormatError, also for files over 64 MiB."""
    yield parse_svg(read_limited(stream, MAX_BYTES))


def write_svg(
    drawings: Sequence[Drawing],
    stream: BinaryIO,
    profile: str = "edit",
    page: str | None = None,
    margin_mm: float = 10.0,
    seconds: float = 4.0,
) -> None:
    """Write the one drawing; options as in `to_svg`."""
    stream.write(to_svg(drawings[0], profile, page, margin_mm, seconds).encode("utf-8", "replace"))


def write_animated_svg(drawings: Sequence[Drawing], stream: BinaryIO, seconds: float = 4.0) -> None:
    """Write the one drawing as it is drawn."""
    write_svg(drawings, stream, "animate", seconds=seconds)


SVG = Format(
    "SVG",
    "curves, order, width, colour, layers, maker, seed and metadata; profiles edit, plot, outline, animate",
    read_svg,
    write_svg,
    precision_px=0.02,
)
ANIMATED_SVG = Format(
    "animated SVG",
    "as SVG, and shows how the drawing is drawn",
    read_svg,
    write_animated_svg,
    precision_px=0.02,
)
