"""Pairs of sketch and photo: every reader on made-up files, the Sketchy Database's layout, lines made from photos."""

import shutil

import numpy as np
import pytest
from scipy import ndimage

from pair_files import disc, encoded, ring, write_pairs, write_sketchy, write_zip
from strokewright.datasets import Dataset, kept_lines
from strokewright.datasets.emoji_pairs import FluentPairs
from strokewright.datasets.framing import centred
from strokewright.datasets.pairs import OBJECT_CATEGORIES, ObjectSketches, PacsPairs
from strokewright.datasets.photo_lines import figure, photo_lines, pixel_chains
from strokewright.datasets.photos import Cifar10, PhotoFolder, SketchyPhotos, class_counts
from strokewright.datasets.sketchy import OBJECT_BOX, Sketchy
from strokewright.errors import DataError, OptionError
from strokewright.render.skia import render_ink


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs"))


def test_pairs_hold_photo_ink_class_and_group(files):
    sample = Dataset.open(files["object-sketches"], frame="page")[1]
    assert (sample.label, sample.group, sample.split) == ("pug", "game 3", "valid")
    assert (sample.photo == disc()).all()
    assert np.allclose(sample.picture, ring() == 0)
    sketchy = Dataset.open(files["sketchy-pairs"])
    assert [(s.label, s.group, s.split) for s in sketchy] == [("ant", "n1_2", "train")] * 2
    assert sketchy.label_names() == ["ant"]
    assert [s.label for s in SketchyPhotos(files["sketchy-pairs"])] == ["bee", "ant"]
    moji = Dataset.open(files["openmoji-pairs"])[0]
    assert (moji.label, moji.group, moji.split) == ("places", "2600", "train")
    cifar = Dataset.open(files["cifar10"])
    assert cifar.split_names().tolist() == ["train", "train", "valid", "valid", "test"]
    assert cifar.pairs[4].label == "cat"
    assert isinstance(cifar, Cifar10)


def test_in_the_objects_frame_sketch_and_render_lie_in_the_middle(files):
    small = np.full((60, 60), 255, np.uint8)
    small[3:13, 5:10] = 0
    rows, columns = np.nonzero(centred(small, 100) < 128)
    assert (rows.min(), rows.max()) == (10, 89)
    assert (columns.min(), columns.max()) == (30, 69)
    colours = centred(np.dstack([small] * 3), 50)
    assert colours.shape == (50, 50, 3)
    assert (colours[25, 25] == 0).all()
    assert (centred(np.full((9, 9), 255, np.uint8), 16) == 255).all()
    sample = ObjectSketches(files["object-sketches"])[0]
    drawn, shown = np.nonzero(sample.picture > 0.5), np.nonzero(sample.photo[..., 1] < 128)
    assert np.abs(np.subtract([d.mean() for d in drawn], [s.mean() for s in shown])).max() < 0.6
    with pytest.raises(OptionError, match="frame"):
        ObjectSketches(files["object-sketches"], frame="box")


def test_games_are_split_as_stated():
    from strokewright.datasets.pairs import _split_of_game

    splits = [_split_of_game(game) for game in range(88)]
    assert [splits.count(name) for name in ("train", "valid", "test")] == [71, 6, 11]
    assert sorted(map(len, OBJECT_CATEGORIES.values())) == [8, 8, 8, 8]


def test_pacs_sketches_without_a_photo_are_left_out_or_paired_by_class(files):
    pacs = Dataset.open(files["pacs-pairs"])
    assert [pair.sketch for pair in pacs.pairs] == ["train/sketch/dog/n1_2-1.png"]
    assert pacs.report().skipped == (("train/sketch/dog/8001.png", "no photo that it was drawn after"),)
    both = PacsPairs(files["pacs-pairs"], by_class=True)
    assert [pair.photo for pair in both.pairs] == ["train/photo/dog/n1_2.jpg"] * 2
    assert class_counts(both)["train"] == {"dog": 2}


def test_fluent_comes_with_four_kinds_of_lines(files):
    for lines in ("glyph", "outline", "openmoji", "made"):
        data = FluentPairs(files["fluent-pairs"], lines, files["openmoji-pairs"])
        assert data.report().skipped[0] == ("x", "its group is not known")
        sample = data[0]
        ink = render_ink(sample.drawing, (32, 32)) if lines == "made" else sample.picture
        middle = ink[14:18, 14:18].mean()
        assert middle > 0.9 if lines == "glyph" else middle < 0.1
        assert ink.sum() > 20
    with pytest.raises(OptionError, match="lines"):
        FluentPairs(files["fluent-pairs"], "pencil")


