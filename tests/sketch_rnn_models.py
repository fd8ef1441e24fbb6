"""Small sketch-rnns of random weights, for tests."""

import torch

from strokewright.models.sketch_rnn import SketchRNN, SketchRNNConfig


def build(labels=("cat", "sheep"), latent=6, n_max=40, seed=0, **changes):
    """A small model of random weights, a bit louder than at the start of a training, that seldom ends."""
    torch.manual_seed(seed)
    sizes = {"encoder_size": 8, "decoder_size": 16, "hyper_size": 8, "hyper_embedding": 4, "label_size": 4}
    config = sizes | {"decoder_cell": "lstm", "components": 4, "labels": labels, "latent_size": latent, "n_max": n_max}
    model = SketchRNN(SketchRNNConfig(**config | {"scale_px": 40.0} | changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.15)
        model.head.bias[2] -= 1.5
    return model
