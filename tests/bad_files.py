"""500 bad files, on purpose and by chance, for the tests of files and of commands."""

import io
import json
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from strokewright.drawing import Box, Drawing, Prism, Stroke
from strokewright.files import FORMATS, find_format, write_many

COUNT = 500
PICTURES = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}
READABLE = [suffix for suffix in FORMATS if find_format(suffix).read]


def good_files() -> dict[str, bytes]:
    """Return one good file for each suffix that can be read."""
    random = np.random.default_rng(0)
    strokes = (
        Stroke(random.integers(0, 255, (9, 2)), width=random.uniform(1, 5, 9)),
        Stroke([[5, 5]]),
        Stroke([[9, 9], [200, 100]], [[[50, 90], [90, 0]]]),
    )
    drawing = Drawing(strokes, (256, 256), maker="m", seed=1, metadata={"word": "cat", "key_id": "5"})
    marks = {
        Stroke: strokes,
        Box: (Box(5, 9, 90, 80, label="Kitchen", score=0.7), Box(90, 9, 200, 80)),
        Prism: (Prism([0.1, 0.2, 0.3], [0.4, 0.5, 0.9], (0, 0.2, 1)), Prism([0, 0, 0], [1, 1, 0.25])),
    }
    files: dict[str, bytes] = {}
    for suffix in READABLE:
        stream, form = io.BytesIO(), find_format(suffix)
        one = drawing.replace(marks=marks[form.kind])
        write_many([one] * (4 if form.holds_many else 1), stream, suffix)
        files[suffix] = stream.getvalue()
    picture = np.full((16, 24, 3), 230, dtype=np.uint8) + random.integers(0, 25, (16, 24, 3), dtype=np.uint8)
    picture[7:10, 4:20] = (20, 40, 90)
    for suffix, kind in PICTURES.items():
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, kind)
        files[suffix] = stream.getvalue()
    return files


def object_array(cells: list[object]) -> bytes:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    stream = io.BytesIO()
    np.savez(stream, train=array, allow_pickle=True)
    return stream.getvalue()


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Yield files that are bad on purpose."""
    yield ".svg", b"<svg>" + b"<g>" * 10_000 + b"</g>" * 10_000 + b"</svg>"
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    yield ".svg", f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]><svg><text>&e9;</text></svg>'.encode()
    yield ".svg", b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    yield ".svg", b'<svg><path stroke="red" d="M0 0L' + b"9" * 100_000 + b' 5"/></svg>'
    yield ".coco.json", b"[" * 100_000
    yield ".coco.json", b'{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]}'
    yield ".coco.json", b'{"images": [{"id": 1, "width": 1e999, "height": 5}], "annotations": []}'
    yield ".labelstudio.json", b'[{"data": {"image": "a.png"}}]'
    yield ".labelstudio.json", b'{"data": 5}'
    yield ".csv", b"label,score\nKitchen,0.5\n"
    yield ".csv", b"label,score,x0,y0,x1,y1,colour,page_width,page_height\nKitchen,0.5,9,2,3,4,#000000,10,10\n"
    yield ".csv", b"label,score,x0,y0,x1,y1,colour,page_width,page_height\nKitchen,much,1,2,3,4,#000000,10,10\n"
    yield ".svg", b'<?xml version="1.0" encoding="utf-7"?><svg/>'
    for value in ("nan", "inf", "1e999", "", "5 5 x", "--5"):
        yield ".svg", f'<svg><path stroke="red" d="M0 0L{value} 5"/></svg>'.encode()
        yield ".svg", f'<svg><g transform="scale({value})"><path stroke="red" d="M0 0L5 5"/></g></svg>'.encode()
    for number in ("NaN", "Infinity", "1e999", '"a"', "null", "[]", "1" * 5000):
        yield ".ndjson", f'{{"drawing": [[[1, {number}], [2, 3]]]}}'.encode()
    yield ".ndjson", b'{"drawing": ' * 10_000
    yield ".ndjson", json.dumps({"drawing": [[[1, 2], [3]]]}).encode()
    yield ".npz", object_array([np.zeros((2, 3)), print])
    yield ".npz", object_array([np.zeros((2, 3)), Path("/")])
    yield ".npz", object_array([np.zeros((2, 4))])
    yield ".npz", object_array([np.full((2, 3), np.nan)])
    yield ".npz", object_array([np.array([[1e308, 0, 0], [1e308, 0, 0]])])
    for protocol in range(6):
        yield ".npz", pickle.dumps([1, 2], protocol)
        yield ".npy", pickle.dumps(np.zeros((2, 3)), protocol)
    for array in (
        np.full((3, 3), np.inf),
        np.zeros((3, 4)),
        np.zeros(3),
        np.zeros((0, 9)),
        np.array(["a"]),
        np.zeros(()),
    ):
        stream = io.BytesIO()
        np.save(stream, array)
        yield ".npy", stream.getvalue()
    yield ".npy", b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 3)} "
    for width, height in ((30_000, 30_000), (30_000, 1), (12_000, 12_000)):
        head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
        check = zlib.crc32(head).to_bytes(4, "big")
        yield ".png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + head + check + b"\x00\x00\x00\x00IDAT5\xaf\x06\x1e"
    for suffix in (*READABLE, *PICTURES):
        yield suffix, b""
        yield suffix, b"This is a text.\n"
        yield suffix, bytes(range(256)) * 40


def bad_files() -> Iterator[tuple[str, bytes]]:
    """Yield COUNT files: the hostile ones, then good ones cut short or with some bytes changed."""
    given = list(hostile_files())
    yield from given
    good, random = good_files(), np.random.default_rng(1)
    for index in range(COUNT - len(given)):
        suffix = sorted(good)[index % len(good)]
        data = bytearray(good[suffix])
        if index % 3 == 0:
            del data[random.integers(1, len(data)) :]
        else:
            for place in random.integers(0, len(data), random.integers(1, 9)):
                data[place] = random.integers(256)
        yield suffix, bytes(data)
