"""The canvas drawer: a recurrent network looks at a picture and at its own canvas, and puts down stroke after stroke.

Source: "Unsupervised image to sequence translation with canvas-drawer networks". `drawer.py` is the network and its
loss, `sliding.py` moves its field over pictures of any size, `windows.py` and `scenes.py` make what it learns from.
"""

from strokewright.models.canvas_drawer.line_drawer import LineDrawer, LineDrawerConfig
from strokewright.models.canvas_drawer.sliding import Piece, draw_sliding

__all__ = ["LineDrawer", "LineDrawerConfig", "Piece", "draw_sliding"]
