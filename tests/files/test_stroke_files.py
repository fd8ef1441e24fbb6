"""QuickDraw and NumPy files: layouts as published, nothing unpickled, facts kept."""

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from strokewright.drawing import Drawing, Stroke
from strokewright.errors import FormatError
from strokewright.files import read, read_many, write, write_many
from strokewright.files.numpy_files import parse_npy, read_npz

SIMPLIFIED = {
    "word": "cat",
    "countrycode": "VE",
    "timestamp": "2017-03-02 23:25:10.07453 UTC",
    "recognized": True,
    "key_id": "5201136883597312",
    "drawing": [[[130, 113], [72, 40]], [[7], [255]]],
}


def lines(*entries: object) -> bytes:
    return "\n".join(json.dumps(entry) for entry in entries).encode()


def test_simplified_and_raw_ndjson() -> None:
    raw = SIMPLIFIED | {"drawing": [[[10.5, 900], [20, 30], [0, 16]]], "recognized": False}
    simplified, timed = read_many(lines(SIMPLIFIED, raw) + b"\n\n", "ndjson")
    assert simplified.size == (256, 256)
    assert_array_equal(simplified.strokes[0].nodes, [[130, 72], [113, 40]])
    assert simplified.metadata == {
        key: "true" if key == "recognized" else SIMPLIFIED[key] for key in list(SIMPLIFIED)[:5]
    }
    assert timed.size == (901, 31)
    assert_array_equal(timed.strokes[0].times_ms, [0, 16])
    stream = io.BytesIO()
    write_many([simplified, timed], stream, "ndjson")
    written = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [{key: entry[key] for key in SIMPLIFIED} for entry in written] == [SIMPLIFIED, raw]
    assert list(read_many(stream.getvalue(), "ndjson")) == [simplified, timed]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"drawing": [[[1, NaN], [2, 3]]]}', "NaN"),
        (b'{"drawing": [[[1, 1e999], [2, 3]]]}', "infinity"),
        (b'{"drawing": [[[1, 2], [2]]]}', "lists of 2, 1"),
        (b'{"drawing": [[[], []]]}', "at least one point"),
        (b'{"drawing": [[["a"], [2]]]}', "strokes"),
        (b'{"drawing": 5}', "drawing"),
        (b"[" * 100_000, "JSON"),
        (b'{"drawing": [', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b'{"drawing": [[[1], [2]]], "strokewright": {"size": [0, 1]}}', "size"),
    ],
)
def test_bad_ndjson_names_the_line(line: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        list(read_many(lines(SIMPLIFIED, SIMPLIFIED) + b"\n" + line, "ndjson"))
    assert caught.value.line == 3


def test_bin_as_published() -> None:
    head = struct.pack("<Q2sBIH", 5152802093400064, b"US", 1, 1488497110, 2)
    data = head + struct.pack("<H2B2B", 2, 167, 109, 5, 6) + struct.pack("<H1B1B", 1, 255, 0)
    (drawing,) = read_many(data, "bin")
    assert_array_equal(drawing.strokes[0].nodes, [[167, 5], [109, 6]])
    assert_array_equal(drawing.strokes[1].nodes, [[255, 0]])
    assert drawing.metadata == {
        "key_id": "5152802093400064",
        "countrycode": "US",
        "recognized": "true",
        "timestamp": "1488497110",
    }
    stream = io.BytesIO()
    write(drawing, stream, "bin")
    assert stream.getvalue() == data
    dated = drawing.replace(metadata={"timestamp": "2017-03-02 23:25:10.07453 UTC"}, size=(512, 256))
    stream = io.BytesIO()
    write(dated, stream, "bin")
    assert read(stream.getvalue(), "bin").metadata["timestamp"] == "1488497110"
    assert_array_equal(read(stream.getvalue(), "bin").strokes[1].nodes, [[128, 0]])
    with pytest.raises(FormatError, match="cut short"):
        list(read_many(data[:-1], "bin"))


def object_npz(protocol: int, dtype: str = "<i2") -> tuple[bytes, dict[str, np.ndarray]]:
    """Write an .npz with object arrays, as the public sets are, in a given pickle protocol."""
    random = np.random.default_rng(protocol)
    sets: dict[str, np.ndarray] = {}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, count in (("train", 3), ("valid", 1), ("test", 2)):
            cells = np.empty(count, dtype=object)
            for index in range(count):
                cells[index] = random.integers(-9, 9, (4 + index, 3)).astype(dtype)
                cells[index][:, 2] = np.arange(4 + index) % 2
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (count,)})
            archive.writestr(f"{name}.npy", head.getvalue() + pickle.dumps(cells, protocol))
            sets[name] = cells
    return stream.getvalue(), sets


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["<i2", ">i4", "<f8", "|i1"])
def test_object_arrays_are_read_without_unpickling(protocol: int, dtype: str) -> None:
    data, sets = object_npz(protocol, dtype)
    arrays = read_npz(io.BytesIO(data))
    for name, cells in sets.items():
        assert len(arrays[name]) == len(cells)
        for ours, expected in zip(arrays[name], cells, strict=True):
            assert_array_equal(ours, expected)
            assert ours.dtype == expected.dtype
    drawings = list(read_many(data, "npz"))
    assert [drawing.metadata["split"] for drawing in drawings] == ["train"] * 3 + ["valid"] + ["test"] * 2


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickled_object_is_refused_and_never_run(protocol: int, tmp_path: Path) -> None:
    cells = np.empty(2, dtype=object)
    cells[:] = [np.zeros((2, 3)), Trap(tmp_path / "sprung")]
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (2,)})
    with pytest.raises(FormatError):
        parse_npy(head.getvalue() + pickle.dumps(cells, protocol))
    assert not list(tmp_path.iterdir())


