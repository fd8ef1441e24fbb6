"""Path data, the "M 0 0 C …" language: text → chains of cubic segments and back.

Lines become cubics with their handles on their ends, quadratics are raised to cubics, arcs become one cubic for each
quarter turn or less.

Source: SVG 1.1, section 8.3 and appendix F.6 (arcs).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Stroke
from strokewright.files.svg.values import NUMBER, finite

Point = tuple[float, float]
Segment = tuple[Point, Point, Point]  # two handles and the end; it begins where the last one ended

_TOKEN = re.compile(rf"[\s,]*(?:([MmZzLlHhVvCcSsQqTtAa])|({NUMBER}))")
_FLAG = re.compile(r"[\s,]*([01])")
MAX_SEGMENTS = 2_000_000
_ARGUMENTS = {"M": 2, "Z": 0, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}


@dataclass(slots=True)
class Chain:
    """One subpath: a start and the segments from it; closed when it ends with Z."""

    start: Point
    segments: list[Segment] = field(default_factory=list[Segment])
    closed: bool = False

    @property
    def end(self) -> Point:
        """Where the pen is."""
        return self.segments[-1][2] if self.segments else self.start

    def line_to(self, point: Point) -> None:
        """Add a straight segment."""
        self.segments.append((self.end, point, point))

    def close(self) -> None:
        """Go back to the start, with a line unless the pen is there already (within rounding)."""
        size = max(map(abs, (*self.start, *self.end, 1.0)))
        if math.dist(self.start, self.end) > 1e-9 * size:
            self.line_to(self.start)
        elif self.segments:
            first, second, end = self.segments[-1]
            self.segments[-1] = (first, self.start if second == end else second, self.start)
        self.closed = True

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return nodes (n, 2) and handles (n - 1, 2, 2); one node where the chain never leaves its start."""
        points = np.array(self.segments, dtype=np.float64).reshape(-1, 3, 2)
        nodes = np.concatenate([np.array([self.start], dtype=np.float64), points[:, 2]])
        if (points == nodes[0]).all():
            return nodes[:1], np.zeros((0, 2, 2))
        return nodes, points[:, :2]


def parse_path(text: str) -> list[Chain]:
    """Parse path data to its subpaths; those without a segment are left out, as nothing is drawn for them.

    Raises:
        ValueError: Anything but path data, a number too large, or more than 2,000,000 segments.
    """
    if text.strip() == "none":
        return []
    reader = _PathReader(text)
    reader.run()
    return [chain for chain in reader.chains if chain.segments or chain.closed]


