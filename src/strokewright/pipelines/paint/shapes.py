"""Names of templates and pictures of shapes → a template bank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strokewright.errors import FormatError, OptionError
from strokewright.files.raster import read_picture
from strokewright.pipelines.trace.clean import clean
from strokewright.render.template import TemplateBank
from strokewright.render.template_shapes import TEMPLATES, Template, from_ink


def make_bank(names: Sequence[str]) -> TemplateBank:
    """Make a bank of built-in templates and pictures.

    Args:
        names: Built-in names, or paths of pictures: a dark shape on light paper, light on dark, or on nothing.

    Raises:
        OptionError: Neither a template nor a picture that can be read, or a picture without a shape.
    """
    return TemplateBank([name if name in TEMPLATES else _own(name) for name in names])


def _own(path: str) -> Template:
    if not Path(path).exists():
        raise OptionError(
            f"template: expected one of {', '.join(TEMPLATES)} or a picture's path, got {path!r}; check the spelling"
        )
    try:
        return from_ink(Path(path).stem, clean(read_picture(path)).ink)
    except FormatError as error:
        raise OptionError(f"template: {error}") from error
