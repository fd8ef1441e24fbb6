"""The drawer's training stream: small pictures of real strokes, and canvases with part of them already drawn.

A patch is a window of `size` pixels on a drawing that was scaled, turned and mirrored at random, with lines of 1 to
8 px, centred near a random point of a random stroke. Sample i depends only on (seed, i), so a stream resumes anywhere.
The strokes are drawn straight by Skia, twice as fine as needed, as the true renderer does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import skia
from numpy.typing import NDArray

from strokewright.datasets import open_dataset
from strokewright.datasets.dataset import Dataset
from strokewright.datasets.emoji import FILLED
from strokewright.datasets.random_strokes import RandomStrokes
from strokewright.datasets.smoothing import smoothed
from strokewright.drawing.curves import flatten_with_width
from strokewright.drawing.drawing import Floats
from strokewright.errors import DataError, OptionError

Ink = NDArray[np.float32]
_FINE = 2  # drawn twice as fine, then averaged
_CACHED = 20_000  # drawings kept in memory


@dataclass(frozen=True)
class Source:
    """A dataset to cut patches from.

    Args:
        dataset: Its samples must have drawings.
        longer_side_px: Smallest and largest longer side that a drawing is scaled to, log-uniform.
        smooth: How much to smooth the pen's points, in hundredths of the page.
        own_width: Keep the drawing's own widths (scaled) instead of one random width a patch.
    """

    dataset: Dataset
    longer_side_px: tuple[float, float] = (200.0, 800.0)
    own_width: bool = False
    smooth: float = 0.0


@dataclass(frozen=True)
class _Lines:
    """One drawing's polylines, scaled so that its longer side is 1, centred on 0."""

    points: list[Floats]
    widths: list[Floats]
    boxes: Floats  # strokes, 4: x0 y0 x1 y1
    lengths: Floats


def training_sources(seed: int = 0) -> dict[str, Source]:
    """Return the bundled training sets: only train splits, and Omniglot's drawers 1 to 17. Raises DataError."""
    return {
        "tuberlin": Source(open_dataset("tuberlin").split("train"), (250, 1000)),
        "openmoji": Source(open_dataset("openmoji").split("train"), (150, 700)),
        "lucide": Source(open_dataset("lucide").split("train"), (80, 600)),
        "quickdraw": Source(open_dataset("quickdraw").split("train"), (100, 600)),
        "omniglot": Source(open_dataset("omniglot-strokes").split("train", "valid"), (40, 250), smooth=2.0),
        "random": Source(RandomStrokes(1_000_000, 64.0, (1, 5), (1.0, 8.0), seed).split("train"), (64, 64), True),
    }


DEFAULT_WEIGHTS = {"tuberlin": 0.3, "openmoji": 0.15, "lucide": 0.1, "quickdraw": 0.15, "omniglot": 0.2, "random": 0.1}
"""How often each source is drawn from."""


