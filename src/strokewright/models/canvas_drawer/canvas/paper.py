"""The paper's canvas network: sees the state, mixes in the action, and makes the layer by residual convolutions.

The action goes through feed-forward layers to a small map; the state is folded to the same size; both are added, go
through residual layers, and are unfolded to pixels.

Source: "Unsupervised image to sequence translation with canvas-drawer networks", sections 3.2 and 7.1, Figure 2: leaky
rectifiers of 0.2, no batch norm. Differs from the paper in the folding of 4×4 pixels into channels, for speed, and in
widths, which it does not give.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.errors import OptionError

_LEAK = 0.2
_FOLD = 4
_MAP = 16  # channels of the action's map
_WIDE = 256


class PaperCanvas(nn.Module):
    """Layers (batch, layer channels, size, size) from actions and states.

    Args:
        columns: Numbers of an action.
        canvas_channels: Channels of a state.
        layer_channels: Channels of a layer.
        size_px: Side of the pictures, a multiple of 4.
        channels: Channels of the residual layers.
        blocks: How many residual layers.
    """

    def __init__(
        self, columns: int, canvas_channels: int, layer_channels: int, size_px: int, channels: int, blocks: int
    ) -> None:
        super().__init__()
        if size_px % _FOLD:
            raise OptionError(f"canvas network, preset paper: expected a side that is a multiple of 4, got {size_px}")
        self.size_px, self.side = size_px, size_px // _FOLD
        self.action = nn.Sequential(
            nn.Linear(columns, _WIDE),
            nn.LeakyReLU(_LEAK),
            nn.Linear(_WIDE, _WIDE),
            nn.LeakyReLU(_LEAK),
            nn.Linear(_WIDE, _MAP * self.side**2),
            nn.LeakyReLU(_LEAK),
            nn.Unflatten(1, (_MAP, self.side, self.side)),
            nn.Conv2d(_MAP, channels, 3, padding=1),
        )
        self.state = nn.Conv2d(canvas_channels * _FOLD**2, channels, 3, padding=1)
        self.residual = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.LeakyReLU(_LEAK),
                nn.Conv2d(channels, channels, 3, padding=1),
            )
            for _ in range(blocks)
        )
        self.out = nn.Conv2d(channels, layer_channels * _FOLD**2, 3, padding=1)

    def forward(self, action: Tensor, canvas: Tensor) -> Tensor:
        """Paint actions (batch, columns) in [0, 1], seeing the states (batch, canvas channels, size, size).

        Raises:
            OptionError: States of another size.
        """
        if canvas.shape[-1] != self.size_px:
            raise OptionError(
                f"canvas network, preset paper: expected canvases of {self.size_px} px, got {canvas.shape[-1]}; "
                "train one for this size, or use the preset coordinate"
            )
        state = self.state(F.pixel_unshuffle(canvas - canvas.new_tensor(0.5), _FOLD))
        hidden = F.leaky_relu(self.action(action - 0.5) + state, _LEAK)
        for block in self.residual:
            hidden = F.leaky_relu(hidden + block(hidden), _LEAK)
        return F.pixel_shuffle(self.out(hidden), _FOLD).sigmoid()
