"""The pages of the sketches benchmark, 512 × 512 px, each with the drawing that it was rendered from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strokewright import Dataset, Drawing

SEED = 0
LINE_PX = 2.5
WIDTHS_PX = (1.5, 8.0)


@dataclass(frozen=True)
class Pages:
    """One set of pages.

    Args:
        name: The case's name in the rows.
        drawings: The true strokes.
        main: Whether the paper's numbers and the issue's bound are set beside it.
    """

    name: str
    drawings: list[Drawing]
    main: bool = False


def page_sets(count: int, tuning: bool = False) -> list[Pages]:
    """Line art with pens of many widths, the same with one width, and sheets of characters.

    Args:
        count: Pages of the main set, spread evenly over the drawings there are; half as many of the others.
        tuning: Other drawings, for choosing options: every tenth TU-Berlin drawing from the fifth on, Omniglot's
            drawers 15 to 17. Otherwise the test drawings, which no training has seen.
    """
    split = Dataset.open("tuberlin", width_px=LINE_PX).split("train" if tuning else "test")
    # of ten drawings in a row the first is test, so nine in a row are of the train split
    places = np.arange(4, len(split), 9) if tuning else np.arange(len(split))
    places = places[np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)]
    plain = [drawing for place in places if (drawing := split[int(place)].drawing) is not None]
    half = -(-count // 2)
    sheets = Dataset.open("sheets", split="valid" if tuning else "test", seed=SEED, count=half)
    return [
        Pages("line art, pens of 1.5 to 8 px", [with_many_pens(d, i) for i, d in enumerate(plain)], main=True),
        Pages(f"line art, {LINE_PX:g} px", plain[::2]),
        Pages("Omniglot sheets", [sample.drawing for sample in sheets if sample.drawing is not None]),
    ]


def with_many_pens(drawing: Drawing, index: int) -> Drawing:
    """Give each stroke a width of its own, log-uniform over `WIDTHS_PX`; seeded by the page's index."""
    rng = np.random.default_rng((SEED, index))
    widths = np.exp(rng.uniform(*np.log(WIDTHS_PX), len(drawing.strokes)))
    pens = zip(drawing.strokes, widths.tolist(), strict=True)
    return drawing.replace(marks=tuple(stroke.replace(width=width) for stroke, width in pens))
