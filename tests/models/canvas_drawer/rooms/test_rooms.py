"""Evidence of lines, cuts, candidates, and the canvas of the room chooser, on plans drawn here."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from strokewright.models.canvas_drawer.rooms.batches import PlanBatches, number_rooms
from strokewright.models.canvas_drawer.rooms.candidates import (
    VIEWS,
    CellMaps,
    crop_windows,
    crops,
    find_candidates,
    look,
    turn,
    turn_boxes,
)
from strokewright.models.canvas_drawer.rooms.chooser import paint
from strokewright.models.canvas_drawer.rooms.cuts import cut, overlaps
from strokewright.models.canvas_drawer.rooms.drawer import RoomDrawer, RoomDrawerConfig, box_overlap
from strokewright.models.canvas_drawer.rooms.evidence import evidence
from strokewright.models.canvas_drawer.rooms.openings import (
    describe_openings,
    find_openings,
    linked,
    paint_openings,
    touching,
)
from strokewright.models.canvas_drawer.rooms.surroundings import surroundings


def frame(ink, x0, y0, x1, y1):
    """Draw a rectangle of lines 2 px wide just outside the given one."""
    ink[y0 - 2 : y1 + 2, x0 - 2 : x0] = ink[y0 - 2 : y1 + 2, x1 : x1 + 2] = 255
    ink[y0 - 2 : y0, x0 - 2 : x1 + 2] = ink[y1 : y1 + 2, x0 - 2 : x1 + 2] = 255


@pytest.fixture
def plan():
    """A closed room on the left; on the right a large one with a stub of wall at y = 300."""
    ink = np.zeros((512, 512), np.uint8)
    frame(ink, 60, 100, 200, 420)
    frame(ink, 204, 100, 440, 420)
    ink[300:304, 204:290] = ink[300:304, 380:440] = 255
    return ink


def test_evidence_knows_the_box_of_the_area_and_the_next_line(plan):
    told = evidence(plan)
    assert told.shape == (10, 128, 128)
    row, column = 40, 30  # the pixel (122, 162)
    open_to_rim, left, top, right, bottom, fill, *rays = told[:, row, column]
    assert open_to_rim == 0
    assert fill == pytest.approx(1.0)
    wanted = np.log1p(np.array([122.5 - 60, 162.5 - 100, 200 - 122.5, 420 - 162.5]) / 8)
    np.testing.assert_allclose([left, top, right, bottom], wanted, atol=0.06)
    np.testing.assert_allclose(rays, wanted, atol=0.06)
    assert told[0, 2, 2] == 1
    assert told[:6, 40, 14].max() == 0, "on a line there is no area"


def test_cuts_follow_the_walls_of_an_open_area(plan):
    area = np.zeros(plan.shape, bool)
    area[100:420, 204:440] = plan[100:420, 204:440] == 0
    boxes = cut(plan > 0, area, (204, 100, 440, 420), 10)
    assert 0 < len(boxes) <= 10
    for room in ((204, 100, 440, 300), (204, 304, 440, 420)):
        assert overlaps(boxes, np.array([room], np.float32)).max() > 0.9
    assert (overlaps(boxes, boxes) - np.eye(len(boxes))).max() <= 0.7
    assert cut(np.zeros_like(area), area, (204, 100, 440, 420), 10).shape == (0, 4)


def test_surroundings_tell_outer_sides_and_the_walls(plan):
    labels, _ = ndimage.label(plan == 0)
    closed, right, balcony = surroundings(
        labels, np.array([[60, 100, 200, 420], [204, 100, 440, 420], [60, 30, 200, 98]])
    )
    assert closed[5:8] == pytest.approx([0.75 + 0.25 * 28 / 349, 1, 1], abs=0.05)
    assert closed[8] == right[8] == 0
    assert balcony[8] > 0.9
    np.testing.assert_array_equal(closed[:5], right[:5])


def test_openings_link_the_rooms_beside_them(plan):
    for x0, y0, x1, y1 in ((198, 200, 206, 240), (58, 150, 61, 190)):  # a door between the rooms, a window to the left
        plan[y0:y1, [x0, x1 - 1]] = plan[[y0, y1 - 1], x0:x1] = 100
    labels, _ = ndimage.label(plan < 90)
    openings = find_openings(plan, labels)
    assert openings.boxes.tolist() == [[58, 150, 61, 190], [198, 200, 206, 240]]
    assert openings.outer.tolist() == [True, False]
    boxes = np.array([[60, 100, 200, 420], [204, 100, 440, 420], [60, 430, 200, 500]], np.float32)
    touch = touching(openings, boxes)
    assert touch.tolist() == [[True, False, False], [True, True, False]]
    assert linked(touch).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    told = describe_openings(openings, touch, boxes)
    np.testing.assert_allclose(told[0], [np.log(2), np.log(2), 40 / 460, 40 / 460, 1], rtol=1e-5)
    assert told[2].tolist() == [0, 0, 0, 0, 1]
    assert paint_openings(openings, plan).sum() == 255 * (3 * 40 + 8 * 40)
    none = find_openings(np.zeros_like(plan), labels)
    assert touching(none, boxes).shape == (0, 3)
    assert describe_openings(none, touching(none, boxes), boxes).max() == 0


def test_turning_a_picture_and_its_boxes_agree(plan):
    box = np.array([[60, 100, 200, 420]], np.float32)
    for view in range(VIEWS):
        x0, y0, x1, y1 = turn_boxes(box, view)[0].astype(int)
        turned = turn(plan, view)
        assert turned[y0:y1, x0:x1].max() == 0
        assert turned[y0 - 2 : y1 + 2, x0 - 2].min() == 255


def test_looking_in_all_views_leaves_a_turned_plan_turned(plan):
    torch.manual_seed(0)
    drawer = RoomDrawer(RoomDrawerConfig(channels=(8, 8, 8, 8))).eval()
    straight, turned = look(drawer, plan, VIEWS), look(drawer, turn(plan, 5).astype(np.uint8), VIEWS)
    np.testing.assert_allclose(turn(straight.shares, 5), turned.shares, atol=0.02)
    boxes = turn_boxes(turn(straight.boxes, 5).reshape(4, -1).T, 5)
    np.testing.assert_allclose(boxes, turned.boxes.reshape(4, -1).T, atol=6)


def test_candidates_hold_areas_first_and_cuts_of_the_open_one(plan):
    shares = np.full((12, 64, 64), 1 / 12, np.float32)
    at = (np.arange(64) + 0.5) * 8
    boxes = np.stack([*np.broadcast_arrays(at - 9, at[:, None] - 9, at + 9, at[:, None] + 9)]).astype(np.float32)
    found = find_candidates(plan, CellMaps(shares, boxes, np.full((64, 64), 0.5, np.float32)))
    np.testing.assert_array_equal(found.boxes[:2], [[204, 100, 440, 420], [60, 100, 200, 420]])
    assert found.facts.shape == (len(found.boxes), 27)
    assert (found.facts[:2, 0] > 0.9).all()
    assert (found.facts[2:, 0] == 0).all()
    assert overlaps(found.boxes, np.array([[204, 100, 440, 300]], np.float32)).max() > 0.9
    pictures = crops(plan, found.boxes)
    assert pictures.shape == (len(found.boxes), 2, 40, 40)
    assert crop_windows(found.boxes)[1, 0].tolist() == [130 - 174, 260 - 174, 130 + 174, 260 + 174]
    blank = find_candidates(np.zeros_like(plan), CellMaps(shares, boxes, np.zeros((64, 64), np.float32)))
    assert len(blank.facts) == len(blank.boxes)


def test_small_rectangles_are_painted_over_large_ones_and_gradients_reach_corners():
    boxes = torch.tensor([[[0.0, 0.0, 120.0, 120.0], [0.0, 0.0, 512.0, 512.0]]], requires_grad=True)
    shares = torch.zeros(1, 2, 10)
    shares[0, 0, 3], shares[0, 1, 5], shares[0, 1, 0] = 1.0, 0.75, 0.25
    canvas = paint(boxes, shares)
    assert canvas.shape == (1, 10, 32, 32)
    torch.testing.assert_close(canvas.sum(dim=1), torch.ones(1, 32, 32))
    assert canvas[0, 3, :7, :7].min() == 1
    torch.testing.assert_close(canvas[0, 5, 9:, 9:], torch.full((23, 23), 0.75))
    torch.testing.assert_close(canvas[0, 0, 9:, 9:], torch.full((23, 23), 0.25))
    canvas[0, 3].sum().backward()
    torch.testing.assert_close(boxes.grad[0, 0, 2], torch.tensor(7.5 / 16))


def test_overlap_of_boxes():
    a = torch.tensor([[0.0, 0, 4, 4], [0, 0, 2, 2]])
    b = torch.tensor([[2.0, 0, 6, 4], [4, 0, 6, 2]])
    overlap, general = box_overlap(a, b)
    torch.testing.assert_close(overlap, torch.tensor([1 / 3, 0.0]))
    torch.testing.assert_close(general, torch.tensor([1 / 3, -1 / 3]))


def test_rooms_are_connected_areas_of_a_class_without_specks():
    types = np.zeros((512, 512), np.uint8)
    types[10:30, 10:30] = types[10:30, 40:60] = 3
    types[100:105, 100:105] = 5
    types[200:230, 200:230] = 2  # a wall
    rooms, boxes = number_rooms(types)
    assert boxes[1:].tolist() == [[10, 10, 30, 30], [40, 10, 60, 30]]
    assert np.unique(rooms).tolist() == [0, 1, 2]


@pytest.mark.usefixtures("data_dir")
def test_batches_repeat_and_their_boxes_lie_on_their_rooms():
    source = PlanBatches(seed=3, split="valid")
    batch, again = source.batch(7, 2), source.batch(7, 2)
    for name, values in batch.items():
        np.testing.assert_array_equal(values, again[name])
    plan, row, column = np.nonzero(batch["rooms"])
    x0, y0, x1, y1 = batch["boxes"][plan, row, column].T
    assert (x0 <= column * 8 + 4).all()
    assert (x1 > column * 8 + 4).all()
    assert (y0 <= row * 8 + 4).all()
    assert (y1 > row * 8 + 4).all()
