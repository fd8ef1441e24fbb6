import numpy as np
import pytest

from strokewright.datasets import Dataset, Sample
from strokewright.datasets.step_sets import StepSet
from strokewright.errors import DataError, OptionError
from strokewright.models.sketch_rnn.batches import StepBatches
from strokewright.recipes import train


def make_set(count=60, longest=40, words=("owl", "fox", "cat")):
    """Strokes of four points, drawing i with 4 + i modulo `longest` steps; every tenth valid."""
    rng = np.random.default_rng(0)
    lengths = 5 + np.arange(count) % longest
    rows = rng.normal(0, 20, (lengths.sum(), 3)).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    place = np.arange(len(rows)) - np.repeat(offsets[:-1], lengths)
    rows[:, 2] = place % 6 == 5
    rows[offsets[1:] - 1, 2] = 1
    rows[offsets[:-1], :2] = 500  # the places on the page
    splits = (np.arange(count) % 10 == 9).astype(np.uint8)
    return StepSet(rows, offsets, (np.arange(count) % len(words)).astype(np.int32), words, splits)


def points(rows, length):
    return np.cumsum(rows[1 : length + 1, :2], axis=0)


def test_rows_are_whole_stroke_5_sequences_in_model_units():
    source = StepBatches(make_set(), split="valid")
    batch = source.batch(0, 6)
    assert batch["rows"].dtype == np.float32
    assert batch["rows"].shape == (6, batch["length"].max() + 2, 5)
    assert source.facts == {"labels": ["owl", "fox", "cat"], "n_max": 44, "scale_px": round(make_set().scale_px(), 4)}
    chosen = source.chosen(0, 6)
    for row, length, label, index in zip(batch["rows"], batch["length"], batch["label"], chosen, strict=True):
        original = source.set.drawing(index)[1:]
        assert row[0].tolist() == [0, 0, 1, 0, 0]
        assert row[1 : length + 1, :2] == pytest.approx(original[:, :2] / source.scale_px, rel=1e-5)
        assert (row[1 : length + 1, 3] == original[:, 2]).all()
        assert (row[length + 1 :] == [0, 0, 0, 0, 1]).all()
        assert (row[:, 2:].sum(axis=1) == 1).all()
        assert label == source.set.labels[index]


def test_a_batch_depends_on_seed_and_index_alone():
    first, again, other = (StepBatches(make_set(), seed=seed, window=4) for seed in (1, 1, 2))
    for index in (9, 0, 5):
        assert (first.batch(index, 8)["rows"] == again.batch(index, 8)["rows"]).all()
    assert first.chosen(0, 8).tolist() != other.chosen(0, 8).tolist()


@pytest.mark.parametrize("window", [1, 3, 27])
def test_an_epoch_sees_every_drawing_once(window):
    source = StepBatches(make_set(), window=window)
    assert len(source) == 54
    seen = np.concatenate([source.chosen(i, 2) for i in range(27)])
    assert sorted(seen) == list(range(54))
    many = np.concatenate([source.chosen(i, 5) for i in range(54 * window)])
    assert np.ptp(np.bincount(many, minlength=54)) <= 1


def test_buckets_hold_similar_lengths_in_random_order():
    def waste(window):
        source = StepBatches(make_set(600), window=window)
        batches = [source.batch(i, 10) for i in range(54)]
        return sum(b["length"].max() * 10 - b["length"].sum() for b in batches), [b["length"].max() for b in batches]

    bucketed, longest = waste(54)
    assert bucketed < 0.2 * waste(1)[0]
    assert longest != sorted(longest)


def test_changes_keep_the_ends_of_strokes():
    whole = make_set()
    plain = StepBatches(whole, scale_share=0.0, merge_share=0.0)
    merged = StepBatches(whole, scale_share=0.0, merge_share=0.5)
    fewer = 0
    for index in range(5):
        a, b = plain.batch(index, 10), merged.batch(index, 10)
        for i in range(10):
            before, after = points(a["rows"][i], a["length"][i]), points(b["rows"][i], b["length"][i])
            ends = a["rows"][i, 1 : a["length"][i] + 1, 3] == 1
            own = b["rows"][i, 1 : b["length"][i] + 1, 3] == 1
            assert after[own] == pytest.approx(before[ends], abs=1e-4)
            fewer += a["length"][i] - b["length"][i]
    assert fewer > 20
    assert merged.batch(0, 10)["label"].tolist() == plain.batch(0, 10)["label"].tolist()