class _PathReader:
    """Holds the state of the language: the pen, the last handle, which smooth segments mirror."""

    def __init__(self, text: str) -> None:
        self.text = text.rstrip(" \t\r\n\f,")
        self.at = 0
        self.count = 0
        self.chains: list[Chain] = []
        self.pen: Point = (0.0, 0.0)
        self.mirrored: tuple[str, Point] = ("", (0.0, 0.0))  # kind of the last curve, its last handle

    def run(self) -> None:
        command = ""
        while self.at < len(self.text):
            self.count += 1
            if self.count > MAX_SEGMENTS:
                raise ValueError(f"path data: expected at most {MAX_SEGMENTS} segments, got more")
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise self.unexpected("a command or a number")
            if match.group(1):
                command, self.at = match.group(1), match.end()
                if not self.chains and command not in "Mm":
                    raise self.unexpected("path data that begins with M")
            elif command in ("", "Z", "z"):
                raise self.unexpected("a command")
            self.step(command)
            command = {"M": "L", "m": "l"}.get(command, command)

    def unexpected(self, wanted: str) -> ValueError:
        return ValueError(f"path data: expected {wanted}, got {self.text[self.at : self.at + 20].strip()!r}")

    def number(self, pattern: re.Pattern[str] = _TOKEN) -> float:
        match = pattern.match(self.text, self.at)
        value = match.group(match.lastindex or 0) if match else ""
        if match is None or (pattern is _TOKEN and match.group(1)):
            raise self.unexpected("a number")
        self.at = match.end()
        return finite(float(value))

    def step(self, command: str) -> None:
        kind = command.upper()
        is_arc = kind == "A"
        values = [self.number(_FLAG if is_arc and i in (3, 4) else _TOKEN) for i in range(_ARGUMENTS[kind])]
        if kind == "M":
            self.pen = self.place(command, values[0], values[1])
            self.chains.append(Chain(self.pen))
        elif kind == "Z":
            self.chains[-1].close()
            self.pen = self.chains[-1].start
        else:
            if self.chains[-1].closed:
                self.chains.append(Chain(self.pen))
            self.draw(command, kind, values)
        if kind not in "CSQT":
            self.mirrored = ("", self.pen)

    def place(self, command: str, x: float, y: float) -> Point:
        return (x + self.pen[0], y + self.pen[1]) if command.islower() else (x, y)

    def draw(self, command: str, kind: str, values: list[float]) -> None:
        chain, pen = self.chains[-1], self.pen
        if kind in "HV":
            across = self.place(command, values[0], values[0])
            chain.line_to((across[0], pen[1]) if kind == "H" else (pen[0], across[1]))
        elif kind == "A":
            end = self.place(command, values[5], values[6])
            rx, ry, turned_deg, large, sweep = values[:5]
            chain.segments.extend(arc_to_cubics(pen, rx, ry, turned_deg, large > 0, sweep > 0, end))
        else:
            points = [self.place(command, values[i], values[i + 1]) for i in range(0, len(values), 2)]
            self.draw_curve(chain, kind, points)
        self.pen = chain.end

    def draw_curve(self, chain: Chain, kind: str, points: list[Point]) -> None:
        pen, end = self.pen, points[-1]
        if kind == "L":
            chain.line_to(end)
            return
        family = "cubic" if kind in "CS" else "quadratic"
        last_kind, handle = self.mirrored
        mirrored = (2 * pen[0] - handle[0], 2 * pen[1] - handle[1]) if last_kind == family else pen
        if family == "cubic":
            first = points[0] if kind == "C" else mirrored
            chain.segments.append((first, points[-2], end))
            self.mirrored = (family, points[-2])
        else:
            middle = points[0] if kind == "Q" else mirrored
            chain.segments.append((_mix(pen, middle), _mix(end, middle), end))
            self.mirrored = (family, middle)


def _mix(end: Point, middle: Point) -> Point:
    """Return the cubic handle beside `end` of a quadratic with the given middle point."""
    return end[0] + (middle[0] - end[0]) * 2 / 3, end[1] + (middle[1] - end[1]) * 2 / 3


def arc_to_cubics(
    start: Point, radius_x: float, radius_y: float, turned_deg: float, large: bool, sweep: bool, end: Point
) -> list[Segment]:
    """Return the cubics of an elliptical arc, given as in path data; a line for a radius of 0, nothing for no way."""
    if start == end:
        return []
    rx, ry = abs(radius_x), abs(radius_y)
    if rx == 0 or ry == 0:
        return [(start, end, end)]
    cos, sin = math.cos(math.radians(turned_deg)), math.sin(math.radians(turned_deg))
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = (cos * half_x + sin * half_y) / rx, (cos * half_y - sin * half_x) / ry  # start, on the unit circle's scale
    square = x * x + y * y
    if square > 1:  # radii too small to reach: grow them just enough
        grow = math.sqrt(square)
        rx, ry, x, y, square = rx * grow, ry * grow, x / grow, y / grow, 1.0
    if square == 0:
        return [(start, end, end)]
    away = math.sqrt(max(0.0, 1 / square - 1)) * (-1 if large == sweep else 1)
    centre_x, centre_y = away * y, -away * x
    begin = math.atan2(y - centre_y, x - centre_x)
    turn = math.atan2(-y - centre_y, -x - centre_x) - begin
    if sweep and turn <= 0:
        turn += 2 * math.pi
    elif not sweep and turn >= 0:
        turn -= 2 * math.pi

    def to_page(u: float, v: float) -> Point:
        px, py = (u + centre_x) * rx, (v + centre_y) * ry
        return (
            cos * px - sin * py + (start[0] + end[0]) / 2,
            sin * px + cos * py + (start[1] + end[1]) / 2,
        )

    if not math.isfinite(turn):
        raise ValueError("path data: expected an arc with radii of its own size, got numbers too far apart")
    pieces = max(1, math.ceil(abs(turn) / (math.pi / 2) - 1e-9))
    step = turn / pieces
    reach = 4 / 3 * math.tan(step / 4)
    segments: list[Segment] = []
    for piece in range(pieces):
        c0, s0 = math.cos(begin + piece * step), math.sin(begin + piece * step)
        c1, s1 = math.cos(begin + (piece + 1) * step), math.sin(begin + (piece + 1) * step)
        last = end if piece == pieces - 1 else to_page(c1, s1)
        segments.append((to_page(c0 - reach * s0, s0 + reach * c0), to_page(c1 + reach * s1, s1 - reach * c1), last))
    return segments


