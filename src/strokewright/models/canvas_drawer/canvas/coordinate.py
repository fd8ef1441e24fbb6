"""The coordinate canvas: every pixel looks at an action from where it stands, through one small network for all.

What an action's points mean is known from the vocabulary; what a renderer paints there is learned. Points of a stroke
steer a Bézier curve: a pixel sees how far beside it, beyond its end and along it it lies, its distances to the points,
and the other columns. Points of other shapes are seen as offsets and their products, solids' corners coordinate by
coordinate. All lengths are pixels, so a
network trained on one field size works on any. Pixels that no ink can reach are skipped.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from strokewright.render.analytic import to_pixels
from strokewright.render.protocol import Vocabulary

_TINY = 1e-3  # px²: keeps distances smooth at zero
_NEWTON_STEPS = 2
_FAINT = 0.02  # less ink than this does not count
_SAMPLES = 17  # points of a path that the search looks at


class View(nn.Module):
    """What pixels see of an action; the columns of a vocabulary by unit.

    Args:
        vocabulary: What the columns mean; its field columns are x, y of points, one after the other.
        reach_px: Farthest ink from the points or their path, beyond half the largest px column.
    """

    outputs: int

    def __init__(self, vocabulary: Vocabulary, reach_px: float) -> None:
        super().__init__()
        units = [column.unit for column in vocabulary.columns]
        self.points = units.count("field") // 2
        self.field = [index for index, unit in enumerate(units) if unit == "field"]
        self.widths = [index for index, unit in enumerate(units) if unit == "px"]
        self.others = [index for index, unit in enumerate(units) if unit == "share"]
        self.reach_px = reach_px

    def points_of(self, rows: Tensor) -> Tensor:
        """Take the points (n, points, 2) out of decoded rows (n, columns)."""
        return rows[:, self.field].unflatten(1, (-1, 2))

    def half_width(self, rows: Tensor) -> Tensor:
        """Half of the largest px column, (n,); 0 without one."""
        return rows[:, self.widths].amax(dim=1) / 2 if self.widths else rows.new_zeros(len(rows))

    def reachable(self, rows: Tensor, pixels: Tensor) -> Tensor:
        """Say which pixels (pixels, 2) ink can reach: (n, pixels) bool."""
        return self.distance(rows, pixels) < (self.half_width(rows) + self.reach_px)[:, None]

    def distance(self, rows: Tensor, pixels: Tensor) -> Tensor:
        """Measure how far pixels are from the points or their path at least, (n, pixels)."""
        raise NotImplementedError

    def forward(self, rows: Tensor, owner: Tensor, at: Tensor, size_px: int) -> Tensor:
        """Describe pixels.

        Args:
            rows: Decoded actions (n, columns).
            owner: Which action each pixel is asked about, (pairs,).
            at: Centres of the pixels, (pairs, 2).
            size_px: Side of the field.

        Returns:
            (pairs, outputs), differentiable in the rows.
        """
        raise NotImplementedError


class PathView(View):
    """What pixels see of a stroke: where they stand beside its path.

    Args:
        vocabulary: As in `View`.
        reach_px: As in `View`.
        waves: Sines and cosines across the width, for brushes with bristles; 0 for smooth ones.
    """

    def __init__(self, vocabulary: Vocabulary, reach_px: float, waves: int) -> None:
        super().__init__(vocabulary, reach_px)
        self.waves = waves if self.widths else 0
        degree = self.points - 1
        t = torch.linspace(0, 1, _SAMPLES)
        bernstein = [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(self.points)]
        self.register_buffer("_path", torch.stack(bernstein, dim=1), False)
        self.outputs = 9 + self.points + 6 * len(self.widths) + len(self.others) + 2 * self.waves

    def samples(self, rows: Tensor) -> Tensor:
        """Return points along each path, (n, samples, 2)."""
        return torch.einsum("mk,nka->nma", self.get_buffer("_path"), self.points_of(rows))

    def distance(self, rows: Tensor, pixels: Tensor) -> Tensor:
        """Measure how far pixels are from the path: from the nearest sample, less half of the gap between samples."""
        samples = self.samples(rows)
        gap = (samples[:, 1:] - samples[:, :-1]).norm(dim=2).amax(dim=1, keepdim=True) / 2
        squares = torch.baddbmm(
            samples.square().sum(2)[:, None], pixels.expand(len(rows), -1, -1), samples.mT, alpha=-2
        )
        return (squares.amin(dim=2) + pixels.square().sum(1)).clamp(min=0).sqrt() - gap

    def forward(self, rows: Tensor, owner: Tensor, at: Tensor, size_px: int) -> Tensor:
        """Describe pixels by the nearest place on the path."""
        samples = self.samples(rows)
        before, middle, after = samples[:, :-2], samples[:, 1:-1], samples[:, 2:]
        pieces = torch.cat([middle, (after - before) / 2, (after + before) / 2 - middle], dim=2)  # parabolas
        with torch.no_grad():
            nearest = (samples[owner] - at[:, None]).square().sum(2).argmin(1)
        piece = (nearest - 1).clamp(0, _SAMPLES - 3)
        local = pieces.flatten(0, 1).index_select(0, owner * (_SAMPLES - 2) + piece)
        offset, chord, bend = at - local[:, :2], local[:, 2:4], local[:, 4:]
        with torch.no_grad():  # the distance needs no gradient through the nearest place
            u = _nearest(offset, chord, bend, (nearest - 1 - piece).to(at.dtype))
        along = (piece + 1 + u) / (_SAMPLES - 1)
        radius = offset - chord * u[:, None] - bend * u.square()[:, None]
        distance, beside, frame = _frame(radius, chord + 2 * bend * u[:, None], bend, along)
        own = rows.index_select(0, owner)
        return torch.cat([frame, *self._columns(own, at, distance, along), *self._across(own, beside)], dim=1)

    def _across(self, own: Tensor, beside: Tensor) -> list[Tensor]:
        """Describe pixels by waves across the width, one half period and more from edge to edge."""
        if not self.waves:
            return []
        share = (beside / (own[:, self.widths].mean(dim=1) / 2).clamp(min=0.5)).clamp(-1.5, 1.5)
        phase = share[:, None] * torch.arange(1, self.waves + 1, dtype=own.dtype, device=own.device) * (math.pi / 2)
        return [phase.sin(), phase.cos()]

    def _columns(self, own: Tensor, at: Tensor, distance: Tensor, along: Tensor) -> list[Tensor]:
        """Describe pixels by the points' distances and the other columns."""
        ends = ((self.points_of(own) - at[:, None]).square().sum(2) + _TINY).sqrt()
        seen = [ends.asinh() / 2]
        if self.widths:
            width, along = own[:, self.widths] / 8, along[:, None]
            edge = distance[:, None] / 4 - width
            tips = (ends[:, :1] / 4 - width, ends[:, -1:] / 4 - width)
            seen += [width, width * along, edge, edge * along, *tips]
        return [*seen, own[:, self.others]]


