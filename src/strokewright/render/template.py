"""The template writer: masks of shapes, placed by an affine map, coloured, laid on a canvas; differentiable.

A move says which template (weights over the bank), where (an affine map) and what (its colour). `where` maps the page
to the template's square: page coordinates run over [-1, 1] from edge to edge, and a point whose image lies inside the
template is painted. Outside the square nothing is. `placed` and `invert` make such maps from centre, half axes, angle.

Coverage follows from the distance to the template's outline in pixels of the page: a ramp one pixel wide, which agrees
with the true renderer, or wider by `softness_px`. Circle and square have closed forms; all others are sampled, as by a
spatial transformer.

Source: Jaques, "Teaching Machines to Paint" (2016), chapter 3. Differs in masks that are distances: bilinear
binary masks have edges as thin as the template is small, and then no gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.drawing.drawing import Drawing, Stamp
from strokewright.errors import OptionError
from strokewright.render.composite import over
from strokewright.render.protocol import Column, Floats, Vocabulary
from strokewright.render.template_field import Shape, with_slopes
from strokewright.render.template_kernel import Ellipse, Superpose, box, page_axes, sampled
from strokewright.render.template_shapes import LINE_HALF_WIDTH, Template, built_in, from_field

_LEARNABLE_SIDE = 24  # a few pixels of a page for each point, so that all of them learn
_SMALLEST_AREA = 1e-6  # of an affine map's determinant, so that it can be inverted


class Moves(NamedTuple):
    """What a painter does: tensors with one row a move, first painted first.

    Args:
        where: (batch, moves, 2, 3) page → template.
        what: (batch, moves, channels) colours in [0, 1].
        which: (batch, moves, templates) weights ≥ 0 that add up to 1.
        there: (batch, moves) how much of the move is painted, 0 = not at all, 1 = whole; None: all whole.
    """

    where: Tensor
    what: Tensor
    which: Tensor
    there: Tensor | None = None


class TemplateBank(nn.Module):
    """The templates that a painter chooses from.

    Args:
        templates: Names of built-in ones, or templates of your own (`template_shapes.from_ink` makes them of pictures).
        learnable: Make the shapes parameters; then even circle and square are sampled.

    Raises:
        OptionError: No templates, or an unknown name.
    """

    fields: Tensor

    _slopes: Tensor  # of shapes that do not change

    def __init__(self, templates: Sequence[str | Template], learnable: bool = False) -> None:
        super().__init__()
        if not templates:
            raise OptionError("template bank: expected at least one template, got none")
        known = [built_in(template) if isinstance(template, str) else template for template in templates]
        self.templates = tuple(known)
        self.learnable = learnable
        # A template of the user's own may be called "circle" too.
        self._closed = [
            t.name if isinstance(given, str) and not learnable else ""
            for t, given in zip(known, templates, strict=True)
        ]
        fields = torch.from_numpy(np.stack([template.field for template in known]))
        if learnable:
            side = (_LEARNABLE_SIDE, _LEARNABLE_SIDE)
            self.fields = nn.Parameter(F.interpolate(fields[None], side, mode="bilinear", align_corners=True)[0])
        else:
            self.register_buffer("fields", fields, persistent=False)
            self.register_buffer("_slopes", torch.stack([with_slopes(field) for field in fields]), persistent=False)

    def __len__(self) -> int:
        return len(self.templates)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the templates, in order."""
        return tuple(template.name for template in self.templates)

    def current(self) -> tuple[Template, ...]:
        """Return the templates as they are now: those of a learnable bank change."""
        if not self.learnable:
            return self.templates
        fields = self.fields.detach().cpu().numpy()
        return tuple(from_field(t.name, field) for t, field in zip(self.templates, fields, strict=True))

    def masks(self, side: int = 28) -> Tensor:
        """Render the templates as masks (templates, side, side) in [0, 1], each filling its picture."""
        where = torch.eye(2, 3, device=self.fields.device).expand(1, 2, 3)
        return self.coverage(where, (side, side))[0]

    def coverage(self, where: Tensor, size: tuple[int, int], softness_px: float = 0.0, upright: bool = False) -> Tensor:
        """Place every template: (n, 2, 3) page → template gives (n, templates, height, width) in [0, 1]."""
        return torch.stack([self.coverage_of(i, where, size, softness_px, upright) for i in range(len(self))], dim=1)

    def coverage_of(
        self, index: int, where: Tensor, size: tuple[int, int], softness_px: float = 0.0, upright: bool = False
    ) -> Tensor:
        """Place one template: (n, 2, 3) page → template gives (n, height, width) in [0, 1]; arguments as of `write`."""
        coverage: Tensor
        match self._closed[index]:
            case "circle":
                coverage = Ellipse.apply(where, *page_axes(where, size), softness_px)  # pyright: ignore[reportAssignmentType]
            case "square":
                coverage = box(where, size, softness_px, upright)
            case "line":  # a square that is flat
                flat = where * where.new_tensor([1, 1 / LINE_HALF_WIDTH])[:, None]
                coverage = box(flat, size, softness_px, upright)
            case _ if self.learnable:
                coverage = sampled(self.fields[index], where, size, softness_px)
            case _:
                coverage = Shape.apply(where, self._slopes[index], size, softness_px)  # pyright: ignore[reportAssignmentType]
        return coverage


