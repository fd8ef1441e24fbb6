"""Designers' line drawings with the finished picture: OpenMoji (CC BY-SA 4.0) and Fluent emoji (MIT).

Split by code point, the same in both sets; the label is the emoji's group. Fluent's own drawing is a black glyph with
filled areas. A hand draws lines, so there are three further drawings of a Fluent picture: the outlines of its glyph,
the line drawing that OpenMoji has for the same code point (another design, so it lies only roughly on the picture),
and lines made from the picture itself.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from strokewright.datasets.dataset import Ink, Sample
from strokewright.datasets.download import find
from strokewright.datasets.pairs import Pair, StoredPairs
from strokewright.datasets.photo_lines import photo_lines
from strokewright.datasets.picture_store import PictureStore
from strokewright.errors import DataError, OptionError

GROUPS = ("smileys", "people", "parts", "animals", "food", "places", "activities", "objects", "symbols")
"""What the group codes of the files mean."""
_OUTLINE_PX = 1.6
FluentLines = Literal["glyph", "outline", "openmoji", "made"]
_LINES = ("glyph", "outline", "openmoji", "made")


class OpenMojiPairs(StoredPairs):
    """OpenMoji's line layer and finished picture, aligned to the pixel, from `openmoji_pairs_128.zip`."""

    def __init__(self, path: str | Path | None = None) -> None:
        store = PictureStore(find("emoji/openmoji_pairs_128.zip") if path is None else path)
        facts = _facts(store)
        pairs, skipped = _pairs(store, facts, "color", "line")
        super().__init__(store, pairs, skipped)


class FluentPairs(StoredPairs):
    """Fluent's shaded picture with a drawing of it, from `fluent_pairs_128.zip`.

    Args:
        path: The zip or a folder like it.
        lines: "glyph" (black and filled), "outline" (of the glyph), "openmoji" (its line drawing of the code point,
            where it has one) or "made" (from the picture).
        openmoji: The zip of OpenMoji, for its lines.
    """

    def __init__(
        self, path: str | Path | None = None, lines: FluentLines = "glyph", openmoji: str | Path | None = None
    ) -> None:
        if lines not in _LINES:
            raise OptionError(f"lines: expected one of {', '.join(_LINES)}, got {lines!r}")
        store = PictureStore(find("emoji/fluent_pairs_128.zip") if path is None else path)
        facts = _facts(store)
        pairs, skipped = _pairs(store, facts, "render", "glyph")
        self.lines = lines
        self._sketches = store
        if lines == "openmoji":
            self._sketches = PictureStore(find("emoji/openmoji_pairs_128.zip") if openmoji is None else openmoji)
            pairs, missing = _with_openmoji(pairs, self._sketches)
            skipped += missing
        super().__init__(store, pairs, skipped)

    def make(self, index: int) -> Sample:
        """Read one picture and its drawing."""
        pair, photo = self.pairs[index], self.photo(index)
        if self.lines == "made":
            return Sample(photo_lines(photo), None, pair.label, pair.group, pair.split, photo)
        ink = np.float32(1) - self._sketches.read(pair.sketch).mean(axis=2, dtype=np.float32) / np.float32(255)
        if self.lines == "outline":
            ink = _outline(ink)
        return Sample(None, ink, pair.label, pair.group, pair.split, photo)


def _facts(store: PictureStore) -> dict[str, dict[str, Any]]:
    """Read `labels.json`: name → label, group code, split and, of Fluent, hexcode."""
    try:
        facts: dict[str, dict[str, Any]] = json.loads(store.bytes_of("labels.json"))
        for fact in facts.values():
            if not isinstance(fact["split"], str) or fact.get("group") not in (None, *range(len(GROUPS))):
                raise ValueError(f"unknown split or group in {fact}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{store.path}, labels.json: expected a split and a group a name ({error})") from error
    return facts


def _pairs(
    store: PictureStore, facts: dict[str, dict[str, Any]], picture: str, lines: str
) -> tuple[list[Pair], list[tuple[str, str]]]:
    """List the emoji that have both halves and a group."""
    names = {(PurePosixPath(name).parts[1], PurePosixPath(name).stem): name for name in store.names if "/" in name}
    pairs: list[Pair] = []
    skipped: list[tuple[str, str]] = []
    for name, fact in facts.items():
        halves = [names.get((folder, name)) for folder in (picture, lines)]
        if halves[0] is None or halves[1] is None:
            skipped.append((name, "a half of the pair is missing"))
        elif fact["group"] is None:
            skipped.append((name, "its group is not known"))
        else:
            code = str(fact.get("hexcode") or name)
            pairs.append(Pair(halves[0], halves[1], GROUPS[fact["group"]], code, fact["split"]))
    return pairs, skipped


def _with_openmoji(pairs: list[Pair], openmoji: PictureStore) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Put OpenMoji's lines of the same code point in the place of the glyph."""
    lines = {PurePosixPath(name).stem: name for name in openmoji.names if "/line/" in name}
    found = [
        Pair(pair.photo, lines[pair.group], pair.label, pair.group, pair.split)
        for pair in pairs
        if pair.group in lines and PurePosixPath(lines[pair.group]).parts[0] == pair.split
    ]
    kept = {pair.photo for pair in found}
    return found, [(pair.photo, "OpenMoji has no lines for it") for pair in pairs if pair.photo not in kept]


def _outline(ink: Ink) -> Ink:
    """Return lines of 1.6 px along the edges of ink (height, width)."""
    inside = ink > 0.5
    border = np.pad(inside, 1)
    within, beyond = (np.asarray(ndimage.distance_transform_edt(side), dtype=np.float32) for side in (border, ~border))
    to_edge = np.maximum(within, beyond)[1:-1, 1:-1] - np.float32(0.5)
    return np.clip(np.float32(_OUTLINE_PX / 2 + 0.5) - to_edge, 0, 1)
