"""What all tests share: one thread a process, working interrupts, the data folder, and small pictures."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when NumPy and torch are imported, so not before
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background of a script begin with it ignored
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")  # the same examples in every run; --hypothesis-profile=default looks further


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with omniglot/, lineart/, …; the test is skipped without it."""
    from strokewright.datasets.download import data_root
    from strokewright.errors import DataError

    try:
        return data_root()
    except DataError as error:
        pytest.skip(str(error))


@pytest.fixture
def picture_path(tmp_path: Path) -> Path:
    """A 64×64 PNG with two black lines on white."""
    import numpy as np
    from PIL import Image

    from strokewright import Drawing
    from strokewright.render.skia import render_ink

    drawing = Drawing.from_points([[(10, 12), (52, 16)], [(14, 30), (30, 54), (50, 34)]], (64, 64), width=3.0)
    path = tmp_path / "lines.png"
    Image.fromarray((255 * (1 - render_ink(drawing))).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def blank_path(tmp_path: Path) -> Path:
    """A white 64×64 PNG."""
    from PIL import Image

    path = tmp_path / "blank.png"
    Image.new("L", (64, 64), 255).save(path)
    return path
