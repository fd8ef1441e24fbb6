import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "examples" / "own_brush" / "paint.py"


def test_the_example_trains_and_paints(tmp_path):
    options = ["--minutes", "0.01", "--steps", "1", "--rounds", "1", "--size", "48", "--out", str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, SCRIPT, *options], check=True, capture_output=True, env=environment)
    picture = np.asarray(Image.open(tmp_path / "painting.png"))
    assert picture.shape == (48, 96, 3)
    assert (picture[:, 48:] < 250).any()  # something was painted
    assert (tmp_path / "canvas" / "model.safetensors").exists()