def write(
    bank: TemplateBank,
    which: Tensor,
    where: Tensor,
    size: tuple[int, int],
    softness_px: float = 0.0,
    upright: bool = False,
) -> Tensor:
    """Write one template, or a convex mixture of several, at each place.

    Args:
        bank: The templates.
        which: (…, templates) weights ≥ 0 that add up to 1.
        where: (…, 2, 3) page → template, page and template in [-1, 1].
        size: Height and width of the page in pixels.
        softness_px: How much further than a sharp edge the mask fades out, ≥ 0.
        upright: Whether no map turns or slants, which is cheaper for squares.

    Returns:
        Masks (…, height, width) in [0, 1]; differentiable in all three.

    Raises:
        OptionError: Shapes that do not fit together.
    """
    if where.shape[-2:] != (2, 3) or which.shape[-1] != len(bank) or which.shape[:-1] != where.shape[:-2]:
        raise OptionError(
            f"template writer: expected which (…, {len(bank)}) and where (…, 2, 3), "
            f"got {tuple(which.shape)} and {tuple(where.shape)}"
        )
    flat = where.reshape(-1, 2, 3)
    if len(bank) == 1:
        return bank.coverage_of(0, flat, size, softness_px, upright).view(*where.shape[:-2], *size)
    masks = bank.coverage(flat, size, softness_px, upright)
    mixed = (masks * which.reshape(-1, len(bank), 1, 1)).sum(dim=1)
    return mixed.view(*where.shape[:-2], *size)


def superpose(canvas: Tensor, mask: Tensor, colour: Tensor) -> Tensor:
    """Paint over: c(1 - m) + colour · m.

    Args:
        canvas: (…, channels, height, width).
        mask: (…, height, width) in [0, 1].
        colour: (…, channels) in [0, 1].
    """
    return over(canvas, colour[..., None, None], mask.unsqueeze(-3))


def superpose_all(canvas: Tensor, masks: Tensor, colours: Tensor) -> Tensor:
    """Paint many masks over one another, the first first; `superpose` one by one, with a faster gradient.

    Args:
        canvas: (batch, channels, height, width).
        masks: (batch, moves, height, width) in [0, 1].
        colours: (batch, moves, channels) in [0, 1].
    """
    painting: Tensor = Superpose.apply(canvas, masks, colours)  # pyright: ignore[reportAssignmentType]
    return painting


def add(canvas: Tensor, mask: Tensor, colour: Tensor) -> Tensor:
    """Add to a hidden canvas without bounds, shapes as in `superpose`; the picture is its sigmoid at the end."""
    return canvas + colour[..., None, None] * mask.unsqueeze(-3)


def sharpen(logits: Tensor, gamma: float = 1.0, noise: float = 0.0) -> Tensor:
    """Turn logits (…, templates) into weights: w^γ / Σ w^γ with w = softmax(logits + noise).

    Args:
        logits: Before the softmax.
        gamma: > 0; the larger, the nearer to one template.
        noise: Standard deviation of Gaussian noise on the logits, for exploration.
    """
    if noise:
        logits = logits + noise * torch.randn_like(logits)
    return torch.softmax(gamma * logits, dim=-1)  # the power of a softmax is the softmax of the multiple


