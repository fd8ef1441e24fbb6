"""Wavefront OBJ: prisms as boxes of six faces, with sRGB colours at the vertices, in one file.

Vertex colours, `v x y z r g b`, are an extension that Blender, MeshLab and others read. Axes as in glTF: y up, z
towards the eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from strokewright.drawing import Drawing, Prism
from strokewright.files.format import Format, only_prisms

_QUADS = ((1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4))
"""Corners of each face, counter-clockwise from outside; corner 1 + 4x + 2y + z."""


def write_obj(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the one drawing's prisms. Raises FormatError for other marks."""
    (drawing,) = drawings
    lines = ["# strokewright"]
    for index, prism in enumerate(only_prisms(drawing, "OBJ")):
        lines.append(f"o box_{index + 1}")
        ends = np.array([prism.low, prism.high])
        ends[:, 1:] = 1 - ends[::-1, 1:]
        colour = " ".join(f"{channel:.4f}" for channel in prism.colour)
        for x, y, z in np.ndindex(2, 2, 2):
            lines.append(f"v {ends[x, 0]:.6f} {ends[y, 1]:.6f} {ends[z, 2]:.6f} {colour}")
        lines += ["f " + " ".join(str(8 * index + corner) for corner in quad) for quad in _QUADS]
    stream.write(("\n".join(lines) + "\n").encode())


OBJ = Format("OBJ", "prisms as boxes with colours at their vertices", write=write_obj, kind=Prism)
