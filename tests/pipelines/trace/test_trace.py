import io

import numpy as np
import pytest
import torch

from strokewright import Drawing, load
from strokewright.drawing import Stroke
from strokewright.errors import EmptyError, FormatError, OptionError, WeightsError
from strokewright.pipelines.trace import TraceOptions, Tracer, trace, trace_stream
from strokewright.render.skia import render, render_ink

SIZE = (240, 200)
RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.2, 0.8)
ANGLES = np.linspace(0, 2 * np.pi, 50)
TRUTH = Drawing(
    (
        Stroke([[20, 30], [150, 60], [220, 150]], [[[60, 20], [110, 30]], [[180, 90], [205, 120]]], width=4.0),
        Stroke([[30, 180], [200, 40]], width=3.0, colour=RED),
        Stroke(np.stack([70 + 35 * np.cos(ANGLES), 90 + 35 * np.sin(ANGLES)], axis=1).round(9), width=3.0, colour=BLUE),
        Stroke([[210, 30]], width=8.0),
    ),
    SIZE,
)


def picture_of(drawing):
    """8-bit colours (height, width, 3)."""
    return (render(drawing).transpose(1, 2, 0) * 255).round().astype(np.uint8)


PICTURE = picture_of(TRUTH)
SKELETON = TraceOptions(method="skeleton")


def squared_error(drawing):
    return ((render_ink(drawing) - render_ink(TRUTH)) ** 2).mean()


@pytest.mark.parametrize(("method", "worst"), [("hybrid", 2e-3), ("skeleton", 2e-3), ("drawer", 0.02)])
def test_every_method_draws_the_picture(tracer, method, worst):
    drawing = tracer(PICTURE, method=method)
    assert drawing.size == SIZE
    assert method in drawing.maker
    assert squared_error(drawing) < worst
    if method != "drawer":
        assert len(drawing.strokes) == len(TRUTH.strokes)
        assert [s.is_dot for s in drawing.strokes].count(True) == 1
        assert sum(s.is_closed for s in drawing.strokes) == 1


def test_colours_come_out_and_paper_stays():
    colours = [stroke.colour for stroke in trace(PICTURE, SKELETON).strokes]
    for wanted, count in ((RED, 1), (BLUE, 1), ((0, 0, 0), 2)):
        assert sum(np.abs(np.subtract(colour, wanted)).max() < 0.05 for colour in colours) == count
    assert trace(PICTURE, SKELETON).background == (1, 1, 1)


def test_light_on_dark_stays_light_on_dark():
    dark = TRUTH.replace(background=(0.1, 0.1, 0.3), marks=tuple(s.replace(colour=(1, 1, 0.8)) for s in TRUTH.strokes))
    drawing = trace(picture_of(dark), SKELETON)
    assert drawing.background == pytest.approx((0.1, 0.1, 0.3), abs=0.01)
    assert all(stroke.colour == pytest.approx((1, 1, 0.8), abs=0.02) for stroke in drawing.strokes)
    assert np.abs(picture_of(drawing).astype(int) - picture_of(dark)).mean() < 2


def test_the_stream_is_the_trace_in_order_and_repeats(tracer):
    whole = tracer(PICTURE)
    assert list(tracer.stream(PICTURE)) == whole.strokes
    assert tracer(PICTURE) == whole


@pytest.mark.parametrize("method", ["skeleton", "hybrid"])
def test_no_more_strokes_than_asked_for_the_largest(tracer, method):
    two = tracer(PICTURE, method=method, max_strokes=2)
    assert len(two.strokes) == 2
    assert {stroke.is_dot for stroke in two.strokes} == {False}
    assert sum(stroke.is_closed for stroke in two.strokes) == 1, "the ring is the longest line"


def test_detail_trades_segments_for_fidelity():
    """A wobbling line: simple with few cubics, or faithful with many."""
    x = np.linspace(0, 200, 401)
    wave = Drawing((Stroke(np.stack([20 + x, 100 + 30 * np.sin(x / 30) + 4 * np.sin(x / 5)], 1), width=3.0),), SIZE)
    ink = render_ink(wave)
    results = [trace(picture_of(wave), TraceOptions(method="skeleton", detail=detail)) for detail in (0.0, 0.5, 1.0)]
    segments = [drawing.stats()["segments"] for drawing in results]
    errors = [((render_ink(drawing) - ink) ** 2).mean() for drawing in results]
    assert segments[0] < segments[1] < segments[2]
    assert errors[0] > errors[2]
    assert errors[2] < 3e-3