def test_a_folder_of_photos_is_split_by_name_and_reports_the_homeless(files, tmp_path):
    data = Dataset.open(files["photo-folder"])
    assert [(p.label, p.split) for p in data.pairs] == [("sock", "test"), ("hat", "train"), ("hat", "valid")]
    assert data.report().skipped == (("lost.jpg", "in no folder that names its class"),)
    names = [f"hat/{i}.png" for i in range(200)]
    write_zip(tmp_path / "mine.zip", {name: encoded(disc(8)) for name in names})
    counts = PhotoFolder(tmp_path / "mine.zip").report().splits
    assert counts["train"] > 150
    assert counts["valid"] > 2
    assert counts["test"] > 2
    for val, valid in (("val", 20), ("train", None)):
        names = [f"train/hat/{i}.png" for i in range(200)] + [f"{val}/hat/{i}.png" for i in range(200, 220)]
        write_zip(tmp_path / f"{val}.zip", {name: encoded(disc(8)) for name in names})
        counts = PhotoFolder(tmp_path / f"{val}.zip").report().splits
        assert counts["valid"] == (valid or 220 - counts["train"])
        assert 2 < counts["valid"] < 25
    (tmp_path / "mine" / "hat").mkdir(parents=True)
    (tmp_path / "mine" / "hat" / "a.png").write_bytes(encoded(np.dstack([disc(8), np.zeros((8, 8), np.uint8)])))
    assert (Dataset.open(tmp_path / "mine").photo(0) == 255).all()  # what is transparent is paper
    (tmp_path / "mine" / "hat" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png"):
        Dataset.open(tmp_path / "mine").photo(0)
    with pytest.raises(DataError, match="expected photos"):
        PhotoFolder(write_zip(tmp_path / "none.zip", {"a.png": encoded(disc(8))}))


def test_damaged_pairs_are_refused(tmp_path):
    for labels in ("{", "[]", '{"a": {"split": "train", "group": 77}}'):
        path = write_zip(tmp_path / "bad.zip", {"train/render/a.jpg": encoded(disc(), "JPEG"), "labels.json": labels})
        with pytest.raises(DataError, match=r"labels\.json"):
            FluentPairs(path)
    with pytest.raises(DataError, match=r"labels\.json"):
        FluentPairs(write_zip(tmp_path / "bad.zip", {"train/render/a.jpg": b""}))
    with pytest.raises(DataError, match="pairs of photo and sketch"):
        PacsPairs(write_zip(tmp_path / "bad.zip", {"train/photo/dog/a.jpg": b""}))
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(DataError, match="folder or a zip"):
        PacsPairs(tmp_path / "text")


def test_sketchy_is_split_by_photo_and_leaves_flagged_sketches_out(files):
    data = Dataset.open(files["sketchy"])
    assert isinstance(data, Sketchy)
    assert dict(data.skipped) == {"n00_1-1": "flag pose", "n01_1-4": "flag error"}
    assert len(data) == 16 - 2
    assert {pair.group for pair in data.pairs if pair.split == "test"} == {"n00_0", "n01_0"}
    assert data.label_names() == ["alarm_clock", "hot-air_balloon"]
    for pair in data.pairs:
        assert "/photo/000000000000/" in pair.photo
        assert "/sketch/000000001110/" in pair.sketch
        assert f"/{pair.label}/{pair.group}" in pair.sketch
    assert len(Sketchy(files["sketchy"], drop=())) == 16
    strict = Sketchy(files["sketchy"], drop=("error", "ambiguous", "pose", "context"))
    assert ("n01_2-1", "flag context") in strict.skipped


def test_sketchy_warns_of_frames_that_do_not_lie_upon_each_other(files):
    with pytest.warns(UserWarning, match="different frames"):
        Sketchy(files["sketchy"], photo_tx=OBJECT_BOX, sketch_tx="000000000010")
    assert len(Sketchy(files["sketchy"], photo_tx=OBJECT_BOX, sketch_tx=OBJECT_BOX)) == 14  # no warning
    with pytest.raises(OptionError, match="000000001110"):
        Sketchy(files["sketchy"], sketch_tx="000000001111")
    with pytest.raises(OptionError, match="drop"):
        Sketchy(files["sketchy"], drop=("blurred",))


def test_sketchy_without_sketches_of_a_class_is_refused(tmp_path):
    root = write_sketchy(tmp_path)
    shutil.rmtree(root / "rendered_256x256/256x256/sketch/000000001110/alarm_clock")
    with pytest.raises(DataError, match="found none of alarm_clock"):
        Sketchy(root)


def test_sketchy_does_without_what_is_missing(tmp_path):
    root = write_sketchy(tmp_path)
    photos = root / "rendered_256x256/256x256/photo/000000000000/alarm_clock"
    (photos / "n01_3.jpg").unlink()
    (root / "info-06-04/info/testset.txt").unlink()
    with pytest.warns(UserWarning, match=r"no testset\.txt"):
        data = Sketchy(root)
    assert [why for name, why in data.skipped if name == "n01_3-4"] == ["its photo is missing"]
    assert "n01_3" not in {pair.group for pair in data.pairs}
    for photo in photos.glob("*.jpg"):
        photo.unlink()
    with (
        pytest.warns(UserWarning, match=r"testset\.txt"),
        pytest.raises(DataError, match=r"found none of alarm_clock.*photo is missing"),
    ):
        Sketchy(root)
    with pytest.raises(DataError, match="unpack the database"):
        Sketchy(root / "info-06-04")


def test_reports_of_much_count_the_reasons(files):
    sketchy = Dataset.open(files["sketchy"])
    assert "n00_1-1: flag pose" in str(sketchy.report())
    sketchy.skipped = sketchy.skipped * 11
    assert "11 times: flag pose" in str(sketchy.report())


def test_lines_of_a_disc_are_its_outline():
    drawing = photo_lines(disc(64))
    assert drawing.size == (128, 128)
    x, y = np.concatenate([stroke.nodes for stroke in drawing.strokes]).T
    assert np.abs(np.hypot(x - 64, y - 64) - 0.32 * 128).max() < 3
    angles = np.sort(np.arctan2(y - 64, x - 64))
    assert np.diff(angles).max() < 0.5  # all around
    share = figure(disc(64))
    assert share[32, 32] > 0.9
    assert share[:4].max() < 0.1
    assert photo_lines(np.full((40, 20, 3), 99, np.uint8)).strokes == []


def test_a_thin_dark_line_is_one_line_in_xdog_and_two_in_edges():
    photo = np.full((64, 64, 3), 230, np.uint8)
    photo[12:52, 31:34] = 30
    across = [ndimage.label(render_ink(photo_lines(photo, style))[64] > 0.3)[1] for style in ("xdog", "edges")]
    assert across == [1, 2]
    with pytest.raises(OptionError, match="style"):
        photo_lines(photo, "pencil")


def test_chains_follow_lines_and_stop_at_junctions():
    thin = np.zeros((20, 20), bool)
    thin[10, 2:18] = True
    thin[3:10, 9] = True
    chains = sorted(pixel_chains(thin), key=len)
    assert chains[0][:, 1].min() == 3.5
    assert len(chains) == 3
    ring_of_pixels = np.zeros((9, 9), bool)
    ring_of_pixels[2:7, 2:7] = True
    ring_of_pixels[3:6, 3:6] = False
    ring_of_pixels[[2, 2, 6, 6], [2, 6, 2, 6]] = False
    (loop,) = pixel_chains(ring_of_pixels)
    assert (loop[0] == loop[-1]).all()
    assert len(loop) == 13


def test_kept_lines_are_the_lines_that_are_made(files, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kept_lines, "_WRITE_FROM", 2)
    data = Dataset.open(files["photo-folder"])
    made = [data[i].drawing for i in range(len(data))]
    data.keep_lines()
    data.sketch(2)
    assert not (tmp_path / "strokewright").exists()
    data.sketch(0)  # the second new one: both are written
    (kept,) = (tmp_path / "strokewright" / "lines").iterdir()
    other = Dataset.open(files["photo-folder"])
    other.keep_lines()
    assert other.sketch(1) == made[1]
    other.kept.save()  # adds to what is there
    again = Dataset.open(files["photo-folder"])
    again.photo = None  # nothing is made any more
    again.keep_lines()
    assert len(again.kept) == 3
    assert [again.sketch(i) for i in range(len(data))] == made
    xdog = PhotoFolder(files["photo-folder"], lines="xdog")
    xdog.keep_lines()
    assert len(xdog.kept) == 0
    kept.write_bytes(b"damaged")
    assert len(kept_lines.KeptLines(kept)) == 0


def test_photos_of_other_content_have_lines_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "b" / "hat").mkdir(parents=True)
    (tmp_path / "b" / "hat" / "1.png").write_bytes(encoded(disc(40)))
    write_zip(tmp_path / "a.zip", {"hat/1.png": encoded(disc(24))})
    write_zip(tmp_path / "c.zip", {"hat/1.png": encoded(disc(32))})
    places = set()
    for name in ("a.zip", "b", "c.zip"):
        data = PhotoFolder(tmp_path / name)
        data.keep_lines()
        places.add(data.kept.place)
    assert len(places) == 3


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts", "classes"),
    [
        ("object-sketches", (2304, 160, 352), 32),
        ("sketchy-pairs", (2404, 139, 151), 123),
        ("sketchy-photos", (1474, 86, 82), 123),
        ("pacs-pairs", (2460, 160, 115), 5),
        ("openmoji-pairs", (1325, 81, 89), 9),
        ("fluent-pairs", (1292, 78, 85), 8),
        ("things", (5741, 345, 354), 15),
        ("cifar10", (9500, 500, 1000), 10),
    ],
)
def test_the_real_sets_are_whole(name, counts, classes, data_dir):
    data = Dataset.open(name)
    report = data.report()
    assert tuple(report.splits[split] for split in ("train", "valid", "test")) == counts
    assert len(data.label_names()) == classes
    groups = {}
    for pair in data.pairs:
        assert groups.setdefault(pair.group, pair.split) == pair.split
    for index in (0, len(data) // 2, len(data) - 1):
        sample = data[index]
        assert sample.photo.dtype == np.uint8
        assert sample.photo.shape[2] == 3
        ink = sample.picture if sample.drawing is None else render_ink(sample.drawing)
        assert 0.002 < ink.mean() < 0.7
