"""What people ask of a sketch-rnn, on small models of random weights and on a public decoder."""

import time

import numpy as np
import pytest
import torch

from sketch_rnn_models import build
from strokewright import Drawing
from strokewright.errors import EmptyError, OptionError, WeightsError
from strokewright.models.sketch_rnn.sampler import begin_after
from strokewright.pipelines.sketch_rnn import Sketcher, sheet
from strokewright.pipelines.sketch_rnn.completion import read_sketch
from strokewright.pipelines.sketch_rnn.likelihood import log_likelihoods


@pytest.fixture
def drawings(sketcher):
    return sketcher.sample(n=4, seed=5, temperature=1.0, max_steps=15)


def test_samples_lie_on_their_page_and_know_how_they_were_made(sketcher):
    drawings = sketcher.sample(n=4, label="sheep", temperature=0.7, seed=3)
    for drawing in drawings:
        assert drawing.size == (256, 256)
        assert (drawing.maker, drawing.seed) == ("sketch-rnn", 3)
        assert drawing.metadata["word"] == "sheep"
        points = np.concatenate([stroke.nodes for stroke in drawing.strokes])
        assert points.min() >= 0
        assert points.max() <= 256
    assert [d.metadata["word"] for d in sketcher.sample(n=3)] == ["cat", "sheep", "cat"]


def test_seed_and_number_alone_make_a_sample(sketcher):
    many, few = sketcher.sample(n=12, seed=3), sketcher.sample(n=2, seed=3)
    for one, other in zip(few, many, strict=False):
        assert [len(s.nodes) for s in one.strokes] == [len(s.nodes) for s in other.strokes]
        assert np.allclose(one.strokes[0].nodes, other.strokes[0].nodes, atol=0.05)
    assert sketcher.sample(n=2, seed=3) == few
    assert sketcher.sample(n=2, seed=4) != few


def test_cut_drawings_say_so(sketcher):
    short, *_ = sketcher.sample(n=1, max_steps=2, temperature=1.0, seed=1)
    assert "within 2 points" in short.metadata["cut"]
    assert sum(len(s.nodes) for s in short.strokes) == 3


def test_an_ending_without_a_stroke_is_none():
    model = build()
    with torch.no_grad():
        model.head.bias[2] += 1e4  # always the end
    with pytest.raises(EmptyError, match="adds nothing; raise the temperature"):
        Sketcher(model).complete(Drawing.from_points([[(10, 10), (60, 80), (90, 20)]], (100, 100)))


@pytest.mark.parametrize("name", ["sketcher", "decoder"])
def test_completing_leaves_the_given_strokes_alone(name, ears, request):
    model = request.getfixturevalue(name)
    ideas = model.complete(ears, n=5, temperature=1.0, seed=1)
    assert len(ideas) == 5
    for idea in ideas:
        assert idea.strokes[:2] == ears.strokes
        assert idea.size == ears.size
        for stroke in idea.strokes[2:]:
            assert (stroke.colour, stroke.layer, stroke.opacity) == ((0.8, 0.1, 0.2), "red", 0.5)
            assert (stroke.width == 6).all()
        assert idea.maker == model.name
    assert any(len(idea.strokes) > 2 for idea in ideas)
    assert ideas[0] != ideas[1]
    again = model.complete(ears, n=2, temperature=1.0, seed=1)
    assert [len(one.strokes) for one in again] == [len(one.strokes) for one in ideas[:2]]


def test_new_strokes_go_on_from_where_the_model_left_the_pen(decoder, ears):
    """At T = 0 the first new point is the likeliest one, as seen from the user's last point."""
    (idea,) = decoder.complete(ears, n=1, temperature=0)
    sketch = read_sketch(decoder.model, decoder.habits, ears, None)
    begun, _ = begin_after(decoder.model, torch.from_numpy(sketch.rows[None]))
    with torch.no_grad():
        output = decoder.model.head(decoder.model.decoder.step(begun.row, begun.state)[0])[0]
    best = int(output[3:7].argmax())
    offset = np.array([output[7 + best], output[11 + best]])
    assert len(idea.strokes) > 2
    wanted = ears.strokes[-1].nodes[-1] + sketch.frame.scale * offset
    assert np.abs(idea.strokes[2].nodes[0] - wanted).max() < 1e-2


