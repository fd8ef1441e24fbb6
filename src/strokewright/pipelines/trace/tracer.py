"""`load("trace/lineart")`: the trained drawer, ready to trace pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from strokewright import weights
from strokewright.drawing import Drawing, Stroke
from strokewright.errors import OptionError
from strokewright.models.canvas_drawer import LineDrawer
from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.trace import trace, trace_stream

if TYPE_CHECKING:
    from strokewright.pipelines.batch import OnError, Record


class Tracer:
    """A picture in, an ordered drawing out.

    Args:
        name: Short name of a bundled drawer.
        device: Where the drawer runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The name is unknown, or the file is missing or damaged.
        OptionError: The name is that of another kind of model.
    """

    def __init__(self, name: str = "trace/lineart", device: str = "auto") -> None:
        model = weights.load_model(name, device)
        if not isinstance(model, LineDrawer):
            raise OptionError(f"{name}: expected a line drawer, got {type(model).__name__}; choose trace/lineart")
        self.name = name
        self.drawer = model

    def __call__(self, picture: Any, **options: Any) -> Drawing:
        """Trace one picture (path, bytes, stream, PIL image or array); options are those of `TraceOptions`."""
        chosen = _options(options)
        return trace(picture, chosen, self.drawer).replace(maker=f"{self.name} {chosen.method}")

    def stream(self, picture: Any, **options: Any) -> Iterator[Stroke]:
        """Yield strokes in drawing order, each as soon as it is final."""
        return trace_stream(picture, _options(options), self.drawer)

    def map(
        self,
        pictures: str | Path | Iterable[str | Path],
        out: str | Path,
        *,
        workers: int | None = None,
        skip_existing: bool = False,
        on_error: OnError = "raise",
        **options: Any,
    ) -> Iterator[Record]:
        """Trace many pictures into files by a pool of processes; arguments as in `trace_files`."""
        from strokewright.pipelines.trace_files import trace_files

        return trace_files(
            pictures,
            out,
            _options(options),
            model=self.name,
            workers=workers,
            skip_existing=skip_existing,
            on_error=on_error,
        )


def _options(values: dict[str, Any]) -> TraceOptions:
    try:
        return TraceOptions(**values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(TraceOptions.model_fields)
        raise OptionError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; options are {known}") from error
