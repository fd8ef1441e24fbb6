"""One draw from many mixtures at once, in NumPy: the next row of each drawing, given the raw head and noise.

The plain reference is `Mixture.tempered(…).sample(…)`; here nothing is allocated that is not needed, and rows that are
drawn alone take a few dozen microseconds. What temperature T means is told by one of three rules:

    rule    weights, pen                  sigma
    paper   logits / T                    sigma · √T
    js      logits / (0.5 + 0.5 T)        sigma · √T      sketch-rnn-js, @magenta/sketch
    tf      logits / T                    sigma · T       the trainer's own `sample`

At T = 0 every rule takes the likeliest component's mean and the likeliest pen state.

Source: Ha and Eck, A Neural Representation of Sketch Drawings, section 3.3, equation 8; the reference programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strokewright.errors import OptionError
from strokewright.models.sketch_rnn.mixture import PEN_STATES, PER_COMPONENT, RULES

Rule = Literal["paper", "js", "tf"]
NOISE = 4  # numbers a row: two uniform (component, pen), two normal (offset)
_LOG_SIGMA_BOUND, _RHO_RAW_BOUND = 20.0, 8.0  # as in `mixture.py`
_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Temper:
    """What a temperature does to logits and sigmas.

    Args:
        logits: Factor on the logits of components and pen; None: take the largest, no noise at all.
        sigma: Factor on the standard deviations.
    """

    logits: float | None
    sigma: float

    @classmethod
    def of(cls, temperature: float, rule: Rule = "paper") -> Temper:
        """Return the factors of a temperature ≥ 0 under a rule.

        Raises:
            OptionError: A temperature that is negative or not finite, or an unknown rule.
        """
        if not 0 <= temperature < float("inf"):
            raise OptionError(f"temperature: expected a number ≥ 0, got {temperature:g}; 0.4 draws carefully, 1 freely")
        if rule not in RULES:
            raise OptionError(f"rule: expected one of {', '.join(RULES)}, got {rule!r}")
        if temperature < 1e-6:
            return cls(None, 0.0)
        softmax = 0.5 + 0.5 * temperature if rule == "js" else temperature
        return cls(1 / softmax, temperature if rule == "tf" else temperature**0.5)


def noise_of(seed: int, stream: int, rows: int) -> _Floats:
    """Return the noise (rows, NOISE) of one drawing: it depends on seed and stream alone, not on its neighbours."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, stream % 2**64], np.uint64)))
    noise = np.empty((rows, NOISE), np.float32)
    for row in range(0, rows, 64):  # in blocks, so that a longer drawing begins like a shorter one
        block = noise[row : row + 64]
        block[:, :2] = generator.random((64, 2), np.float32)[: len(block)]
        block[:, 2:] = generator.standard_normal((64, 2), np.float32)[: len(block)]
    return noise


def draw(head: _Floats, noise: _Floats, temper: Temper) -> tuple[_Floats, NDArray[np.intp]]:
    """Draw one row for each mixture.

    Args:
        head: (batch, 3 + 6M) raw output: pen logits, then M each of weight logits, mean x, mean y, log sigma x,
            log sigma y, raw rho.
        noise: (batch, NOISE) from `noise_of`.
        temper: What the temperature does.

    Returns:
        Offsets (batch, 2) in model units, and the pen (batch,): 0 down, 1 up, 2 end.
    """
    count = (head.shape[1] - PEN_STATES) // PER_COMPONENT
    pens, weights = head[:, :PEN_STATES], head[:, PEN_STATES : PEN_STATES + count]
    chosen = _choose(weights, noise[:, 0], temper.logits)
    pen = _choose(pens, noise[:, 1], temper.logits)
    at = np.arange(len(head))[:, None], PEN_STATES + chosen[:, None] + count * np.arange(1, PER_COMPONENT)
    mean_x, mean_y, log_x, log_y, rho = head[at].T
    offsets = np.empty((len(head), 2), np.float32)
    if temper.logits is None:
        offsets[:, 0], offsets[:, 1] = mean_x, mean_y
        return offsets, pen
    first, second = temper.sigma * noise[:, 2], temper.sigma * noise[:, 3]
    rho = np.tanh(rho.clip(-_RHO_RAW_BOUND, _RHO_RAW_BOUND))
    sigma_x, sigma_y = np.exp(np.clip((log_x, log_y), -_LOG_SIGMA_BOUND, _LOG_SIGMA_BOUND))
    offsets[:, 0] = mean_x + sigma_x * (np.sqrt(np.maximum(1 - rho * rho, 0)) * first + rho * second)
    offsets[:, 1] = mean_y + sigma_y * second
    return offsets, pen


def _choose(logits: _Floats, uniform: _Floats, factor: float | None) -> NDArray[np.intp]:
    """Choose an index in each row: the largest, or by the softmax of factor · logits."""
    if factor is None:
        return logits.argmax(axis=1)
    scaled = factor * (logits - logits.max(axis=1, keepdims=True))
    total = np.exp(scaled).cumsum(axis=1)
    # Strictly below the last sum, so that rounding cannot leave a draw without an index.
    return (total[:, :-1] <= uniform[:, None] * total[:, -1:]).sum(axis=1)