class OffsetView(View):
    """What pixels see of any other shape: their offsets to its points on several scales, and products of them."""

    def __init__(self, vocabulary: Vocabulary, reach_px: float) -> None:
        super().__init__(vocabulary, reach_px)
        columns = 2 * self.points
        rest = len(self.widths) + len(self.others)
        edges = (columns + self.points) * len(self.widths)
        self.outputs = 3 * columns + columns * (columns - 1) // 2 + self.points + edges + rest
        self.register_buffer("_pairs", torch.triu_indices(columns, columns, 1), False)

    def distance(self, rows: Tensor, pixels: Tensor) -> Tensor:
        """Measure how far pixels are from the box around the points, along an axis."""
        points = self.points_of(rows)
        low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)
        return torch.maximum(low - pixels, pixels - high).amax(dim=2).clamp(min=0)

    def forward(self, rows: Tensor, owner: Tensor, at: Tensor, size_px: int) -> Tensor:
        """Describe pixels by offsets to the points."""
        own = rows.index_select(0, owner)
        offsets = self.points_of(own) - at[:, None]
        norms, flat = (offsets.square().sum(2) + _TINY).sqrt(), offsets.flatten(1)
        sharp = (flat / 1.5).tanh()
        first, second = self.get_buffer("_pairs")
        width = own[:, self.widths] / 8
        edges = (torch.cat([norms, flat.abs()], dim=1)[:, :, None] / 4 - width[:, None]).flatten(1)
        products = sharp[:, first] * sharp[:, second]
        seen = [sharp, flat / 64, flat.asinh() / 4, products, norms.asinh() / 4, edges, width, own[:, self.others]]
        return torch.cat(seen, dim=1)


