import pytest

from strokewright.errors import DataError, OptionError
from strokewright.recipes import RECIPES, find_recipe, train

REDUCED = ["training.steps=2", "training.batch_size=2", "training.evaluation_batches=1", "training.device=cpu"]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_two_steps(name, tmp_path):
    try:
        run = train(name, out=tmp_path / "run", overrides=REDUCED)
    except DataError as error:
        pytest.skip(f"data: {error}")
    assert run.finished
    assert run.config.recipe == name
    assert int(run.metrics()[-1]["step"]) == 2
    assert run.model().config.model_dump(mode="json").items() >= run.config.model.config.items()


def test_an_unknown_recipe_lists_those_there_are():
    with pytest.raises(OptionError, match=r"did you mean smoke.*there are:.*smoke"):
        find_recipe("smokey")
