"""Complete a drawing: the user's strokes as they are, then what the model would draw after them.

Three things are not known and are judged by how likely they make the user's strokes: how large the whole drawing is to
become, its class, and z. Sizes from that of the strokes to that of the page are compared in the page's own pixels (a
density per unit² becomes one per pixel² by dividing it by scale²). Codes z come half from the prior, half from what the
encoder says of the strokes, each with the weight of importance sampling; the evidence of long drawings is toned
down, so that the endings of one drawing still differ. That the drawing is not finished counts as evidence too: what
could be a whole circle is then rather the beginning of a face.

A model can run off the page, or find the drawing complete as it is. Then the ending is drawn again, a few times, and
the best is taken; one without any stroke is never taken.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 4.2 (completion by the decoder alone); the
choice of size, class and z is ours.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import EmptyError
from strokewright.models.sketch_rnn import SketchRNN
from strokewright.models.sketch_rnn.sampler import Begun, Drawn, Sampler, begin_after
from strokewright.pipelines.sketch_rnn.frame import Frame, Habits, points_of, to_strokes
from strokewright.pipelines.sketch_rnn.likelihood import each_label, encoded, log_likelihoods
from strokewright.pipelines.sketch_rnn.options import CompleteOptions

LONGEST_STEPS = 300
"""Drawings of so many steps are taken as they are, even by models trained on shorter ones."""
_SIZES = 4  # that are compared
_SMALLEST = 0.3  # of the page, as the size of a whole drawing
_CODES = 32
_EVIDENCE_ROWS = 8.0  # more rows than these do not narrow the choice of z any further
_ATTEMPTS, _ATTEMPTS_AT_A_STROKE = 4, 16
_BESIDE_PAGE = 0.02  # of its longer side, that an ending may leave it by
_ATTEMPT_STREAMS = 2**32


@dataclass(frozen=True)
class Sketch:
    """A user's strokes as a model sees them.

    Args:
        drawing: The strokes.
        frame: Where the model's units lie on its page.
        rows: Stroke-5 rows (steps, 5).
        label: Number of the class, or None.
    """

    drawing: Drawing
    frame: Frame
    rows: NDArray[np.float32]
    label: int | None


def read_sketch(model: SketchRNN, habits: Habits, drawing: Drawing, label: int | None) -> Sketch:
    """Choose the size of the whole drawing and, where none is given, its class.

    Raises:
        EmptyError: There is no stroke.
        OptionError: There are far too many steps.
    """
    if not drawing.strokes:
        raise EmptyError("complete: expected a drawing with at least one stroke, got none; use sample to begin anew")
    most = max(model.config.n_max, LONGEST_STEPS)
    frames = _frames(drawing, habits)
    in_pixels = frames[-1].to_steps(drawing, habits.span, most)  # the same points for all sizes
    in_pixels[:, :2] *= frames[-1].scale
    scales = np.array([frame.scale for frame in frames])
    rows = np.repeat(in_pixels[None], len(frames), axis=0)
    rows[..., :2] /= scales[:, None, None]
    z = encoded(model, list(rows))[0] if model.config.latent_size else None
    labels = max(1, len(model.config.labels))
    likely = log_likelihoods(model, np.repeat(rows, labels, axis=0), each_label(model, z, len(frames)), unfinished=True)
    fills_page = -(np.log2(scales / scales[-1]) ** 2)  # what drawings rather do
    table = likely.reshape(-1, labels) + (fills_page - 2 * len(in_pixels) * np.log(scales))[:, None]
    if label is not None:
        table = table[:, label : label + 1]
    size, found = np.unravel_index(int(table.argmax()), table.shape)
    frame = frames[int(size)]
    named = label if label is not None or not model.config.labels else int(found)
    return Sketch(drawing, frame, frame.to_steps(drawing, habits.span, most), named)


def _frames(drawing: Drawing, habits: Habits) -> list[Frame]:
    """Return frames in which the whole drawing would be as large as the strokes, as the page, or between."""
    points = np.concatenate([flatten(stroke) for stroke in drawing.strokes])
    page, side = 0.9 * math.sqrt(drawing.size[0] * drawing.size[1]), float(np.ptp(points, axis=0).max())
    if 0 < side < 0.95 * page:
        sizes = np.geomspace(max(side, _SMALLEST * page), page, _SIZES)
    else:  # a dot says nothing of its size
        sizes = np.array([max(side, page)])
    return [Frame(float(size) / habits.span, *points[0].tolist()) for size in sizes]


def begin_sketch(model: SketchRNN, sketch: Sketch, seed: int, streams: list[int]) -> Begun:
    """Begin an ending for each stream of noise, with a z of its own."""
    rows = torch.from_numpy(sketch.rows).to(model.head.weight.device)
    beside = _codes(model, sketch, seed, streams)
    count = len(streams)
    if beside is None:
        return begin_after(model, rows[None], None)[0].repeated(count)
    return begin_after(model, rows.expand(count, -1, -1), beside)[0]


def complete(
    model: SketchRNN, sampler: Sampler, sketch: Sketch, options: CompleteOptions
) -> list[tuple[Drawing, Drawn]]:
    """Draw endings; returns each whole drawing, the user's strokes first, with what was drawn for it.

    Raises:
        EmptyError: The model adds nothing, however often it is asked.
    """
    n_max = model.config.n_max
    most = options.max_steps or max(n_max - len(sketch.rows), n_max // 4, 8)
    best: dict[int, tuple[float, Drawing, Drawn]] = {}
    todo = list(range(options.n))
    for attempt in range(_ATTEMPTS_AT_A_STROKE):
        streams = [idea + attempt * _ATTEMPT_STREAMS for idea in todo]
        drawn = sampler.sample(
            begin_sketch(model, sketch, options.seed, streams),
            temperature=options.temperature,
            rule=options.rule,
            seed=options.seed,
            streams=streams,
            max_steps=most,
        )
        for idea, one in zip(todo, drawn, strict=True):
            whole = with_ending(sketch, one)
            fault = _fault(sketch, whole)
            if idea not in best or fault < best[idea][0]:
                best[idea] = (fault, whole, one)
        enough = 0.0 if attempt < _ATTEMPTS - 1 else sys.float_info.max
        todo = [idea for idea in todo if best[idea][0] > enough]
        if not todo:
            break
    if todo:
        raise EmptyError(
            "complete: the model takes this drawing for a whole one and adds nothing; raise the temperature, or name "
            "another label or seed"
        )
    return [best[idea][1:] for idea in range(options.n)]


def with_ending(sketch: Sketch, drawn: Drawn) -> Drawing:
    """Return the user's drawing with the model's strokes after it, which look like the user's last one."""
    return sketch.drawing.replace(marks=(*sketch.drawing.marks, *_new_strokes(sketch, drawn)))


