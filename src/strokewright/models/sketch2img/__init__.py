"""Sketch2Img: a sketch and a label become small pictures that follow the sketch. Start reading at `sketch2img.py`.

Source: the report Sketch2Img (Wang, Kim, Carson, Kovach 2019), after SketchyGAN (Chen and Hays 2018).
"""

from strokewright.models.sketch2img.config import PRESETS, Sketch2ImgConfig
from strokewright.models.sketch2img.sketch2img import Sketch2Img

__all__ = ["PRESETS", "Sketch2Img", "Sketch2ImgConfig"]
