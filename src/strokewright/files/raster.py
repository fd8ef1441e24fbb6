"""Pictures: PNG, JPEG and WebP in, the same out. The only place that opens or writes pixels.

What comes in is turned upright (EXIF), and grey, palette, 16-bit, CMYK and alpha all become red, green, blue, alpha.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import ExifTags, Image, ImageOps

from strokewright.errors import FormatError, OptionError, StrokewrightError
from strokewright.files.atomic import write_atomically

MAX_PIXELS = 100_000_000
MAX_SIDE = 20_000
MAX_BYTES = 512 * 2**20
_KINDS = ("PNG", "JPEG", "WEBP")
_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

Picture = str | PurePath | bytes | BinaryIO | Image.Image | NDArray[Any]


def read_picture(source: Picture, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Read a picture, upright, as red, green, blue, alpha.

    Args:
        source: A path, a file's bytes, a binary stream, a PIL image, or an array (height, width) or (height, width,
            1 to 4): uint8, uint16, bool, or floats in [0, 1]; two channels are grey and alpha.
        dtype: float32 in [0, 1], or uint8 in 0..255 at a quarter of the memory.

    Returns:
        (height, width, 4).

    Raises:
        FormatError: Not a PNG, JPEG or WebP, damaged, empty, over 100 megapixels or over 20,000 px a side.
        OptionError: Another dtype.
    """
    wanted = np.dtype(dtype)
    if wanted not in (np.dtype(np.float32), np.dtype(np.uint8)):
        raise OptionError(f"dtype: expected float32 or uint8, got {wanted}")
    if isinstance(source, np.ndarray):
        return _to_rgba(_checked_array(source), wanted)
    path = str(source) if isinstance(source, str | PurePath) else None
    with _reporting(path):
        if isinstance(source, Image.Image):
            return _decode(source, wanted)
        data = _bytes_of(source) if isinstance(source, str | PurePath) else source
        if not isinstance(data, bytes) and not hasattr(data, "read"):
            kind = type(source).__name__
            raise FormatError(f"expected a path, bytes, a binary stream, a PIL image or an array, got {kind}")
        stream = io.BytesIO(data) if isinstance(data, bytes) else data
        with Image.open(stream, formats=_KINDS) as image:
            return _decode(image, wanted)


def write_picture(
    array: NDArray[Any],
    target: str | PurePath | BinaryIO,
    format: str = "png",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write a picture atomically; the same pixels and facts give the same bytes.

    Args:
        array: (height, width), (height, width, 3) or (height, width, 4): uint8, or floats that are clipped to [0, 1].
        target: A path whose suffix (.png, .jpg, .webp) chooses the format, or a binary stream.
        format: "png", "jpg" or "webp" for a stream.
        facts: What made it; kept as JSON in the EXIF field ImageDescription.

    Raises:
        FormatError: Another suffix or shape, or the file cannot be written.
    """
    suffix = PurePath(target).suffix.lower() if isinstance(target, str | PurePath) else f".{format.lstrip('.').lower()}"
    kind = _SUFFIXES.get(suffix)
    if kind is None:
        raise FormatError(f"expected a picture's suffix ({', '.join(_SUFFIXES)}), got {suffix!r}; choose one of these")
    image = to_image(array)
    buffer = io.BytesIO()
    more: dict[str, Any] = {}
    if facts:
        more["exif"] = Image.Exif()
        more["exif"][ExifTags.Base.ImageDescription] = json.dumps(facts)
    (image.convert("RGB") if kind == "JPEG" else image).save(buffer, kind, **more)
    if isinstance(target, str | PurePath):
        write_atomically(Path(target), buffer.getvalue())
    else:
        target.write(buffer.getvalue())


def to_image(array: NDArray[Any]) -> Image.Image:
    """Turn pixels as in `write_picture` into a PIL image. Raises FormatError for another shape."""
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise FormatError(f"expected pixels (height, width), or with 3 or 4 channels last, got {array.shape}")
    if array.dtype != np.uint8:
        array = (np.clip(array, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))


def _bytes_of(path: str | PurePath) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"expected a picture to read, got: {error.strerror}; check the path") from error


@contextmanager
def _reporting(path: str | None) -> Generator[None]:
    """Turn whatever a decoder raises over hostile bytes into a FormatError, and keep its warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except StrokewrightError as error:
        raise FormatError(str(error), path) from error
    except Image.DecompressionBombError as error:
        raise FormatError(_too_large("even more"), path) from error
    except Image.UnidentifiedImageError as error:
        raise FormatError("expected a PNG, JPEG or WebP picture, got something else; convert it first", path) from error
    except Exception as error:  # the decoders raise OSError, SyntaxError, ValueError, struct.error, zlib.error, …
        raise FormatError(f"expected a whole picture, got damaged data or none ({error})", path) from error


def _too_large(got: str) -> str:
    return (
        f"expected a picture of at most {MAX_PIXELS // 10**6} megapixels and {MAX_SIDE:,} px a side, got {got}; "
        "scale it down"
    )


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise FormatError(_too_large(f"{width:,}×{height:,} px"))
    if width == 0 or height == 0:
        raise FormatError(f"expected a picture with pixels, got {width}×{height} px")


def _checked_array(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= 4):
        raise FormatError(f"expected pixels (height, width), or with 1 to 4 channels last, got shape {array.shape}")
    _check_size(array.shape[1], array.shape[0])
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise FormatError("expected finite pixels, got NaN or infinity; fill them first")
    if array.dtype.kind not in "fbu":
        raise FormatError(f"expected uint8, uint16, bool or float pixels, got {array.dtype}; convert them first")
    return array


def _decode(image: Image.Image, wanted: np.dtype[Any]) -> NDArray[Any]:
    _check_size(*image.size)
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16-bit grey
        return _to_rgba(np.asarray(upright).clip(0, 65535).astype(np.uint16), wanted)
    if upright.mode in ("L", "RGB", "RGBA") and "transparency" not in upright.info:
        return _to_rgba(np.asarray(upright), wanted)
    return _to_rgba(np.asarray(upright.convert("RGBA")), wanted)


def _to_rgba(pixels: NDArray[Any], wanted: np.dtype[Any]) -> NDArray[Any]:
    """Spread (height, width[, channels]) over four channels and convert the numbers, without large temporaries."""
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    channels = planes.shape[2]
    result = np.empty((*planes.shape[:2], 4), dtype=wanted)
    top = 255 if wanted == np.uint8 else 1.0
    for index in range(3):
        result[..., index] = _convert(planes[..., index if channels >= 3 else 0], top)
    result[..., 3] = _convert(planes[..., channels - 1], top) if channels in (2, 4) else top
    return result


def _convert(plane: NDArray[Any], top: float) -> NDArray[Any]:
    """Scale one channel so that its type's full value becomes `top`."""
    if plane.dtype == np.uint8 and top == 255:
        return plane
    if plane.dtype.kind == "f":
        scaled = np.clip(plane, 0, 1).astype(np.float32)
    elif plane.dtype.kind == "b":
        scaled = plane.astype(np.float32)
    else:
        scaled = plane.astype(np.float32) / np.float32(np.iinfo(cast(Any, plane.dtype)).max)
    return scaled if top == 1.0 else np.rint(scaled * np.float32(top))
