"""What a user may choose when tracing; the command's options are these fields."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["hybrid", "skeleton", "drawer"]


class TraceOptions(BaseModel):
    """Options of `trace`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(
        default="hybrid",
        description="Where strokes come from: drawer (the trained network alone), skeleton (the ink's middle lines), "
        "or hybrid (the skeleton first, then the drawer for what is still missing).",
    )
    detail: float = Field(default=0.5, ge=0, le=1, description="0 = few, simple strokes; 1 = as faithful as possible.")
    max_strokes: int | None = Field(
        default=None, ge=1, description="Keep at most this many strokes, the most useful ones."
    )
    order: Literal["hand", "plot", "keep"] = Field(
        default="hand", description="Drawing order: hand (as a person would), plot (least pen travel), keep (as found)."
    )

    @property
    def tolerance_px(self) -> float:
        """How far a fitted curve may leave the measured centre line."""
        return 3.25 * 2.0 ** (2 * (0.5 - self.detail))

    @property
    def price_px(self) -> float:
        """Squared error, in pixels of full ink, that a stroke must save to be kept."""
        return 1.5 * 16.0 ** (2 * (0.5 - self.detail)) if self.detail < 1 else 0.0