def test_shared_texts_cannot_unfold_to_more_than_their_size() -> None:
    text = b"X" + struct.pack("<I", 200_000) + b"a" * 200_000 + b"q\x00"
    call = b"c_codecs\nencode\nh\x00\x8c\x06latin1\x86R"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    with pytest.raises(FormatError, match="unfolds"):
        parse_npy(head.getvalue() + b"\x80\x02" + text + call * 100_000 + b".")


def test_npz_keeps_sets_labels_pages_and_facts() -> None:
    drawings = [
        Drawing.from_points([[(1.5, 2), (3, 4)]], (50, 40)).replace(
            metadata={"word": word, "split": split, "by": "é"}, seed=3, maker="m"
        )
        for word, split in (("cat", "train"), ("bird", "train"), ("cat", "test"))
    ]
    stream = io.BytesIO()
    write_many(drawings, stream, "npz")
    assert list(read_many(stream.getvalue(), "npz")) == drawings
    arrays = read_npz(io.BytesIO(stream.getvalue()))
    assert_array_equal(arrays["words"], ["bird", "cat"])
    assert_array_equal(arrays["train_labels"], [1, 0])
    with np.load(io.BytesIO(stream.getvalue()), allow_pickle=False) as plain:
        assert_array_equal(plain["train_offsets"], [0, 2, 4])
    with pytest.raises(FormatError, match="split"):
        write(drawings[0].replace(metadata={"split": "mine"}), io.BytesIO(), "npz")


def test_npy_holds_stroke3_or_stroke5() -> None:
    drawing = Drawing((Stroke([[1, 2], [3, 5]]), Stroke([[9, 9]])), (10, 10))
    for layout, columns in (("stroke-3", 3), ("stroke-5", 5)):
        stream = io.BytesIO()
        write(drawing, stream, "npy", layout=layout)
        assert np.load(io.BytesIO(stream.getvalue())).shape[1] == columns
        back = read(stream.getvalue(), "npy")
        assert [stroke.nodes.tolist() for stroke in back.strokes] == [s.nodes.tolist() for s in drawing.strokes]
    stream = io.BytesIO()
    np.save(stream, np.array([[1, 2, 0], [np.nan, 1, 1]]))
    with pytest.raises(FormatError, match="row 1"):
        read(stream.getvalue(), "npy")