def last_point(sketch: Sketch) -> tuple[float, float]:
    """Return where the user's pen was at last, in model units."""
    x, y = sketch.rows[:, :2].sum(axis=0, dtype=np.float64).tolist()
    return x, y


def _new_strokes(sketch: Sketch, drawn: Drawn) -> tuple[Stroke, ...]:
    own = sketch.drawing.strokes
    lines = [line + last_point(sketch) for line in points_of(drawn.rows, lifted=True)]
    width = float(np.median(np.concatenate([stroke.width for stroke in own])))
    looks = {"colour": own[-1].colour, "opacity": own[-1].opacity, "layer": own[-1].layer}
    return to_strokes(lines, sketch.frame, width, **looks)


def _fault(sketch: Sketch, whole: Drawing) -> float:
    """Say how bad an ending is: by how many pixels it leaves the page; infinity if nothing was drawn."""
    new = whole.strokes[len(sketch.drawing.strokes) :]
    if not new:
        return float("inf")
    points, size = np.concatenate([stroke.nodes for stroke in new]), np.array(whole.size)
    beyond = max(float((-points).max()), float((points - size).max()))
    return max(0.0, beyond - _BESIDE_PAGE * max(whole.size))


def _codes(model: SketchRNN, sketch: Sketch, seed: int, streams: list[int]) -> Tensor | None:
    """Choose z and label for each stream, (streams, width); None for a model that has neither."""
    device = model.head.weight.device

    def labelled(z: Tensor | None, count: int) -> Tensor | None:
        numbers = None if sketch.label is None else torch.full((count,), sketch.label, device=device)
        return model.beside(z, numbers)

    with torch.inference_mode():
        if not model.config.latent_size:
            return labelled(None, len(streams))
        mean, log_variance = (t[0].cpu().double().numpy() for t in encoded(model, [sketch.rows]))
        rng = np.random.default_rng((seed, 1))
        normal = rng.standard_normal((_CODES, len(mean)))
        codes = np.where(np.arange(_CODES)[:, None] % 2, normal, mean + np.exp(log_variance / 2) * normal)
        z = torch.from_numpy(codes.astype(np.float32)).to(device)
        likely = log_likelihoods(model, sketch.rows[None], labelled(z, _CODES), unfinished=True)
        weights = min(1.0, _EVIDENCE_ROWS / len(sketch.rows)) * (likely + _log_prior_share(codes, mean, log_variance))
        rngs = (np.random.default_rng((seed, 2, stream)) for stream in streams)
        chosen = [int((weights + one.gumbel(size=_CODES)).argmax()) for one in rngs]
        return labelled(z[chosen], len(streams))


def _log_prior_share(
    codes: NDArray[np.float64], mean: NDArray[np.float64], log_variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return log of prior density over the density that the codes were drawn from, half prior, half posterior."""
    prior = -0.5 * (codes**2).sum(axis=1)
    posterior = -0.5 * ((codes - mean) ** 2 / np.exp(log_variance) + log_variance).sum(axis=1)
    return prior - np.logaddexp(prior, posterior) + np.log(2)
