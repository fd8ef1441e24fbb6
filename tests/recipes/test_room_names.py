"""Batches of rooms for the namer, from plans drawn here."""

import numpy as np
import pytest
import torch

from strokewright.models.canvas_drawer.rooms.drawer import ROOM_CODES, RoomDrawer, RoomDrawerConfig
from strokewright.recipes import room_names
from strokewright.recipes.room_names import RoomNames

ROOMS = ((204, 100, 440, 260, 3), (60, 100, 200, 420, 5), (204, 264, 440, 420, 6))  # by class, as maps number them


class Plans:
    """One plan with three rooms, one with none."""

    def split_names(self):
        return np.array(["train", "train", "valid"])

    def ink(self, index):
        page = np.zeros((512, 512), np.uint8)
        page[98:422, 58:442] = 255
        for x0, y0, x1, y1, _ in ROOMS:
            page[y0:y1, x0:x1] = 0
        return page

    def class_map(self, index):
        page = np.zeros((512, 512), np.uint8)
        for x0, y0, x1, y1, code in ROOMS if index == 0 else ():
            page[y0:y1, x0:x1] = code
        return page


@pytest.fixture
def source(monkeypatch, tmp_path):
    torch.manual_seed(0)
    RoomDrawer(RoomDrawerConfig(channels=(8, 8, 8, 8))).save_pretrained(tmp_path)
    monkeypatch.setattr(room_names, "Floorplans", Plans)
    return lambda **options: RoomNames(drawer=str(tmp_path), views=1, **options)


def test_plans_as_they_are(source):
    batch = source(change=False).batch(0, 2)
    assert batch["types"].shape == (2, 3), "the plan without rooms is left out"
    np.testing.assert_allclose(batch["boxes"][0], [room[:4] for room in ROOMS], atol=1)
    assert batch["types"][0].tolist() == [ROOM_CODES.index(room[4]) for room in ROOMS]
    assert batch["span"][0].tolist() == [58, 98, 442, 422]
    assert batch["facts"].shape == (2, 3, 86)
    assert batch["crops"].shape == (2, 3, 4, 40, 40)


def test_changed_plans_repeat_and_keep_their_names(source):
    batches = source()
    many = batches.batch(3, 40)
    again = batches.batch(3, 40)
    for name, values in many.items():
        np.testing.assert_array_equal(values, again[name])
    assert len(np.unique(many["span"], axis=0)) > 2, "turned and mirrored"
    assert (many["types"] == -1).any(), "rooms left out"
    sizes = {ROOM_CODES.index(room[4]): sorted((room[2] - room[0], room[3] - room[1])) for room in ROOMS}
    for box, kind in zip(many["boxes"].reshape(-1, 4), many["types"].ravel(), strict=True):
        if kind >= 0:
            np.testing.assert_allclose(np.sort(box[2:] - box[:2]), sizes[int(kind)], atol=2)
