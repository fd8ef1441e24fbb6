"""Canvas-Drawer: networks that draw, trained through a canvas.

Source: "Unsupervised image to sequence translation with canvas-drawer networks". `drawer.py` draws whole pictures in a
fixed number of marks, from any vocabulary and through any canvas; `canvas/` is the learned one.
`line_drawer.py` draws line art with as many strokes as it takes, and `sliding.py` moves it over pages of any size.
`pictures.py`, `windows.py` and `scenes.py` make what they learn from.
"""

from strokewright.models.canvas_drawer.canvas.network import CanvasNetwork, CanvasNetworkConfig
from strokewright.models.canvas_drawer.drawer import Drawer, DrawerConfig
from strokewright.models.canvas_drawer.line_drawer import LineDrawer, LineDrawerConfig
from strokewright.models.canvas_drawer.sliding import Piece, draw_sliding

__all__ = [
    "CanvasNetwork",
    "CanvasNetworkConfig",
    "Drawer",
    "DrawerConfig",
    "LineDrawer",
    "LineDrawerConfig",
    "Piece",
    "draw_sliding",
]
