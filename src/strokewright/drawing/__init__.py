"""The noun that everything meets in: ordered marks on a page. NumPy only."""

from strokewright.drawing.drawing import Box, Drawing, Mark, Prism, Stamp, Stroke

__all__ = ["Box", "Drawing", "Mark", "Prism", "Stamp", "Stroke"]