class SolidView(View):
    """What pixels see of a solid: how far they lie from each corner coordinate, across and down, plain and mirrored.

    Which coordinate runs which way in which view is left to the network; all views share one pass.
    """

    def __init__(self, vocabulary: Vocabulary, reach_px: float) -> None:
        super().__init__(vocabulary, reach_px)
        self.outputs = 3 * 24 + 12 + len(vocabulary.columns) - 6

    def distance(self, rows: Tensor, pixels: Tensor) -> Tensor:
        """Measure how far pixels are from the bands that an axis or its mirror image covers, across and down."""
        low, high = torch.minimum(rows[:, :3], rows[:, 3:6]), torch.maximum(rows[:, :3], rows[:, 3:6])
        side = pixels.max() + 0.5
        bands = torch.stack([torch.cat([low, 1 - high], dim=1), torch.cat([high, 1 - low], dim=1)]) * side
        outside = torch.maximum(
            bands[0][:, None, None] - pixels[..., None], pixels[..., None] - bands[1][:, None, None]
        )
        return outside.amin(dim=3).amax(dim=2).clamp(min=0)

    def forward(self, rows: Tensor, owner: Tensor, at: Tensor, size_px: int) -> Tensor:
        """Describe pixels by offsets to corner coordinates, which are shares of the side."""
        own = rows.index_select(0, owner)
        ways = torch.cat([at, size_px - at], dim=1)
        offsets = own[:, None, :6] * size_px - ways[:, :, None]  # (pairs, 4 ways, 6 coordinates)
        sharp = (offsets / 1.5).tanh()
        inside = sharp[..., :3] * sharp[..., 3:]
        seen = [sharp, offsets / 32, offsets.asinh() / 2, inside]
        return torch.cat([*(part.flatten(1) for part in seen), own[:, 6:]], dim=1)


def make_view(vocabulary: Vocabulary, reach_px: float, waves: int = 0) -> View:
    """Choose how pixels see the actions of a vocabulary."""
    if vocabulary.shape == "prism":
        return SolidView(vocabulary, reach_px)
    steered = vocabulary.shape == "stroke" and sum(column.unit == "field" for column in vocabulary.columns) >= 4
    return PathView(vocabulary, reach_px, waves) if steered else OffsetView(vocabulary, reach_px)


