"""`load("sketch/doodles")`: a trained sketch-rnn, ready to draw, complete, blend and compare drawings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from strokewright.datasets.dataset import Dataset
from strokewright.drawing import Drawing
from strokewright.drawing.curves import flatten
from strokewright.errors import EmptyError, OptionError
from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.draws import Temper
from strokewright.models.sketch_rnn.sampler import Begun, Drawn, Sampler, begin
from strokewright.pipelines.sketch_rnn import completion, latent
from strokewright.pipelines.sketch_rnn.completion import LONGEST_STEPS, begin_sketch, last_point, read_sketch
from strokewright.pipelines.sketch_rnn.evaluation import evaluate
from strokewright.pipelines.sketch_rnn.frame import (
    PAGE_PX,
    Frame,
    Habits,
    centred_frame,
    frame_of_whole,
    frame_on_page,
    points_of,
    recoloured,
    to_strokes,
)
from strokewright.pipelines.sketch_rnn.likelihood import each_label, encoded, log_likelihoods
from strokewright.pipelines.sketch_rnn.opening import DEFAULT_MODEL, open_model
from strokewright.pipelines.sketch_rnn.options import (
    BlendOptions,
    CompleteOptions,
    DecodeOptions,
    DrawOptions,
    SampleOptions,
    chosen,
)

_MEASURED = 32  # drawings that tell the model's habits
_MEASURED_STEPS = 120
_PAGE = (PAGE_PX, PAGE_PX)
Codes = NDArray[np.float32]


class Point(NamedTuple):
    """One point of a drawing under way: where the pen arrives, in pixels, and whether it rises there."""

    x: float
    y: float
    lifted: bool


class Sketcher:
    """Draws with a sketch-rnn. New drawings lie on a page of 256 px; drawings that come in keep their own pages.

    A code is the row of numbers that stands for a drawing: z and, for a model with labels, the embedding of its
    class. Codes can be added, subtracted and blended like any arrays.

    Args:
        source: Short name of a bundled model, a model folder, Magenta's JSON (`bird.gen.json`), or a model.
        device: Where it runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The model is unknown, missing or damaged.
        OptionError: It is another kind of model.
    """

    def __init__(self, source: str | Path | SketchRNN = DEFAULT_MODEL, device: str = "auto") -> None:
        self._opened = open_model(source, device)
        self.name, self.model = self._opened.name, self._opened.model
        self._sampler = Sampler(self.model)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that it can be asked for."""
        return self.model.config.labels

    @cached_property
    def habits(self) -> Habits:
        """How large it draws; found out once, by drawing a little."""
        given = SampleOptions(temperature=0.5)
        begun = self._fresh(list(range(_MEASURED)), given)[0]
        most = min(self.model.config.n_max, _MEASURED_STEPS)
        drawn = self._sampler.sample(begun, temperature=given.temperature, max_steps=most)
        return Habits.measured([one.rows for one in drawn], self.model.config.scale_px)

    def sample(self, **options: Any) -> list[Drawing]:
        """Draw from nothing; options are those of `SampleOptions`. Drawing i is the same whatever n is."""
        given = chosen(SampleOptions, options)
        begun, words = self._fresh(list(range(given.n)), given)
        return self._placed(self._draw(begun, given), words, given)

    def complete(self, drawing: Drawing, **options: Any) -> list[Drawing]:
        """Draw endings of a drawing; options are those of `CompleteOptions`.

        Returns:
            Drawings that begin with the strokes of the given one, untouched, on its page. New strokes have the width,
            colour and layer of its last one.

        Raises:
            EmptyError: The drawing has no strokes.
            OptionError: An option is wrong, or the drawing has far too many steps.
        """
        given = chosen(CompleteOptions, options)
        sketch = read_sketch(self.model, self.habits, drawing, self._number(given.label))
        word = None if sketch.label is None else self.labels[sketch.label]
        endings = completion.complete(self.model, self._sampler, sketch, given)
        return [self._signed(whole, drawn, word, given) for whole, drawn in endings]

    def stream(self, drawing: Drawing | None = None, **options: Any) -> Iterator[Point]:
        """Yield the points of one drawing, or of one ending, as they are drawn; options as in `sample` or `complete`.

        Args:
            drawing: What to complete, on its own page; None: draw from nothing on a page of 256 px.
            options: Fields of `SampleOptions` or `CompleteOptions`; n must be 1.
        """
        kind = SampleOptions if drawing is None else CompleteOptions
        given = chosen(kind, options)
        if given.n != 1:
            raise OptionError(f"stream: expected n = 1, got {given.n}; stream each drawing with a seed of its own")
        if drawing is None:
            begun, frame, place = self._fresh([0], given)[0], frame_on_page(self.habits, _PAGE), (0.0, 0.0)
        else:
            sketch = read_sketch(self.model, self.habits, drawing, self._number(given.label))
            begun, frame, place = begin_sketch(self.model, sketch, given.seed, [0]), sketch.frame, last_point(sketch)
        return self._points(begun, given, frame, np.array(place, np.float64), drawing is None)

    def _points(
        self, begun: Begun, given: DrawOptions, frame: Frame, place: NDArray[np.float64], first: bool
    ) -> Iterator[Point]:
        if first:
            yield Point(frame.x, frame.y, False)
        common: dict[str, Any] = {"temperature": given.temperature, "rule": given.rule, "seed": given.seed}
        for dx, dy, lifted in self._sampler.stream(begun, max_steps=given.max_steps, **common):
            place = place + np.array([dx, dy])
            x, y = frame.to_page(place).tolist()
            yield Point(x, y, lifted)

    def encode(self, drawings: Drawing | Iterable[Drawing], label: str | None = None) -> Codes:
        """Return the codes (n, latent) of drawings, at the mean of z; label embeddings come after z.

        Args:
            drawings: Any size, any page.
            label: Their class; None: the word that each carries, else the likeliest.

        Raises:
            EmptyError: A drawing has no strokes.
            OptionError: The model has no encoder or no such label, or a drawing has far too many steps.
        """
        many = [drawings] if isinstance(drawings, Drawing) else list(drawings)
        self._need_encoder()
        rows = [self._rows(drawing) for drawing in many]
        if not rows:
            return np.zeros((0, self.model.decoder.input_size - 5), np.float32)
        mean = encoded(self.model, rows)[0]
        numbers = [self._class_of(one, row, z, label) for one, row, z in zip(many, rows, mean, strict=True)]
        with torch.inference_mode():
            known = None if not self.labels else torch.tensor(cast(list[int], numbers), device=mean.device)
            return cast(Tensor, self.model.beside(mean, known)).cpu().numpy()

    def decode(self, codes: ArrayLike, label: str | None = None, **options: Any) -> list[Drawing]:
        """Draw codes.

        Args:
            codes: (n, latent) as `encode` returns them, or z alone (n, latent size) with a label.
            label: Class to draw them as, in place of their own.
            options: Fields of `DecodeOptions`.
        """
        given = chosen(DecodeOptions, options)
        beside = self._besides(codes, label)
        return self._placed(self._draw(begin(self.model, len(beside), beside), given), self._words(beside), given)

    def reconstruct(
        self, drawings: Drawing | Iterable[Drawing], label: str | None = None, **options: Any
    ) -> list[Drawing]:
        """Encode drawings and draw them again, where they were and as large; options are those of `DecodeOptions`."""
        many = [drawings] if isinstance(drawings, Drawing) else list(drawings)
        again = self.decode(self.encode(many, label), **options)
        return [_put_over(new, drawing) for new, drawing in zip(again, many, strict=True)]

    def blend(self, corners: Sequence[Any], size: tuple[int, int] = (7, 7), **options: Any) -> list[list[Drawing]]:
        """Fill a grid with what lies between two to four drawings, colours blended too.

        Args:
            corners: [a, b], [[a, b], [c]] or [[a, b], [c, d]]: drawings at the corners.
            size: Rows and columns; two drawings in a row fill a single row.
            options: Fields of `BlendOptions`.

        Returns:
            Rows of drawings; see `sheet` for one page of them.
        """
        given = chosen(BlendOptions, options)
        rows = cast(list[list[Drawing]], latent.check_corners(corners))
        if min(size) < 1 or max(size) > 100:
            raise OptionError(f"size: expected 1 to 100 rows and columns, got {size[0]}×{size[1]}")
        size = (1, size[1]) if len(rows) == 1 else size
        flat = iter(self.encode([drawing for row in rows for drawing in row], given.label))
        codes = [[next(flat) for _ in row] for row in rows]
        cells = latent.grid(codes, size, self.model.config.latent_size, given.mode)
        drawn = iter(self._alike([code for row in cells for code in row], given))
        colours = latent.grid_colours(_corner_colours(rows), size)
        return [[recoloured(next(drawn), colour) for colour in row] for row in colours]

    def morph(self, drawings: Sequence[Drawing], steps: int = 30, **options: Any) -> list[Drawing]:
        """Go from the first drawing over the others to the last.

        Args:
            drawings: At least two.
            steps: How many drawings come out, ≥ 2.
            options: Fields of `BlendOptions`.
        """
        given = chosen(BlendOptions, options)
        if len(drawings) < 2 or not 2 <= steps <= 1000:
            raise OptionError(
                f"morph: expected at least 2 drawings and 2 to 1000 steps, got {len(drawings)} and {steps}"
            )
        codes = list(self.encode(drawings, given.label))
        way = latent.along(codes, steps, self.model.config.latent_size, given.mode)
        colours = latent.along([np.array(_colour_of(d), np.float32) for d in drawings], steps, 0, "lerp")
        pairs = zip(self._alike(way, given), colours, strict=True)
        return [recoloured(drawing, cast(Any, tuple(colour.tolist()))) for drawing, colour in pairs]

    def analogy(self, a: Drawing, b: Drawing, c: Drawing, **options: Any) -> Drawing:
        """Draw what is to c as b is to a: code(b) - code(a) + code(c). Options are those of `DecodeOptions`."""
        first, second, third = self.encode([a, b, c])
        return self.decode((second - first + third)[None], **options)[0]

    def nearest(self, drawing: Drawing, among: Sequence[Drawing], n: int = 5) -> list[tuple[int, float]]:
        """Find the drawings whose z lies nearest: (place in `among`, distance), the nearest first."""
        width = self.model.config.latent_size
        codes = self.encode([drawing, *among])[:, :width]
        distances = np.linalg.norm(codes[1:] - codes[0], axis=1)
        order = np.argsort(distances, kind="stable")[:n]
        return [(int(i), float(distances[i])) for i in order]

    def evaluate(
        self,
        data: str | Path | Dataset,
        split: str = "test",
        n_max: int | None = None,
        label: str | None = None,
        seed: int = 0,
    ) -> dict[str, float]:
        """Return L_R, L_s, L_p and, with an encoder, L_KL over a split, and the N_max that they are stated at.

        Args:
            data: A data set, or its name or path.
            split: "train", "valid" or "test".
            n_max: N_max of the losses; None: the model's, or the longest drawing of the data where that is longer.
            label: Class of drawings that carry no word, for a model with labels.
            seed: Of z.
        """
        scale = None if self._opened.imported else self.model.config.scale_px
        self._number(label)
        return evaluate(self.model, data, split, n_max=n_max, scale_px=scale, label=label, seed=seed)

    def to_magenta(self, path: str | Path, label: str | None = None) -> None:
        """Write Magenta's JSON, which the JavaScript sketches run; see `SketchRNN.to_magenta`."""
        self.model.to_magenta(path, label)

    def _number(self, label: str | None) -> int | None:
        if label is None:
            return None
        if label not in self.labels:
            known = f"one of {', '.join(self.labels)}" if self.labels else "none, since this model draws one class"
            raise OptionError(f"label: expected {known}; got {label!r}")
        return self.labels.index(label)

    def _fresh(self, streams: list[int], given: SampleOptions | CompleteOptions) -> tuple[Begun, Sequence[str | None]]:
        """Begin drawings from nothing: a new z, the class asked for or all in turn; and their words.

        The temperature does to z what it does to the offsets.
        """
        number, latent_size = self._number(given.label), self.model.config.latent_size
        device, spread = self.model.head.weight.device, Temper.of(given.temperature, given.rule).sigma
        numbers = [(i % len(self.labels)) if number is None else number for i in streams] if self.labels else None
        label, z = None if numbers is None else torch.tensor(numbers, device=device), None
        with torch.inference_mode():
            if latent_size:
                rows = [np.random.default_rng((given.seed, 3, i)).standard_normal(latent_size) for i in streams]
                noise = torch.from_numpy(spread * np.array(rows, np.float32)).to(device)
                z = self.model.new_codes(noise, label)
            beside = self.model.beside(z, label)
        words = None if numbers is None else [self.labels[i] for i in numbers]
        return begin(self.model, len(streams), beside), words or [None] * len(streams)

    def _draw(self, begun: Begun, given: DrawOptions, streams: Sequence[int] | None = None) -> list[Drawn]:
        return self._sampler.sample(
            begun,
            temperature=given.temperature,
            rule=given.rule,
            seed=given.seed,
            streams=streams,
            max_steps=given.max_steps,
        )

    def _placed(self, drawn: Sequence[Drawn], words: Sequence[str | None], given: DrawOptions) -> list[Drawing]:
        """Put drawings into the middle of a page each."""
        result: list[Drawing] = []
        for one, word in zip(drawn, words, strict=True):
            frame = centred_frame(one.rows, self.habits.span, _PAGE)
            page = Drawing(to_strokes(points_of(one.rows), frame), _PAGE)
            result.append(self._signed(page, one, word, given))
        return result

    def _signed(self, drawing: Drawing, drawn: Drawn, word: str | None, given: DrawOptions) -> Drawing:
        """Note who made it, from what seed, what it shows, and whether it was cut."""
        facts = dict(drawing.metadata) | ({} if word is None else {"word": word})
        facts |= {"temperature": f"{given.temperature:g}"}
        facts |= {} if drawn.finished else {"cut": f"not ended by the model within {len(drawn.rows)} points"}
        return drawing.replace(maker=self.name, seed=given.seed, metadata=facts)

    def _alike(self, codes: Sequence[Codes], given: BlendOptions) -> list[Drawing]:
        """Draw codes with the same noise, so that only the code tells them apart."""
        beside = torch.from_numpy(np.stack(codes)).to(self.model.head.weight.device)
        begun = begin(self.model, len(codes), beside)
        return self._placed(self._draw(begun, given, [0] * len(codes)), self._words(beside), given)

    def _need_encoder(self) -> None:
        if not self.model.config.latent_size:
            raise OptionError(
                f"{self.name}: expected a model with an encoder, got a decoder alone, which can sample and complete; "
                f"choose one such as {DEFAULT_MODEL}"
            )

    def _rows(self, drawing: Drawing) -> NDArray[np.float32]:
        if not drawing.strokes:
            raise EmptyError("expected a drawing with at least one stroke, got none; leave it out")
        most = max(self.model.config.n_max, LONGEST_STEPS)
        return frame_of_whole(drawing, self.habits.span).to_steps(drawing, self.habits.span, most)

    def _class_of(self, drawing: Drawing, rows: NDArray[np.float32], z: Tensor, label: str | None) -> int | None:
        """Number the class of a drawing: the one given, its own word, or the likeliest."""
        if not self.labels or label is not None:
            return self._number(label)
        if drawing.metadata.get("word") in self.labels:
            return self.labels.index(drawing.metadata["word"])
        return int(log_likelihoods(self.model, rows[None], each_label(self.model, z[None], 1)).argmax())

    def _besides(self, codes: ArrayLike, label: str | None) -> Tensor:
        """Check codes, and give them the label's embedding if one is named."""
        self._need_encoder()
        array = np.asarray(codes, np.float32)
        width, whole = self.model.config.latent_size, self.model.decoder.input_size - 5
        if array.ndim != 2 or array.shape[1] not in (width, whole) or not np.isfinite(array).all():
            raise OptionError(f"codes: expected finite numbers of shape (n, {whole}), got {array.shape}; see encode")
        number = self._number(label)
        if array.shape[1] < whole and number is None:
            raise OptionError(f"label: expected one of {', '.join(self.labels)} beside z, got none")
        beside = torch.from_numpy(array).to(self.model.head.weight.device)
        if number is None:
            return beside
        with torch.inference_mode():
            numbers = torch.full((len(array),), number, device=beside.device)
            return cast(Tensor, self.model.beside(beside[:, :width], numbers))

    def _words(self, beside: Tensor) -> list[str | None]:
        """Name the classes of codes; one between two classes has none."""
        embedding = self.model.label_embedding
        if embedding is None:
            return [None] * len(beside)
        own, known = beside[:, self.model.config.latent_size :], embedding.weight.detach()
        distance, nearest = torch.cdist(own, known).min(dim=1)
        close = (distance < 1e-3 * (1 + own.norm(dim=1))).tolist()
        return [self.labels[i] if same else None for i, same in zip(nearest.tolist(), close, strict=True)]


