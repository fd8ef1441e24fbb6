"""Draw, complete, blend and measure with a sketch-rnn: `load("sketch/doodles")`."""

from strokewright.pipelines.sketch_rnn.options import BlendOptions, CompleteOptions, DecodeOptions, SampleOptions
from strokewright.pipelines.sketch_rnn.sheet import sheet
from strokewright.pipelines.sketch_rnn.sketcher import Point, Sketcher

__all__ = ["BlendOptions", "CompleteOptions", "DecodeOptions", "Point", "SampleOptions", "Sketcher", "sheet"]
