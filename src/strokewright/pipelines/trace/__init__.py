"""Picture → ordered strokes, the main job. Start reading in trace.py."""

from strokewright.pipelines.trace.options import TraceOptions
from strokewright.pipelines.trace.trace import trace, trace_stream
from strokewright.pipelines.trace.tracer import Tracer

__all__ = ["TraceOptions", "Tracer", "trace", "trace_stream"]
