import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))  # toy_training


@pytest.fixture
def toy_in_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from strokewright.models import MODELS

    monkeypatch.setitem(MODELS, "toy", "toy_training:Toy")
