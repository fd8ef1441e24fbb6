"""Draw examples/cat.png: a cat with a ball, as if drawn by hand with a pen and scanned: wobble, uneven paper, noise.

python examples/make_picture.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from strokewright import Drawing, Stroke
from strokewright.render.skia import render_ink

SIZE = (640, 480)
SEED = 5

LINES = {
    "head": [(228, 172), (226, 132), (232, 92), (262, 116), (298, 108), (334, 116), (366, 90), (372, 132), (366, 176)],
    "chin": [(228, 172), (238, 208), (266, 228), (298, 234), (332, 226), (358, 206), (366, 176)],
    "left eye": [(258, 162), (268, 152), (280, 162), (269, 170), (258, 162)],
    "right eye": [(318, 162), (329, 152), (340, 162), (329, 170), (318, 162)],
    "nose": [(291, 186), (307, 186), (299, 196), (291, 186)],
    "mouth": [(278, 206), (290, 208), (299, 197), (309, 208), (321, 205)],
    "whisker 1": [(262, 190), (228, 184), (188, 182)],
    "whisker 2": [(262, 198), (226, 202), (192, 212)],
    "whisker 3": [(336, 190), (372, 184), (410, 182)],
    "whisker 4": [(336, 198), (372, 203), (408, 214)],
    "back": [(254, 224), (226, 262), (210, 318), (208, 372), (216, 408)],
    "front": [(344, 218), (370, 256), (384, 312), (386, 366), (378, 408)],
    "ground": [(216, 408), (250, 418), (300, 420), (350, 416), (378, 408)],
    "left leg": [(276, 316), (274, 360), (270, 396), (262, 416)],
    "right leg": [(320, 316), (322, 360), (328, 396), (336, 416)],
    "tail": [(382, 388), (432, 396), (474, 376), (480, 334), (456, 308), (438, 326), (450, 344)],
    "ball": [(530, 372), (562, 382), (570, 412), (548, 436), (516, 432), (500, 406), (508, 380), (530, 372)],
    "thread": [(508, 384), (530, 404), (566, 406)],
    "thread end": [(502, 420), (470, 440), (420, 436), (372, 446), (316, 440)],
}


def smooth(points: np.ndarray, width_px: np.ndarray) -> Stroke:
    """Lay a smooth curve through points: the tangent at each one is along its two neighbours."""
    ends = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    tangents = (ends[2:] - ends[:-2]) / 6
    handles = np.stack([points[:-1] + tangents[:-1], points[1:] - tangents[1:]], axis=1)
    return Stroke(points, handles, width_px)


def main() -> None:
    """Draw, age and save the picture."""
    rng = np.random.default_rng(SEED)
    strokes = []
    for line in LINES.values():
        points = np.array(line, dtype=float) + rng.normal(0, 1.0, (len(line), 2))
        strokes.append(smooth(points, rng.uniform(2.4, 3.6, len(line))))
    ink = render_ink(Drawing(tuple(strokes), SIZE))
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    paper = 240 - 22 * ((x / SIZE[0] - 0.3) ** 2 + (y / SIZE[1] - 0.2) ** 2)
    grey = paper * (1 - 0.86 * ink) + rng.normal(0, 2.0, ink.shape)
    Image.fromarray(grey.clip(0, 255).round().astype(np.uint8)).save(Path(__file__).parent / "cat.png", optimize=True)


if __name__ == "__main__":
    main()
