"""`load("paint/digits")`: a trained painter proposes the moves; more are added, and all are refined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from strokewright import weights
from strokewright.drawing import Drawing
from strokewright.errors import EmptyError, OptionError
from strokewright.models.painter import Painter
from strokewright.pipelines.paint.options import PaintOptions, chosen_options, to_rgb
from strokewright.pipelines.paint.page import Colour, Page, read_page
from strokewright.pipelines.paint.paint import finish, paint_page
from strokewright.pipelines.paint.painting import Painting, Parameters
from strokewright.render.template import TemplateBank

_BATCH = 100  # pictures that a painter sees at once


class PicturePainter:
    """A picture in, a painting out, begun by a trained painter.

    Args:
        name: Short name of a bundled painter.
        device: Where it runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The name is unknown, or the file is missing or damaged.
        OptionError: The name is that of another kind of model.
    """

    def __init__(self, name: str, device: str = "auto") -> None:
        model = weights.load_model(name, device)
        if not isinstance(model, Painter):
            raise OptionError(
                f"{name}: expected a painter, got {type(model).__name__}; choose one such as paint/photos"
            )
        self.name = name
        self.painter = model

    def __call__(self, picture: Any, **options: Any) -> Drawing:
        """Paint a picture (path, bytes, stream, PIL image or array).

        Args:
            picture: The picture.
            options: Those of `PaintOptions` except `template`; for example `moves=40`, as many as the painter makes by
                default. `rounds=0` leaves the painter's moves as they are.

        Raises:
            FormatError: The picture cannot be read.
            OptionError: An option that there is not, or is out of range.
        """
        return self.paint(picture, chosen_options({"moves": self.painter.config.moves} | options))

    def features(self, pictures: Iterable[Any]) -> NDArray[np.float32]:
        """Return what the painter's own moves tell of pictures, for a classifier or a search.

        Args:
            pictures: Each a path, bytes, a stream, a PIL image or an array.

        Returns:
            (n, moves × numbers): for each move, in the painter's own order, centre (2) and root of the spread (3) in
            half pages, colour (1 or 3), and templates, presence and depth where it has them; see
            `models.painter.actions.to_features`.

        Raises:
            FormatError: A picture cannot be read.
            EmptyError: There are no pictures.
        """
        paper = _paper(self.painter)
        seen = [_seen(self.painter, read_page(picture, paper)) for picture in pictures]
        if not seen:
            raise EmptyError("features: expected at least one picture, got none; check the list")
        rows = [self.painter.features(part) for part in torch.cat(seen).split(_BATCH)]
        return torch.cat(rows).cpu().numpy()

    def paint(self, picture: Any, options: PaintOptions) -> Drawing:
        """Paint a picture with these options. Raises as a call does."""
        return paint_by(self.painter, picture, options).replace(maker=self.name)


def paint_by(painter: Painter, picture: Any, options: PaintOptions) -> Drawing:
    """Paint a picture, beginning with a painter's moves and with its templates; see `PicturePainter`."""
    options = options.checked()
    if "template" in options.model_fields_set:
        raise OptionError("paint: expected template or a model, got both; a painter brings its own templates")
    page = read_page(picture, to_rgb(options.paper) if options.paper else _paper(painter))
    return finish(paint_page(page, propose(painter, page, options.moves), options), options)


@torch.no_grad()
def propose(painter: Painter, page: Page, count: int) -> Painting:
    """Return a painter's own painting of a page: the first `count` of its moves."""
    moves = painter.moves(_seen(painter, page))
    which, there = moves.which[0].argmax(dim=-1), moves.what.new_ones(moves.what.shape[1])
    there = there if moves.there is None else moves.there[0]
    where, what = moves.where[0].cpu(), moves.what[0].cpu()
    parameters = Parameters.from_places(which.cpu(), where, what, there.cpu(), page.size)
    kept = torch.nonzero(parameters.opacity > 0)[:count, 0]
    templates = painter.bank.current() if painter.config.learnable else painter.config.templates
    return Painting(TemplateBank(templates), page.paper, page.size, parameters.chosen(kept))


def _paper(painter: Painter) -> Colour:
    lightness = painter.config.paper
    return lightness, lightness, lightness


def _seen(painter: Painter, page: Page) -> Tensor:
    """Return a page as a painter sees it (1, channels, side, side)."""
    side, device = painter.config.size_px, next(painter.parameters()).device
    seen = F.interpolate(page.target[None], (side, side), mode="bilinear", antialias=True, align_corners=False)
    return (_grey(seen) if painter.config.colours == 1 else seen).clamp(0, 1).to(device)


def _grey(pictures: Tensor) -> Tensor:
    """Return the lightness (batch, 1, height, width) of red, green, blue."""
    return (pictures * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)
