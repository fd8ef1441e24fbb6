"""Join stroke ends that meet into whole strokes.

Two ends fit together when they are near, the line would run on without a sharp turn, and neither would have to run
backwards to reach the other. The best pairs are taken first, each end once; a stroke may close on itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strokewright.drawing.curves import flatten, resample
from strokewright.drawing.drawing import Floats, Stroke
from strokewright.errors import OptionError

_SAME_POINT_PX = 1.0  # ends so near are one node; wider gaps get a bridging segment


def join(strokes: Sequence[Stroke], gap_px: float, max_angle_rad: float) -> list[Stroke]:
    """Merge stroke ends that meet within a gap with compatible directions, best pairs first.

    Only strokes of equal colour, opacity and layer are joined; widths are kept. A joined stroke stands where its first
    part stood and runs as its longest part did. Dots stay alone.

    Args:
        strokes: Any number of strokes.
        gap_px: Largest distance of two ends in pixels, ≥ 0.
        max_angle_rad: Largest turn from one into the other.

    Raises:
        OptionError: A negative gap or angle.
    """
    if gap_px < 0 or max_angle_rad < 0:
        raise OptionError(f"join: expected gap_px and max_angle_rad ≥ 0, got {gap_px:g} and {max_angle_rad:g}")
    lines = [k for k, s in enumerate(strokes) if not s.is_dot and not s.is_closed]
    ends = _Ends([strokes[k] for k in lines], gap_px)
    partner = _matched(ends, gap_px, max_angle_rad)
    merged: dict[int, Stroke] = {}
    absorbed: set[int] = set()
    for chain, closed in _chains(partner, len(lines)):
        if len(chain) == 1 and not closed:
            continue
        places = [lines[k] for k, _ in chain]
        parts = [strokes[lines[k]].reversed() if turned else strokes[lines[k]] for k, turned in chain]
        whole = _merged(parts, closed)
        longest = int(np.argmax([ends.lengths[k] for k, _ in chain]))
        merged[min(places)] = whole.reversed() if chain[longest][1] else whole
        absorbed.update(places)
    return [merged.get(k, s) for k, s in enumerate(strokes) if k in merged or k not in absorbed]


class _Ends:
    """The ends of all strokes: number 2k is stroke k's start, 2k + 1 its end; `out` points away from the stroke."""

    def __init__(self, strokes: Sequence[Stroke], gap_px: float) -> None:
        self.points = np.array([s.nodes[e] for s in strokes for e in (0, -1)]).reshape(-1, 2)
        self.out = np.zeros_like(self.points)
        self.lengths = np.zeros(len(strokes))
        self.looks = [(s.colour, s.opacity, s.layer) for s in strokes for _ in (0, 1)]
        for k, stroke in enumerate(strokes):
            line = resample(flatten(stroke, 0.25), 1.0)
            self.lengths[k] = np.hypot(*np.diff(line, axis=0).T).sum()
            arm = min(len(line) - 1, round(max(2 * gap_px, 4.0, float(stroke.width.mean()))))
            self.out[2 * k] = _unit(line[0] - line[arm])
            self.out[2 * k + 1] = _unit(line[-1] - line[-1 - arm])


def _unit(vector: Floats) -> Floats:
    size = float(np.hypot(*vector))
    return vector / size if size > 0 else vector


def _matched(ends: _Ends, gap_px: float, max_angle_rad: float) -> dict[int, int]:
    """Return each joined end's partner."""
    order = np.argsort(ends.points[:, 0], kind="stable")
    sorted_x = ends.points[order, 0]
    pairs: list[tuple[float, int, int]] = []
    for place, e in enumerate(order.tolist()):
        stop = int(np.searchsorted(sorted_x, sorted_x[place] + gap_px, side="right"))
        near = order[place + 1 : stop]
        if len(near) == 0:
            continue
        for f, score in zip(near.tolist(), _scores(ends, e, near, gap_px, max_angle_rad).tolist(), strict=True):
            if score < np.inf and ends.looks[e] == ends.looks[f]:
                pairs.append((score, e, f))
    partner: dict[int, int] = {}
    for _, e, f in sorted(pairs):
        if e not in partner and f not in partner:
            partner[e], partner[f] = f, e
    return partner