class PathWriter:
    """Spells strokes as compact path data: relative, on a grid of 10^-decimals, so that rounding does not add up."""

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals
        self.steps = 10**decimals

    def number(self, value: float) -> str:
        """Round a number to the grid and spell it without needless digits."""
        return self._spell(round(value * self.steps))

    def _spell(self, steps: int) -> str:
        text = f"{abs(steps):0{self.decimals + 1}d}"
        whole, fraction = text[: -self.decimals].lstrip("0"), text[-self.decimals :].rstrip("0")
        digits = f"{whole}.{fraction}" if fraction else whole or "0"
        return f"-{digits}" if steps < 0 else digits

    def spell(self, stroke: Stroke) -> str:
        """Return the path data of a stroke's centre line; a dot is a line of no length."""
        nodes = np.rint(stroke.nodes * self.steps).astype(np.int64)
        start = "M" + self._join(nodes[0].tolist())
        if stroke.is_dot:
            return start + "h0"
        controls = np.rint(stroke.controls * self.steps).astype(np.int64)
        offsets = (controls[:, 1:] - controls[:, :1]).reshape(-1, 6)
        straight = (stroke.handles == np.stack([stroke.nodes[:-1], stroke.nodes[1:]], axis=1)).all(axis=(1, 2))
        parts, last = [start], ""
        for offset, is_line in zip(offsets.tolist(), straight.tolist(), strict=True):
            command = "l" if is_line else "c"
            text = self._join(offset[4:] if is_line else offset)
            parts.append(command + text if command != last else text if text[0] == "-" else " " + text)
            last = command
        return "".join(parts) + ("z" if stroke.is_closed else "")

    def spell_outline(
        self, start: NDArray[np.float64], waypoints: Iterable[tuple[NDArray[np.float64], float, bool]]
    ) -> str:
        """Return a closed path through waypoints: (point, radius of the clockwise arc to it or 0, over a half turn)."""
        x, y = (round(value) for value in (start * self.steps).tolist())
        parts, last = ["M" + self._join([x, y])], ""
        for point, radius, is_large in waypoints:
            to_x, to_y = (round(value) for value in (point * self.steps).tolist())
            if (to_x, to_y) == (x, y):
                continue
            step = self._join([to_x - x, to_y - y])
            if radius > 0:
                size = self.number(radius)
                parts.append(f"a{size} {size} 0 {int(is_large)} 1" + (step if step[0] == "-" else " " + step))
                last = "a"
            else:
                parts.append("l" + step if last != "l" else step if step[0] == "-" else " " + step)
                last = "l"
            x, y = to_x, to_y
        return "".join(parts) + "z"

    def _join(self, numbers: Iterable[int]) -> str:
        return " ".join(self._spell(number) for number in numbers).replace(" -", "-")
