"""Sketches into pictures, by a small Sketch2Img of random weights."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from sketch2img_models import SMALL, build
from strokewright import Drawing
from strokewright.errors import EmptyError, OptionError, WeightsError
from strokewright.models.sketch2img import Sketch2Img
from strokewright.models.sketch2img.scaling import ReportScaling
from strokewright.models.sketch2img.sketch2img import to_unit
from strokewright.models.sketch2img.sketches import distance_map
from strokewright.pipelines.paths import OutputPattern
from strokewright.pipelines.photo import PhotoMaker, PhotoOptions, make_files, read_sketch

LINES = [[(20, 20), (80, 20), (80, 70)], [(20, 20), (50, 90)]]


@pytest.fixture(scope="module")
def maker():
    torch.manual_seed(0)
    model = Sketch2Img.from_options(SMALL)
    for parameter in model.parameters():  # louder than at the start of a training
        parameter.data += 0.1 * torch.randn_like(parameter)
    return PhotoMaker(model)


@pytest.fixture
def drawing():
    return Drawing.from_points(LINES, (100, 100), width=2.0)


def array(picture):
    return np.asarray(picture).astype(int)


def test_pictures_differ_by_seed_and_number_and_repeat(maker, drawing):
    pictures = maker(drawing, label="disc", n=3, seed=5)
    assert [picture.size for picture in pictures] == [(32, 32)] * 3
    assert all(picture.mode == "RGB" for picture in pictures)
    assert (array(pictures[0]) != array(pictures[1])).any()
    alone = maker(drawing, label="disc", n=1, seed=5)
    assert np.array_equal(array(alone[0]), array(pictures[0]))
    assert (array(maker(drawing, label="disc", seed=6)[0]) != array(alone[0])).any()
    assert (array(maker(drawing, label="square", seed=5)[0]) != array(alone[0])).any()


def test_what_made_a_picture_is_written_into_it(maker, drawing, tmp_path):
    facts = {"model": "sketch2img", "label": "disc", "seed": 5, "number": 1}
    assert facts.items() <= maker(drawing, label="disc", n=2, seed=5)[1].info.items()
    drawing.save(tmp_path / "a.svg")
    options = PhotoOptions(label="disc", n=2, seed=5)
    for suffix in (".png", ".jpg", ".webp"):
        pattern = OutputPattern(str(tmp_path / f"{{i}}{suffix}"))
        paths = [Path(record.output) for record in make_files(maker, tmp_path / "a.svg", pattern, options)]
        with Image.open(paths[1]) as picture:
            assert json.loads(picture.getexif()[ExifTags.Base.ImageDescription]) == facts


def test_more_pictures_than_go_through_at_once_all_differ(maker, drawing, monkeypatch):
    seen = []
    forward = maker.model.forward
    monkeypatch.setattr(maker.model, "forward", lambda *inputs: seen.append(inputs[0]) or forward(*inputs))
    pictures = maker(drawing, label="disc", n=20)
    assert len({picture.tobytes() for picture in pictures}) == 20
    expected = to_unit(torch.from_numpy(distance_map(read_sketch(drawing, 32))))
    assert all(torch.equal(one[0], expected) for inputs in seen for one in inputs)


def test_a_picture_does_not_depend_on_the_others_of_its_batch(maker, drawing):
    sketch = read_sketch(drawing, 32)
    many = maker.paint(np.stack([sketch, sketch.T, sketch[::-1]]), [1, 0, 1], [(5, 0), 3, 4])
    assert abs(many[:1].astype(int) - maker.paint(sketch[None], [1], [(5, 0)])).max() <= 1


def test_a_model_of_the_reports_scaling_is_given_it_and_its_pictures_are_turned_back(drawing):
    scaling = ReportScaling(photo_mean=200.0, photo_reach=200.0, line_mean=10.0, line_reach=245.0)
    torch.manual_seed(0)
    own = Sketch2Img.from_options({**SMALL, "scaling": asdict(scaling)})
    seen = []

    def grey(distance, label, noise):
        seen.append(distance)
        return torch.zeros(len(distance), 3, 32, 32)

    own.forward = grey
    picture = array(PhotoMaker(own)(drawing, label="disc")[0])
    assert abs(picture - 200).max() <= 1  # 0 of [-1, 1] is the photos' mean
    lines = read_sketch(drawing, 32) < 100
    assert seen[0][0, 0][torch.from_numpy(lines)].min() > seen[0][0, 0].min() + 0.5  # lines are white


def test_a_blank_or_unknown_input_is_refused(maker, drawing, tmp_path):
    with pytest.raises(EmptyError, match="without strokes"):
        maker(Drawing((), (10, 10)), label="disc")
    with pytest.raises(EmptyError, match="bare paper"):
        maker(np.full((40, 40), 255, np.uint8), label="disc")
    with pytest.raises(OptionError, match=r"no 'disk'; did you mean disc.*knows square, disc, at 32×32 px"):
        maker(drawing, label="disk")
    with pytest.raises(OptionError, match=r"expected what is drawn, got none.*square, disc"):
        maker(drawing)
    with pytest.raises(OptionError, match="n ≥ 1"):
        maker(drawing, label="disc", n=0)
    with pytest.raises(WeightsError, match="no bundled model 'photo/nothing'"):
        PhotoMaker("photo/nothing")
    build().save_pretrained(tmp_path)  # the GAN, not what it keeps
    with pytest.raises(WeightsError, match="not in the table"):
        PhotoMaker(tmp_path)


def test_drawings_files_and_pictures_of_lines_are_read_alike(maker, drawing, tmp_path):
    drawing.save(tmp_path / "a.svg")
    drawing.save(tmp_path / "a.png")
    sketches = [read_sketch(source, 32) for source in (drawing, tmp_path / "a.svg", (tmp_path / "a.svg").read_bytes())]
    assert np.array_equal(sketches[0], sketches[1])
    assert np.array_equal(sketches[1], sketches[2])
    for source in (tmp_path / "a.png", (tmp_path / "a.png").read_bytes(), Image.open(tmp_path / "a.png")):
        seen = read_sketch(source, 32)
        assert ((seen < 200) & (sketches[0] < 200)).sum() > 0.6 * (sketches[0] < 200).sum()


def test_fit_centres_the_lines_and_fills_the_page(tmp_path):
    corner = Drawing.from_points([[(2, 2), (62, 2), (62, 62), (2, 62), (2, 2)]], (300, 300), width=1.0)
    corner.save(tmp_path / "a.png")
    for source in (corner, tmp_path / "a.png"):
        rows, columns = np.nonzero(read_sketch(source, 64, fit=True) < 200)
        for places in (rows, columns):
            assert 5 <= places.min() <= 10
            assert 53 <= places.max() <= 58
    rows, _ = np.nonzero(read_sketch(corner, 64) < 200)
    assert rows.max() < 16
