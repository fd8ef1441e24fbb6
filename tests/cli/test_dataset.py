import json

import numpy as np
import pytest

from strokewright.datasets.step_sets import StepSet
from strokewright.drawing import Drawing, Stroke
from strokewright.files import write


@pytest.fixture
def folder(tmp_path):
    for name, points in (("fox/a", 6), ("fox/b", 7), ("owl/c", 8), ("owl/d", 9), ("owl/dot", 1)):
        path = tmp_path / f"in/{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        nodes = np.column_stack([np.linspace(20, 380, points), 150 + 100 * (-1.0) ** np.arange(points)])
        write(Drawing((Stroke(nodes),), (400, 300)), path)
    return tmp_path / "in"


def test_the_command_writes_a_set_and_reports(folder, tmp_path, strokewright):
    done = strokewright("dataset", folder, "-o", tmp_path / "own.npz")
    assert done.code == 0
    assert "kept 4 (" in done.out
    assert "owl/dot.svg: too short" in done.out
    assert "2 classes: fox, owl" in done.out
    assert len(StepSet.open(tmp_path / "own.npz")) == 4
    told = strokewright("dataset", folder, "-o", tmp_path / "own.npz", "--most-steps", "7", "--json")
    assert json.loads(told.out)["kept"] == 3
    none = strokewright("dataset", folder, "-o", tmp_path / "none.npz", "--most-steps", "2")
    assert (none.code, none.out) == (4, "")
    assert not (tmp_path / "none.npz").exists()
