"""What a user may choose when finding rooms; the command's options are these fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RoomOptions(BaseModel):
    """Options of `find_rooms`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_score: float = Field(
        default=0.25, ge=0, le=1, description="Leave out rooms whose score, the chance to be right, is lower."
    )
    views: int = Field(
        default=8, ge=1, le=8, description="In how many turned and mirrored views to look at the plan; fewer is faster."
    )
