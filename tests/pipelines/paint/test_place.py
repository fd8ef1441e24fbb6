"""The finder: the best place is where a shape of the bank lies, in any colour or in those of a palette."""

import pytest
import torch

from strokewright.pipelines.paint.painting import Painting, Parameters
from strokewright.pipelines.paint.place import Finder
from strokewright.render.template import TemplateBank

SIZE = (40, 48)


@pytest.fixture
def bank():
    return TemplateBank(["circle"])


def disc(x, y, radius, colour):
    rows, columns = torch.meshgrid(torch.arange(SIZE[0]) + 0.5, torch.arange(SIZE[1]) + 0.5, indexing="ij")
    inside = torch.hypot(columns - x, rows - y) < radius
    return torch.where(inside, torch.tensor(colour)[:, None, None], torch.ones(3, 1, 1))


def test_a_disc_is_found(bank):
    finder = Finder(bank, disc(30.5, 12.5, 7.3, (0.8, 0.1, 0.2)))
    (spot,) = finder.find(torch.ones(3, *SIZE), 1)
    assert spot.centre == pytest.approx((30.5, 12.5), abs=1)
    assert spot.half_axes == pytest.approx((7.3, 7.3), abs=2)
    assert spot.colour == pytest.approx((0.8, 0.1, 0.2), abs=0.15)
    (limited,) = finder.find(torch.ones(3, *SIZE), 1, torch.tensor([[0.0, 0.0, 1.0], [0.7, 0.2, 0.2]]))
    assert limited.centre == pytest.approx((30.5, 12.5), abs=1)
    assert finder.find(torch.ones(3, *SIZE), 1, torch.ones(1, 3)) == [], "white over white helps nowhere"


def test_what_is_promised_is_saved(bank):
    torch.manual_seed(0)
    target = disc(20.5, 20.5, 7.3, (0.2, 0.5, 0.3)) + 0.02 * torch.rand(3, *SIZE)
    spots = Finder(bank, target).find(torch.ones(3, *SIZE), 3)
    painting = Painting(bank, torch.ones(3), SIZE, Parameters.from_spots(spots, SIZE))
    before, after = (((c - target) ** 2).sum() for c in (torch.ones(3, *SIZE), painting.render(SIZE)))
    assert after < 0.25 * before


def test_spots_found_at_once_lie_apart_and_nothing_is_found_where_nothing_helps(bank):
    target = torch.minimum(disc(10, 10, 5, (0.0, 0.0, 0.0)), disc(36, 30, 5, (0.0, 0.0, 0.0)))
    first, second = Finder(bank, target).find(torch.ones(3, *SIZE), 2)
    assert abs(first.centre[0] - second.centre[0]) > 10
    assert Finder(bank, torch.ones(3, *SIZE)).find(torch.ones(3, *SIZE), 3) == []
