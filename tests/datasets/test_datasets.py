"""Datasets: each reader on a small file made here, the shared rules on all of them, the real files where present."""

import gzip
import io
import json
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from pair_files import write_pairs
from strokewright.datasets import DATASETS, Dataset
from strokewright.datasets import download as downloads
from strokewright.datasets.floorplans import CLASSES, ROOM_COLOURS
from strokewright.datasets.omniglot import PICTURE_LINE_PX
from strokewright.datasets.sheets import Sheets
from strokewright.datasets.smoothing import curve_through, smoothed
from strokewright.drawing import Box, Drawing, Stroke
from strokewright.drawing.curves import flatten
from strokewright.errors import DataError
from strokewright.render.skia import render_ink

OMNIGLOT_TEXT = "START\n10,-20,0\n30,-20,40\nBREAK\n20,-10,900\nBREAK\n"


def strokes_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        for drawer in (1, 16, 20):
            archive.writestr(f"small/Greek/character02/0395_{drawer:02d}.txt", OMNIGLOT_TEXT)
    return path


def plans_zip(path):
    """Two plans with one kitchen each."""
    drawing, codes = np.full((512, 512), 255, np.uint8), np.zeros((512, 512), np.uint8)
    drawing[100, 50:90], codes[20:100, 50:90] = 0, 3
    plans = {
        name: {"split": name, "source_size": [9, 9], "rooms": [[3, 50, 20, 90, 100, 1.0]]} for name in ("train", "test")
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name in plans:
            for folder, pixels in (("drawing", drawing), ("rooms", codes)):
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "PNG")
                archive.writestr(f"{name}/{folder}/{name}.png", stream.getvalue())
    path.with_suffix(".json").write_text(json.dumps({"classes": CLASSES, "canvas": 512, "plans": plans}))
    return path


def flat(**extra):
    """Two drawings: two strokes; one stroke that is never lifted."""
    rows = np.array([[5, 6, 0], [10, 0, 1], [0, 10, 0], [-10, 0, 1], [1, 2, 0], [3, 3, 0]], np.int16)
    return {"strokes": rows, "offsets": np.array([0, 4, 6]), "split": np.array([0, 2], np.uint8)} | extra


def make_files(folder):
    """Write one small file of each kind; return name → path."""
    labels = np.array([0, 1])
    steps = np.array([[0, 0, 0, 0], [40, 0, 1, 0], [0, 20, 0, 0], [-40, 0, 1, 1]], np.float32)
    words, names = np.array(["cat", "dog"]), np.array(["sun", "moon"])
    arrays = {
        "quickdraw": flat(label=labels, words=words),
        "openmoji": flat(filled=np.array([0, 0, 1, 1, 0, 0], np.uint8), name=names, tags=names, hexcode=names),
        "lucide": flat(filled=np.zeros(6, np.uint8), name=names, tags=names),
        "quickdraw-raw": {
            "xy": np.array([[-3, 4], [10, 4], [10, 9]], np.float32),
            "t_ms": np.array([0, 20, 50]),
            "pen_up": np.array([0, 1, 1], np.uint8),
            "offsets": np.array([0, 3]),
            "label": labels[:1],
            "words": words,
        },
        "tuberlin": {
            "points": steps,
            "offsets": np.array([0, 4]),
            "label": labels[:1],
            "source_index": np.array([7]),
        },
        "mnist": {
            f"{a}_{p}": np.zeros((6, *s), np.uint8) for a, s in (("x", (28, 28)), ("y", ())) for p in ("train", "test")
        },
        "faces": {"images": np.zeros((3, 112, 92), np.uint8), "subject": np.array([1, 31, 40])},
        "omniglot": {"images": np.full((20, 1379), 0b11111110, np.uint8), "char": np.zeros(20, np.int16)},
    }
    files = {name: folder / f"{name}.npz" for name in arrays}
    for name, content in arrays.items():
        np.savez(files[name], **content)
    files["omniglot-strokes"] = strokes_zip(folder / "strokes.zip")
    files["floorplans"] = plans_zip(folder / "plans.zip")
    files["svg-folder"] = folder / "mine"
    files["svg-folder"].mkdir()
    Drawing.from_points([[(1, 1), (5, 5)]], (10, 10)).save(files["svg-folder"] / "a.svg")
    (files["svg-folder"] / "b.svg").write_text("no drawing")
    files["drawing-file"] = folder / "two.ndjson"
    line = '{"word": "cat", "key_id": "1", "drawing": [[[0, 9], [0, 9]]]}\n'
    files["drawing-file"].write_text(line + line.replace("[[[0, 9], [0, 9]]]", "[]"))
    return files | write_pairs(folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("data"))


