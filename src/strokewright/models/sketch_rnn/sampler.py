"""Draw with a sketch-rnn, fast: many drawings at once, or one alone, row by row as it comes.

    sampler = Sampler(model)
    for drawn in sampler.sample(begin(model, 100), temperature=0.4, seed=7): ...
    for dx, dy, lifted in sampler.stream(begin(model, 1), temperature=0.4): ...

Every drawing has a stream of noise of its own, so drawing 3 of 10 is drawing 3 of 100 (to rounding: a product of
matrices of another height rounds differently). A drawing that has ended leaves its lane at once, to the next one that
waits, or the lane is closed; so no product is made for drawings that are done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.draws import NOISE, Rule, Temper, draw, noise_of
from strokewright.models.sketch_rnn.lanes import Lanes, pack
from strokewright.models.sketch_rnn.vae import ROW, SketchRNN

LANES = 100
_FEW = 4  # lanes that one thread steps as fast as several, which would only wait for each other
_DOWN, _UP, _END = 0, 1, 2
_PENS = np.eye(3, dtype=np.float32)
_Indices = NDArray[np.intp]


class Begun(NamedTuple):
    """How n drawings begin.

    Args:
        row: Last row of each (n, 5), model units.
        state: The decoder's flat state before that row was seen (n, state size).
        beside: z and the label's embedding (n, width); None where the model has neither.
    """

    row: Tensor
    state: Tensor
    beside: Tensor | None

    def repeated(self, times: int) -> Begun:
        """Begin each drawing so many times over."""
        return Begun(*(None if t is None else t.repeat_interleave(times, dim=0) for t in self))  # type: ignore[arg-type]

    def only(self, index: int) -> Begun:
        """Begin one of the drawings."""
        return Begun(*(None if t is None else t[index : index + 1] for t in self))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Drawn:
    """One drawing as the model made it.

    Args:
        rows: Stroke-3 rows (steps, 3) in model units, the first one an offset from where the pen stood.
        finished: Whether the model ended it; otherwise it was cut at the most steps allowed.
    """

    rows: NDArray[np.float64]
    finished: bool


@torch.inference_mode()
def begin(model: SketchRNN, count: int, beside: Tensor | None = None) -> Begun:
    """Begin drawings on bare paper.

    Args:
        model: What draws them.
        count: How many.
        beside: z and the label's embedding (count, width), as `SketchRNN.beside` puts them together, or any point
            between such; None for a model that has neither.

    Raises:
        OptionError: `beside` is missing, or of another shape than the model takes.
    """
    wanted = (count, model.decoder.input_size - ROW)
    if (tuple(beside.shape) if beside is not None else (count, 0)) != wanted:
        raise OptionError(
            f"beside: expected z and label of shape {wanted}, got {beside if beside is None else beside.shape}"
        )
    row = torch.zeros(count, ROW, device=model.head.weight.device)
    row[:, 2] = float(model.config.start == "pen-down")
    if beside is None or model.to_state is None:
        return Begun(row, model.decoder.initial_state(count), None)
    return Begun(row, torch.tanh(model.to_state(beside)), beside)


@torch.inference_mode()
def begin_after(model: SketchRNN, rows: Tensor, beside: Tensor | None = None) -> tuple[Begun, Tensor]:
    """Begin drawings in the middle: after rows that are already there.

    Args:
        model: What draws on; in evaluation mode.
        rows: Stroke-5 rows without the start token (count, steps, 5), model units, steps ≥ 1.
        beside: As in `begin`.

    Returns:
        How the drawings go on, and the raw output of the head for each of the rows, (count, steps, 3 + 6M).
    """
    begun = begin(model, len(rows), beside)
    inputs = torch.cat([begun.row[:, None], rows[:, :-1]], dim=1).transpose(0, 1)
    outputs, state = model.decoder(inputs, begun.state, None, begun.beside)
    return Begun(rows[:, -1], state, begun.beside), model.head(outputs).transpose(0, 1)


class Sampler:
    """Draws with the weights that a model has when this is made.

    Args:
        model: In evaluation mode or not, on any device.
        lanes: Drawings that are made at once.
    """

    def __init__(self, model: SketchRNN, lanes: int = LANES) -> None:
        self._packed = pack(model)
        self._n_max = model.config.n_max
        self._lanes = lanes

    def sample(
        self,
        begun: Begun,
        *,
        temperature: float = 1.0,
        rule: Rule = "paper",
        seed: int = 0,
        streams: Sequence[int] | None = None,
        max_steps: int | None = None,
    ) -> list[Drawn]:
        """Draw.

        Args:
            begun: How the drawings begin.
            temperature: ≥ 0; 0 takes the likeliest at every step.
            rule: What the temperature means, see `draws.py`.
            seed: Of the noise.
            streams: Which stream of the seed's noise each drawing takes; None: 0, 1, 2, …
            max_steps: Most steps of a drawing; None: the model's n_max.

        Returns:
            A drawing for each that was begun, in their order.
        """
        most = self._most(max_steps)
        rows, lengths = np.zeros((len(begun.row), most, 3)), np.zeros(len(begun.row), dtype=np.intp)
        finished = np.zeros(len(begun.row), dtype=bool)
        for drawing, place, offsets, pen in self.steps(begun, Temper.of(temperature, rule), seed, streams, most):
            rows[drawing, place, :2] = offsets
            rows[drawing, place, 2] = pen == _UP
            finished[drawing] = pen == _END
            lengths[drawing] = place + (pen != _END)
        return [Drawn(rows[i, : lengths[i]].copy(), bool(finished[i])) for i in range(len(rows))]

    def stream(
        self,
        begun: Begun,
        *,
        temperature: float = 1.0,
        rule: Rule = "paper",
        seed: int = 0,
        stream: int = 0,
        max_steps: int | None = None,
    ) -> Iterator[tuple[float, float, bool]]:
        """Yield (dx, dy, lifted) of the first of the drawings begun, each as soon as it is drawn."""
        steps = self.steps(begun.only(0), Temper.of(temperature, rule), seed, (stream,), self._most(max_steps))
        for _, _, offsets, pen in steps:
            if pen[0] == _END:
                return
            yield float(offsets[0, 0]), float(offsets[0, 1]), bool(pen[0] == _UP)

    def _most(self, max_steps: int | None) -> int:
        if max_steps is not None and max_steps < 1:
            raise OptionError(f"max_steps: expected at least 1, got {max_steps}")
        return max_steps or self._n_max

    def steps(
        self, begun: Begun, temper: Temper, seed: int, streams: Sequence[int] | None, most: int
    ) -> Iterator[tuple[_Indices, _Indices, NDArray[np.float32], _Indices]]:
        """Draw step by step, all lanes at once.

        Args:
            begun: How the drawings begin.
            temper: What the temperature does.
            seed: Of the noise.
            streams: As in `sample`.
            most: Most steps of a drawing.

        Yields:
            For each lane in use: the number of its drawing, the place of the new row in it, the row's offset
            (lanes, 2) in model units, and the pen: 0 down, 1 up, 2 end, after which the lane is given away.
        """
        lanes = min(len(begun.row), self._lanes)
        table = _Table(begun, self._packed.lanes(lanes), lanes, seed, streams, most)
        for lane in range(lanes):
            table.enter(lane)
        while table.count:
            count, drawing, place = table.count, table.drawing[: table.count], table.place[: table.count]
            head = _step(table.lanes, count)
            offsets, pen = draw(head, table.noise[np.arange(count), place], temper)
            yield drawing.copy(), place.copy(), offsets, pen
            table.lanes.feed(np.concatenate([offsets, _PENS[pen]], axis=1))
            place += 1
            for lane in cast(list[int], np.flatnonzero((pen == _END) | (place == most))[::-1].tolist()):
                table.leave(lane)


class _Table:
    """Which drawing is in which lane, how far it is, and its noise; the first `count` lanes are in use."""

    def __init__(
        self, begun: Begun, lanes: Lanes, width: int, seed: int, streams: Sequence[int] | None, most: int
    ) -> None:
        self.lanes, self.count, self._next = lanes, 0, 0
        self._begun, self._seed, self._streams = begun, seed, range(len(begun.row)) if streams is None else streams
        self.drawing, self.place = np.zeros(width, dtype=np.intp), np.zeros(width, dtype=np.intp)
        self.noise = np.empty((width, most, NOISE), np.float32)

    def enter(self, lane: int) -> None:
        """Put the next drawing into a lane."""
        index, (row, state, beside) = self._next, self._begun
        self.noise[lane] = noise_of(self._seed, self._streams[index], self.noise.shape[1])
        self.lanes.enter(lane, row[index], state[index], None if beside is None else beside[index])
        self.drawing[lane], self.place[lane] = index, 0
        self._next, self.count = index + 1, max(self.count, lane + 1)

    def leave(self, lane: int) -> None:
        """Give a lane to the next drawing, or close it. Of several lanes, the last one must leave first."""
        if self._next < len(self._begun.row):
            self.enter(lane)
            return
        self.count -= 1
        if lane != self.count:  # the last lane moves into the gap; it is not over: those behind were seen to first
            self.lanes.move(self.count, lane)
            for values in (self.drawing, self.place, self.noise):
                values[lane] = values[self.count]


def _step(lanes: Lanes, count: int) -> NDArray[np.float32]:
    """Step the first lanes; a few of them on one thread, which a busy machine cannot make wait for another one."""
    threads = torch.get_num_threads()
    if count > _FEW or threads == 1:
        return lanes.step(count)
    torch.set_num_threads(1)
    try:
        return lanes.step(count)
    finally:
        torch.set_num_threads(threads)
