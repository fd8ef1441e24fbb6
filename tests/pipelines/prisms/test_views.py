"""Pictures → views: size, paper, transparency."""

import numpy as np
import pytest
import torch

from strokewright.errors import FormatError
from strokewright.pipelines.prisms import Views
from strokewright.render.colour import WHITE_LAB, to_lab

RED = (0.9, 0.1, 0.1)


def picture(side, paper=(1, 1, 1)):
    """A red square in the middle of the picture, from a quarter to three quarters."""
    pixels = np.ones((side, side, 3), dtype=np.float32) * np.float32(paper)
    pixels[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = RED
    return pixels


def test_views_of_several_sizes_and_papers_become_one_size_on_white():
    views = Views.read(picture(64), picture(100, (0.2, 0.2, 0.25)), picture(300, (0.9, 0.9, 0.5)))
    assert views.size_px == 64
    assert torch.allclose(views.paper[3:6, 0, 0], torch.tensor([0.2, 0.2, 0.25]))
    hint = views.on_white(24)
    assert hint.shape == (9, 24, 24)
    for view in hint.unflatten(0, (3, 3)):
        assert torch.allclose(view[:, 0, 0], torch.tensor(WHITE_LAB), atol=0.01)
        assert torch.allclose(view[:, 12, 12], torch.from_numpy(to_lab(RED)), atol=0.01)


def test_averaging_keeps_the_mean_at_any_size():
    views = Views.read(picture(100), picture(100), picture(100))
    for size in (24, 37, 99):
        assert torch.allclose(views.resized(size).pixels.mean(dim=(1, 2)), views.pixels.mean(dim=(1, 2)), atol=1e-5)


def test_what_is_transparent_is_white():
    clear = np.concatenate([picture(32), np.zeros((32, 32, 1), dtype=np.float32)], axis=2)
    assert Views.read(clear, clear, clear).pixels.min() == 1


@pytest.mark.parametrize("shape", [(64, 32, 3), (16, 16, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(FormatError, match="side: expected a square view"):
        Views.read(picture(32), np.ones(shape, dtype=np.float32), picture(32))