def test_the_class_is_chosen_by_likelihood(sketcher):
    """A sheep drawn by the model is taken for one more often than not."""
    right = 0
    for number, label in ((0, "cat"), (1, "sheep")):
        for drawing in sketcher.sample(n=8, label=label, seed=2, temperature=0.5):
            right += read_sketch(sketcher.model, sketcher.habits, drawing, None).label == number
    assert right >= 11
    (idea,) = sketcher.complete(sketcher.sample(n=1, label="cat")[0], label="sheep")
    assert idea.metadata["word"] == "sheep"


def test_likelihoods_are_the_models_losses(sketcher):
    rows = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)
    rows[:, 2:] = np.eye(3)[np.arange(9) % 2]
    z, label = torch.zeros(1, 6), torch.tensor([1])
    beside = sketcher.model.beside(z, label)
    batch = {"rows": torch.cat([torch.tensor([[[0, 0, 1.0, 0, 0]]]), torch.from_numpy(rows)[None]], 1)}
    from strokewright.models.sketch_rnn.losses import row_losses

    with torch.no_grad():
        output, _ = sketcher.model.decode(batch["rows"][:, :-1], z, label)
        of_offset, of_pen = row_losses(output, batch["rows"][:, 1:])
        ending, _ = sketcher.model.decode(batch["rows"], z, label)
        more = torch.log1p(-ending[0, -1, :3].softmax(-1)[2])
    unfinished = log_likelihoods(sketcher.model, rows[None], beside.detach(), unfinished=True)
    found = log_likelihoods(sketcher.model, rows[None], beside.detach())
    assert unfinished[0] - found[0] == pytest.approx(float(more), abs=1e-3)
    assert found[0] == pytest.approx(-float((of_offset + of_pen).sum()), rel=1e-5)


