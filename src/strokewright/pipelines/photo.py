"""A sketch and a label → small pictures that follow the sketch: `load("photo/objects")(drawing, label="dog", n=4)`.

Every picture has noise of its own, drawn from the seed and its number alone, and the model keeps running statistics: so
picture 3 of a sketch is the same whether it is made alone, as one of ten, or beside other sketches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from strokewright import weights
from strokewright.datasets.framing import SHARE, centred
from strokewright.drawing import Drawing
from strokewright.drawing.drawing import bounds
from strokewright.errors import EmptyError, OptionError
from strokewright.files import formats, read
from strokewright.files.raster import read_picture, to_image, write_picture
from strokewright.models.sketch2img import Sketch2Img
from strokewright.models.sketch2img.sketch2img import to_unit
from strokewright.models.sketch2img.sketches import (
    distance_map,
    sketch_of_drawing,
    sketch_of_picture,
)
from strokewright.pipelines.batch import Record
from strokewright.pipelines.convert import sniff
from strokewright.pipelines.paths import PICTURE_SUFFIXES, OutputPattern
from strokewright.pipelines.trace.clean import clean

DEFAULT_MODEL = "photo/objects"
_FRAME_PX = 128  # side at which pictures of lines are centred
_AT_ONCE = 16  # pictures that go through the network together

Pixels = NDArray[np.uint8]


class PhotoOptions(BaseModel):
    """How many pictures are made of a sketch, and which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str | None = Field(default=None, description="What is drawn: one of the model's labels.")
    n: int = Field(default=1, ge=1, le=10_000, description="How many pictures a sketch; the noise differs.")
    seed: int = Field(default=0, ge=0, description="Seed of the noise: the same seed gives the same pictures.")
    fit: bool | None = Field(
        default=None,
        description="Centre the lines and let them fill the page; by default as the model's sketches were.",
    )


class PhotoMaker:
    """Makes pictures of sketches, by a trained Sketch2Img.

    Args:
        source: Short name of a bundled model, a model or run folder, or a model.
        device: Where it runs: "auto", "cpu" or "cuda".

    Raises:
        WeightsError: The model is unknown, missing or damaged.
        OptionError: It is another kind of model.
    """

    def __init__(self, source: str | Path | Sketch2Img = DEFAULT_MODEL, device: str = "auto") -> None:
        self.name = "sketch2img" if isinstance(source, Sketch2Img) else str(source)
        self.model = _opened(source, device)

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can be asked for."""
        return self.model.config.labels

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.model.config.size

    def __call__(
        self, sketch: Any, label: str | None = None, n: int = 1, seed: int = 0, fit: bool | None = None
    ) -> list[Image.Image]:
        """Make pictures of one sketch.

        Args:
            sketch: A drawing, or the path of one; or a picture of lines (path, bytes, PIL image, array).
            label: What is drawn, one of `labels`; it can be left out where there is one alone.
            n: How many pictures.
            seed: Seed of their noise.
            fit: Centre the lines and let them fill the page; None: if the model learned from such sketches.

        Returns:
            n pictures of `size` × `size`; `info` of each says what `facts` does.

        Raises:
            OptionError: No label, an unknown one, or an option outside its range.
            EmptyError: The sketch is blank.
            FormatError: The file cannot be read.
        """
        pictures = [to_image(pixels) for pixels in self.pixels(sketch, label, n, seed, fit)]
        for number, picture in enumerate(pictures):
            picture.info.update(self.facts(label, seed, number))
        return pictures

    def facts(self, label: str | None, seed: int, number: int) -> dict[str, Any]:
        """Return what makes a picture the one it is, beside its sketch: model, label, seed and number."""
        return {"model": self.name, "label": self.labels[self._number(label)], "seed": seed, "number": number}

    def pixels(
        self, sketch: Any, label: str | None = None, n: int = 1, seed: int = 0, fit: bool | None = None
    ) -> Iterator[Pixels]:
        """Yield the pictures of one sketch as (size, size, 3) uint8; arguments as of a call."""
        if n < 1 or seed < 0:
            raise OptionError(f"expected n ≥ 1 and seed ≥ 0, got n={n}, seed={seed}")
        number = self._number(label)
        lines = read_sketch(sketch, self.size, self.model.config.centred if fit is None else fit)
        for begin in range(0, n, _AT_ONCE):
            count = min(_AT_ONCE, n - begin)
            yield from self.paint(
                np.repeat(lines[None], count, axis=0),
                [number] * count,
                [(seed, begin + i) for i in range(count)],
            )

    @torch.no_grad()
    def paint(
        self, sketches: Pixels, labels: Sequence[int], seeds: Sequence[int | tuple[int, int]]
    ) -> NDArray[np.uint8]:
        """Make one picture of each sketch, whatever stands beside it.

        Args:
            sketches: (batch, size, size) uint8, 255 = bare paper.
            labels: Number of each one's label.
            seeds: Seed of each one's noise, or seed and number.

        Returns:
            (batch, size, size, 3) uint8.
        """
        device, scaling = next(self.model.parameters()).device, self.model.config.scaling
        seen = np.stack([distance_map(one) if scaling is None else scaling.lines(one) for one in sketches])
        noise = np.stack([np.random.default_rng(seed).standard_normal(self.model.config.noise_size) for seed in seeds])
        pictures = self.model(
            to_unit(torch.from_numpy(seen).to(device))[:, None],
            torch.tensor(labels, device=device),
            torch.from_numpy(noise.astype(np.float32)).to(device),
        )
        pixels = ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return pixels if scaling is None else scaling.photo_back(pixels)

    def _number(self, label: str | None) -> int:
        if label is None and len(self.labels) == 1:
            return 0
        known = f"{self.name} knows {', '.join(self.labels)}, at {self.size}×{self.size} px"
        if label is None:
            raise OptionError(f"label: expected what is drawn, got none; {known}")
        if label not in self.labels:
            near = get_close_matches(label, self.labels, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise OptionError(f"label: no {label!r}; {hint}{known}")
        return self.labels.index(label)


def read_sketch(sketch: Any, size_px: int, fit: bool = False) -> Pixels:
    """Turn a drawing, or a picture of lines, into lines as the network knows them.

    Args:
        sketch: As of `PhotoMaker`.
        size_px: Side of the result.
        fit: Centre the lines and let them fill the page.

    Returns:
        (size_px, size_px) uint8, 255 = bare paper.

    Raises:
        EmptyError: There is no line.
        FormatError: The file cannot be read.
    """
    drawing = _as_drawing(sketch)
    if drawing is not None:
        if not drawing.strokes:
            raise EmptyError("expected a sketch, found a drawing without strokes; draw something first")
        if fit:
            drawing = _framed(drawing)
        return sketch_of_drawing(drawing.strokes, drawing.size, size_px)
    ink = clean(read_picture(sketch)).ink
    if not ink.any():
        raise EmptyError("expected a sketch, found bare paper; check that the lines are dark enough")
    picture = (255.5 - 255 * ink).astype(np.uint8)
    return sketch_of_picture(centred(picture, _FRAME_PX) if fit else picture, size_px)


def _as_drawing(sketch: Any) -> Drawing | None:
    """Return the drawing that this is, or that its file holds; None for a picture."""
    if isinstance(sketch, Drawing):
        return sketch
    if isinstance(sketch, str | Path):
        suffix = Path(sketch).suffix.lower()
        return read(sketch) if suffix in formats() and suffix not in PICTURE_SUFFIXES else None
    if isinstance(sketch, bytes) and not sketch.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")):
        return read(sketch, sniff(sketch))
    return None


def _framed(drawing: Drawing) -> Drawing:
    """Put a drawing's strokes on a square page that they fill to four fifths."""
    x0, y0, x1, y1 = bounds(drawing.strokes)
    side = max(x1 - x0, y1 - y0, 1e-6) / SHARE
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    return drawing.transformed([[1, 0, -left], [0, 1, -top]], (side, side))


