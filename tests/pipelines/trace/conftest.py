import pytest

from strokewright import load
from strokewright.pipelines.trace import Tracer


@pytest.fixture(scope="session")
def tracer() -> Tracer:
    return load("trace/lineart")
