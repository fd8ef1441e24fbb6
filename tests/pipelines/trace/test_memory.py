"""Pictures of 4,000 × 4,000 pixels fit in 2 GB, traced in a process of their own, which alone shows its peak."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CAT = Path(__file__).parents[3] / "examples" / "cat.png"
SIDE_PX, ACROSS = 4000, 8
SCRIPT = """
import sys
from pathlib import Path
from strokewright import load

drawing = load("trace/lineart")(sys.argv[1])
status = Path("/proc/self/status").read_text()
print(len(drawing.strokes), int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e9)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak since exec is told by Linux alone")
def test_a_large_picture_stays_within_two_gigabytes(tmp_path):
    cell = Image.open(CAT).convert("L").resize((SIDE_PX // ACROSS, SIDE_PX // ACROSS))
    Image.fromarray(np.tile(np.asarray(cell), (ACROSS, ACROSS))).save(tmp_path / "large.png")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "large.png"], capture_output=True, text=True, check=True
    )
    strokes, peak_gb = map(float, done.stdout.split())
    assert strokes > 5 * ACROSS**2
    assert peak_gb < 2.0
