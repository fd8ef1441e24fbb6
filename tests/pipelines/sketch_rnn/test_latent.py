import numpy as np
import pytest

from strokewright.errors import OptionError
from strokewright.pipelines.sketch_rnn.latent import along, between, check_corners, grid, grid_colours, slerp

rng = np.random.default_rng(0)
A, B, C, D = rng.normal(size=(4, 10)).astype(np.float32)


def test_slerp_keeps_angles_and_lengths():
    a, b = A / np.linalg.norm(A), B / np.linalg.norm(B)
    whole = np.arccos(a @ b)
    for share in (0, 0.2, 0.5, 1):
        point = slerp(a, b, share)
        assert np.linalg.norm(point) == pytest.approx(1, abs=1e-6)
        assert np.arccos(np.clip(a @ point, -1, 1)) == pytest.approx(share * whole, abs=1e-3)


def test_slerp_goes_straight_where_there_is_no_arc():
    for other in (2 * A, A, -A, 0 * A, (1 + 1e-7) * A):
        middle = slerp(A, other, 0.25)
        assert np.allclose(middle, 0.75 * A + 0.25 * other, atol=1e-5)


def test_labels_are_those_of_the_nearer_end_while_z_goes_round():
    for share, nearer in ((0.4, A), (0.6, B)):
        mixed = between(A, B, share, 6, "slerp")
        assert np.allclose(mixed[6:], nearer[6:])
        assert np.allclose(mixed[:6], slerp(A[:6], B[:6], share))
    assert np.allclose(between(A, B, 0.5, 6, "lerp"), (A + B) / 2)


@pytest.mark.parametrize(
    ("corners", "wanted"),
    [
        ([[A, B], [C, D]], [A, B, C, D]),
        ([[A, B], [C]], [A, B, C, C]),
        ([[A], [B, C]], [A, A, B, C]),
        ([[A], [B]], [A, A, B, B]),
    ],
)
def test_a_grid_has_its_corners_at_its_corners(corners, wanted):
    cells = grid(corners, (4, 3), 10, "slerp")
    assert [len(row) for row in cells] == [3] * 4
    found = [cells[0][0], cells[0][-1], cells[-1][0], cells[-1][-1]]
    assert np.allclose(found, wanted, atol=1e-6)


def test_a_row_and_a_way():
    cells = grid([[A, B]], (1, 5), 10, "slerp")
    way = along([A, B], 5, 10, "slerp")
    assert np.allclose(cells[0], way)
    three = along([A, B, C], 5, 10, "lerp")
    assert np.allclose([three[0], three[2], three[4]], [A, B, C])
    assert np.allclose(three[3], (B + C) / 2)


def test_colours_are_blended():
    colours = grid_colours([[(1, 0, 0), (0, 0, 1)], [(0, 1, 0), (0, 1, 0)]], (3, 3))
    assert colours[0][0] == (1, 0, 0)
    assert np.allclose(colours[0][1], (0.5, 0, 0.5))
    assert np.allclose(colours[1][1], (0.25, 0.5, 0.25))


def test_corners_in_any_layout():
    assert check_corners(["a", "b"]) == [["a", "b"]]
    assert check_corners(["a", "b", "c"]) == [["a", "b"], ["c"]]
    assert check_corners(["a", "b", "c", "d"]) == [["a", "b"], ["c", "d"]]
    assert check_corners([["a", "b"], ["c"]]) == [["a", "b"], ["c"]]
    for wrong in ([], ["a"], list("abcde"), [["a", "b", "c"]], [["a"]], ["a", ["b"]]):
        with pytest.raises(OptionError, match="2 to 4 drawings"):
            check_corners(wrong)
