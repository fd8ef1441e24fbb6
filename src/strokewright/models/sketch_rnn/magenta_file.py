"""Magenta's JSON files of sketch-rnn weights (`bird.gen.json`): bytes ⇄ named integer arrays.

A file is `[info, dims, blobs]`. Each blob is an array of 16-bit integers q, as base64 (little-endian) or as a plain
list; the weight is q · 10 / 32767, row-major in the shape of `dims`, made for row vector times matrix. A "gen" file
holds the 5 arrays of a decoder, a "vae" file 17: encoder, latent, start state and decoder, all plain LSTM.

Integers are kept as they are, so that a file that was read is written again bit for bit.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from strokewright.errors import WeightsError
from strokewright.files.atomic import write_atomically

Kind = Literal["gen", "vae"]
MAX_BYTES = 128 * 2**20  # unpacked; 512 units take 3 MB, 2,048 units 45 MB
STEP = 10 / 32767
"""What the integer 1 stands for."""

_DECODER = ("output_weight", "output_bias", "decoder_input", "decoder_hidden", "decoder_bias")
_ENCODER = tuple(f"{way}_{part}" for way in ("forward", "backward") for part in ("input", "hidden", "bias"))
_LATENT = ("mean_weight", "mean_bias", "variance_weight", "variance_bias", "start_weight", "start_bias")
NAMES: dict[Kind, tuple[str, ...]] = {"gen": _DECODER, "vae": (*_ENCODER, *_LATENT, *_DECODER)}
"""Arrays in the order of the file."""
_MODES: dict[object, Kind] = {2: "gen", "gen": "gen", 0: "vae", 1: "vae", "vae": "vae"}


@dataclass(frozen=True)
class MagentaFile:
    """What a file holds.

    Args:
        kind: "gen" (decoder alone) or "vae".
        info: The file's facts: name, version, max_seq_len, scale_factor; any can be missing.
        integers: Name (see NAMES) → int16 array; weights are STEP times these, in [-10, 10].
    """

    kind: Kind
    info: Mapping[str, Any]
    integers: Mapping[str, NDArray[np.int16]]

    def weight(self, name: str) -> NDArray[np.float32]:
        """Return an array as the numbers it stands for."""
        return (self.integers[name].astype(np.float64) * STEP).astype(np.float32)

    def number(self, key: str, default: float) -> float:
        """Return a positive number of `info`, or the default where the file has none."""
        value = self.info.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6:
            raise WeightsError(
                f"Magenta JSON: info {key}: expected a number > 0, got {value!r}; correct it in the file"
            )
        return float(value)


def to_integers(name: str, weight: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Round weights to the file's integers.

    Raises:
        WeightsError: A weight is not finite or lies outside [-10, 10], which the format cannot hold.
    """
    steps = np.rint(weight.astype(np.float64) / STEP)
    if not ((steps >= -(2**15)) & (steps < 2**15)).all():  # NaN fails too
        largest = float(np.abs(weight).max())
        raise WeightsError(
            f"Magenta JSON: {name}: expected weights in [-10, 10], the most that the format holds, got {largest:g}; "
            "save the model by save_pretrained"
        )
    return steps.astype(np.int16)


def read_magenta(source: str | PurePath | bytes) -> MagentaFile:
    """Read a file, plain or gzipped.

    Args:
        source: A path, or the file's bytes.

    Raises:
        WeightsError: Missing, over 128 MiB unpacked, not JSON, or not the arrays of a sketch-rnn.
    """
    place = "Magenta JSON" if isinstance(source, bytes) else str(source)
    try:
        document = json.loads(_unpacked(source))
        return _checked(document)
    except (OSError, EOFError, zlib.error) as error:
        raise WeightsError(f"{place}: expected a Magenta JSON file, plain or .gz, got: {error}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{place}: not a whole JSON file ({type(error).__name__}); fetch it again") from error
    except WeightsError as error:
        raise WeightsError(f"{place}: {error}") from error


def write_magenta(file: MagentaFile, path: str | Path) -> None:
    """Write a file, gzipped if its name ends in .gz; it appears whole or not at all."""
    arrays = [file.integers[name] for name in NAMES[file.kind]]
    blobs = [base64.b64encode(array.astype("<i2").tobytes()).decode() for array in arrays]
    document = [dict(file.info), [list(array.shape) for array in arrays], blobs]
    data = json.dumps(document, separators=(",", ":")).encode()
    write_atomically(Path(path), gzip.compress(data, mtime=0) if str(path).lower().endswith(".gz") else data)


