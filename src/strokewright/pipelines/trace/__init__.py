"""Picture → ordered strokes, the main job. Start reading in trace.py."""

from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.trace import trace, trace_stream

__all__ = ["TraceOptions", "trace", "trace_stream"]
