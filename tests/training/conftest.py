import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # toy_training, which models and recipes name by its module


@pytest.fixture
def toy_in_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from strokewright.models import MODELS

    monkeypatch.setitem(MODELS, "toy", "toy_training:Toy")
