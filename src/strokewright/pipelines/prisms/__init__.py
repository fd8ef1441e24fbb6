"""Three orthogonal pictures → boxes in a cube. Start reading in boxes.py."""

from strokewright.pipelines.prisms.boxes import Boxes, find_boxes
from strokewright.pipelines.prisms.views import Views

__all__ = ["Boxes", "Views", "find_boxes"]
