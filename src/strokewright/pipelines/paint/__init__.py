"""Any picture → a painting: moves of templates in order. Start reading in paint.py."""

from strokewright.pipelines.paint.options import PaintOptions
from strokewright.pipelines.paint.paint import paint_picture

__all__ = ["PaintOptions", "paint_picture"]