class Patches:
    """An endless seeded stream of (picture, canvas) patches.

    Args:
        sources: What to cut from; None takes `training_sources()`.
        weights: How often each source is chosen, need not add up to 1; None takes `DEFAULT_WEIGHTS`.
        size: Side of a patch in pixels.
        width_px: Narrowest and widest line, log-uniform; one width a patch, and in a third of them one a stroke.
        blank: Share of canvases that are bare paper; the others hold a random part of the strokes.
        seed: Seed of the stream.

    Raises:
        OptionError: Weights that do not fit the sources, or a size or width out of range.
    """

    def __init__(
        self,
        sources: Mapping[str, Source] | None = None,
        weights: Mapping[str, float] | None = None,
        size: int = 64,
        width_px: tuple[float, float] = (1.0, 8.0),
        blank: float = 0.4,
        seed: int = 0,
    ) -> None:
        self.sources = dict(training_sources(seed) if sources is None else sources)
        chosen = DEFAULT_WEIGHTS if weights is None else weights
        if not set(chosen) <= set(self.sources) or any(w < 0 for w in chosen.values()) or not sum(chosen.values()) > 0:
            raise OptionError(f"weights: expected shares ≥ 0 of {', '.join(self.sources)}, got {dict(chosen)}")
        if not 8 <= size <= 1024 or not 0 < width_px[0] <= width_px[1] or not 0 <= blank <= 1:
            raise OptionError(
                f"patches: expected size 8 to 1024, rising widths > 0, blank 0 to 1, got {size}, {width_px}"
            )
        self.names = [name for name in self.sources if chosen.get(name, 0) > 0]
        shares = np.array([chosen[name] for name in self.names], dtype=np.float64)
        self.edges = np.cumsum(shares / shares.sum())
        self.size, self.width_px, self.blank, self.seed = size, width_px, blank, seed
        self._lines = lru_cache(_CACHED)(self._read_lines)

    def batch(self, index: int, batch_size: int) -> tuple[Ink, Ink]:
        """Return samples index · batch_size onwards.

        Args:
            index: Number of the batch, ≥ 0: the whole state of the stream.
            batch_size: How many patches.

        Returns:
            Pictures and canvases, each (batch_size, size, size) float32 ink.
        """
        fine = self.size * _FINE
        pixels = np.zeros((2, batch_size * fine, fine), dtype=np.uint8)
        surfaces = [_surface(page) for page in pixels]
        for place in range(batch_size):
            scene = self._scene(index * batch_size + place)
            for surface, strokes in zip(surfaces, (scene.picture, scene.canvas), strict=True):
                canvas = surface.getCanvas()
                canvas.save()
                canvas.clipRect(skia.Rect.MakeXYWH(0, place * fine, fine, fine))
                canvas.translate(0, place * fine)
                canvas.scale(_FINE, _FINE)
                for points, width in strokes:
                    _draw(canvas, points, width)
                canvas.restore()
        del surfaces
        blocks = pixels.reshape(2, batch_size, self.size, _FINE, self.size, _FINE)
        ink = blocks.sum(axis=(3, 5), dtype=np.uint16).astype(np.float32) / np.float32(255 * _FINE**2)
        return ink[0], ink[1]

    def sample(self, index: int) -> tuple[Ink, Ink]:
        """Return sample `index` alone: picture and canvas (size, size)."""
        pictures, canvases = self.batch(index, 1)
        return pictures[0], canvases[0]

    def _scene(self, index: int) -> _Scene:
        """Choose what sample `index` shows."""
        rng = np.random.default_rng((self.seed, index))
        name = self.names[min(int(np.searchsorted(self.edges, rng.random(), side="right")), len(self.names) - 1)]
        source = self.sources[name]
        lines = self._lines(name, int(rng.integers(len(source.dataset))))
        scale = float(np.exp(rng.uniform(*np.log(source.longer_side_px))))
        matrix = _random_turn(rng) * scale
        centre = _random_point(rng, lines) @ matrix.T + rng.uniform(-0.4, 0.4, 2) * self.size
        shift = self.size / 2 - centre
        reach = self.size + 2 * self.width_px[1]
        shared_width = np.exp(rng.uniform(*np.log(self.width_px)))
        varied = rng.random() < 1 / 3
        visible: list[_Line] = []
        for stroke in _in_view(lines.boxes, matrix, shift, reach):
            width: Floats | float = lines.widths[stroke] * scale if source.own_width else shared_width
            if varied and not source.own_width:
                width = float(np.clip(shared_width * np.exp(rng.normal(0, 0.35)), *self.width_px))
            visible.append((lines.points[stroke] @ matrix.T + shift, width))
        return _Scene(visible, [] if rng.random() < self.blank else _random_part(rng, visible))

    def _read_lines(self, name: str, index: int) -> _Lines:
        source = self.sources[name]
        drawing = source.dataset[index].drawing
        if drawing is None or not drawing.strokes:
            raise DataError(f"patches: expected drawings with strokes, got none in sample {index} of {name}")
        strokes = [stroke for stroke in drawing.strokes if stroke.layer != FILLED] or drawing.strokes
        flat = [flatten_with_width(stroke, 0.25) for stroke in strokes]
        if source.smooth:
            flat = [(smoothed(points, source.smooth * drawing.size[0] / 100), width[:1]) for points, width in flat]
        low = np.min([points.min(axis=0) for points, _ in flat], axis=0)
        high = np.max([points.max(axis=0) for points, _ in flat], axis=0)
        # Pages of random strokes keep their own scale; others are scaled by their longer side.
        side = max(drawing.size) if source.own_width else max(float((high - low).max()), 1e-6)
        points = [(line - (low + high) / 2) / side for line, _ in flat]
        boxes = np.array([[*line.min(axis=0), *line.max(axis=0)] for line in points])
        lengths = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in points])
        return _Lines(points, [width / side for _, width in flat], boxes, lengths)