OTHERWISE = {"random-strokes", "sheets", "shapes", "things", "sketchy-photos", "pacs-photos"}
"""Made, or photos of a file that opens as pairs."""


@pytest.mark.parametrize("name", sorted(set(DATASETS) - OTHERWISE))
def test_every_dataset_opens_by_its_file(name, files):
    data = Dataset.open(files[name])
    module, _, kind = DATASETS[name].partition(":")
    assert type(data).__name__ == kind
    assert type(data).__module__ == module
    assert len(data) > 0
    assert data.stored
    samples = list(data)
    assert [s.split for s in samples] == data.split_names().tolist()
    for sample in samples:
        assert sample.drawing is not None or sample.picture is not None
        if sample.picture is not None:
            assert sample.picture.dtype == np.float32
            assert 0 <= sample.picture.min() <= sample.picture.max() <= 1
    report = data.report()
    assert report.kept == len(data) == sum(report.splits.values())
    assert sum(len(data.split(part)) for part in ("train", "valid", "test")) == len(data)
    assert len(data[1:]) == len(data) - 1
    with pytest.raises(IndexError):
        data[len(data)]


def test_floor_plans_hold_rooms_ink_and_classes(files):
    plans = Dataset.open(files["floorplans"])
    sample = plans[1]
    assert sample.drawing.marks == (Box(50, 20, 90, 100, ROOM_COLOURS["Kitchen"], "Kitchen"),)
    assert np.argwhere(sample.picture > 0).tolist() == [[100, x] for x in range(50, 90)]
    assert np.unique(plans.class_map(1)[20:100, 50:90]).tolist() == [3]
    assert plans.class_map(1).sum() == 3 * 80 * 40
    files["floorplans"].with_name("other.zip").write_bytes(files["floorplans"].read_bytes())
    with pytest.raises(DataError, match="belong together"):
        Dataset.open(files["floorplans"].with_name("other.zip"))


def test_strokes_come_out_as_the_pen_left_them(files):
    quick = Dataset.open(files["quickdraw"])
    assert [s.nodes.tolist() for s in quick[0].drawing.strokes] == [[[5, 6], [15, 6]], [[15, 16], [5, 16]]]
    assert [s.nodes.tolist() for s in quick[1].drawing.strokes] == [[[1, 2], [4, 5]]]
    assert (quick[1].label, quick[1].split) == ("dog", "test")
    emoji = Dataset.open(files["openmoji"], width_px=4.0)[0].drawing
    assert [s.layer for s in emoji.strokes] == ["1", "filled"]
    assert emoji.strokes[0].width.tolist() == [4, 4]
    assert emoji.strokes[0].nodes.tolist() == [[1.25, 1.5], [3.75, 1.5]]
    raw = Dataset.open(files["quickdraw-raw"])[0].drawing
    assert raw.strokes[0].nodes.tolist() == [[0, 4], [13, 4]]
    assert raw.strokes[0].times_ms.tolist() == [0, 20]
    omniglot = Dataset.open(files["omniglot-strokes"])
    sample = omniglot[0]
    assert (sample.label, sample.group, sample.split) == ("Greek/character02", "1", "train")
    assert omniglot.split_names().tolist() == ["train", "valid", "test"]
    assert sample.drawing.strokes[0].nodes.tolist() == [[10.5, 20.5], [30.5, 20.5]]
    assert sample.drawing.strokes[1].is_dot
    line = Dataset.open(files["tuberlin"])[0].drawing
    assert line.strokes[0].nodes.tolist() == [[24, 140], [488, 140]]


def test_polarity_is_ink(files):
    picture = Dataset.open(files["omniglot"])[0].picture
    assert picture.shape == (105, 105)
    assert picture[0, :8].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_reports_say_what_was_skipped(files):
    report = Dataset.from_folder(files["svg-folder"]).report()
    assert report.kept == 1
    assert report.skipped[0][0] == "b.svg"
    assert "b.svg" in str(report)
    assert Dataset.open(files["drawing-file"]).report().skipped == (("two.ndjson#2", "no strokes"),)


def test_mnist_reads_the_original_files(tmp_path):
    for part, count in (("train", 3), ("t10k", 2)):
        pictures = struct.pack(">4I", 0x803, count, 28, 28) + bytes([255]) * (count * 784)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures))
        labels = struct.pack(">2I", 0x801, count) + bytes(range(count))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    data = Dataset.open("mnist", path=tmp_path)
    assert [(s.label, s.split) for s in data][-2:] == [("0", "test"), ("1", "test")]
    assert data[0].picture.min() == 1
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels[:-1]))
    with pytest.raises(DataError, match="t10k-labels"):
        Dataset.open("mnist", path=tmp_path)


