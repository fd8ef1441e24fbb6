"""A painting while it is being made: its moves as parameters, in painting order, over a paper of one colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor

from strokewright.drawing import Drawing, Stamp
from strokewright.pipelines.paint.place import Spot
from strokewright.render.template import TemplateBank, invert, to_stamp
from strokewright.render.template_windows import LocalMoves, Windows


class Parameters(NamedTuple):
    """Moves, one row each, first painted first. Lengths are in half pages: 1 = half of the page's longer side.

    Args:
        which: (moves,) index of the template.
        centre: (moves, 2) x, y from the middle of the page.
        log_half: (moves, 2) logarithms of the half axes.
        angle_rad: (moves,) from x towards y.
        skew: (moves, 2) how far the template's y leans over its x, and 1, or -1 where it is mirrored.
        colour: (moves, channels) in [0, 1].
        opacity: (moves,) in [0, 1].
        pen: (moves,) index in the palette, where there is one.
    """

    which: Tensor
    centre: Tensor
    log_half: Tensor
    angle_rad: Tensor
    skew: Tensor
    colour: Tensor
    opacity: Tensor
    pen: Tensor

    @classmethod
    def none(cls, channels: int = 3) -> Self:
        """No moves."""
        whole, pair = torch.zeros(0, dtype=torch.long), torch.zeros(0, 2)
        return cls(whole, pair, pair, torch.zeros(0), pair, torch.zeros(0, channels), torch.zeros(0), whole)

    @classmethod
    def from_spots(cls, spots: Sequence[Spot], size: tuple[int, int]) -> Self:
        """Turn places found on a page of `size` (height, width) into solid moves."""
        if not spots:
            return cls.none()
        unit_px = max(size) / 2
        middle = torch.tensor([size[1] / 2, size[0] / 2])
        return cls(
            torch.tensor([spot.template for spot in spots]),
            (torch.tensor([spot.centre for spot in spots]) - middle) / unit_px,
            (torch.tensor([spot.half_axes for spot in spots]) / unit_px).log(),
            torch.tensor([spot.angle_rad for spot in spots], dtype=torch.float32),
            torch.tensor([[0.0, 1.0]] * len(spots)),
            torch.tensor([spot.colour for spot in spots]),
            torch.ones(len(spots)),
            torch.zeros(len(spots), dtype=torch.long),
        )

    @classmethod
    def from_places(cls, which: Tensor, where: Tensor, what: Tensor, there: Tensor, size: tuple[int, int]) -> Self:
        """Turn a painter's moves into parameters, exactly.

        Args:
            which: (moves,) index of the template.
            where: (moves, 2, 3) page → template.
            what: (moves, 1 or 3) colours in [0, 1].
            there: (moves,) opacity in [0, 1].
            size: Height and width of the page in pixels; the painter's own square page is stretched to it.
        """
        stretch = torch.tensor([size[1], size[0]]) / max(size)
        affine = invert(where) * stretch[:, None]
        (a, b), (c, d) = (row.unbind(-1) for row in affine[:, :, :2].unbind(-2))
        first = torch.hypot(a, c).clamp(min=1e-4)
        area = a * d - b * c
        second = (area.abs() / first).clamp(min=1e-4)
        lean = (a * b + c * d) / (first * second)
        return cls(
            which,
            affine[:, :, 2],
            torch.stack([first, second], dim=1).log(),
            torch.atan2(c, a),
            torch.stack([lean, torch.where(area < 0, -1.0, 1.0)], dim=1),
            what.expand(-1, 3).clamp(0, 1),
            there,
            torch.zeros_like(which),
        )

    def chosen(self, index: Tensor) -> Parameters:
        """Return the moves of that index or mask, in that order."""
        return Parameters(*(part.detach()[index] for part in self))

    def joined(self, later: Parameters) -> Parameters:
        """Return these moves, and others painted after them."""
        return Parameters(*(torch.cat([part.detach(), more]) for part, more in zip(self, later, strict=True)))

    def to_where(self, size: tuple[int, int]) -> Tensor:
        """Return the maps page → template (moves, 2, 3), the page in [-1, 1]."""
        half = self.log_half.exp()
        cos, sin = self.angle_rad.cos(), self.angle_rad.sin()
        lean, mirror = self.skew.unbind(1)
        first = torch.stack([cos, sin], dim=1) * half[:, :1]
        second = torch.stack([lean * cos - mirror * sin, lean * sin + mirror * cos], dim=1) * half[:, 1:]
        affine = torch.stack([first, second, self.centre], dim=2)
        stretch = max(size) / torch.tensor([size[1], size[0]], dtype=torch.float32)
        return invert(affine * stretch[:, None])


@dataclass(frozen=True)
class Painting:
    """Moves over paper.

    Args:
        bank: The templates.
        paper: (channels,) colour of the paper.
        size: Height and width of the page in pixels.
        moves: What is painted.
        palette: (colours, channels) when moves take their colours from one; None: each has its own.
    """

    bank: TemplateBank
    paper: Tensor
    size: tuple[int, int]
    moves: Parameters
    palette: Tensor | None = None

    def __len__(self) -> int:
        return len(self.moves.which)

    @property
    def colours(self) -> Tensor:
        """The colour of each move (moves, channels)."""
        return self.moves.colour if self.palette is None else self.palette[self.moves.pen]

    def with_moves(self, moves: Parameters) -> Painting:
        """Return the painting with other moves."""
        return replace(self, moves=moves)

    def local(self) -> LocalMoves:
        """Return the moves as windows paint them."""
        return LocalMoves(self.moves.which.tolist(), self.moves.to_where(self.size), self.colours, self.moves.opacity)

    def bare(self, size: tuple[int, int]) -> Tensor:
        """Return the paper (channels, height, width)."""
        return self.paper[:, None, None].expand(-1, *size).contiguous()

    @torch.no_grad()
    def render(self, size: tuple[int, int]) -> Tensor:
        """Render the painting at a size (height, width) with the page's proportions: (channels, height, width)."""
        local = self.local()
        return Windows(self.bank, local, size).paint(local, self.bare(size))

    def costs_of_removal(self, target: Tensor) -> Tensor:
        """Return by how much the squared error to the target (channels, height, width) would grow without each move."""
        local, size = self.local(), (target.shape[1], target.shape[2])
        return torch.from_numpy(Windows(self.bank, local, size).costs_of_removal(local, self.bare(size), target))

    def seen_colours(self, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many pixels of each move are seen (moves,), and the target's mean colour there."""
        local, size = self.local(), (target.shape[1], target.shape[2])
        areas, sums = Windows(self.bank, local, size).seen(local, target)
        return torch.from_numpy(areas), torch.from_numpy(sums / areas.clip(min=1e-6)[:, None])

    def to_drawing(self, layers: Sequence[str] = ()) -> Drawing:
        """Return the moves as stamps on a page of their own size.

        Args:
            layers: Name of each colour's layer, in the palette's order; none: all stamps lie in one.
        """
        templates, local = self.bank.current(), self.local()
        where, what = local.where.double().numpy(), local.what.double().numpy()
        stamps: list[Stamp] = []
        for i, (index, share) in enumerate(zip(local.which, local.there.tolist(), strict=True)):
            stamp = to_stamp(templates[index], where[i], what[i], self.size, share)
            stamps.append(replace(stamp, layer=layers[int(self.moves.pen[i])]) if layers else stamp)
        red, green, blue = self.paper.double().tolist()
        return Drawing(tuple(stamps), (float(self.size[1]), float(self.size[0])), (red, green, blue))