def test_x_and_y_are_scaled_on_their_own():
    plain, scaled = StepBatches(make_set(), scale_share=0.0, merge_share=0.0), StepBatches(make_set(), merge_share=0.0)
    a, b = plain.batch(0, 10)["rows"][:, 1:3, :2], scaled.batch(0, 10)["rows"][:, 1:3, :2]
    ratio = b / a
    assert ratio[:, 0] == pytest.approx(ratio[:, 1], rel=1e-4)
    assert (np.abs(ratio - 1) <= 0.1501).all()
    assert np.std(ratio[:, 0, 0] / ratio[:, 0, 1]) > 0.01


def test_points_move_by_the_jitter_and_no_further():
    plain = StepBatches(make_set(), scale_share=0.0, merge_share=0.0, scale_px=2.0)
    moved = StepBatches(make_set(), scale_share=0.0, merge_share=0.0, scale_px=2.0, jitter_px=0.5)
    a, b = plain.batch(0, 10), moved.batch(0, 10)
    shifts = [
        points(b["rows"][i], n) - points(a["rows"][i], n) for i, n in enumerate(a["length"])
    ]  # of whole drawings' points, which drift by no more than their own noise and the first one's
    assert np.std(np.concatenate(shifts)) == pytest.approx(0.25, rel=0.5)
    assert (b["rows"][..., 2:] == a["rows"][..., 2:]).all()


def test_small_classes_are_repeated_and_large_ones_cut():
    whole = make_set(90)
    whole = whole.take(np.r_[0:90:3, [1, 4]])  # 30 owls, of which 27 train, and 2 foxes
    source = StepBatches(whole, fewest_of_class=10, most_of_class=20, window=1)
    counts = np.bincount(source.labels[np.concatenate([source.chosen(i, 10) for i in range(3)])])
    assert counts.tolist() == [20, 10]


def test_classes_choose_and_order_the_labels():
    source = StepBatches([{"path": make_set(), "classes": ["cat", "owl"], "times": 2}], classes=["cat", "owl"])
    assert source.facts["labels"] == ["cat", "owl"]
    assert len(source) == 2 * 36
    named = StepBatches({"path": make_set(), "word": "leaf"})
    assert named.facts["labels"] == []


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"path": None}, DataError, "expected drawings to learn from"),
        ({"split": "best"}, OptionError, "split: expected one of train"),
        ({"split": "test"}, DataError, "split 'test', found none"),
        ({"classes": ["yak"]}, DataError, "got yak"),
        ({"window": 0}, OptionError, "window"),
        ({"widow": 3}, OptionError, "widow"),
        ({"path": {"file": "a"}}, OptionError, "mapping of path, word"),
    ],
)
def test_wrong_options_say_so(options, error, text):
    with pytest.raises(error, match=text):
        StepBatches(**({"path": make_set()} | options))


class Own(Dataset):
    def __len__(self):
        return 12

    def make(self, index):
        from strokewright.drawing.sequence import from_stroke3

        rows = make_set().drawing(index)
        return Sample(from_stroke3(rows), label="fox" if index % 2 else "owl", split="valid" if index > 9 else "train")

    def split_names(self):
        return np.array([self.make(i).split for i in range(len(self))])


@pytest.mark.parametrize("kind", ["dataset", "path"])
def test_a_recipe_learns_own_drawings(tmp_path, kind):
    data = Own()
    if kind == "path":
        StepSet.from_dataset(data).save(tmp_path / "own.npz")
        data = tmp_path / "own.npz"
    small = ["training.steps=2", "training.batch_size=3", "model.config.encoder_size=8", "model.config.decoder_size=8"]
    run = train(
        "sketch_rnn_small", data=data, out=tmp_path / "run", overrides=[*small, "training.evaluation_batches=1"]
    )
    config = run.model().config
    assert config.labels == ("fox", "owl")
    assert config.scale_px > 1
    assert config.n_max == int(StepSet.open(data).steps.max()) + 1
    assert "evaluation.L_R" in run.metrics()[-1]
