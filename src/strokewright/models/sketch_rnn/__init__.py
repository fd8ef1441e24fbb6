"""sketch-rnn: a recurrent autoencoder that draws, step by step.

Source: "A Neural Representation of Sketch Drawings". `vae.py` is the model, `config.py` its config and presets,
`cells.py` its three kinds of cells, `mixture.py` the distribution of the next row, `losses.py` what it learns by.
"""

from strokewright.models.sketch_rnn.config import PRESETS, SketchRNNConfig
from strokewright.models.sketch_rnn.vae import SketchRNN

__all__ = ["PRESETS", "SketchRNN", "SketchRNNConfig"]