class CoordinateCanvas(nn.Module):
    """Layers by one small network for all pixels.

    Ink is a sigmoid. Colours are linear in what the last layer gives, and alpha is a sigmoid times a linear gate: a
    pixel is covered as a shape says, and as far as the paint covers at all.

    Args:
        vocabulary: What an action's columns mean.
        channels: Channels of a layer.
        hidden: Width of the hidden layers.
        depth: How many there are.
        reach_px: As in `View`.
        waves: As in `PathView`.
    """

    def __init__(
        self, vocabulary: Vocabulary, channels: int, hidden: int, depth: int, reach_px: float, waves: int = 0
    ) -> None:
        super().__init__()
        self.vocabulary, self.channels = vocabulary, channels
        self.view = make_view(vocabulary, reach_px, waves)
        sizes = [self.view.outputs, *[hidden] * depth]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.body = nn.Sequential(*layers)
        values = channels if vocabulary.paint == "ink" else channels + vocabulary.views
        self.out = nn.Linear(hidden, values)
        self.bypass = nn.Linear(self.view.outputs, values, bias=False)  # lets colours pass without a detour

    def forward(self, actions: Tensor, size_px: int) -> Tensor:
        """Paint actions (n, columns) on squares of their own: (n, channels, size, size)."""
        rows = to_pixels(self.vocabulary, actions, size_px)
        pixels = pixel_centres(size_px, rows)
        with torch.no_grad():
            owner, place = self.view.reachable(rows, pixels).nonzero(as_tuple=True)
        values = self._values(rows, owner, pixels[place], size_px)
        layer = values.new_zeros(len(rows) * size_px**2, self.channels)
        layer = layer.index_put((owner * size_px**2 + place,), values)
        return layer.unflatten(0, (len(rows), size_px, size_px)).permute(0, 3, 1, 2)

    def paint_pixels(self, actions: Tensor, size_px: int, owner: Tensor, place: Tensor) -> Tensor:
        """Paint chosen pixels only: pixel `place` of the layer of action `owner`, (pairs, channels)."""
        rows = to_pixels(self.vocabulary, actions, size_px)
        return self._values(rows, owner, pixel_centres(size_px, rows)[place], size_px)

    def _values(self, rows: Tensor, owner: Tensor, at: Tensor, size_px: int) -> Tensor:
        seen = self.view(rows, owner, at, size_px)
        raw = self.out(self.body(seen)) + self.bypass(seen)
        if self.vocabulary.paint == "ink":
            return raw.sigmoid()
        colour, shape, gate = raw.unflatten(1, (self.vocabulary.views, 5)).split((3, 1, 1), dim=2)
        return torch.cat([colour, shape.sigmoid() * (1 + gate)], dim=2).flatten(1)


def pixel_centres(size_px: int, like: Tensor) -> Tensor:
    """Return x, y of the pixel centres of a square, row by row, (pixels, 2)."""
    line = torch.arange(size_px, device=like.device, dtype=like.dtype) + 0.5
    return torch.stack([line.repeat(size_px), line.repeat_interleave(size_px)], dim=1)


def _nearest(offset: Tensor, chord: Tensor, bend: Tensor, start: Tensor) -> Tensor:
    """Find where on its parabola, -1 to 1, each pixel is nearest, by Newton steps from `start`."""
    u = start
    for _ in range(_NEWTON_STEPS):
        radius = offset - chord * u[:, None] - bend * u.square()[:, None]
        tangent = chord + 2 * bend * u[:, None]
        square = tangent.square().sum(1)
        curvature = (square - 2 * (radius * bend).sum(1)).maximum(0.5 * square) + _TINY
        u = (u + (radius * tangent).sum(1) / curvature).clamp(-1, 1)
    return u


def _frame(radius: Tensor, tangent: Tensor, bend: Tensor, along: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Describe pixels by where they stand: distance, signed offset to the side (pairs,), nine numbers (pairs, 9)."""
    speed = (tangent.square().sum(1) + _TINY).sqrt()
    beside = (radius[:, 0] * tangent[:, 1] - radius[:, 1] * tangent[:, 0]) / speed
    beyond = (radius * tangent).sum(1) / speed
    distance = (radius.square().sum(1) + _TINY).sqrt()
    turn = 2 * (tangent[:, 0] * bend[:, 1] - tangent[:, 1] * bend[:, 0]) / (speed.square() + 10 * _TINY)
    seen = [distance / 4, (distance - 2).tanh(), (distance - 5).tanh(), beside.asinh() / 2, beyond.asinh() / 2]
    seen += [along, along.square(), speed.asinh() / 2, (4 * turn).asinh() / 2]
    return distance, beside, torch.stack(seen, dim=1)


@torch.no_grad()
def measure_reach(vocabulary: Vocabulary, actions: Tensor, ink: Tensor) -> float:
    """Measure how far ink lies from points or paths, beyond half of the width, in pixels.

    Args:
        vocabulary: What the columns mean.
        actions: (n, columns) in [0, 1].
        ink: What a renderer painted for them, (n, size, size).
    """
    view, size_px = make_view(vocabulary, 0.0), ink.shape[-1]
    rows = to_pixels(vocabulary, actions, size_px)
    beyond = view.distance(rows, pixel_centres(size_px, rows)) - view.half_width(rows)[:, None]
    return max(0.5, float(beyond[ink.flatten(1) > _FAINT].max()))
