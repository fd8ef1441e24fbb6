"""What a sketch-rnn is: its frozen config, and the presets that are known by name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

CellName = Literal["lstm", "layer-norm", "hyper"]


class SketchRNNConfig(BaseModel):
    """Shape and loss of a sketch-rnn; the defaults are the paper's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder_cell: CellName = Field("layer-norm", description="lstm | layer-norm | hyper, in both directions")
    encoder_size: int = Field(512, ge=1, description="Units of the encoder in each direction")
    decoder_cell: CellName = Field("hyper", description="lstm | layer-norm | hyper")
    decoder_size: int = Field(2048, ge=1, description="Units of the decoder")
    hyper_size: int = Field(256, ge=1, description="Units of the smaller cell inside a HyperLSTM")
    hyper_embedding: int = Field(32, ge=1, description="Width of a HyperLSTM's embeddings")
    latent_size: int = Field(128, ge=0, description="Width of z; 0: no encoder, the decoder alone")
    components: int = Field(20, ge=1, description="Normal distributions in the mixture")
    labels: tuple[str, ...] = Field((), description="Names of the classes that it can be asked for; none: one class")
    label_size: int = Field(32, ge=1, description="Width of a label's embedding, beside z")
    n_max: int = Field(250, ge=1, description="N_max of the losses: the longest drawing of the data, in steps")
    scale_px: float = Field(1.0, gt=0, description="Pixels of the data in one model unit")
    start: Literal["pen-down", "zeros"] = Field("pen-down", description="First input: (0, 0, 1, 0, 0), or all zeros")
    recurrent_keep: float = Field(0.9, gt=0, le=1, description="Share of the candidates kept by recurrent dropout")
    kl_weight: float = Field(1.0, ge=0, description="Weight of L_KL at the end of its annealing")
    kl_weight_start: float = Field(0.01, ge=0, description="Weight of L_KL at step 0")
    kl_decay: float = Field(0.99995, gt=0, le=1, description="What a step leaves of the gap between both weights")
    kl_floor: float = Field(0.2, ge=0, description="L_KL below it is not pressed further")
    padding: Literal["counted", "masked"] = Field(
        "counted", description="Rows of padding in L_p: all up to N_max, as in the paper, or each drawing's first alone"
    )

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < len(labels):
            raise ValueError("expected distinct names")
        return labels


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "magenta": {
        "encoder_cell": "lstm",
        "encoder_size": 256,
        "decoder_cell": "lstm",
        "decoder_size": 512,
        "kl_weight": 0.5,
    },
    "small": {
        "encoder_cell": "lstm",
        "encoder_size": 128,
        "decoder_cell": "layer-norm",
        "decoder_size": 256,
        "latent_size": 64,
    },
}
"""Fields that differ from the paper's: the public trainer's defaults, and a model for small sets and computers."""