def test_orders_are_permutations_of_each_other():
    found = {order: trace(PICTURE, TraceOptions(method="skeleton", order=order)) for order in ("hand", "plot", "keep")}
    assert len({len(drawing.strokes) for drawing in found.values()}) == 1
    assert found["plot"].stats()["pen_travel_px"] <= found["keep"].stats()["pen_travel_px"]


def test_paths_bytes_streams_and_images_are_pictures(tmp_path):
    from PIL import Image

    image = Image.fromarray(PICTURE)
    image.save(tmp_path / "picture.png")
    data = (tmp_path / "picture.png").read_bytes()
    wanted = trace(PICTURE, SKELETON)
    for source in (image, data, io.BytesIO(data), tmp_path / "picture.png", str(tmp_path / "picture.png")):
        assert trace(source, SKELETON) == wanted


def test_errors(tracer, blank_path):
    with pytest.raises(EmptyError, match="bare paper"):
        tracer(blank_path)
    assert list(tracer.stream(blank_path)) == []
    with pytest.raises(FormatError):
        tracer(b"no picture")
    with pytest.raises(OptionError, match="expected a drawer"):
        trace(PICTURE)
    with pytest.raises(OptionError, match="expected a drawer"):
        next(trace_stream(PICTURE, TraceOptions(method="drawer")))
    for options in ({"detail": 2}, {"max_strokes": 0}, {"method": "magic"}, {"no_such": 1}):
        with pytest.raises(OptionError, match=next(iter(options))):
            tracer(PICTURE, **options)
        with pytest.raises(OptionError):
            tracer.stream(PICTURE, **options)
    with pytest.raises(WeightsError, match="no bundled model"):
        Tracer("trace/no-such")


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2), (3, 3), (7, 300)])
@pytest.mark.parametrize("method", ["hybrid", "drawer"])
def test_pictures_of_any_size_are_traced_or_blank(tracer, size, method):
    rng = np.random.default_rng(0)
    half = np.full(size, 255, dtype=np.uint8)
    half[size[0] // 2, size[1] // 2 :] = 0
    for picture in (half, np.zeros(size, dtype=np.uint8), rng.integers(0, 256, size, dtype=np.uint8)):
        try:
            drawing = tracer(picture, method=method)
        except EmptyError:
            continue
        assert drawing.size == size[::-1]
        assert all(np.isfinite(stroke.controls).all() for stroke in drawing.strokes)


def test_tracing_leaves_the_number_of_threads_alone(tracer):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        stream = tracer.stream(PICTURE)
        next(stream)
        assert torch.get_num_threads() == 2
        list(stream)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_folder_is_mapped_to_drawings(picture_path, blank_path, tmp_path):
    """Done files are skipped, failed ones recorded, the rest is written."""
    tracer = load("trace/lineart")
    (tmp_path / "bad.png").write_text("no picture")
    job = tracer.map(str(tmp_path / "*.png"), tmp_path / "svg/{stem}.svg", workers=1, on_error="record")
    records = {r.output.rsplit("/", 1)[-1]: r for r in job}
    assert {name: (r.ok, r.error_type) for name, r in records.items()} == {
        "bad.svg": (False, "FormatError"),
        "blank.svg": (False, "EmptyError"),
        "lines.svg": (True, ""),
    }
    assert [path.name for path in (tmp_path / "svg").iterdir()] == ["lines.svg"]
    (again,) = tracer.map(picture_path, tmp_path / "svg/{stem}.svg", skip_existing=True)
    assert again.skipped
    with pytest.raises(FormatError, match=r"bad\.png"):
        list(tracer.map(tmp_path / "bad.png", tmp_path / "{stem}.svg"))
    with pytest.raises(OptionError, match="detail"):
        tracer.map(picture_path, tmp_path / "{stem}.svg", detail=2)
