import numpy as np

from strokewright.drawing import Drawing, Prism
from strokewright.drawing.solids import three_views
from strokewright.models.canvas_drawer.solids import BoxScenes, random_boxes
from strokewright.render.actions import render_actions
from strokewright.render.colour import to_lab
from strokewright.render.protocol import VOCABULARIES
from strokewright.render.skia import render


def test_boxes_stand_apart_and_can_be_seen():
    corners, colours, there = random_boxes(np.random.default_rng(0), 40)
    assert np.bincount(there.sum(axis=1), minlength=4)[1:].min() > 5
    assert corners.min() >= 0
    assert corners.max() <= 1
    for boxes, rgb, count in zip(corners, colours, there.sum(axis=1), strict=True):
        prisms = [Prism(box[:3], box[3:], colour) for box, colour in zip(boxes, rgb, strict=True)][:count]
        for index, one in enumerate(prisms):
            for other in prisms[:index]:
                assert ((one.high <= other.low) | (other.high <= one.low)).any(), "they run through one another"
                assert one.colour != other.colour
        pages = [render(page) for page in three_views(Drawing(tuple(prisms), (40, 40)))]
        for one in prisms:
            sides = (one.high - one.low) * 40
            areas = (sides[0] * sides[1], sides[2] * sides[1], sides[0] * sides[2])
            seen = [(np.abs(page - np.reshape(one.colour, (3, 1, 1))).max(axis=0) < 0.02).sum() for page in pages]
            # Pixels along the edges are mixed: less than a third is left of the smallest faces that just pass.
            assert sum(pixels > 0.1 * area for pixels, area in zip(seen, areas, strict=True)) >= 2


def test_batches_are_skias_pictures_and_repeat():
    source = BoxScenes(seed=3, size_px=24, lessons=1)
    target = source.batch(1, 6)["target"]
    assert np.array_equal(target, BoxScenes(seed=3, size_px=24).batch(1, 6)["target"])
    corners, colours, there = random_boxes(np.random.default_rng((3, 1)), 6)
    rows = np.concatenate([corners, to_lab(colours), there[..., None]], axis=2)
    difference = np.abs(target - render_actions(VOCABULARIES["prism"], rows, 24))
    assert difference.max() < 0.08
    assert difference.mean() < 1e-3


def test_lessons_hold_one_box():
    one = BoxScenes(size_px=24, lessons=1).batch(0, 4)["target"]
    corners, colours, _ = random_boxes(np.random.default_rng((0, 0)), 4, (1, 1))
    rows = np.concatenate([corners, to_lab(colours), np.ones((4, 3, 1))], axis=2)[:, :1]
    assert np.abs(one - render_actions(VOCABULARIES["prism"], rows, 24)).mean() < 1e-3
