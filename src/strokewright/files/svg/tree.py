"""XML bytes → a tree of elements, within limits. Nothing but the bytes is looked at: no entity, file or address."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from strokewright.errors import FormatError

MAX_DEPTH = 200
MAX_ELEMENTS = 500_000
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
OWN = "urn:strokewright"


@dataclass(slots=True)
class Element:
    """An XML element.

    Args:
        tag: Its name; names outside SVG's namespace are "namespace name".
        attributes: By name, likewise; later ones of the cascade are filled in by the reader.
        line: 1-based line of its start.
        children: The elements inside.
        texts: The pieces of text directly inside.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list["Element"])
    texts: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        """All text directly inside."""
        return "".join(self.texts)


def parse_xml(data: bytes) -> Element:
    """Parse XML to its root element.

    Raises:
        FormatError: Not well-formed, deeper than 200 elements, more than 500,000 of them, or with entities of its own.
    """
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        message = f"expected well-formed SVG, got: {expat.ErrorString(error.code)}; repair the file"
        raise FormatError(message, line=error.lineno) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not as expat needs it
        raise FormatError(f"expected SVG in UTF-8 or a common encoding, got: {error}") from error
    return builder.open[0].children[0]


class _Builder:
    """Collects elements from the parser's events; keeps the open ones on a stack below an invisible first one."""

    def __init__(self) -> None:
        self.open = [Element("", {}, 0)]
        self.count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.refuse_entity

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        line = self.parser.CurrentLineNumber
        if len(self.open) > MAX_DEPTH:
            raise FormatError(f"expected at most {MAX_DEPTH} elements inside each other, got more; ungroup", line=line)
        if self.count > MAX_ELEMENTS:
            raise FormatError(f"expected at most {MAX_ELEMENTS} elements, got more; split the file", line=line)
        element = Element(name.removeprefix(SVG + " "), attributes, line)
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, name: str) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def refuse_entity(self, name: str, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise FormatError(f"expected SVG without entities, got one named {name!r}; save as plain SVG", line=line)
