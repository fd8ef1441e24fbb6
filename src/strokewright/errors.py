"""The errors that Strokewright raises on purpose.

    StrokewrightError
    ├── DrawingError   a drawing or mark that cannot exist (NaN points, negative width)
    ├── FormatError    a file that cannot be read or written; names the path and, where known, the line
    ├── WeightsError   a model that is unknown, missing or damaged; says how to get it
    ├── OptionError    an option outside its range, or options that contradict each other
    ├── DataError      a data set that is missing, empty or not of the stated shape
    └── EmptyError     nothing to write: the input held no marks

Every message says what was expected, what came, and what to do.
"""


class StrokewrightError(Exception):
    """Base of every error that Strokewright raises on purpose."""


class DrawingError(StrokewrightError):
    """A drawing or a mark that cannot exist."""


class FormatError(StrokewrightError):
    """A file that cannot be read or written.

    Args:
        message: What was expected, what came, what to do.
        path: The file, or None for a stream.
        line: 1-based line of the file, where known.
    """

    def __init__(self, message: str, path: object = None, line: int | None = None) -> None:
        self.path = path
        self.line = line
        place = "" if path is None else f"{path}: " if line is None else f"{path}, line {line}: "
        super().__init__(place + message)


class WeightsError(StrokewrightError):
    """A model that is unknown, missing or damaged."""


class OptionError(StrokewrightError):
    """An option outside its range, or options that contradict each other."""


class DataError(StrokewrightError):
    """A data set that is missing, empty or not of the stated shape."""


class EmptyError(StrokewrightError):
    """Nothing to write: the input held no marks."""
