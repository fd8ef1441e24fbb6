import torch

from strokewright.models.painter import Painter, PainterConfig
from strokewright.models.painter.actions import layout, opening
from strokewright.models.painter.wasted import laid_anew, least_needed
from strokewright.render.template import paper, superpose_all


def black_squares(*corners):
    """A white page (1, 1, 28, 28) with black squares of 6 px."""
    page = torch.ones(1, 1, 28, 28)
    for x, y in corners:
        page[..., y : y + 6, x : x + 6] = 0
    return page


def masks_of(*corners):
    return torch.cat([1 - black_squares(corner) for corner in corners], dim=1)


def test_the_hidden_move_is_needed_least():
    masks, picture = masks_of((2, 2), (2, 2), (16, 16)), black_squares((2, 2), (16, 16))
    masks[:, 0, 4:, :] = 0  # lies under the second
    kept = masks.clone()
    colours = torch.zeros(1, 3, 1)
    bare = paper(1, (1.0,), (28, 28))
    wasted = least_needed(masks, lambda masks: superpose_all(bare, masks, colours), picture)
    assert wasted.tolist() == [0]
    assert torch.equal(masks, kept)


def test_a_move_is_laid_where_most_is_amiss():
    config = PainterConfig(moves=3, sorter="depth")
    actions = opening(config)[None].clone()
    picture, canvas = black_squares((2, 2), (16, 16)), black_squares((2, 2))
    new = laid_anew(config, actions, torch.tensor([1]), picture, canvas)
    columns = layout(config)
    assert torch.equal(new[:, [0, 2]], actions[:, [0, 2]])
    centre = (new[0, 1, columns.centre] + 1) * 14
    assert torch.allclose(centre, torch.tensor([19.0, 19.0]), atol=1.0)
    assert torch.sigmoid(2 * new[0, 1, columns.colour]) < 0.05
    assert new[0, 1, columns.depth] > actions[0, :, columns.depth].max()


def test_moves_laid_anew_never_make_a_picture_worse():
    torch.manual_seed(0)
    config = PainterConfig(moves=3, looks=3, feels=True)
    painter = Painter(config).eval()
    pictures = torch.cat([black_squares((2, 2), (16, 16), (2, 18)), black_squares((10, 4), (18, 20))])
    before = (painter.paint(pictures).canvases[-1] - pictures).square().mean((1, 2, 3))
    painter.config = config.model_copy(update={"replacements": 2})
    after = (painter.paint(pictures).canvases[-1] - pictures).square().mean((1, 2, 3))
    assert (after <= before).all()
    assert after.sum() < before.sum()
