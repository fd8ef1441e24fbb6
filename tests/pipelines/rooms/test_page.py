"""Pictures of all sizes on the models' page."""

import numpy as np
import pytest

from strokewright.pipelines.rooms.page import fit_page


def square(height, width, box, line=2):
    ink = np.zeros((height, width), np.float32)
    x0, y0, x1, y1 = box
    ink[y0:y1, x0:x1] = 1
    ink[y0 + line : y1 - line, x0 + line : x1 - line] = 0
    return ink


def test_a_page_of_the_models_own_size_passes_through():
    ink = square(512, 512, (40, 60, 400, 480))
    page = fit_page(ink)
    assert (page.scale, page.left, page.top) == (1, 0, 0)
    np.testing.assert_array_equal(page.ink, ink * 255)


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [
        (2000, 3000, (200, 300, 2800, 1900)),  # thin lines in a large picture
        (200, 120, (10, 10, 110, 190)),
        (900, 900, (30, 40, 130, 200)),  # a small drawing in a corner
        (512, 512, (5, 5, 60, 100)),
    ],
)
def test_lines_stay_closed_and_boxes_come_back(height, width, box):
    page = fit_page(square(height, width, box))
    rows, columns = np.nonzero(page.ink >= 102)
    assert page.ink.shape == (512, 512)
    assert max(np.ptp(rows), np.ptp(columns)) > 250
    edge = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    back = page.to_picture(edge, (width, height))
    np.testing.assert_allclose(back[0], box, atol=2.5 / page.scale)
    middle = (rows.min() + rows.max()) // 2
    assert (page.ink[middle] >= 102).sum() <= 24
    upper = page.ink[rows.min() : rows.min() + 2, columns.min() + 2 : columns.max() - 1]
    assert (upper.max(axis=0) >= 102).all(), "the upper line has a gap"


def test_boxes_do_not_leave_the_picture():
    page = fit_page(square(100, 400, (10, 10, 390, 90)))
    back = page.to_picture(np.array([[-50, -50, 600, 600]], np.float32), (400, 100))
    assert back.tolist() == [[0, 0, 400, 100]]