def make_files(
    maker: PhotoMaker,
    source: Path | bytes,
    pattern: OutputPattern,
    options: PhotoOptions,
    skip_existing: bool = False,
) -> Iterator[Record]:
    """Make the pictures of one file and write each; yield a record a picture.

    Raises:
        OptionError: Pictures that would overwrite each other or their sketch, or as of `PhotoMaker`.
        StrokewrightError: The file cannot be read, or holds nothing.
    """
    paths = output_paths(source, pattern, options)
    if skip_existing and all(path.exists() for path in paths):
        yield from (Record(_name(source), str(path), ok=True, skipped=True) for path in paths)
        return
    pictures = maker.pixels(source, options.label, options.n, options.seed, options.fit)
    for number, (path, pixels) in enumerate(zip(paths, pictures, strict=True)):
        write_picture(pixels, path, facts=maker.facts(options.label, options.seed, number))
        yield Record(_name(source), str(path), ok=True)


def output_paths(source: Path | bytes, pattern: OutputPattern, options: PhotoOptions) -> list[Path]:
    """Name the pictures of one file.

    Raises:
        OptionError: Two pictures of one name, one that overwrites its sketch, or a suffix of no picture.
    """
    word = {} if options.label is None else {"word": options.label}
    paths = [pattern.fill(_name(source), i, word) for i in range(options.n)]
    if len(set(paths)) < len(paths):
        raise OptionError(f"-o {pattern.pattern}: expected {{i}} in it, since there are {options.n} pictures a sketch")
    if paths[0].suffix.lower() not in PICTURE_SUFFIXES:
        raise OptionError(
            f"-o {pattern.pattern}: expected one of {', '.join(PICTURE_SUFFIXES)}, got {paths[0].suffix!r}"
        )
    if not isinstance(source, bytes) and source.absolute() in {path.absolute() for path in paths}:
        raise OptionError(f"-o {pattern.pattern}: {source} would be overwritten by its own picture")
    return paths


def _name(source: Path | bytes) -> str:
    return "stdin" if isinstance(source, bytes) else str(source)


def _opened(source: str | Path | Sketch2Img, device: str) -> Sketch2Img:
    if isinstance(source, Sketch2Img):
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        return source.to(device).eval()
    model = weights.open_model(source, device)
    if not isinstance(model, Sketch2Img):
        raise OptionError(
            f"{source}: expected a sketch2img, got {type(model).__name__}; choose one such as {DEFAULT_MODEL}"
        )
    return model
