import numpy as np
import pytest
import torch
from scipy.spatial import KDTree

from strokewright.drawing import Drawing, Stroke
from strokewright.drawing.curves import flatten, resample
from strokewright.drawing.fitting import fit
from strokewright.pipelines.trace.refine import one_thread, reachable, refine, refine_in_chunks
from strokewright.render.skia import render_ink

SIZE = (140, 140)
TRUTH = [
    Stroke([[20, 30], [80, 40], [120, 100]], [[[40, 20], [60, 25]], [[100, 55], [118, 80]]], width=[3, 4, 5]),
    Stroke([[20, 110], [100, 70]], width=2.5),
    Stroke([[110, 20]], width=6.0),
    Stroke(
        [[60, 90], [80, 110], [60, 130], [40, 110], [60, 90]],
        [[[71, 90], [80, 99]], [[80, 121], [71, 130]], [[49, 130], [40, 121]], [[40, 99], [49, 90]]],
        width=3.0,
    ),
]


def ink_of(strokes):
    return render_ink(Drawing(tuple(strokes), SIZE))


def perturbed(stroke, rng):
    """Points and widths moved by about 0.6 px; a closed stroke stays closed."""
    moves, widths = rng.normal(0, 0.6, stroke.nodes.shape), rng.normal(0, 0.5, stroke.width.shape)
    if stroke.is_closed:
        moves[-1], widths[-1] = moves[0], widths[0]
    return stroke.replace(
        nodes=stroke.nodes + moves,
        handles=stroke.handles + rng.normal(0, 0.6, stroke.handles.shape),
        width=np.maximum(stroke.width + widths, 0.8),
    )


def points_of(stroke):
    return stroke.nodes if stroke.is_dot else resample(flatten(stroke, 0.02), 0.25)


def chamfer_px(one, other):
    a, b = points_of(one), points_of(other)
    return (KDTree(a).query(b)[0].mean() + KDTree(b).query(a)[0].mean()) / 2


def saved(ink, strokes, index):
    """Squared error that one stroke saves, by the true renderer."""
    without = [s for i, s in enumerate(strokes) if i != index]
    return ((ink_of(without) - ink) ** 2).sum() - ((ink_of(strokes) - ink) ** 2).sum()


@pytest.mark.parametrize("seed", [0, 1])
def test_perturbed_strokes_converge_back(seed):
    rng = np.random.default_rng(seed)
    refined = refine(ink_of(TRUTH), [perturbed(stroke, rng) for stroke in TRUTH], None, steps=60, price_px=1.0)
    assert [(s.is_dot, s.is_closed) for s in refined] == [(s.is_dot, s.is_closed) for s in TRUTH]
    assert max(map(chamfer_px, TRUTH, refined)) < 0.2
    assert max(np.abs(a.width - b.width).max() for a, b in zip(TRUTH, refined, strict=True)) < 0.15
    assert ((ink_of(refined) - ink_of(TRUTH)) ** 2).mean() < 5e-5


def test_a_fitted_line_comes_nearer_to_the_ink_that_it_was_fitted_to():
    x = np.linspace(0, 100, 101)
    wave = np.stack([20 + x, 70 + 18 * np.sin(x / 14)], axis=1)
    ink = ink_of([Stroke(wave, width=3.0)])
    fitted = Stroke.from_controls(fit(wave, 3.0), width=3.0)
    (refined,) = refine(ink, [fitted], None, steps=60, price_px=0.0)
    before, after = (((ink_of([stroke]) - ink) ** 2).sum() for stroke in (fitted, refined))
    assert after < 0.3 * before
    assert len(refined.nodes) == len(fitted.nodes) < 12


def test_useless_strokes_go_and_dots_stay():
    useless = [
        Stroke([[10, 70], [12, 60]], width=2.0),  # on bare paper
        TRUTH[0].replace(width=2.0),  # under a stroke that draws all of it
        Stroke([[500, 500], [510, 510]]),  # off the page
    ]
    refined = refine(ink_of(TRUTH), [useless[0], *TRUTH, *useless[1:]], None, steps=10, price_px=1.5)
    assert len(refined) == len(TRUTH)
    assert max(map(chamfer_px, TRUTH, refined)) < 0.3
    assert refine(ink_of(TRUTH), [useless[2]], None, steps=10, price_px=1.5) == []


def test_a_stroke_is_kept_for_what_it_saves():
    """With the price just below and above what each stroke saves, it stays and goes."""
    strokes = TRUTH[1:3]
    ink = ink_of(strokes)
    line, dot = saved(ink, strokes, 0), saved(ink, strokes, 1)
    assert dot < line
    for price_px, kept in ((0.8 * dot, 2), (1.2 * dot, 1), (0.8 * line, 1), (1.2 * line, 0)):
        assert len(refine(ink, strokes, None, steps=5, price_px=price_px)) == kept


def test_what_is_drawn_around_counts_as_drawn():
    assert len(refine(ink_of(TRUTH), TRUTH[:1], ink_of(TRUTH[1:]), steps=5, price_px=1.5)) == 1
    assert refine(ink_of(TRUTH), TRUTH[:1], ink_of(TRUTH), steps=5, price_px=1.5) == []


def test_chunks_keep_order_colour_and_are_finite():
    rng = np.random.default_rng(2)
    grid = [(12 + 24 * column, 12 + 24 * row) for row in range(5) for column in range(5)]
    strokes = [Stroke([[x, y], [x + 16, y + 12]], width=12.0, colour=(0, y / 140, x / 140)) for x, y in grid]
    chunks = list(refine_in_chunks(ink_of(strokes), [perturbed(s, rng) for s in strokes], steps=3, price_px=0.0))
    assert len(chunks) > 1
    refined = [stroke for chunk in chunks for stroke in chunk]
    assert [s.colour for s in refined] == [s.colour for s in strokes]
    assert all(np.isfinite(s.controls).all() and (s.width > 0).all() for s in refined)


def test_one_thread_restores_the_count_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_reachable_pixels_are_all_that_a_stroke_inks():
    """Each pair once, sorted by segment, inside the page, and every inked pixel is among them."""
    controls = np.concatenate([stroke.controls for stroke in TRUTH[:2]])
    segment, pixel = reachable(controls, np.full(len(controls), 2.5), (140, 140))
    assert (np.diff(segment) >= 0).all()
    assert len(np.unique(segment * 140 * 140 + pixel)) == len(pixel)
    assert set(np.flatnonzero(ink_of(TRUTH[:2]))) <= set(pixel.tolist())
    off_page, _ = reachable(controls + 1000, np.full(len(controls), 2.5), (140, 140))
    assert len(off_page) == 0
