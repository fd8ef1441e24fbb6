"""The painter's config: which network, which templates, which loss."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from strokewright.render.template_shapes import TEMPLATES

Network = Literal["simple", "recurrent", "canvas-recurrent"]
Encoder = Literal["dense", "convolutional"]
Freedom = Literal["upright", "turned", "sheared"]
Latent = Literal["none", "noise", "variational", "moves"]
Cost = Literal["none", "mean", "full"]
Opening = Literal["even", "coarse-to-fine"]
Sorter = Literal["none", "pair", "depth"]


class PainterConfig(BaseModel):
    """Shape and loss of a painter; hidden width, deviation of the first weights and squared error are the thesis'."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: Network = Field("simple", description="All moves at once, by an LSTM, or by an LSTM that sees the canvas")
    encoder: Encoder = Field("dense", description="How it sees the picture")
    channels: tuple[int, ...] = Field((10, 5), min_length=1, description="Maps of the convolutions")
    hidden: int = Field(256, ge=8, description="Width of the hidden layer or the LSTM")
    layers: int = Field(1, ge=1, le=4, description="Hidden layers of the dense encoder, or after the convolutions")
    size_px: int = Field(28, ge=8, le=256, description="Side of the pictures")
    seen_px: int = Field(0, ge=0, le=256, description="Side of what the encoder sees; 0: the picture's own")
    colours: Literal[1, 3] = Field(1, description="Channels of the picture")
    paper: float = Field(1.0, ge=0, le=1, description="Lightness of the bare canvas")
    moves: int = Field(2, ge=1, le=256, description="Moves a picture")
    templates: tuple[str, ...] = Field(("square",), min_length=1, description="Built-in templates to choose from")
    learnable: bool = Field(False, description="Learn the templates' shapes")
    gamma: float = Field(1.0, gt=0, description="Sharpening of the choice of templates")
    noise: float = Field(0.0, ge=0, description="Deviation of the noise on the choice of templates while training")
    opening: Opening = Field("even", description="First sizes: all alike, or from the whole page to small ones")
    freedom: Freedom = Field("upright", description="What a template may do besides moving and stretching")
    latent: Latent = Field(
        "none", description="Noise of deviation 1 on the features, or of a deviation that is learned"
    )
    cost: Cost = Field("none", description="Latent cost: of the means, or of means and deviations")
    cost_weight: float = Field(1.0, ge=0, description="Weight of the latent cost")
    cost_share: float = Field(0.0, ge=0, le=1, description="Share of the training in which that weight rises from 0")
    pixel_deviation: float = Field(0.1, gt=0, description='With noisy "moves": of the pixels around the painting')
    latent_size: int = Field(64, ge=1, description="Width of the noisy features")
    entropy_loss: bool = Field(False, description="Cross-entropy, a sum over pixels, in place of the squared error")
    stops: bool = Field(False, description="Each move says whether it is there")
    sorter: Sorter = Field(
        "none", description="Who decides what lies above: the order, pairs of moves, or a depth each"
    )
    reads_colour: bool = Field(False, description="Begin with the picture's mean colour where a move is seen")
    looks: int = Field(0, ge=0, le=64, description="Times that each move reads its surroundings and is corrected")
    taught_looks: int = Field(0, ge=0, le=64, description="Looks while training, fewer than when painting; 0: as many")
    replacements: int = Field(
        0, ge=0, le=64, description="Times that the move needed least is laid anew where most is amiss, when painting"
    )
    polish: int = Field(0, ge=0, le=1024, description="Steps of gradient descent after the looks, when painting")
    restacks: int = Field(
        0, ge=0, le=16, description="Rounds in which every two moves change places where that is better, when painting"
    )
    usual_size: tuple[float, float] = Field(
        (0.0, 1.0), description="Mean and deviation of the logarithm of half axes, in half pages, for what is hidden"
    )
    usual_weight: float = Field(0.0, ge=0, description="Cost of a size one deviation off, in squared errors of a pixel")
    feels: bool = Field(False, description="A move that looks also feels the gradient of the error, its own part of it")
    seeks_colour: bool = Field(
        False, description="A move that looks also reads where the picture has the move's own colour; first ones differ"
    )
    glimpse_px: int = Field(10, ge=4, le=32, description="Side of what a move reads")
    early_share: float = Field(0.0, ge=0, le=1, description="Weight of the paintings before the last correction")
    lesson: float = Field(0.0, ge=0, description="Weight of what the truth of a synthetic picture teaches")
    lesson_share: float = Field(1.0, gt=0, le=1, description="Share of the training after which it teaches no more")
    coarse_px: int = Field(
        0, ge=0, le=256, description="Side of the canvas early in the training; 0: the pictures' own"
    )
    coarse_share: float = Field(0.8, ge=0, le=1, description="Share of the training in which that is so")
    softness_px: float = Field(0.0, ge=0, description="Softness of the edges at the start of training")
    soft_share: float = Field(0.3, ge=0, le=1, description="Share of the training after which edges are sharp")

    @model_validator(mode="after")
    def _known(self) -> Self:
        wrong = [name for name in self.templates if name not in TEMPLATES]
        if wrong:
            raise ValueError(f"templates: expected some of {', '.join(TEMPLATES)}, got {wrong[0]!r}")
        if self.sorter == "pair" and self.moves != 2:
            raise ValueError(f'sorter: "pair" sorts 2 moves, got {self.moves}; choose "depth"')
        if self.latent == "moves" and self.freedom != "upright":
            raise ValueError('latent: "moves" needs freedom="upright": it is their corners that are noisy')
        if self.restacks and (self.sorter != "depth" or self.freedom != "upright"):
            raise ValueError('restacks: upright moves with a depth change places; expected sorter: "depth"')
        if self.reads_colour and self.sorter != "none":
            raise ValueError("reads_colour: a move is only known to be seen where the order is fixed; sorter: none")
        return self
