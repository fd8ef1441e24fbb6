"""From a picture to rooms by the bundled networks, and how rooms are chosen."""

import numpy as np
import pytest
from PIL import Image

from strokewright import load
from strokewright.datasets.floorplans import CLASSES, ROOM_COLOURS
from strokewright.errors import EmptyError, OptionError
from strokewright.models.canvas_drawer.rooms.cuts import overlaps
from strokewright.pipelines.rooms import RoomOptions
from strokewright.pipelines.rooms.find import Judged, choose, find_rooms

ROOMS = np.array([[60, 100, 196, 260], [60, 268, 196, 400], [204, 100, 440, 400]], np.float32)


@pytest.fixture(scope="module")
def finder():
    return load("rooms/floorplans", device="cpu")


@pytest.fixture(scope="module")
def paper():
    """Three closed rooms with walls of two lines."""
    pixels = np.full((512, 512), 255, np.uint8)
    pixels[92:408, 52:448] = 0
    pixels[93:407, 53:447] = 255
    for x0, y0, x1, y1 in ROOMS.astype(int):
        pixels[y0 - 1 : y1 + 1, x0 - 1 : x1 + 1] = 0
        pixels[y0:y1, x0:x1] = 255
    return pixels


def corners(drawing):
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in drawing.marks], np.float32)


def check(drawing, wanted):
    assert len(drawing.marks) >= 3
    assert overlaps(wanted, corners(drawing)).max(axis=1).min() > 0.85
    sizes = (corners(drawing)[:, 2:] - corners(drawing)[:, :2]).prod(axis=1)
    assert (np.diff(sizes) <= 0).all(), "large ones are drawn first"
    for box in drawing.marks:
        assert box.label in CLASSES
        assert box.colour == ROOM_COLOURS[box.label]
        assert 0.25 <= box.score <= 1


def test_closed_rooms_are_found_at_their_place(finder, paper):
    drawing = finder(paper, views=2)
    check(drawing, ROOMS)
    assert (drawing.size, drawing.maker) == ((512, 512), "rooms/floorplans")
    assert finder(paper, views=2) == drawing


def test_other_sizes_and_light_on_dark(finder, paper, tmp_path):
    wide = np.full((800, 1300), 255, np.uint8)
    wide[:768, 400:1168] = np.asarray(Image.fromarray(paper).resize((768, 768), Image.Resampling.BICUBIC))
    Image.fromarray(255 - wide).save(tmp_path / "plan.png")
    drawing = finder(tmp_path / "plan.png", views=2)
    check(drawing, ROOMS * 1.5 + np.array([400, 0, 400, 0], np.float32))
    assert drawing.size == (1300, 800)
    assert drawing.metadata["file_name"] == "plan.png"


def test_bare_paper_and_wrong_options_are_refused(finder, paper):
    with pytest.raises(EmptyError, match="found none"):
        finder(np.full((200, 300), 255, np.uint8))
    with pytest.raises(EmptyError, match="--least-score; in Python least_score="):
        finder(paper, views=1, least_score=1.0)
    with pytest.raises(OptionError, match="least_score"):
        finder(paper, least_score=2)
    with pytest.raises(OptionError, match="room chooser"):
        type(finder)("rooms/proposals")


def test_the_likelier_of_two_alike_is_taken_and_weak_ones_are_left():
    boxes = np.array([[0, 0, 100, 100], [5, 0, 100, 100], [200, 0, 300, 50], [200, 100, 300, 150]], np.float32)
    shares = np.zeros((4, 10), np.float32)
    shares[:, 0] = 0.3, 0.1, 0.9, 0.2
    shares[:, 3] = 1 - shares[:, 0]
    fit = np.array([0.9, 0.9, 0.9, 0.5], np.float32)
    assert choose(boxes, Judged(shares, fit)).tolist() == [1, 3]
    assert choose(boxes[:1], Judged(shares[2:3], fit[:1])).tolist() == []


def test_the_namer_has_a_say_in_the_types(finder, paper):
    drawing = finder(paper, views=1)
    alone = find_rooms(paper, finder.models._replace(namer=None), RoomOptions(views=1))
    np.testing.assert_array_equal(corners(drawing), corners(alone))
    assert [box.score for box in drawing.marks] != [box.score for box in alone.marks]
