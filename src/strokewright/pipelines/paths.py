"""Which files to read and where results go: globs, folders, and output patterns such as 'svg/{stem}.svg'."""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from string import Formatter

from strokewright.errors import FormatError, OptionError
from strokewright.files import Format, find_format

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FIELDS = {
    "stem": "the input's file name without its suffix",
    "name": "the input's file name",
    "parent": "the name of the input's folder",
    "i": "the number of the result, from 0; {i:03} pads it",
    "key_id": "the drawing's key_id, where its format keeps one",
    "word": "the drawing's word, where its format keeps one",
    "label": "the same as word: the class that was drawn",
}
"""Field of an output pattern → what it stands for."""

_UNSAFE = re.compile(r"[^\w.\- ]+")


def expand(inputs: Iterable[str | Path], suffixes: Collection[str]) -> list[Path]:
    """List the files that paths, globs and folders stand for.

    A folder gives the files in it (and below) with one of the suffixes, a glob what it matches; both sorted by name. A
    plain path is kept as it is, even if no such file exists: reading it tells why. No file is listed twice.

    Args:
        inputs: Paths, globs (`**` goes down folders) and folders.
        suffixes: Lower-case suffixes with the dot that count in folders.

    Returns:
        The files in order.
    """
    found: dict[Path, None] = {}
    for item in inputs:
        path = Path(item)
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
        elif not path.exists() and glob.has_magic(str(item)):
            files = sorted(Path(name) for name in glob.glob(str(item), recursive=True) if Path(name).is_file())
        else:
            files = [path]
        found.update(dict.fromkeys(files))
    return list(found)


class OutputPattern:
    """Where results go: a path with fields in braces, for example 'svg/{stem}.svg'.

    Args:
        pattern: The path. Fields: see FIELDS; doubled braces stand for themselves.

    Raises:
        OptionError: An unknown field, a stray brace, or an empty pattern.
    """

    def __init__(self, pattern: str | Path) -> None:
        self.pattern = str(pattern)
        try:
            parts = list(Formatter().parse(self.pattern))
        except ValueError as error:
            raise OptionError(f"output pattern {self.pattern!r}: {error}; write {{{{ for a brace itself") from error
        self.fields = {name for _, name, _, _ in parts if name is not None}
        unknown = sorted(self.fields - FIELDS.keys())
        if unknown or any(conversion for *_, conversion in parts):
            raise OptionError(
                f"output pattern {self.pattern!r}: expected fields from {{{'}, {'.join(FIELDS)}}}, "
                f"got {{{'}, {'.join(unknown) or '!'}}}"
            )
        if not self.pattern.strip():
            raise OptionError("output pattern: expected a path, got an empty one; name a file such as 'svg/{stem}.svg'")

    def format(self) -> Format:
        """Return the format that the suffix names. Raises OptionError when there is none that can be written."""
        try:
            found = find_format(self.pattern)
        except FormatError as error:
            raise OptionError(f"output pattern {self.pattern!r}: {error}") from error
        if found.write is None:
            raise OptionError(f"output pattern {self.pattern!r}: {found.name} cannot be written; choose another suffix")
        return found

    def fill(self, source: str | Path, i: int, metadata: Mapping[str, str] | None = None) -> Path:
        """Name one result.

        Args:
            source: The input's path.
            i: The number of the result.
            metadata: The drawing's facts, for {key_id}, {word} and {label}.

        Returns:
            The path. What comes from files cannot leave the pattern's folder: separators in it become `_`.

        Raises:
            OptionError: A field that this drawing does not have, or a format that does not fit the field.
        """
        path, facts = Path(source), metadata or {}
        values: dict[str, str | int] = {
            "stem": path.stem,
            "name": path.name,
            "parent": path.absolute().parent.name,
            "i": i,
        }
        for field, fact in (("key_id", "key_id"), ("word", "word"), ("label", "word")):
            if fact in facts:
                values[field] = _UNSAFE.sub("_", facts[fact]).lstrip(".") or "_"
        missing = sorted(self.fields - values.keys())
        if missing:
            raise OptionError(
                f"output pattern {self.pattern!r}: {path} has no {' and no '.join(missing)}; use {{stem}} or {{i}}"
            )
        try:
            return Path(self.pattern.format_map(values))
        except ValueError as error:
            raise OptionError(f"output pattern {self.pattern!r}: {error}; numbers can be padded as {{i:03}}") from error


def assign(inputs: Iterable[Path], pattern: OutputPattern) -> list[tuple[Path, Path]]:
    """Pair each input with its output.

    Raises:
        OptionError: Two inputs would be written to one file, or an input to itself.
    """
    owner: dict[Path, Path] = {}
    for i, source in enumerate(inputs):
        output = pattern.fill(source, i)
        if output in owner:
            raise OptionError(
                f"output pattern {pattern.pattern!r}: {owner[output]} and {source} would both be written to {output}; "
                "add {i} or {parent} to the pattern"
            )
        if output.absolute() == source.absolute():
            raise OptionError(f"output pattern {pattern.pattern!r}: {source} would be overwritten by its own result")
        owner[output] = source
    return [(source, output) for output, source in owner.items()]
