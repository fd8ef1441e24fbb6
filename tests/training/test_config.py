import pytest
from toy_training import toy_run

from strokewright.errors import OptionError
from strokewright.training.config import parse_overrides


def test_overrides_reach_every_level_and_keep_the_rest():
    changes = ["training.steps=7", "training.clip_norm=null", "model.config.width=5", "data.train.options.pause_s=0.1"]
    config = toy_run(seed=3).replaced(parse_overrides(changes))
    assert (config.training.steps, config.training.clip_norm, config.training.seed) == (7, None, 3)
    assert config.model.config == {"dropout": 0.1, "width": 5}
    assert config.data is not None
    assert config.data.train.options == {"pause_s": 0.1}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.stepps=7", "did you mean training.steps"),
        ("trainin.steps=7", "there are: recipe, model, data, training"),
        ("training.steps.more=7", "training.steps.more: no such field"),
        ("training.steps=0", "training.steps.*greater than or equal to 1"),
        ("training.optimiser=lion", "'adam', 'adamw' or 'sgd'"),
        ("training.steps", "expected field=value"),
    ],
)
def test_wrong_overrides_name_what_is_allowed(override, message):
    with pytest.raises(OptionError, match=message):
        toy_run().replaced(parse_overrides([override]))


def test_a_wrong_model_field_is_refused_before_training(tmp_path):
    from strokewright.training.run import start

    with pytest.raises(OptionError, match=r"heads.*fields: width, dropout"):
        start(toy_run().replaced({"model.config.heads": 2}), tmp_path / "run")
