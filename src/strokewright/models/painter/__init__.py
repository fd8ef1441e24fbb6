"""Painter: pictures as placements of templates; what, where and which."""

from strokewright.models.painter.config import PainterConfig
from strokewright.models.painter.painter import Painter

__all__ = ["Painter", "PainterConfig"]
