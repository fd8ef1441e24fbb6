"""Paint many pictures: the work of the command `paint` on one file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strokewright.drawing import Drawing
from strokewright.errors import OptionError
from strokewright.pipelines.batch import Source
from strokewright.pipelines.convert import WriteOptions
from strokewright.pipelines.paint.options import PaintOptions
from strokewright.pipelines.paint.paint import paint_picture

if TYPE_CHECKING:
    from strokewright.pipelines.paint.painter import PicturePainter


@dataclass(frozen=True)
class PaintFile:
    """The work on one file: picture in, drawing out. Small enough to be sent to a worker; the model is loaded there.

    Args:
        model: Short name of a painter that begins; None: none does.
        options: How to paint.
        write: How to write.

    Raises:
        OptionError: Filled shapes for a plotter.
    """

    model: str | None
    options: PaintOptions
    write: WriteOptions

    def __post_init__(self) -> None:
        if self.write.profile == "plot" and self.options.hatch_px is None:
            raise OptionError("paint: expected hatch_px with profile=plot, as plotters fill no shapes; try hatch_px=2")

    def drawing(self, source: Source) -> Drawing:
        """Paint a picture. Raises EmptyError for one of a single colour."""
        if self.model is None:
            return paint_picture(source, self.options)
        return _loaded(self.model).paint(source, self.options)

    def __call__(self, source: Source, output: Path) -> dict[str, float]:
        """Paint a picture and write the drawing; return its counts. Raises EmptyError for a picture of one colour."""
        drawing = self.drawing(source)
        drawing.save(output, **self.write.chosen())
        counts = {"colours": float(len({mark.colour for mark in drawing.marks}))}
        return counts | (drawing.stats() if drawing.strokes else {"moves": float(len(drawing.marks))})


@cache
def _loaded(model: str) -> PicturePainter:
    from strokewright.pipelines.paint.painter import PicturePainter

    return PicturePainter(model)
