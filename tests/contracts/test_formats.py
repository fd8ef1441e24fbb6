"""What every file format must do; the formats come from the table."""

import importlib.metadata
import io
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from strokewright.drawing import Box, Drawing, Prism, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import EmptyError, FormatError, OptionError
from strokewright.files import FORMATS, find_format, formats, read, read_many, write, write_many

DRAWINGS = {
    "empty": Drawing((), (200, 100)),
    "one point": Drawing((Stroke([[30, 40]], width=4),), (200, 100)),
    "no way": Drawing((Stroke([[30, 40], [30, 40]]),), (200, 100)),
    "lines": Drawing.from_points([[(10, 10), (90, 20), (90, 20), (50, 77)], [(5, 5)], [(60, 9), (7, 90)]], (200, 100)),
    "curves": Drawing(
        (Stroke([[10, 50], [110.25, 50], [10, 50]], [[[30, 0], [90.5, 100]], [[140, 0], [0, 7]]], width=2.5),),
        (200, 100),
        maker="a <maker> & more",
        seed=2**40,
        metadata={"word": "dog & cat", "key_id": "5891796615823360", "split": "test", "note": 'tab\tline\nquote"é'},
    ),
}
STROKES = [suffix for suffix in FORMATS if find_format(suffix).kind is Stroke]
READABLE = [suffix for suffix in STROKES if find_format(suffix).read]
OTHERS = {
    Box: Drawing(
        (Box(10, 20, 30.5, 50, (0, 0.2, 1), 'a "door", <1>', 0.75), Box(0, 0, 200, 100), Box(5, 6, 5, 6, label="é")),
        (200, 100),
    ),
    Prism: Drawing(
        (Prism([0.1, 0.2, 0.3], [0.4, 0.5, 0.9], (0, 0.2, 1)), Prism([0, 0, 0], [1, 1, 0.25])), (200, 100), maker="me"
    ),
}
"""What the formats for other kinds of marks are tested with."""


def to_bytes(drawing: Drawing, suffix: str) -> bytes:
    stream = io.BytesIO()
    write(drawing, stream, format=suffix, allow_empty=True)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", STROKES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_is_written_the_same_to_streams_and_files(suffix: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"sub/drawing{suffix}"
    write(DRAWINGS[name], path, allow_empty=True)
    assert path.read_bytes() == to_bytes(DRAWINGS[name], suffix) != b""
    assert [file.name for file in path.parent.iterdir()] == [path.name], "temporary files were left behind"


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("name", DRAWINGS)
def test_round_trip_keeps_points_and_order(suffix: str, name: str) -> None:
    drawing, form = DRAWINGS[name], find_format(suffix)
    back = read(to_bytes(drawing, suffix), format=suffix)
    assert len(back.strokes) == len(drawing.strokes)
    for ours, expected in zip(back.strokes, drawing.strokes, strict=True):
        assert_allclose(ours.nodes[[0, -1]], expected.nodes[[0, -1]], atol=form.precision_px)
        assert_allclose(middle(ours), middle(expected), atol=form.precision_px + 0.2)
        if expected.is_polyline and "svg" not in suffix:
            assert_allclose(ours.nodes, expected.nodes, atol=form.precision_px)


def middle(stroke: Stroke) -> np.ndarray:
    """Return the point halfway along, which resists a change of nodes."""
    points = flatten(stroke, 0.01)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    at = np.append(0, np.cumsum(steps))
    return np.array([np.interp(at[-1] / 2, at, points[:, axis]) for axis in (0, 1)])


@pytest.mark.parametrize("suffix", [s for s in READABLE if s in (".svg", ".anim.svg", ".ndjson", ".npz")])
def test_facts_survive(suffix: str) -> None:
    drawing = DRAWINGS["curves"]
    back = read(to_bytes(drawing, suffix), format=suffix)
    assert (back.size, back.maker, back.seed) == (drawing.size, drawing.maker, drawing.seed)
    assert back.metadata == drawing.metadata


@pytest.mark.parametrize("suffix", FORMATS)
def test_empty_drawings_are_refused_and_the_old_file_stays(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"old{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(EmptyError):
        write(DRAWINGS["empty"], path)
    with pytest.raises(OptionError, match="colour_of_hat"):
        write(DRAWINGS["lines"], path, colour_of_hat="red")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix not in STROKES])
def test_other_marks_come_back_in_order_and_strokes_are_refused(suffix: str) -> None:
    form = find_format(suffix)
    drawing = OTHERS[form.kind]
    data = to_bytes(drawing, suffix)
    if form.read is not None:
        back = read(data, format=suffix)
        assert back.size == drawing.size
        assert len(back.marks) == len(drawing.marks)
        for ours, expected in zip(back.marks, drawing.marks, strict=True):
            assert type(ours) is type(expected) is form.kind
            assert_allclose(*(numbers(mark) for mark in (ours, expected)), atol=form.precision_px)
            assert not isinstance(ours, Box) or ours.label == expected.label
    with pytest.raises(FormatError, match="Stroke"):
        to_bytes(DRAWINGS["lines"], suffix)


def numbers(mark: Box | Prism) -> list[float]:
    """Return what describes a mark in numbers."""
    if isinstance(mark, Box):
        return [mark.x0, mark.y0, mark.x1, mark.y1, mark.score]
    return [*mark.low, *mark.high, *mark.colour]


@pytest.mark.parametrize("suffix", STROKES)
def test_many_drawings_keep_their_order_or_are_refused(suffix: str) -> None:
    stream, some = io.BytesIO(), [DRAWINGS["lines"], DRAWINGS["one point"], DRAWINGS["lines"]]
    if not find_format(suffix).holds_many:
        with pytest.raises(FormatError, match="one drawing, got 3"):
            write_many(some, stream, format=suffix)
        return
    write_many(some, stream, format=suffix)
    assert [len(drawing.strokes) for drawing in read_many(stream.getvalue(), format=suffix)] == [3, 1, 3]


def test_unknown_suffixes_missing_files_and_formless_streams_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="choose one"):
        write(DRAWINGS["lines"], tmp_path / "drawing.xyz")
    with pytest.raises(FormatError, match=r"none\.svg.*No such file"):
        read(tmp_path / "none.svg")
    with pytest.raises(OptionError, match="format"):
        read(io.BytesIO(b"<svg/>"))
    with pytest.raises(FormatError, match="trace"):
        read(b"\x89PNG", format="png")


def test_other_packages_add_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("dxf", "strokewright.files.svg:SVG", "strokewright.formats")])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points.select(group=group))
    formats.cache_clear()
    try:
        assert find_format("plan.DXF").name == "SVG"
        assert find_format("plan.npz").name == "sketch-rnn npz"
    finally:
        formats.cache_clear()


def test_a_failed_write_names_the_place_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="nothing was written"):
        write(DRAWINGS["lines"], tmp_path / "file" / "drawing.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
