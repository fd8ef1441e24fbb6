"""Other tracers in the same benchmark: picture → SVG text. One that is not installed is left out, with a message."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

Ink = NDArray[np.float32]
Peer = Callable[[Ink, float], str]
"""Ink (h, w) in [0, 1] and the true line width in pixels → SVG text."""


def potrace(ink: Ink, width_px: float) -> str:
    """Outline by the potrace program, default options."""
    height, width = ink.shape
    bitmap = f"P4\n{width} {height}\n".encode() + np.packbits(ink >= 0.5, axis=1).tobytes()
    done = subprocess.run(["potrace", "-s", "-o", "-", "-"], input=bitmap, capture_output=True, check=True)
    return done.stdout.decode()


def autotrace_outline(ink: Ink, width_px: float) -> str:
    """Outline by autotrace, default options."""
    return _autotrace(ink, centerline=False)


def autotrace_centreline(ink: Ink, width_px: float) -> str:
    """Centre lines by autotrace, default options; it knows no width, so its lines are drawn at the true one."""
    pen = f"stroke:#000000; stroke-width:{width_px:g}; stroke-linecap:round; stroke-linejoin:round;"
    return _autotrace(ink, centerline=True).replace("stroke:#000000;", pen)


def _autotrace(ink: Ink, centerline: bool) -> str:
    import autotrace

    grey = np.where(ink >= 0.5, 0, 255).astype(np.uint8)
    bitmap = autotrace.Bitmap(np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2)))
    vector = bitmap.trace(centerline=centerline, background_color=autotrace.Color(255, 255, 255))
    return vector.encode(autotrace.VectorFormat.SVG).decode()


def vtracer(ink: Ink, width_px: float) -> str:
    """Outline by vtracer in its black and white mode, default options."""
    import vtracer

    return vtracer.convert_raw_image_to_svg(to_png(ink), img_format="png", colormode="binary")


def installed_peers() -> dict[str, Peer]:
    """The peers that are installed; a message on stderr names the others."""
    peers: dict[str, Peer] = {}
    if shutil.which("potrace"):
        peers["potrace"] = potrace
    if find_spec("autotrace"):
        peers |= {"autotrace outline": autotrace_outline, "autotrace centreline": autotrace_centreline}
    if find_spec("vtracer"):
        peers["vtracer"] = vtracer
    missing = {"potrace", "autotrace", "vtracer"} - {name.split()[0] for name in peers}
    if missing:
        print(f"bench trace: not installed, left out: {', '.join(sorted(missing))}", file=sys.stderr)
    return peers


def timed(peer: Peer, ink: Ink, width_px: float) -> tuple[str, float]:
    """Run a peer; return its SVG and the seconds it took."""
    started = time.perf_counter()
    svg = peer(ink, width_px)
    return svg, time.perf_counter() - started


def to_png(ink: Ink) -> bytes:
    """Black ink on white paper as an 8-bit grey PNG."""
    stream = io.BytesIO()
    Image.fromarray((255 * (1 - ink)).round().astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def rerender(svg: str, size: tuple[int, int]) -> Ink:
    """Render SVG text by resvg on white, at (width, height) pixels; return ink (h, w)."""
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=size[0], height=size[1], background="#ffffff", skip_system_fonts=True, dpi=96
    )
    with Image.open(io.BytesIO(png)) as picture:
        return 1 - np.asarray(picture.convert("L"), dtype=np.float32) / 255


_PATH = re.compile(r"\sd=\"([^\"]*)\"")
_TOKEN = re.compile(r"([A-Za-z])|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NUMBERS_A_SEGMENT = {"l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}


def count_segments(svg: str) -> int:
    """Count the line and curve segments of all paths of an SVG."""
    total = 0
    for path in _PATH.findall(svg):
        command, numbers = "m", 0
        for match in [*_TOKEN.finditer(path), None]:
            if match is not None and match[1] is None:
                numbers += 1
                continue
            if command == "m":
                total += max(0, numbers // 2 - 1)  # further pairs after a move are lines
            elif command != "z":
                total += numbers // _NUMBERS_A_SEGMENT[command]
            command, numbers = ("z" if match is None else match[1].lower()), 0
    return total


def count_paths(svg: str) -> int:
    """Count the pen-down pieces of all paths of an SVG."""
    return sum(len(re.findall("[Mm]", path)) for path in _PATH.findall(svg))