def paper(batch: int, colour: Sequence[float], size: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Return bare canvases (batch, channels, height, width) of one colour."""
    return torch.tensor(colour, device=device)[:, None, None].expand(batch, -1, *size)


def paint(bank: TemplateBank, moves: Moves, canvas: Tensor, softness_px: float = 0.0) -> Iterator[Tensor]:
    """Paint the moves over a canvas (batch, channels, height, width), one by one; yield the canvas after each."""
    height, width = canvas.shape[-2:]
    masks = write(bank, moves.which, moves.where, (height, width), softness_px)
    if moves.there is not None:
        masks = masks * moves.there[..., None, None]
    for mask, colour in zip(masks.unbind(1), moves.what.unbind(1), strict=True):
        canvas = superpose(canvas, mask, colour)
        yield canvas


def placed(centre: Tensor, half_axes: Tensor, angle_rad: Tensor | None = None) -> Tensor:
    """Return the maps template → page (…, 2, 3) for a template of those half axes, turned, at that centre.

    Args:
        centre: (…, 2) x, y on the page, [-1, 1] from edge to edge.
        half_axes: (…, 2) along the template's x and y, > 0; 1 = half the page.
        angle_rad: (…) from x towards y; None: upright.
    """
    if angle_rad is None:
        linear = torch.diag_embed(half_axes)
    else:
        cos, sin = angle_rad.cos(), angle_rad.sin()
        turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
        linear = turn * half_axes.unsqueeze(-2)
    return torch.cat([linear, centre.unsqueeze(-1)], dim=-1)


def invert(affine: Tensor) -> Tensor:
    """Invert maps (…, 2, 3): template → page becomes page → template, and back."""
    (a, b, c), (d, e, f) = (row.unbind(-1) for row in affine.unbind(-2))
    area = a * e - b * d
    area = torch.where(area.abs() < _SMALLEST_AREA, torch.full_like(area, _SMALLEST_AREA), area)
    first = torch.stack([e, -b, b * f - c * e], -1)
    second = torch.stack([-d, a, c * d - a * f], -1)
    return torch.stack([first, second], -2) / area[..., None, None]


def to_stamp(template: Template, where: Floats, what: Floats, size: tuple[int, int], opacity: float = 1.0) -> Stamp:
    """Turn one move into a mark.

    Args:
        template: The one it places.
        where: (2, 3) page → template.
        what: (1,) lightness or (3,) red, green, blue, in [0, 1]; 1 = white.
        size: Height and width of the page in pixels.
        opacity: 1 = solid.
    """
    affine = _on_page(torch.from_numpy(np.asarray(where, dtype=np.float64)), size)
    red, green, blue = np.broadcast_to(np.clip(what, 0, 1), 3).tolist()
    return Stamp(template.outline, affine, (red, green, blue), opacity, template.name)


def _on_page(where: Tensor, size: tuple[int, int]) -> Floats:
    """Turn maps page → template (…, 2, 3) into maps template → pixels of the page."""
    half = np.array([size[1], size[0]]) / 2
    affine = invert(where).numpy() * half[:, None]
    affine[..., 2] += half
    return affine


def to_drawing(bank: TemplateBank, moves: Moves, size: tuple[int, int], background: Sequence[float]) -> list[Drawing]:
    """Turn moves into drawings: one stamp a move, of the template with the largest weight; skipped moves leave none.

    Args:
        bank: The templates.
        moves: As `paint` takes them.
        size: Height and width of the page in pixels.
        background: Colour of the paper, 1 or 3 channels.
    """
    templates, which = bank.current(), moves.which.argmax(dim=-1).tolist()
    affine = _on_page(moves.where.detach().cpu().double(), size)
    what = moves.what.detach().cpu().double().clamp(0, 1).expand(-1, -1, 3).tolist()
    there = torch.ones(affine.shape[:2]) if moves.there is None else moves.there
    r, g, b = np.broadcast_to(np.clip(background, 0, 1), 3).tolist()
    drawings: list[Drawing] = []
    for row, shares in enumerate(there.tolist()):
        stamps: list[Stamp] = []
        for i, share in enumerate(shares):
            template, (red, green, blue) = templates[which[row][i]], what[row][i]
            if share > 0:
                stamps.append(Stamp(template.outline, affine[row, i], (red, green, blue), share, template.name))
        drawings.append(Drawing(tuple(stamps), (float(size[1]), float(size[0])), (r, g, b)))
    return drawings


def vocabulary(bank: TemplateBank, channels: int = 1) -> Vocabulary:
    """Return what the columns of a template action mean: centre, half axes, angle, weights of the templates, colour."""
    places = (
        *(Column(name, "field") for name in ("x", "y")),
        *(Column(name, "field", 0.0, 0.75, 0.25) for name in ("half_width", "half_height")),
        Column("angle_rad", "share", -np.pi, np.pi),
    )
    which = tuple(Column(f"which_{name}", "share") for name in bank.names)
    colours = ("lightness",) if channels == 1 else ("red", "green", "blue")
    templates = bank.current()

    def make_mark(row: Floats) -> Stamp:
        x, y, wide, high, angle = row[:5]
        cos, sin = np.cos(angle), np.sin(angle)
        affine = np.array([[wide * cos, -high * sin, x], [wide * sin, high * cos, y]])
        red, green, blue = np.broadcast_to(row[-channels:].clip(0, 1), 3).tolist()
        template = templates[int(np.argmax(row[5 : 5 + len(templates)]))]
        return Stamp(template.outline, affine, (red, green, blue), 1.0, template.name)

    columns = (*places, *which, *(Column(name, "share") for name in colours))
    return Vocabulary("template", columns, make_mark, shape="stamp", paint="rgb")
