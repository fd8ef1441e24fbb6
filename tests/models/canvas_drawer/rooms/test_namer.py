"""What a room's company says, and the namer of rooms."""

import numpy as np
import pytest
import torch

from strokewright.models.canvas_drawer.rooms.candidates import FACTS
from strokewright.models.canvas_drawer.rooms.company import COMPANY_COLUMNS, SHARES, company
from strokewright.models.canvas_drawer.rooms.namer import ROOM_FACTS, RoomNamer, RoomNamerConfig
from strokewright.models.canvas_drawer.rooms.openings import Openings

BOXES = np.array([[60, 100, 200, 400], [206, 100, 440, 240], [206, 246, 440, 400]], np.float32)
UNKNOWN = Openings(np.zeros((0, 4), np.float32), np.zeros(0, bool))


@pytest.fixture
def facts():
    told = np.zeros((3, FACTS), np.float32)
    told[:, SHARES] = 0.05
    told[[0, 1, 2], [SHARES.start + 2, SHARES.start + 1, SHARES.start + 2]] = 0.6
    return told


def test_company_tells_sizes_doors_and_neighbours(facts):
    door, window = [199, 150, 207, 180], [58, 150, 62, 210]  # from room 0 to room 1; out of room 0
    openings = Openings(np.array([door, window], np.float32), np.array([False, True]))
    told = company(BOXES, facts, openings)
    assert told.shape == (3, COMPANY_COLUMNS)
    sizes, beside, open_sides, behind, plan = np.split(told, [11, 17, 23, 32], axis=1)
    np.testing.assert_allclose(sizes[0, :3], np.log([140 / 30, 300 / 30, 140 * 300 / 900]), rtol=1e-5)
    np.testing.assert_allclose(sizes[:, 4], [0, 2, 1])
    np.testing.assert_allclose(sizes[0, 9:], [140, 300])
    assert beside[:, 0].tolist() == [1, 1, 0]
    assert beside[:, 1].tolist() == [2, 2, 2]
    assert beside[1, 2] == pytest.approx(np.log(140 * 300) - np.log(234 * 140), rel=1e-5)
    np.testing.assert_allclose(open_sides, [[60, 30, 30, 2, 1, 1], [0, 30, 30, 0, 1, 1], [0] * 6])
    np.testing.assert_allclose(behind[0], facts[1, SHARES])
    assert (behind[2] == -1).all(), "no door leads to it"
    np.testing.assert_allclose(plan[0, 18:], [0, 1, 2, 0, 0, 0, 0, 0, 0])


def test_company_without_openings_and_without_rooms(facts):
    told = company(BOXES, facts, UNKNOWN)
    assert np.isfinite(told).all()
    assert told[:, 17:23].max() == 0
    assert company(BOXES[:0], facts[:0], UNKNOWN).shape == (0, COMPANY_COLUMNS)


@pytest.fixture
def namer():
    torch.manual_seed(0)
    return RoomNamer(RoomNamerConfig(members=2, width=16, layers=1, channels=(4, 4, 4)))


@pytest.fixture
def batch(facts):
    rng = np.random.default_rng(0)
    own = np.concatenate([facts, company(BOXES, facts, UNKNOWN)], axis=1)
    return {
        "crops": torch.from_numpy(rng.integers(0, 255, (2, 3, 4, 40, 40), dtype=np.uint8)),
        "boxes": torch.from_numpy(np.stack([BOXES, BOXES])),
        "facts": torch.from_numpy(np.stack([own, own])),
        "links": torch.zeros(2, 3, 3),
        "span": torch.tensor([[50.0, 90.0, 450.0, 410.0]]).repeat(2, 1),
        "types": torch.tensor([[4, 3, 1], [3, 4, -1]]),
    }


def test_padding_changes_no_names(namer, batch):
    def names(rooms):
        inputs = [batch[name] for name in ("boxes", "facts", "links", "span")]
        inputs[:2] = [value[:, :rooms] for value in inputs[:2]]
        inputs[2] = inputs[2][:, :rooms, :rooms]
        present = torch.tensor([[True, True, False]] * 2)[:, :rooms]
        return namer.eval()(batch["crops"][:, :rooms].float() / 255, *inputs, present)[:, :, :2]

    shares = names(3)
    assert shares.shape == (2, 2, 2, 9)
    torch.testing.assert_close(shares, names(2))
    assert (shares[0] - shares[1]).abs().max() > 0.01, "members differ"


def test_namer_learns_the_names_of_one_batch(namer, batch):
    assert batch["facts"].shape[2] == ROOM_FACTS
    optimiser = torch.optim.AdamW(namer.train().parameters(), 1e-2)
    first = float(namer.loss(batch)["loss"].detach())
    for _ in range(60):
        optimiser.zero_grad()
        namer.loss(batch)["loss"].backward()
        optimiser.step()
    with torch.no_grad():
        last = {name: float(value) for name, value in namer.eval().loss(batch).items()}
    assert last["loss"] < first / 2
    assert last["wrong"] == 0
    assert last["surprise"] < 0.5