def test_bad_sources_are_refused(tmp_path, files, monkeypatch):
    with pytest.raises(DataError, match="expected a file, a folder"):
        Dataset.open(tmp_path / "none.npz")
    with pytest.raises(DataError, match="split"):
        Dataset.open(files["quickdraw"]).split("dev")
    bad = tmp_path / "bad.npz"
    np.savez(bad, **flat(label=[0, 1], words=np.array(["a"]), offsets=np.array([0, 99])))
    with pytest.raises(DataError, match="offsets"):
        Dataset.open(bad)
    np.savez(bad, strokes=np.array([{}], dtype=object), offsets=[0, 1], words=["a"], label=[0], split=[0])
    with pytest.raises(DataError, match="expected"):
        Dataset.open(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("A/character01/0001_01.txt", "START\n1,2\nBREAK\n")
    with pytest.raises(DataError, match="0001_01"):
        Dataset.open(bad.rename(tmp_path / "bad.zip"))[0]
    with pytest.raises(DataError, match="found none"):
        Dataset.from_folder(tmp_path)
    monkeypatch.setenv("STROKEWRIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataError, match="STROKEWRIGHT_DATA"):
        Dataset.open("mnist")
    with pytest.raises(DataError, match="local path"):
        downloads.fetch("nothing")


def test_smoothing_removes_the_grid_and_keeps_ends_and_corners():
    angle = np.linspace(0, np.pi, 200)
    arc = 60 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    smooth = smoothed(arc.round(), 2.0)
    assert np.allclose(smooth[[0, -1]], arc.round()[[0, -1]])
    assert np.abs(np.hypot(*smooth.T) - 60).max() < 0.7
    curve = Stroke.from_controls(curve_through(smooth))
    assert len(curve.handles) < 40
    assert np.abs(np.hypot(*flatten(curve).T) - 60).max() < 0.8
    corner = curve_through(np.array([[0, 0], [10, 0], [10, 10]]))
    assert Stroke.from_controls(corner).nodes.tolist() == [[0, 0], [10, 0], [10, 10]]
    assert np.allclose(np.hypot(*(flatten(Stroke.from_controls(corner)) - [10, 0]).T).min(), 0)
    assert (corner[0, :, 1] == 0).all()


def test_random_strokes_and_sheets_are_seeded(files):
    first, again = (Dataset.open("random-strokes", count=12, seed=3) for _ in range(2))
    assert first[5].drawing == again[5].drawing
    assert first[5].drawing != first[6].drawing
    assert first.report().splits == {"train": 10, "test": 2}
    sheets = Sheets(Dataset.open(files["omniglot-strokes"]), count=2, seed=1)
    drawing = sheets[1].drawing
    assert drawing == sheets[1].drawing
    assert drawing.size == (512, 512)
    assert len(drawing.strokes) in (8, 18, 32)
    points = np.concatenate([s.nodes for s in drawing.strokes])
    assert points.min() >= 5
    assert points.max() <= 507


@pytest.mark.data
def test_tuberlin_lies_on_its_pictures(data_dir):
    data = Dataset.open("tuberlin")
    assert len(data.split("test")) == 23
    with zipfile.ZipFile(data_dir / "lineart" / "tuberlin_animals_512.zip") as archive:
        for index in (0, 50, 221):
            drawing = data[index].drawing
            name = f"{int(drawing.metadata['source_index']):03d}.png"
            picture = 1 - np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("L")) / 255
            ink = render_ink(drawing)
            error = np.mean((ink - picture) ** 2)
            assert error < 0.0016
            assert error < 0.5 * min(np.mean((np.roll(ink, 1, axis) - picture) ** 2) for axis in (0, 1))


@pytest.mark.data
def test_omniglot_strokes_lie_on_their_pictures(data_dir):
    pictures = Dataset.open("omniglot")
    strokes = Dataset.open("omniglot-strokes", width_px=PICTURE_LINE_PX)
    place = {
        (pictures.names[c], d): i for i, (c, d) in enumerate(zip(pictures.characters, pictures.drawers, strict=True))
    }
    errors = []
    for index in range(0, len(strokes), 300):
        sample = strokes[index]
        picture = pictures[place[sample.label, int(sample.group)]].picture
        errors.append(np.mean((render_ink(sample.drawing) - picture) ** 2))
    assert np.mean(errors) < 0.007


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count"), [("omniglot-strokes", 5840), ("quickdraw", 7575), ("openmoji", 1495), ("lucide", 1691)]
)
def test_real_files_open_whole(name, count, data_dir):
    data = Dataset.open(name)
    assert len(data) == count
    assert len(data.split("test")) > 0
    for index in range(0, count, count // 20):
        sample = data[index]
        assert sample.drawing.strokes
        points = np.concatenate([s.nodes for s in sample.drawing.strokes])
        assert (points >= -8).all()
        assert (points <= np.array(sample.drawing.size) + 8).all()
