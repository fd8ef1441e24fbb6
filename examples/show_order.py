"""Trace a picture and show the order of its strokes as colours: blue is drawn first, red last.

python examples/show_order.py examples/cat.png out/order.png
"""

import sys
from colorsys import hsv_to_rgb

import strokewright as sw


def main(picture: str, out: str) -> None:
    """Trace, recolour, save."""
    drawing = sw.load("trace/lineart")(picture)
    last = max(1, len(drawing.strokes) - 1)
    coloured = [
        stroke.replace(colour=hsv_to_rgb(0.66 * (1 - i / last), 0.9, 0.8)) for i, stroke in enumerate(drawing.strokes)
    ]
    drawing.replace(marks=tuple(coloured), background=(1.0, 1.0, 1.0)).save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
