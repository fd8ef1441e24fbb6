"""Ink → skeleton graph → whole pen paths.

The skeleton's pixels form a graph: free ends, junctions, and the branches between them. What a pen drew is a path
through that graph, so at each junction the branches are paired by good continuation: the two of one colour that run on
most nearly straight belong to one stroke. Skeletons are wrong near junctions (a crossing becomes two nearby forks, and
forks are pulled towards the stem), so close junctions are merged, points within the ink's own radius are dropped, and
the path is bridged from the trusted parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from strokewright.pipelines.trace.blots import distance_to_paper, touching

Floats = NDArray[np.float64]
Ink = NDArray[np.float32]
_GONE = -2
_OTHER_PEN = 0.2  # colours, less their grey, that differ by more are two pens
_FAINTEST = 0.2  # ink below this is paper
# The eight neighbours in circular order, for counting how many separate branches leave a pixel.
_RING = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]


@dataclass
class Path:
    """One pen path: points (n, 2) x, y in pixels of the ink, width_px (n,); a single point is a dot."""

    points: Floats
    width_px: Floats
    closed: bool = False


@dataclass
class _Branch:
    """Skeleton pixels between two junctions or ends; `ends` holds junction numbers, -1 for a free end."""

    points: Floats
    ends: list[int]
    closed: bool = False


@dataclass
class _Junction:
    """A place where branches meet: its centre, the ink's radius there, and (branch, side) of everything that meets.

    At a sharp corner two branches meet, and the path runs through the centre itself.
    """

    centre: Floats
    radius: float
    arms: list[tuple[int, int]] = field(default_factory=lambda: [])
    is_corner: bool = False


def skeleton_paths(
    ink: NDArray[np.float32], straight_rad: float = 1.05, chroma_along: Callable[[Floats], Floats] | None = None
) -> list[Path]:
    """Find the pen paths in a picture of lines.

    Args:
        ink: (height, width) coverage in [0, 1]; lines should be about 3 to 8 pixels wide.
        straight_rad: Branches that bend less than this at a junction may be one stroke.
        chroma_along: Colour, less its grey (3,), under points (n, 2) in pixels of `ink`: branches of two pens are never
            one stroke. None for ink of one colour.

    Returns:
        Paths in pixel coordinates (a pixel's centre is at +0.5), unordered; empty for a blank picture.
    """
    solid = solid_ink(ink)
    if not solid.any():
        return []
    radius = distance_to_paper(solid)
    skeleton = np.asarray(skeletonize(solid), dtype=bool)
    branches, junctions = _graph(skeleton, radius)
    _prune_spurs(branches, junctions, radius)
    _merge_close(branches, junctions)
    links = _pair_arms(branches, junctions, straight_rad, chroma_along)
    return [_finish(chain, branches, junctions, radius) for chain in _chains(branches, links)]


def solid_ink(ink: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the ink (height, width) is at least half as strong as nearby; a hair line covers no pixel wholly."""
    return ink >= np.maximum(0.5 * ndimage.maximum_filter(ink, 5), _FAINTEST)


def _graph(skeleton: NDArray[np.bool_], radius: Ink) -> tuple[list[_Branch], list[_Junction]]:
    """Split skeleton pixels into junctions and branches."""
    y, x = np.nonzero(skeleton)
    padded = np.pad(skeleton, 1)
    ring = np.stack([padded[y + 1 + dy, x + 1 + dx] for dy, dx in _RING])
    crossings = (ring & ~np.roll(ring, 1, axis=0)).sum(axis=0)
    is_fork = (crossings >= 3) | (ring.sum(axis=0) >= 5)
    # The forks' neighbours go too: past a fork two branches can touch diagonally.
    padded[y + 1, x + 1] = is_fork
    near_fork = is_fork | np.any([padded[y + 1 + dy, x + 1 + dx] for dy, dx in _RING], axis=0)
    clusters = touching(y[near_fork], x[near_fork])
    junctions = [
        _Junction(np.array([xs.mean() + 0.5, ys.mean() + 0.5], dtype=np.float64), float(radius[ys, xs].max()))
        for ys, xs in clusters
    ]
    junction_of = {
        pixel: number
        for number, (ys, xs) in enumerate(clusters)
        for pixel in zip(ys.tolist(), xs.tolist(), strict=True)
    }
    branches: list[_Branch] = []
    for ys, xs in touching(y[~near_fork], x[~near_fork]):
        pixels, closed = _walk(ys, xs)
        ends = [-1, -1] if closed else [_junctions_at(junction_of, pixels[i])[0] for i in (0, -1)]
        if len(pixels) == 1:
            ends = _junctions_at(junction_of, pixels[0])
        branches.append(_Branch(pixels[:, ::-1].astype(np.float64) + 0.5, ends, closed))
    for number, branch in enumerate(branches):
        for side, junction in enumerate(branch.ends):
            if junction >= 0:
                junctions[junction].arms.append((number, side))
    for junction in junctions:
        if not junction.arms:  # a lone cluster: a small blob whose whole skeleton is a fork
            branches.append(_Branch(junction.centre[None], [-1, -1]))
    return branches, junctions


def _walk(ys: NDArray[np.intp], xs: NDArray[np.intp]) -> tuple[NDArray[np.intp], bool]:
    """Order the pixels of one branch along it, (n, 2) rows of (y, x), and say whether it is a ring."""
    left = set(zip(ys.tolist(), xs.tolist(), strict=True))
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]

    def around(at: tuple[int, int]) -> list[tuple[int, int]]:
        return [q for dy, dx in steps if (q := (at[0] + dy, at[1] + dx)) in left]

    start = next((p for p in left if len(around(p)) <= 1), None)
    ring = start is None and len(left) > 4
    at = start if start is not None else min(left)
    path = [at]
    left.discard(at)
    while nearby := around(at):
        at = nearby[0]
        path.append(at)
        left.discard(at)
    touches = max(abs(path[0][0] - path[-1][0]), abs(path[0][1] - path[-1][1])) <= 1
    return np.array(path), ring and touches