_Line = tuple[Floats, Floats | float]


@dataclass(frozen=True)
class _Scene:
    picture: list[_Line]
    canvas: list[_Line]


def _random_turn(rng: np.random.Generator) -> Floats:
    """Mirror half of the time, and turn by about 0.2 rad, or by quarter turns too a third of the time."""
    angle = rng.normal(0, 0.2) + (np.pi / 2 * rng.integers(4) if rng.random() < 1 / 3 else 0)
    cos, sin = np.cos(angle), np.sin(angle)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    return np.array([[cos * mirror, -sin], [sin * mirror, cos]])


def _random_point(rng: np.random.Generator, lines: _Lines) -> Floats:
    """Choose a point on the strokes, longer ones more often."""
    share = lines.lengths + 0.02
    stroke = int(np.searchsorted(np.cumsum(share), rng.random() * share.sum()))
    points = lines.points[min(stroke, len(lines.points) - 1)]
    if len(points) == 1:
        return points[0]
    place = rng.random() * (len(points) - 1)
    low = int(place)
    return points[low] + (place - low) * (points[low + 1] - points[low])


def _in_view(boxes: Floats, matrix: Floats, shift: Floats, reach: float) -> list[int]:
    """Return which strokes' turned boxes touch the window, `reach` px wide around its centre."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix.T + shift
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 @ np.abs(matrix).T
    middle = reach / 2
    near = np.abs(centre - middle) <= half + middle
    return np.flatnonzero(near.all(axis=1)).tolist()


def _random_part(rng: np.random.Generator, visible: Sequence[_Line]) -> list[_Line]:
    """Keep each stroke with one random probability; of a quarter of the kept ones only a stretch."""
    share = rng.random()
    part: list[_Line] = []
    for points, width in visible:
        if rng.random() >= share:
            continue
        if len(points) > 2 and rng.random() < 0.25:
            a, b = np.sort(rng.choice(len(points), 2, replace=False))
            width = width if isinstance(width, float) else np.asarray(width)[a : b + 1]
            points = points[a : b + 1]
        part.append((points, width))
    return part


def _surface(page: NDArray[np.uint8]) -> Any:
    height, width = page.shape
    info = skia.ImageInfo.Make(width, height, skia.kAlpha_8_ColorType, skia.kPremul_AlphaType)
    return skia.Surface.MakeRasterDirect(info, page, width)


def _draw(canvas: Any, points: Floats, width: Floats | float) -> None:
    """Draw a polyline with round caps and joins; a changing width goes piece by piece."""
    paint: Any = skia.Paint(AntiAlias=True, Style=skia.Paint.kStroke_Style)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    if isinstance(width, float) or np.ptp(width) == 0 or len(points) == 1:
        paint.setStrokeWidth(float(np.mean(width)))
        path: Any = skia.PathBuilder()
        corners = [skia.Point(x, y) for x, y in points.tolist()]
        path.addPolygon(corners if len(corners) > 1 else corners * 2, False)
        canvas.drawPath(path.detach(), paint)
        return
    widths: list[float] = np.asarray(width).tolist()
    for start, end, line_width in zip(points[:-1].tolist(), points[1:].tolist(), widths, strict=False):
        paint.setStrokeWidth(line_width)
        canvas.drawLine(*start, *end, paint)