@pytest.mark.parametrize("name", ["sketcher", "decoder"])
def test_strange_drawings_work_or_are_refused(name, request):
    model = request.getfixturevalue(name)
    with pytest.raises(EmptyError, match="at least one stroke"):
        model.complete(Drawing())
    dot = Drawing.from_points([[(30, 40)]], (100, 100))
    assert model.complete(dot, n=2)[0].strokes[:1] == dot.strokes
    x = np.linspace(0, 900, 20_000)
    long = Drawing.from_points([np.c_[x, 200 + 100 * np.sin(x / 100)]], (1000, 400))
    assert model.complete(long)[0].strokes[:1] == long.strokes
    corners = np.c_[np.tile([100, 300], 150), np.arange(300)]
    assert len(model.complete(Drawing.from_points([corners], (400, 400)))[0].strokes) >= 1
    with pytest.raises(OptionError, match="fewer strokes"):
        model.complete(Drawing.from_points([[(i % 40, i // 40)] for i in range(1000)], (50, 50)))


def test_codes_of_drawings_and_drawings_of_codes(sketcher, drawings):
    codes = sketcher.encode(drawings)
    assert codes.shape == (4, 6 + 4)
    again = sketcher.decode(codes, temperature=0, seed=0)
    assert [d.metadata["word"] for d in again] == [d.metadata["word"] for d in drawings]
    assert np.allclose(sketcher.encode(drawings[2]), codes[2:3], atol=1e-5), "padding changes nothing"
    moved = drawings[0].transformed([[3, 0, 100], [0, 3, 40]], (1000, 1000))
    assert np.allclose(sketcher.encode(moved), codes[:1], atol=1e-3), "nor do place and size"
    as_sheep = sketcher.decode(codes[:, :6], label="sheep", temperature=0)
    assert {d.metadata["word"] for d in as_sheep} == {"sheep"}
    assert "word" not in sketcher.decode(codes[:1] / 2 + codes[1:2] / 2)[0].metadata
    for wrong in (codes[:, :7], codes[0], codes * np.nan, codes[:, :6]):
        with pytest.raises(OptionError, match=r"codes: expected|label: expected"):
            sketcher.decode(wrong)
    assert sketcher.encode([]).shape == (0, 10)
    with pytest.raises(EmptyError):
        sketcher.encode([Drawing()])


def test_reconstructions_lie_where_the_drawing_is(sketcher, ears):
    (again,) = sketcher.reconstruct(ears, temperature=0.0)
    points = np.concatenate([stroke.nodes for stroke in again.strokes])
    assert again.size == ears.size
    assert np.allclose((points.min(0) + points.max(0)) / 2, (180, 75), atol=0.5)
    assert np.ptp(points, axis=0).max() == pytest.approx(180, abs=0.5)
    assert {stroke.colour for stroke in again.strokes} == {(0.8, 0.1, 0.2)}


def test_a_grid_of_blends(sketcher, drawings):
    a, b, c, d = drawings
    rows = sketcher.blend([[a, b], [c, d]], size=(3, 4), mode="lerp", temperature=0)
    assert [len(row) for row in rows] == [4] * 3
    corners = sketcher.decode(sketcher.encode(drawings), temperature=0)
    for (y, x), wanted in zip([(0, 0), (0, 3), (2, 0), (2, 3)], corners, strict=True):
        for one, other in zip(rows[y][x].strokes, wanted.strokes, strict=True):
            assert np.allclose(one.nodes, other.nodes, atol=0.01)
    colours = {rows[y][x].strokes[0].colour for y, x in [(0, 0), (0, 3), (2, 0), (2, 3)]}
    assert len(colours) == 4
    between = np.mean([rows[0][0].strokes[0].colour, rows[2][0].strokes[0].colour], axis=0)
    assert np.allclose(rows[1][0].strokes[0].colour, between, atol=1e-6)
    assert len(sketcher.blend([a, b], size=(5, 6))[0]) == 6
    assert len(sketcher.blend([a, b], size=(5, 6))) == 1
    page = sheet(rows)
    assert page.size[0] > 4 * 256
    assert len(page.strokes) == sum(len(cell.strokes) for row in rows for cell in row)
    with pytest.raises(OptionError, match="1 to 100"):
        sketcher.blend([a, b], size=(0, 5))


def test_own_colours_of_corners_are_kept(sketcher, drawings, ears):
    rows = sketcher.blend([ears, drawings[0]], size=(1, 3))
    assert rows[0][0].strokes[0].colour == pytest.approx((0.8, 0.1, 0.2))
    assert rows[0][1].strokes[0].colour == pytest.approx((0.4, 0.05, 0.1))


def test_a_morph_goes_from_the_first_to_the_last(sketcher, drawings):
    frames = sketcher.morph(drawings[:3], steps=7, temperature=0)
    ends = sketcher.decode(sketcher.encode(drawings[:3]), temperature=0)
    assert len(frames) == 7
    for frame, end in ((frames[0], ends[0]), (frames[3], ends[1]), (frames[6], ends[2])):
        assert np.allclose(frame.strokes[0].nodes, end.strokes[0].nodes, atol=0.01)
    with pytest.raises(OptionError, match="morph"):
        sketcher.morph(drawings[:1])


def test_nearest_and_analogies(sketcher, drawings):
    found = sketcher.nearest(drawings[2], drawings, n=2)
    assert found[0][0] == 2
    assert found[0][1] < 1e-4 < found[1][1]
    a, b = drawings[:2]
    same = sketcher.analogy(a, a, b, temperature=0)
    (wanted,) = sketcher.decode(sketcher.encode([b]), temperature=0)
    assert np.allclose(same.strokes[0].nodes, wanted.strokes[0].nodes, atol=0.01)


def test_streams_are_quick_and_stay_on_their_page(sketcher, ears):
    sketcher.sample()
    started = time.perf_counter()
    points = sketcher.stream(label="cat", seed=2)
    first, second = next(points), next(points)
    assert time.perf_counter() - started < 0.5, "a fraction of this on an idle machine; see bench sampling"
    rest = list(points)
    assert len(rest) <= 40
    drawn = sketcher.sample(label="cat", seed=2)[0].strokes[0].nodes
    step = np.array(second[:2]) - first[:2]
    assert np.allclose(
        step / np.linalg.norm(step), (drawn[1] - drawn[0]) / np.linalg.norm(drawn[1] - drawn[0]), atol=1e-3
    )
    ending = list(sketcher.stream(ears, temperature=1.0, seed=4))
    assert all(np.isfinite(point[:2]).all() for point in ending)
    with pytest.raises(OptionError, match="n = 1"):
        sketcher.stream(n=2)


def test_what_cannot_be_done_is_said(sketcher, decoder, drawings):
    for call in (
        lambda: decoder.encode(drawings),
        lambda: decoder.decode(np.zeros((1, 6))),
        lambda: decoder.blend(drawings[:2]),
        lambda: decoder.nearest(drawings[0], drawings),
    ):
        with pytest.raises(OptionError, match="expected a model with an encoder"):
            call()
    with pytest.raises(OptionError, match="one of cat, sheep; got 'dog'"):
        sketcher.sample(label="dog")
    with pytest.raises(OptionError, match="draws one class; got 'dog'"):
        decoder.sample(label="dog")
    with pytest.raises(OptionError, match="temperature"):
        sketcher.sample(temperature=-1)
    with pytest.raises(OptionError, match="options are temperature, rule"):
        sketcher.complete(drawings[0], colour="red")


def test_models_are_opened_from_wherever_they_lie(decoder, tmp_path):
    decoder.model.save_pretrained(tmp_path / "run" / "model")
    decoder.to_magenta(tmp_path / "mine.gen.json.gz")
    wanted = decoder.sample(seed=1)[0].strokes
    for place in (tmp_path / "run" / "model", tmp_path / "run", tmp_path / "run" / "model" / "model.safetensors"):
        assert Sketcher(place).sample(seed=1)[0].strokes == wanted
    imported = Sketcher(tmp_path / "mine.gen.json.gz")
    assert imported.name == "mine"
    assert imported.sample(seed=1)[0].strokes
    with pytest.raises(OptionError, match="expected a sketch-rnn, got LineDrawer"):
        Sketcher("trace/lineart")
    for missing in ("no/such", tmp_path / "none.json"):
        with pytest.raises(WeightsError):
            Sketcher(missing)


@pytest.mark.data
def test_public_decoders_cost_what_they_cost_elsewhere(data_dir):
    """held_nll.json, monkey, 100 test drawings, first input zeros: L_s 0.256900, L_R 0.350011 at N_max 250."""
    model = Sketcher(data_dir / "magenta_weights/monkey.gen.json.gz")
    found = model.evaluate(data_dir / "quickdraw/sketchrnn_monkey.npz", n_max=250)
    assert found["drawings"] == 100
    assert found["L_s"] == pytest.approx(0.2569, abs=2e-4)
    assert found["L_R"] == pytest.approx(0.350011, abs=2e-4)


@pytest.mark.data
def test_own_drawings_are_measured(sketcher, drawings, tmp_path):
    for i, drawing in enumerate(drawings):
        drawing.save(tmp_path / f"{i}.svg")
    model = Sketcher(build(labels=()))
    found = model.evaluate(tmp_path, split="train")
    assert found["L_R"] == pytest.approx(found["L_s"] + found["L_p"], rel=1e-5)
    assert found["n_max"] >= 40
    assert found["L_KL"] >= 0
    assert model.model.config.n_max == 40
