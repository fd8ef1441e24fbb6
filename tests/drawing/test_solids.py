"""Prisms on a sheet."""

import numpy as np

from strokewright.drawing import Box, Drawing, Prism, Stamp, Stroke
from strokewright.drawing.solids import to_sheet

NEAR, FAR = Prism([0.6, 0, 0], [1, 0.4, 0.4], (1, 0, 0)), Prism([0, 0.6, 0.6], [0.4, 1, 1], (0, 0, 1))


def test_a_sheet_holds_views_faces_and_what_else_there_was():
    stroke = Stroke([[1, 1], [5, 5]])
    sheet = to_sheet(Drawing((FAR, stroke, NEAR), (200, 100)))
    assert sum(isinstance(mark, Box) for mark in sheet.marks) == 6
    assert sum(isinstance(mark, Stamp) for mark in sheet.marks) == 6
    assert sheet.marks[-1] is stroke
    points = np.concatenate([mark.outline for mark in sheet.marks if isinstance(mark, Stamp)])
    assert points.min() >= 0
    assert points.max() <= 100


def test_near_prisms_cover_far_ones_in_any_order():
    for marks in ((NEAR, FAR), (FAR, NEAR)):
        stamps = [mark for mark in to_sheet(Drawing(marks)).marks if isinstance(mark, Stamp)]
        assert [stamp.colour[0] > stamp.colour[2] for stamp in stamps] == [False] * 3 + [True] * 3


def test_other_drawings_stay():
    drawing = Drawing((Box(0, 0, 5, 5),), (9, 9))
    assert to_sheet(drawing) is drawing