def _scores(ends: _Ends, e: int, others: np.ndarray, gap_px: float, max_angle_rad: float) -> Floats:
    """Rate how well end e runs on into each of the others; lower is better, infinite is not at all."""
    bridge = ends.points[others] - ends.points[e]
    distance = np.hypot(bridge[:, 0], bridge[:, 1])
    cosine = -(ends.out[others] @ ends.out[e])
    angle = np.arccos(np.clip(cosine, -1, 1))
    mean_out = ends.out[e] - ends.out[others]
    size = np.maximum(np.hypot(mean_out[:, 0], mean_out[:, 1]), 1e-9)
    ahead = (bridge * mean_out).sum(axis=1) / size  # negative: the two overlap
    aside = np.abs(bridge[:, 0] * mean_out[:, 1] - bridge[:, 1] * mean_out[:, 0]) / size
    fits = (distance <= gap_px) & (angle <= max_angle_rad)
    fits &= ahead >= -max(_SAME_POINT_PX, gap_px / 4)
    fits &= aside <= distance * np.sin(min(max_angle_rad, np.pi / 2)) + _SAME_POINT_PX
    own = others // 2 == e // 2  # a stroke closes only if it is long against the gap
    fits &= ~own | (ends.lengths[e // 2] > 4 * max(gap_px, _SAME_POINT_PX))
    return np.where(fits, distance / max(gap_px, 1e-9) + angle / max(max_angle_rad, 1e-9), np.inf)


def _chains(partner: dict[int, int], count: int) -> list[tuple[list[tuple[int, bool]], bool]]:
    """Return the chains [(stroke, reversed), …] that the partners form, and whether each closes."""
    seen: set[int] = set()
    chains: list[tuple[list[tuple[int, bool]], bool]] = []
    open_ends = [e for e in range(2 * count) if e not in partner]
    for first in open_ends + list(range(0, 2 * count, 2)):  # what is left after the open ends are rings
        if first // 2 in seen:
            continue
        chain: list[tuple[int, bool]] = []
        entry: int | None = first
        while entry is not None and entry // 2 not in seen:
            seen.add(entry // 2)
            chain.append((entry // 2, entry % 2 == 1))
            entry = partner.get(entry ^ 1)
        chains.append((chain, entry is not None))
    return chains


def _merged(parts: list[Stroke], closed: bool) -> Stroke:
    """Chain strokes end to start."""
    controls = parts[0].controls.copy()
    width = parts[0].width
    for part in parts[1:]:
        controls, bridged = _linked(controls, part.controls)
        width = np.concatenate([width, part.width if bridged else part.width[1:]])
    if closed:
        ring, bridged = _linked(controls, controls[:1])
        controls = ring[:-1]
        if bridged:
            width = np.append(width, width[0])
        else:
            controls[0, :2] += controls[-1, 3] - controls[0, 0]
            width = np.append(width[:-1], width[0])
        controls[-1, 3] = controls[0, 0]
    return Stroke.from_controls(
        controls, width=width, colour=parts[0].colour, opacity=parts[0].opacity, layer=parts[0].layer
    )


def _linked(before: Floats, after: Floats) -> tuple[Floats, bool]:
    """Chain two runs of cubics: near ends become one node halfway, others get a smooth bridge."""
    low, high = before[-1, 3], after[0, 0]
    gap = float(np.hypot(*(high - low)))
    if gap <= _SAME_POINT_PX:
        before, after = before.copy(), after.copy()
        middle = (low + high) / 2
        before[-1, 2:] += middle - low
        after[0, :2] += middle - high
        return np.concatenate([before, after]), False
    out, into = _unit(before[-1, 3] - before[-1, 0]), _unit(after[0, 3] - after[0, 0])
    if (before[-1, 2] != before[-1, 3]).any():
        out = _unit(before[-1, 3] - before[-1, 2])
    if (after[0, 1] != after[0, 0]).any():
        into = _unit(after[0, 1] - after[0, 0])
    bridge = np.array([[low, low + out * gap / 3, high - into * gap / 3, high]])
    return np.concatenate([before, bridge, after]), True