def _junctions_at(junction_of: dict[tuple[int, int], int], pixel: NDArray[np.intp]) -> list[int]:
    """Numbers of up to two junctions that touch this pixel, filled up with -1."""
    y, x = pixel.tolist()
    near = {junction_of.get((y + dy, x + dx), -1) for dy, dx in _RING} - {-1}
    return [*sorted(near), -1, -1][:2]


def _length(points: Floats) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum()) if len(points) > 1 else 0.0


def _radius_at(radius: Ink, points: Floats) -> Floats:
    """Ink radius at points: distance to the paper, half a pixel less than to its nearest pixel centre."""
    x, y = (points - 0.5).round().astype(int).T
    height, width = radius.shape
    return np.maximum(radius[y.clip(0, height - 1), x.clip(0, width - 1)].astype(np.float64) - 0.5, 0.5)


def _prune_spurs(branches: list[_Branch], junctions: list[_Junction], radius: Ink) -> None:
    """Cut branches that end freely without leaving the ink around their junction.

    A spur that points out of the bend of two others is the tip of a sharp corner: the path then runs through it.
    """
    for number, branch in enumerate(branches):
        at = [j for j in branch.ends if j >= 0]
        if len(at) != 1 or len(junctions[at[0]].arms) < 3:
            continue
        junction = junctions[at[0]]
        tip = branch.points[0] if branch.ends[0] < 0 else branch.points[-1]
        away = float(np.hypot(*(tip - junction.centre)))
        corner = (
            len(junction.arms) == 3 and away < 2.5 * junction.radius and _is_corner(number, junction, branches, tip)
        )
        if corner or away + float(_radius_at(radius, tip[None])[0]) < junction.radius * 1.35 + 1.0:
            junction.arms = [arm for arm in junction.arms if arm[0] != number]
            branch.ends = [_GONE, _GONE]
        if corner:
            junction.centre, junction.radius, junction.is_corner = tip, away + junction.radius, True


def _is_corner(spur: int, junction: _Junction, branches: list[_Branch], tip: Floats) -> bool:
    """Whether a spur points outwards from a bend between the junction's two other arms."""
    others = [_arm_points(branches[b], side) for b, side in junction.arms if b != spur]
    if len(others) != 2 or min(_length(arm) for arm in others) < 1.5 * junction.radius:
        return False
    one, other = (
        _heading(_trusted(arm, junction.centre, junction.radius), junction.centre, 4 * junction.radius)
        for arm in others
    )
    inwards = (one + other) / max(float(np.hypot(*(one + other))), 1e-9)
    outwards = (tip - junction.centre) / max(float(np.hypot(*(tip - junction.centre))), 1e-9)
    return float(one @ other) > -0.85 and float(inwards @ outwards) < -0.8


def _merge_close(branches: list[_Branch], junctions: list[_Junction]) -> None:
    """Merge junctions that one blot of ink joins: a crossing's skeleton is two forks with a short bridge."""
    for number, branch in enumerate(branches):
        first, second = branch.ends
        if first < 0 or second < 0:
            continue
        a, b = junctions[first], junctions[second]
        if first == second:
            if _length(branch.points) < 2.0 * a.radius:
                a.arms = [arm for arm in a.arms if arm[0] != number]
                branch.ends = [_GONE, _GONE]
            continue
        fork_pair = len(a.arms) == len(b.arms) == 3
        if (
            a.is_corner
            or b.is_corner
            or _length(branch.points) + 2.0 > (1.1 if fork_pair else 0.6) * (a.radius + b.radius)
        ):
            continue
        a.radius = max(a.radius, b.radius, float(np.hypot(*(a.centre - b.centre))) / 2 + min(a.radius, b.radius))
        a.centre = (a.centre + b.centre) / 2
        a.arms = [arm for arm in a.arms + b.arms if arm[0] != number]
        for other, side in b.arms:
            branches[other].ends[side] = first
        b.arms = []
        branch.ends = [_GONE, _GONE]


