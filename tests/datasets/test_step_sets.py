import numpy as np
import pytest

from strokewright.datasets import Dataset
from strokewright.datasets.step_sets import StepOptions, StepSet, join, to_steps
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import DataError, DrawingError, EmptyError, OptionError
from strokewright.files import read_many, write, write_many


def zigzag(points, size=(400.0, 300.0), **facts):
    x = np.linspace(20, 380, points)
    return Drawing((Stroke(np.column_stack([x, 150 + 100 * (-1.0) ** np.arange(points)])),), size, **facts)


@pytest.fixture
def folder(tmp_path):
    for name, points in (("fox/a", 6), ("fox/b", 7), ("owl/c", 8), ("owl/d", 9), ("owl/long", 400)):
        path = tmp_path / f"{name}.svg"
        path.parent.mkdir(exist_ok=True)
        write(zigzag(points), path)
    (tmp_path / "owl/broken.svg").write_text("<svg", "utf-8")
    write(Drawing((Stroke(np.array([[5.0, 5.0]])),), (10, 10)), tmp_path / "owl/dot.svg")
    write(Drawing((), (10, 10)), tmp_path / "owl/empty.svg", allow_empty=True)
    return tmp_path


def test_a_drawing_is_fitted_simplified_and_laid_on_the_grid():
    x = np.linspace(0, 510, 103)
    bent = Drawing((Stroke(np.column_stack([x, np.where(x < 255, 0, x - 255) + 0.4 * np.sin(x)])),), (600, 600))
    rows = to_steps(bent)
    assert rows[:, 2].tolist() == [0, 0, 1]
    points = np.cumsum(rows[:, :2], axis=0)
    assert points[:, 0].tolist() == [0, pytest.approx(127, abs=2), 255]
    assert (rows[:, :2] == rows[:, :2].round()).all()
    on_page = to_steps(bent, StepOptions(keep_page=True))
    assert np.cumsum(on_page[:, :2], axis=0)[-1, 0] == pytest.approx(510 / 600 * 255, abs=1)


def test_a_folder_tells_what_it_kept_and_why_not(folder):
    found = StepSet.from_dataset(Dataset.from_folder(folder))
    report = found.report()
    assert found.words == ("fox", "owl")
    assert len(found) == report.kept == 4
    reasons = dict(report.skipped)
    assert reasons["owl/dot.svg"].startswith("too short: 0 steps")
    assert reasons["owl/long.svg"].startswith("too long: 397 steps, expected at most 300")
    assert reasons["owl/empty.svg"] == "no strokes"
    assert "owl/broken.svg" in reasons
    assert (found.splits == 1).any()


def test_what_is_written_is_read_again_by_both_readers(folder, tmp_path):
    found = StepSet.from_dataset(Dataset.from_folder(folder))
    found.save(tmp_path / "set.npz")
    again = StepSet.open(tmp_path / "set.npz")
    order = np.argsort(found.splits, kind="stable")
    for index, old in enumerate(order):
        assert (again.drawing(index) == found.drawing(old)).all()
    assert again.words == found.words
    assert again.labels.tolist() == found.labels[order].tolist()
    drawings = list(read_many(tmp_path / "set.npz"))
    assert [d.metadata["word"] for d in drawings] == [found.words[i] for i in found.labels[order]]
    assert again.scale_px() == pytest.approx(found.scale_px())


def test_very_long_drawings_work_or_say_why_not():
    angle = np.linspace(0, 400, 20_000)
    spiral = Drawing(
        (Stroke(np.column_stack([500 + angle * np.cos(angle), 500 + angle * np.sin(angle)])),), (1000, 1000)
    )
    with pytest.raises(DrawingError, match=r"too long: .* steps, expected at most 300; raise epsilon_px or most_steps"):
        to_steps(spiral)
    assert 300 < len(to_steps(spiral, StepOptions(most_steps=20_000))) < 2000
    assert 295 < len(to_steps(zigzag(301))) <= 301


def test_sets_are_joined_by_the_names_of_their_classes():
    a = StepSet.from_dataset(_Listed([zigzag(5, metadata={"word": "owl"}), zigzag(6, metadata={"word": "cat"})]))
    b = StepSet.from_dataset(_Listed([zigzag(7, metadata={"word": "fox"}), zigzag(8, metadata={"word": "owl"})]))
    both = join([a, b])
    assert both.words == ("cat", "owl", "fox")
    assert [both.words[i] for i in both.labels] == ["owl", "cat", "fox", "owl"]
    assert both.steps.tolist() == [4, 5, 6, 7]
    assert (both.drawing(3) == b.drawing(1)).all()


def test_public_sets_are_taken_as_they_are(tmp_path):
    drawings = np.empty(2, dtype=object)
    drawings[:] = [np.array([[9, 9, 0], [3, 4, 0], [5, 0, 1]], np.int16), np.array([[1, 2, 1]], np.int16)]
    np.savez(tmp_path / "cat.npz", train=drawings)
    found = StepSet.open(tmp_path / "cat.npz", StepOptions(fewest_steps=1))
    assert found.drawing(0).tolist() == [[9, 9, 0], [3, 4, 0], [5, 0, 1]]
    assert found.skipped == (("drawing 1", "too short: 0 steps, expected at least 1"),)
    assert found.scale_px() == pytest.approx(np.std([3, 4, 5, 0]))


def test_errors_say_what_is_wrong(tmp_path):
    with pytest.raises(EmptyError, match=r"kept none of 1; the first: .*too short"):
        StepSet.from_dataset(_Listed([zigzag(2)]))
    write_many([zigzag(5)], tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:50])
    with pytest.raises(DataError, match=r"a\.npz"):
        StepSet.open(tmp_path / "a.npz")
    with pytest.raises((DataError, OptionError), match="no_such_set"):
        StepSet.open("no_such_set")


class _Listed(Dataset):
    def __init__(self, drawings):
        self.drawings = drawings

    def __len__(self):
        return len(self.drawings)

    def make(self, index):
        from strokewright.datasets import Sample

        return Sample(self.drawings[index], label=self.drawings[index].metadata.get("word"))

    def split_names(self):
        return np.full(len(self), "train")


def test_a_training_set_of_which_nothing_is_kept_says_so(tmp_path):
    whole = StepSet(
        np.ones((4, 3), np.float32), np.array([0, 2, 4]), np.zeros(2, np.int32), ("dot",), np.zeros(2, np.uint8)
    )
    whole.save(tmp_path / "dots.npz")
    with pytest.raises(EmptyError, match="kept none of 2; the first: drawing 0"):
        StepSet.open(tmp_path / "dots.npz", StepOptions(fewest_steps=3))
