"""Maker, seed, background and metadata of a Drawing inside SVG: one element of our own in <metadata>, no date.

It reads <drawing xmlns="urn:strokewright"><maker>…</maker><seed>7</seed><fact name="key_id">…</fact></drawing>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from strokewright.drawing import Drawing
from strokewright.drawing.drawing import Colour
from strokewright.files.svg.tree import OWN, Element
from strokewright.files.svg.values import parse_colour

WHITE: Colour = (1.0, 1.0, 1.0)
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Facts:
    """What the file says about the drawing as a whole."""

    maker: str = ""
    seed: int | None = None
    background: Colour | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])


def read_facts(root: Element) -> Facts:
    """Read our own element, if there is one. Raises ValueError for a seed or a colour that cannot be read."""
    facts = Facts()
    for holder in (child for child in root.children if child.tag == "metadata"):
        for own in (child for child in holder.children if child.tag == f"{OWN} drawing"):
            for child in own.children:
                _read_fact(child, facts)
    return facts


def _read_fact(element: Element, facts: Facts) -> None:
    match element.tag.removeprefix(OWN + " "):
        case "maker":
            facts.maker = element.text
        case "seed":
            facts.seed = int(element.text)
        case "background":
            paint = parse_colour(element.text)
            facts.background = paint[0] if paint else None
        case "fact":
            facts.metadata[element.attributes.get("name", "")] = element.text
        case _:
            pass


def spell_facts(drawing: Drawing) -> str:
    """Return the <metadata> element, or nothing where there is nothing to say."""
    parts: list[str] = []
    if drawing.maker:
        parts.append(f"<maker>{spell_text(drawing.maker)}</maker>")
    if drawing.seed is not None:
        parts.append(f"<seed>{drawing.seed}</seed>")
    if drawing.background != WHITE:
        parts.append(f"<background>{spell_colour(drawing.background)}</background>")
    for name, value in drawing.metadata.items():
        parts.append(f"<fact name={spell_attribute(name)}>{spell_text(value)}</fact>")
    return f'<metadata><drawing xmlns="{OWN}">{"".join(parts)}</drawing></metadata>\n' if parts else ""


def spell_text(text: str) -> str:
    """Escape text for XML; characters that XML cannot hold become U+FFFD."""
    return escape(_NOT_IN_XML.sub("\ufffd", str(text)), {"\r": "&#13;"})


def spell_attribute(text: str) -> str:
    """Quote and escape an attribute's value."""
    return quoteattr(_NOT_IN_XML.sub("\ufffd", str(text)))


def spell_colour(colour: Colour) -> str:
    """Return "#rrggbb", or "#rgb" where that says the same."""
    text = "#" + "".join(f"{round(channel * 255):02x}" for channel in colour)
    return f"#{text[1]}{text[3]}{text[5]}" if text[1::2] == text[2::2] else text
