import numpy as np
import pytest

from strokewright.datasets.step_sets import StepSet
from strokewright.errors import DataError
from strokewright.models.pretrained import load_pretrained
from strokewright.recipes import doodles
from strokewright.recipes.sketch_rnn import sketch_doodles

pytestmark = pytest.mark.data


@pytest.fixture
def one_class(monkeypatch, data_dir):
    monkeypatch.setattr(doodles, "CLASSES", ("dolphin",))


def test_public_decoders_make_drawings_like_the_real_ones(one_class, tmp_path):
    made = list(doodles.make_drawings(tmp_path, count=40))
    assert [path.relative_to(tmp_path).as_posix() for path in made] == ["full/dolphin.npz", "calm/dolphin.npz"]
    assert list(doodles.make_drawings(tmp_path, count=40)) == []  # what is there stays
    real = StepSet.open("quickdraw/quickdraw345_simplified.npz")
    real = real.take(real.labels == real.words.index("dolphin"))
    for path in made:
        drawn = StepSet.open(path)
        assert drawn.words == ("dolphin",)
        assert (drawn.splits == 0).all()
        assert len(drawn) > 25
        assert np.median(drawn.steps) == pytest.approx(np.median(real.steps), rel=0.35)
        assert drawn.scale_px() == pytest.approx(real.scale_px(), rel=0.25)


def test_no_held_out_drawing_is_learned(one_class, tmp_path):
    list(doodles.make_drawings(tmp_path, count=20))
    options = {"classes": ("dolphin", "zigzag"), "folder": tmp_path}
    train = doodles.doodle_batches(kinds=("full", "calm"), **options)
    learned = {train.set.drawing(i).tobytes() for i in range(len(train))}
    for split in ("valid", "test"):
        held_out = doodles.doodle_batches(split=split, kinds=("full",), **options)
        assert len(held_out) > 2
        assert not learned & {held_out.set.drawing(i).tobytes() for i in range(len(held_out))}
        assert held_out.scale_px == train.scale_px
        assert held_out.words == train.words


def test_clear_drawings_are_calm_ones_that_are_likely_their_own_class(monkeypatch, tmp_path):
    monkeypatch.setattr(doodles, "CLASSES", ("ring", "bar"))
    monkeypatch.setattr(doodles, "_JUDGE_EPOCHS", 12)  # so few drawings
    rng = np.random.default_rng(0)

    def save(kind, word, shapes):
        rows = [np.diff(shape + rng.normal(0, 1, shape.shape), axis=0, prepend=0) for shape in shapes]
        rows = [np.column_stack([one, np.arange(len(one)) == len(one) - 1]).astype(np.float32) for one in rows]
        offsets, zeros = np.cumsum([0, *map(len, rows)]), np.zeros(len(rows), np.int32)
        StepSet(np.concatenate(rows), offsets, zeros, (word,), zeros.astype(np.uint8)).save(
            tmp_path / kind / f"{word}.npz"
        )

    turn = np.linspace(0, 6.2, 12)[:, None]
    ring, bar = (
        np.hstack([np.cos(turn), np.sin(turn)]) * 120 + 128,
        np.array([[5.0, 20], [90, 25], [180, 25], [250, 30]]),
    )
    for kind in ("full", "calm"):
        (tmp_path / kind).mkdir()
        save(kind, "bar", [bar] * 150)
        save(kind, "ring", [ring] * 130 + [bar] * 20)  # some drawings show the other class
    chosen = list(doodles.choose_clear(tmp_path))
    assert [path.relative_to(tmp_path).as_posix() for path in chosen] == ["clear/ring.npz", "clear/bar.npz"]
    kept = StepSet.open(chosen[0])
    assert len(kept) > 120
    assert (kept.steps > 2).all()
    assert list(doodles.choose_clear(tmp_path)) == []


def test_the_start_fits_the_recipe(tmp_path, data_dir):
    paths = list(doodles.make_start(tmp_path))
    assert [path.name for path in paths] == ["start", "start-decoder"]
    config = load_pretrained(paths[0]).config
    assert config.labels == doodles.CLASSES + doodles.REAL_CLASSES
    assert config.model_dump().items() >= sketch_doodles().model.config.items()


def test_missing_drawings_say_how_to_make_them(tmp_path):
    with pytest.raises(DataError, match=r"python -m strokewright\.recipes\.doodles --out"):
        doodles.doodle_batches(kinds=("full",), folder=tmp_path / "none")
