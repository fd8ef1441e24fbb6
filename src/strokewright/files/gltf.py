"""glTF 2.0: prisms as boxes with materials, in one file that needs no other.

All boxes share one unit cube; a node moves and stretches it. glTF has y up and z towards the eye, so the scene's
(x, y, z) is written as (x, 1 - y, 1 - z). Colours there are linear, ours are sRGB. Page, maker, seed and facts stand in
`extras`.

Source: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, Field

from strokewright.drawing import Drawing, Prism
from strokewright.drawing.drawing import Colour
from strokewright.errors import FormatError
from strokewright.files.format import Format, only_prisms
from strokewright.files.json_files import parse_json, write_json

Floats = NDArray[np.float64]
_FLOAT, _SHORT = 5126, 5123
_VERTICES, _INDICES = 34962, 34963
_Triple = tuple[float, float, float]


class _Accessor(BaseModel):
    min: list[float] = []
    max: list[float] = []


class _Attributes(BaseModel):
    position: int = Field(ge=0, alias="POSITION")


class _Primitive(BaseModel):
    attributes: _Attributes
    material: int | None = Field(None, ge=0)


class _Mesh(BaseModel):
    primitives: list[_Primitive]


class _Shading(BaseModel):
    colour: tuple[float, float, float, float] = Field(default=(1, 1, 1, 1), alias="baseColorFactor")


class _Material(BaseModel):
    shading: _Shading = Field(default=_Shading(), alias="pbrMetallicRoughness")


class _Node(BaseModel):
    mesh: int | None = Field(None, ge=0)
    translation: _Triple = (0, 0, 0)
    scale: _Triple = (1, 1, 1)
    rotation: tuple[float, float, float, float] = (0, 0, 0, 1)
    matrix: list[float] | None = None
    children: list[int] = []


class _Facts(BaseModel):
    size: tuple[float, float] = (512, 512)
    maker: str = ""
    seed: int | None = None
    metadata: dict[str, str] = {}


class _Extras(BaseModel):
    strokewright: _Facts = _Facts()


class _File(BaseModel):
    asset: dict[str, Any]
    nodes: list[_Node] = []
    meshes: list[_Mesh] = []
    materials: list[_Material] = []
    accessors: list[_Accessor] = []
    extras: _Extras = _Extras()


def read_gltf(stream: BinaryIO) -> Iterator[Drawing]:
    """Yield the drawing: every node with a mesh is a prism, as large as the mesh.

    Raises:
        FormatError: Not glTF, turned or nested nodes, or a mesh that does not say how large it is.
    """
    file = parse_json(stream, _File, "glTF")
    facts = file.extras.strokewright
    try:
        marks = [_to_prism(file, node) for node in file.nodes if node.mesh is not None]
    except IndexError as error:
        raise FormatError("glTF: expected meshes and materials that exist, got others; export it anew") from error
    yield Drawing(tuple(marks), facts.size, maker=facts.maker, seed=facts.seed, metadata=facts.metadata)


def _to_prism(file: _File, node: _Node) -> Prism:
    if node.matrix is not None or node.children or node.rotation != (0, 0, 0, 1):
        raise FormatError("glTF: expected boxes along the axes, got turned or nested nodes; apply all transforms first")
    primitive = file.meshes[node.mesh or 0].primitives[0]
    extent = file.accessors[primitive.attributes.position]
    if len(extent.min) != 3 or len(extent.max) != 3:
        raise FormatError("glTF: expected POSITION accessors with min and max, got one without; export it anew")
    ends = np.array([extent.min, extent.max]) * node.scale + node.translation
    ends[:, 1:] = 1 - ends[:, 1:]
    material = _Material() if primitive.material is None else file.materials[primitive.material]
    return Prism(ends.min(axis=0), ends.max(axis=0), colour=_to_srgb(material.shading.colour[:3]))


def write_gltf(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the one drawing's prisms. Raises FormatError for other marks."""
    (drawing,) = drawings
    prisms = only_prisms(drawing, "glTF")
    facts = _Facts(size=drawing.size, maker=drawing.maker, seed=drawing.seed, metadata=dict(drawing.metadata))
    content: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "strokewright"},
        "scene": 0,
        "scenes": [{"name": "boxes"}],
        "extras": _Extras(strokewright=facts).model_dump(),
    }
    if prisms:  # glTF forbids empty lists
        content["scenes"][0]["nodes"] = list(range(len(prisms)))
        content["nodes"] = [_spell_node(index, prism) for index, prism in enumerate(prisms)]
        content["meshes"] = [{"primitives": [_spell_primitive(index)]} for index in range(len(prisms))]
        content["materials"] = [_spell_material(prism.colour) for prism in prisms]
        content |= _spell_cube()
    write_json(content, stream)


def _spell_node(index: int, prism: Prism) -> dict[str, Any]:
    low = np.array([prism.low[0], *(1 - prism.high[1:])])
    scale = (prism.high - prism.low).tolist()
    return {"name": f"box {index + 1}", "mesh": index, "translation": low.tolist(), "scale": scale}


def _spell_primitive(material: int) -> dict[str, Any]:
    return {"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": material}


def _spell_material(colour: Colour) -> dict[str, Any]:
    shading = {"baseColorFactor": [*_to_linear(colour), 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.9}
    return {"pbrMetallicRoughness": shading}


def _spell_cube() -> dict[str, Any]:
    """Spell the unit cube: four vertices a face, each with the face's normal, and two triangles."""
    positions: list[Floats] = []
    normals: list[Floats] = []
    for axis in range(3):
        for side in (0.0, 1.0):
            across, up = np.roll(np.eye(3), -1, axis=0)[[axis, axis - 2]]
            if side == 0:
                across, up = up, across  # counter-clockwise, seen from outside
            corner = np.eye(3)[axis] * side
            positions += [corner, corner + across, corner + across + up, corner + up]
            normals += [np.eye(3)[axis] * (2 * side - 1)] * 4
    indices = np.concatenate([np.array([0, 1, 2, 0, 2, 3]) + 4 * face for face in range(6)])
    parts = [np.array(positions, "<f4"), np.array(normals, "<f4"), indices.astype("<u2")]
    starts = np.cumsum([0, *(part.nbytes for part in parts)]).tolist()
    data = b"".join(part.tobytes() for part in parts)
    views = [
        {"buffer": 0, "byteOffset": start, "byteLength": part.nbytes, "target": _INDICES if index == 2 else _VERTICES}
        for index, (start, part) in enumerate(zip(starts, parts, strict=False))
    ]
    vectors = {"componentType": _FLOAT, "count": len(positions), "type": "VEC3"}
    accessors = [
        {"bufferView": 0, **vectors, "min": [0.0, 0.0, 0.0], "max": [1.0, 1.0, 1.0]},
        {"bufferView": 1, **vectors},
        {"bufferView": 2, "componentType": _SHORT, "count": len(indices), "type": "SCALAR"},
    ]
    uri = "data:application/octet-stream;base64," + b64encode(data).decode()
    return {"accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(data), "uri": uri}]}


def _to_linear(colour: ArrayLike) -> list[float]:
    values = np.asarray(colour, dtype=np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).tolist()


def _to_srgb(linear: ArrayLike) -> Colour:
    values = np.clip(np.asarray(linear, dtype=np.float64), 0, 1)
    red, green, blue = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055).tolist()
    return red, green, blue


GLTF = Format("glTF", "prisms as boxes with colours, in one file", read_gltf, write_gltf, precision_px=1e-6, kind=Prism)