def _unpacked(source: str | PurePath | bytes) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        with Path(source).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as stream:
            data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise WeightsError(f"expected at most {MAX_BYTES // 2**20} MiB, got more; is it a file of weights?")
    return data


def _checked(document: Any) -> MagentaFile:
    match document:
        case [dict(info), list(dims), list(blobs)] if len(dims) == len(blobs):
            pass
        case _:
            raise WeightsError("expected [info, dims, blobs] with as many dims as blobs, got another layout")
    kind: Kind | None = {5: "gen", 17: "vae"}.get(len(blobs))  # type: ignore[assignment]
    if kind is None:
        raise WeightsError(f"expected 5 arrays (decoder alone) or 17 (whole model), got {len(blobs)}; export it again")
    mode = info.get("mode", kind)
    stated = _MODES.get(mode) if isinstance(mode, int | str) else None
    if stated != kind:
        raise WeightsError(
            f"info says mode {mode!r} ({stated or 'unknown'}), but the {len(blobs)} arrays are those of a {kind} file; "
            f"set the mode to {2 if kind == 'gen' else 1}, or export the model again"
        )
    shapes = [_shape(number, shape) for number, shape in enumerate(dims)]
    _check_shapes(kind, dict(zip(NAMES[kind], shapes, strict=True)))
    integers = {name: _decoded(name, blob, shape) for name, blob, shape in zip(NAMES[kind], blobs, shapes, strict=True)}
    return MagentaFile(kind, cast(dict[str, Any], info), integers)


def _shape(number: int, shape: Any) -> tuple[int, ...]:
    whole = isinstance(shape, list) and all(type(side) is int and 0 < side < 2**24 for side in cast(list[Any], shape))
    if not whole or len(shape) not in (1, 2):
        raise WeightsError(f"dims {number}: expected [rows, columns] or [n], got {str(shape)[:60]}")
    return tuple(shape)


def _check_shapes(kind: Kind, found: dict[str, tuple[int, ...]]) -> None:
    """Compare shapes with those that follow from the sizes of decoder, latent vector, encoder and head."""
    units, head = found["output_weight"][0], found["output_weight"][-1]
    latent = found["start_weight"][0] if kind == "vae" else 0
    if head < 9 or (head - 3) % 6:
        raise WeightsError(f"output_weight: expected 3 + 6 × components columns, got {head}; export the model again")
    wanted = {
        "output_weight": (units, head),
        "output_bias": (head,),
        "decoder_input": (5 + latent, 4 * units),
        "decoder_hidden": (units, 4 * units),
        "decoder_bias": (4 * units,),
    }
    if kind == "vae":
        own = found["forward_hidden"][0]
        for way in ("forward", "backward"):
            wanted |= {f"{way}_input": (5, 4 * own), f"{way}_hidden": (own, 4 * own), f"{way}_bias": (4 * own,)}
        for part in ("mean", "variance"):
            wanted |= {f"{part}_weight": (2 * own, latent), f"{part}_bias": (latent,)}
        wanted |= {"start_weight": (latent, 2 * units), "start_bias": (2 * units,)}
    for number, name in enumerate(NAMES[kind]):
        if found[name] != wanted[name]:
            hint = "export the model again"
            if (kind, name) == ("gen", "decoder_input") and found[name][0] > 5:
                hint = "it is the decoder of a model with a latent vector: export all 17 arrays, as mode 1"
            raise WeightsError(
                f"array {number} ({name}): expected shape {list(wanted[name])}, got {list(found[name])}; {hint}"
            )


def _decoded(name: str, blob: Any, shape: tuple[int, ...]) -> NDArray[np.int16]:
    count = int(np.prod(shape))
    if isinstance(blob, str):
        try:
            data = base64.b64decode(blob, validate=True)
        except (binascii.Error, ValueError) as error:
            raise WeightsError(f"{name}: expected base64, got other signs; the file is damaged") from error
        if len(data) != 2 * count:
            raise WeightsError(f"{name}: expected {2 * count} bytes for shape {list(shape)}, got {len(data)}")
        return np.frombuffer(data, dtype="<i2").astype(np.int16).reshape(shape)
    if not isinstance(blob, list):
        raise WeightsError(f"{name}: expected base64 or a list of integers, got {type(blob).__name__}")
    values = cast(list[Any], blob)
    if len(values) != count or not all(type(value) is int and -(2**15) <= value < 2**15 for value in values):
        raise WeightsError(f"{name}: expected a list of {count} integers of 16 bits, got {len(values)} values")
    return np.array(values, dtype=np.int16).reshape(shape)