def _arm_points(branch: _Branch, side: int) -> Floats:
    """The branch's points, beginning at its junction."""
    return branch.points if side == 0 else branch.points[::-1]


def _trusted(points: Floats, centre: Floats, radius: float) -> Floats:
    """Points of an arm outside the junction's ink, at least the last two."""
    outside = np.hypot(*(points - centre).T) > radius
    first = int(np.argmax(outside)) if outside.any() else len(points)
    return points[min(first, max(0, len(points) - 2)) :]


def _heading(points: Floats, centre: Floats, reach: float) -> Floats:
    """Unit direction in which an arm leaves its junction, over `reach` pixels."""
    near = points[np.hypot(*(points - points[0]).T) <= reach]
    away = near[-1] - near[0] if len(near) > 1 else points[-1] - centre
    return away / max(float(np.hypot(*away)), 1e-9)


def _pair_arms(
    branches: list[_Branch],
    junctions: list[_Junction],
    straight_rad: float,
    chroma_along: Callable[[Floats], Floats] | None,
) -> dict[tuple[int, int], tuple[int, int]]:
    """At each junction, link the arms that continue each other, straightest pair first."""
    links: dict[tuple[int, int], tuple[int, int]] = {}
    for junction in junctions:
        arms = junction.arms
        reach = max(4.0, 5.0 * junction.radius)
        trusted = [_trusted(_arm_points(branches[b], side), junction.centre, junction.radius) for b, side in arms]
        heads = [_heading(points, junction.centre, reach) for points in trusted]
        pens = [np.zeros(3) if chroma_along is None else chroma_along(points) for points in trusted]
        bends = [
            (float(np.arccos(np.clip(-heads[i] @ heads[j], -1, 1))), arms[i], arms[j])
            for i in range(len(arms))
            for j in range(i)
            if np.abs(pens[i] - pens[j]).max() <= _OTHER_PEN
        ]
        limit = np.pi if len(arms) == 2 else straight_rad
        for bend, one, other in sorted(bends):
            if bend <= limit and one not in links and other not in links:
                links[one], links[other] = other, one
    return links


def _chains(
    branches: list[_Branch], links: dict[tuple[int, int], tuple[int, int]]
) -> list[tuple[list[tuple[int, int]], bool]]:
    """Follow the links from branch to branch: lists of (branch, side first met), and whether the chain is a ring."""
    done: set[int] = set()
    chains: list[tuple[list[tuple[int, int]], bool]] = []

    def follow(number: int, side: int) -> tuple[list[tuple[int, int]], bool]:
        chain = [(number, side)]
        done.add(number)
        while (nearby := links.get((number, 1 - side))) is not None and nearby[0] not in done:
            number, side = nearby
            chain.append(nearby)
            done.add(number)
        return chain, nearby == chain[0]

    alive = [n for n, branch in enumerate(branches) if branch.ends[0] != _GONE]
    for number in alive:  # chains with a loose end first
        for side in (0, 1):
            if number not in done and (number, side) not in links:
                chains.append(follow(number, side))
    chains.extend(follow(number, 0) for number in alive if number not in done)
    return chains


def _finish(
    chain: tuple[list[tuple[int, int]], bool], branches: list[_Branch], junctions: list[_Junction], radius: Ink
) -> Path:
    """Chain the trusted points of branches into one smooth path with widths."""
    members, ring = chain
    pieces: list[Floats] = []
    for place, (number, side) in enumerate(members):
        branch = branches[number]
        points = _arm_points(branch, side)
        for end in (0, 1):
            at = branch.ends[side if end == 0 else 1 - side]
            if at < 0:
                continue
            if end == 1:
                points = points[::-1]
            points = _trusted(points, junctions[at].centre, junctions[at].radius)
            inner = ring or (place > 0 if end == 0 else place < len(members) - 1)
            if not inner or junctions[at].is_corner:
                points = np.concatenate([junctions[at].centre[None], points])
            if end == 1:
                points = points[::-1]
        pieces.append(points)
    points = np.concatenate(pieces)
    closed = ring or branches[members[0][0]].closed
    return Path(points, 2 * _radius_at(radius, points), closed)
