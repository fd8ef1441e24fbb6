"""What a Sketch2Img is: its frozen config, and the presets that are known by name.

The defaults are the preset `paper`: SketchyGAN's network with the report's losses, their faults mended. `modern` is
the one that trains without collapse: a relativistic loss with R1 and R2, augmentation, noise that is made to matter.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from strokewright.models.sketch2img.scaling import ReportScaling

SMALLEST_PX = 32
"""Smallest side of a picture: four units halve it down to 2 px."""


class Sketch2ImgConfig(BaseModel):
    """Networks and losses of a Sketch2Img."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...] = Field(("picture",), min_length=1, description="Names of the classes it knows")
    kinds: int = Field(0, ge=0, description="Finer classes that the class losses tell apart; 0: the labels themselves")
    centred: bool = Field(
        False, description="Sketches lay in the middle and filled four fifths of the page, not as drawn"
    )
    scaling: ReportScaling | None = Field(
        None, description="The report's normalisation of photos and inverted lines; none: photos and distance maps"
    )
    size: int = Field(64, ge=SMALLEST_PX, le=256, description="Side of the pictures in pixels: 32, 64, 128 or 256")
    base: int = Field(64, ge=4, description="Width of both networks: channels of the first unit")
    network: Literal["mru", "unet"] = Field(
        "mru", description="mru: masked residual units | unet: the baseline, a plain U-Net with a patch discriminator"
    )
    start: Literal["sketch", "label"] = Field(
        "sketch", description="First feature map: the processed sketch (8 channels), or the label as a learned picture"
    )
    norm: Literal["conditional", "plain"] = Field(
        "conditional", description="Batch norm of the generator: a scale and shift for each label, or for all"
    )
    class_deviation: float = Field(
        0.0, ge=0, description="Deviation of the norms' scales and shifts at first; 0: all labels begin alike"
    )
    noise_size: int = Field(256, ge=1, description="Width of the noise z")
    discriminator_stride: Literal[1, 2] = Field(1, description="Stride of the discriminator's first convolution")
    discriminator_sees_sketch: bool = Field(True, description="Whether the discriminator sees picture and sketch")
    spectral_norm: bool = Field(False, description="Spectral norm on every layer of the discriminator")

    adversarial: Literal["cross-entropy", "hinge", "relativistic"] = Field(
        "cross-entropy", description="cross-entropy | hinge | relativistic: real against fake of the same sketch"
    )
    penalty: Literal["none", "dragan", "r1r2"] = Field(
        "dragan", description="On the discriminator's slope: none | dragan | r1r2: at real and fake pictures"
    )
    penalty_weight: float = Field(10.0, ge=0, description="DRAGAN's lambda, or the gamma of R1 and R2 at the start")
    penalty_weight_end: float = Field(10.0, ge=0, description="The same at the end of the run")
    penalty_every: int = Field(1, ge=1, description="The penalty is taken each so many steps, and weighs as much more")
    real_target: float = Field(1.0, gt=0.5, le=1, description="Cross-entropy: what real pictures should give")
    target_noise: float = Field(0.0, ge=0, le=0.5, description="Cross-entropy: the targets vary by up to so much")
    flip_share: float = Field(0.0, ge=0, lt=0.5, description="Cross-entropy: share of real and fake swapped by chance")
    focus: float = Field(2.0, ge=0, description="Exponent of the focal class loss; 0: plain cross-entropy")
    class_weight: float = Field(1.0, ge=0, description="Discriminator: weight of the class loss, on real pictures")
    class_on_fakes: bool = Field(False, description="The report's fault: teaches it that fakes are of their class too")
    generator_class_weight: float = Field(
        0.5, description="Generator: weight of the class loss of fakes; below 0: the report's fault"
    )
    l1_weight: float = Field(10.0, ge=0, description="Weight of |picture - photo| at the start")
    l1_weight_end: float = Field(10.0, ge=0, description="The same at the end of the run")
    perceptual_weight: float = Field(3.0, ge=0, description="Weight of the distance of features")
    feature_net: str = Field(
        "",
        description='What sees the features: the folder of a photo classifier, or "module:callable" that makes '
        "another FeatureNet; empty: scales and gradients of the pixels",
    )
    diversity_weight: float = Field(10.0, ge=0, description="Reward for |G(z1) - G(z2)| / |z1 - z2|")
    diversity_limit: float | None = Field(None, gt=0, description="Where the reward ends; none: nowhere")
    diversity_share: float = Field(1.0, gt=0, le=1, description="Share of a batch painted twice for the diversity loss")
    augment: tuple[Literal["translation", "colour", "cutout"], ...] = Field(
        (), description="Changes of all that the discriminator sees, sketch and picture together"
    )

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < len(labels):
            raise ValueError("expected distinct names")
        return labels

    @field_validator("size")
    @classmethod
    def _power_of_two(cls, size: int) -> int:
        if size & (size - 1):
            raise ValueError("expected 32, 64, 128 or 256")
        return size

    @model_validator(mode="after")
    def _label_counts(self) -> Self:
        if self.network == "mru" and self.start == "sketch" and self.norm == "plain" and len(self.labels) > 1:
            raise ValueError('expected norm="conditional" or start="label", else the label changes nothing')
        return self


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "modern": {
        "class_deviation": 0.3,
        "adversarial": "relativistic",
        "penalty": "r1r2",
        "penalty_weight": 2.0,
        "penalty_weight_end": 0.2,
        "penalty_every": 8,
        "generator_class_weight": 0.1,
        "l1_weight_end": 1.0,
        "diversity_weight": 200.0,
        "diversity_limit": 0.005,
        "diversity_share": 0.25,
        "augment": ("translation", "colour", "cutout"),
    },
    "pix2pix": {
        "network": "unet",
        "penalty": "none",
        "class_weight": 0.0,
        "generator_class_weight": 0.0,
        "l1_weight": 100.0,
        "l1_weight_end": 100.0,
        "perceptual_weight": 0.0,
        "diversity_weight": 0.0,
    },
}