def _put_over(new: Drawing, old: Drawing) -> Drawing:
    """Put a drawing where another one is, as large, with its line width, its colour and its page."""
    boxes = [np.concatenate([flatten(stroke) for stroke in one.strokes]) for one in (new, old)]
    (low, high), (old_low, old_high) = ((points.min(axis=0), points.max(axis=0)) for points in boxes)
    side = float(max(high - low))
    scale = float(max(old_high - old_low)) / side if side else 1.0
    x, y = ((old_low + old_high) / 2 - scale * (low + high) / 2).tolist()
    width = float(np.median(np.concatenate([stroke.width for stroke in old.strokes])))
    placed = new.transformed([[scale, 0, x], [0, scale, y]], old.size)
    strokes = tuple(stroke.replace(width=width, colour=_colour_of(old)) for stroke in placed.strokes)
    return placed.replace(marks=strokes, background=old.background)


def _colour_of(drawing: Drawing) -> tuple[float, float, float]:
    return drawing.strokes[0].colour


def _corner_colours(rows: list[list[Drawing]]) -> list[list[Any]]:
    """Return the corners' own colours; if they have only one between them, a colour for each corner."""
    own = [[_colour_of(drawing) for drawing in row] for row in rows]
    if len({colour for row in own for colour in row}) > 1:
        return own
    colours = iter(latent.CORNER_COLOURS)
    return [[next(colours) for _ in row] for row in rows]
