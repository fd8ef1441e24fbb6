"""glTF and OBJ: files that other programs can open."""

import base64
import io
import json

import numpy as np
import pytest

from strokewright.drawing import Drawing, Prism
from strokewright.errors import FormatError
from strokewright.files import read, write

ORANGE, BLACK = Prism([0.1, 0.2, 0.3], [0.4, 0.6, 0.9], (1, 0.5, 0)), Prism([0.5, 0.1, 0.1], [0.9, 0.3, 0.2])
SCENE = Drawing((ORANGE, BLACK), (64, 64))
BOX = np.array([[0.1, 1 - 0.6, 1 - 0.9], [0.4, 1 - 0.2, 1 - 0.3]])


def to_bytes(suffix):
    stream = io.BytesIO()
    write(SCENE, stream, suffix)
    return stream.getvalue()


def outward(points, faces):
    """Whether the corners of every face run counter-clockwise, seen from outside of the box."""
    middle = points.mean(axis=0)
    for face in faces:
        a, b, c = points[face[:3]]
        assert np.cross(b - a, c - a) @ (points[face].mean(axis=0) - middle) > 0


def test_gltf_holds_its_buffer_and_its_faces_look_outwards():
    content = json.loads(to_bytes(".gltf"))
    data = base64.b64decode(content["buffers"][0]["uri"].split(",")[1])
    assert len(data) == content["buffers"][0]["byteLength"]
    views = [data[v["byteOffset"] :][: v["byteLength"]] for v in content["bufferViews"]]
    points, normals = (np.frombuffer(view, "<f4").reshape(-1, 3) for view in views[:2])
    triangles = np.frombuffer(views[2], "<u2").reshape(-1, 3)
    assert [len(points), len(normals), triangles.size] == [a["count"] for a in content["accessors"]]
    outward(points, triangles)
    a, b, c = points[triangles].swapaxes(0, 1)
    assert np.allclose(np.cross(b - a, c - a), normals[triangles[:, 0]])
    node = content["nodes"][0]
    assert np.allclose(np.array([[0, 0, 0], [1, 1, 1]]) * node["scale"] + node["translation"], BOX)
    colour = content["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"]
    assert colour == pytest.approx([1, 0.2140, 0, 1], abs=1e-4), "glTF colours are linear"


def test_obj_has_closed_boxes_that_look_outwards():
    rows = [line.split() for line in to_bytes(".obj").decode().splitlines()]
    vertices = np.array([row[1:] for row in rows if row[0] == "v"], dtype=float)
    faces = np.array([row[1:] for row in rows if row[0] == "f"], dtype=int) - 1
    assert (len(vertices), len(faces)) == (16, 12)
    for box in range(2):
        own = vertices[8 * box :][:8, :3]
        outward(own, faces[6 * box :][:6] - 8 * box)
    assert np.allclose([vertices[:8, :3].min(axis=0), vertices[:8, :3].max(axis=0)], BOX)
    assert np.allclose(vertices[0, 3:], [1, 0.5, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": [{"mesh": 0, "rotation": [0, 1, 0, 0]}]}, "along the axes"),
        ({"nodes": [{"mesh": 7}]}, "exist"),
        ({"accessors": [{}]}, "min and max"),
        ({"asset": None}, "asset"),
        ({"extras": {"strokewright": {"size": 7}}}, "size"),
    ],
)
def test_other_scenes_are_refused(change, message):
    content = json.loads(to_bytes(".gltf")) | change
    with pytest.raises(FormatError, match=message):
        read(json.dumps(content).encode(), ".gltf")
