"""Files as published: sketch-rnn sets with object arrays, QuickDraw drawings."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from strokewright.drawing.sequence import from_stroke3, to_stroke3
from strokewright.files import read_many, write_many
from strokewright.files.numpy_files import read_npz

pytestmark = pytest.mark.data


@pytest.mark.parametrize("name", ["quickdraw/sketchrnn_monkey.npz", "sketchrnn/short_kanji.npz"])
def test_object_arrays_equal_what_numpy_unpickles(data_dir: Path, name: str) -> None:
    ours = read_npz(data_dir / name)
    with np.load(data_dir / name, allow_pickle=True, encoding="latin1") as trusted:
        for key in ("train", "valid", "test"):
            assert len(ours[key]) == len(trusted[key])
            for a, b in zip(ours[key], trusted[key], strict=True):
                assert_array_equal(a, b)


def test_a_sketch_rnn_set_survives_our_own_layout(data_dir: Path) -> None:
    drawings = list(read_many(data_dir / "quickdraw/sketchrnn_monkey.npz"))
    assert len(drawings) == 825
    stream = io.BytesIO()
    write_many(drawings, stream, "npz")
    assert list(read_many(stream.getvalue(), "npz")) == drawings


def test_quickdraw_drawings_survive_ndjson_and_bin(data_dir: Path) -> None:
    arrays = read_npz(data_dir / "quickdraw/quickdraw345_simplified.npz")
    strokes, offsets = arrays["strokes"], arrays["offsets"]
    rows = [strokes[offsets[i] : offsets[i + 1]] for i in range(0, 7500, 50)]
    drawings = [from_stroke3(part, size=(256, 256)) for part in rows]
    for suffix in ("ndjson", "bin"):
        stream = io.BytesIO()
        write_many(drawings, stream, suffix)
        for back, part in zip(read_many(stream.getvalue(), suffix), rows, strict=True):
            assert_array_equal(to_stroke3(back), part)
