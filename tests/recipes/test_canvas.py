from dataclasses import replace

import numpy as np
import pytest

import strokewright as sw
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import CanvasNetwork
from strokewright.render.actions import render_layers
from strokewright.render.protocol import VOCABULARIES, Column, Vocabulary

DISCS = Vocabulary(
    "discs",
    (Column("x", "field"), Column("y", "field"), Column("size", "px", 4, 14)),
)


def disc(actions):
    row = DISCS.decode(actions, 24)[:, :, None, None]
    y, x = np.mgrid[:24, :24] + 0.5
    return (row[:, 2] / 2 - np.hypot(x - row[:, 0], y - row[:, 1]) + 0.5).clip(0, 1)


def test_a_renderer_of_ones_own_is_learned_and_kept(tmp_path):
    changes = ["training.steps=300", "model.config.hidden=16", "model.config.depth=2"]
    canvas = sw.train_canvas(disc, DISCS, size=24, minutes=1, out=tmp_path / "run", overrides=changes)
    found = canvas.fidelity(disc, count=64)
    assert found.error_share < 0.2
    again = CanvasNetwork.from_pretrained(tmp_path / "run" / "model")
    assert again.fidelity(disc, count=64).error_share == found.error_share
    with pytest.raises(OptionError, match="a run lies there"):
        sw.train_canvas(disc, DISCS, size=24, out=tmp_path / "run")


def test_a_vocabulary_of_the_table_by_name():
    thin = VOCABULARIES["thin"]
    changes = ["training.steps=2", "training.batch_size=8"]
    canvas = sw.train_canvas(lambda a: render_layers(thin, a, 16), "thin", size=16, overrides=changes)
    assert canvas.config.own is None
    assert canvas.vocabulary is thin


def test_vocabularies_that_cannot_be():
    with pytest.raises(OptionError, match="expected one of thin"):
        sw.train_canvas(disc, "disks")
    ours = Vocabulary("thin", DISCS.columns)
    with pytest.raises(OptionError, match="name of its own"):
        sw.train_canvas(disc, ours)
    with pytest.raises(OptionError, match="expected layers"):
        sw.train_canvas(disc, DISCS, size=32)


@pytest.mark.parametrize(("changes", "text"), [({"paint": "rgb"}, "'ink' or 'lab'"), ({"shape": "stamp"}, "'prism'")])
def test_vocabularies_that_no_network_imitates(changes, text):
    with pytest.raises(OptionError, match=f"cannot imitate this.*{text}"):
        sw.train_canvas(lambda actions: pytest.fail("nothing is tried"), replace(DISCS, **changes), size=24)
