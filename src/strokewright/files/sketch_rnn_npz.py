"""sketch-rnn's .npz: the sets train, valid and test of stroke-3 drawings. No pickle is run or written.

Read: `train`, `valid`, `test` as object arrays of (steps, 3) rows, as the public sets have them, or our own flat
layout, which holds for each set that has drawings

    {set}_points   (rows, 3) stroke-3 rows of all drawings        {set}_offsets  (n + 1,) where each begins and ends
    {set}_sizes    (n, 2) pages in pixels                         {set}_labels   (n,) index into `words`, -1 = none
    {set}_facts    (n,) JSON: maker, seed and further metadata    words          labels as text

A drawing's set is its metadata "split", its label the metadata "word".
"""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from strokewright.drawing import Drawing
from strokewright.drawing.sequence import to_stroke3
from strokewright.errors import DrawingError, FormatError
from strokewright.files.format import Format, only_strokes, read_limited
from strokewright.files.numpy_files import MAX_BYTES, read_npz, write_npz
from strokewright.files.stroke_npy import rows_to_drawing

SETS = ("train", "valid", "test")
_KEPT_APART = ("split", "word")

Arrays = dict[str, NDArray[Any]]


def read_sets(stream: BinaryIO) -> Iterator[Drawing]:
    """Read the drawings, set after set. Raises FormatError for an .npz of another layout."""
    seekable = stream if stream.seekable() else io.BytesIO(read_limited(stream, MAX_BYTES))
    arrays = read_npz(seekable)
    if not any(name in arrays or f"{name}_points" in arrays for name in SETS):
        raise FormatError(f"expected sets named {', '.join(SETS)}, got {', '.join(sorted(arrays)) or 'none'}")
    for name in SETS:
        if name in arrays:
            yield from _read_object_set(arrays[name], name)
        elif f"{name}_points" in arrays:
            yield from _read_flat_set(arrays, name)


def _read_object_set(rows: NDArray[Any], name: str) -> Iterator[Drawing]:
    if rows.ndim not in (1, 3):
        raise FormatError(f"{name}: expected an array of drawings, got shape {rows.shape}")
    for index, drawing in enumerate(rows):
        with _numbered(name, index):
            made = rows_to_drawing(np.asarray(drawing), metadata={"split": name})
        yield made


@contextmanager
def _numbered(name: str, index: int) -> Generator[None]:
    """Say in which drawing of a set an error arose."""
    try:
        yield
    except (DrawingError, FormatError, ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{name}, drawing {index}: {error}") from error


def _read_flat_set(arrays: Arrays, name: str) -> Iterator[Drawing]:
    rows, offsets = arrays[f"{name}_points"], arrays.get(f"{name}_offsets", np.zeros(0, np.int64))
    if offsets.dtype.kind not in "iu" or offsets.ndim != 1 or len(offsets) == 0 or rows.ndim != 2:
        raise FormatError(f"{name}: expected {name}_points (rows, 3) and {name}_offsets (n + 1,) of whole numbers")
    offsets = offsets.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != len(rows) or (np.diff(offsets) < 0).any():
        raise FormatError(f"{name}_offsets: expected to rise from 0 to {len(rows)}")
    count = len(offsets) - 1
    columns = {key: arrays.get(f"{name}_{key}") for key in ("sizes", "labels", "facts")}
    for key, column in columns.items():
        if column is not None and len(np.atleast_1d(column)) != count:
            raise FormatError(f"{name}_{key}: expected one entry for each of {count} drawings, got {column.shape}")
    for index in range(count):
        with _numbered(name, index):
            facts = _facts(columns, arrays.get("words"), index)
            facts["metadata"]["split"] = name
            made = rows_to_drawing(rows[offsets[index] : offsets[index + 1]], **facts)
        yield made


def _facts(columns: dict[str, NDArray[Any] | None], words: NDArray[Any] | None, index: int) -> dict[str, Any]:
    sizes, labels, facts = columns["sizes"], columns["labels"], columns["facts"]
    result: dict[str, Any] = {"metadata": {}}
    if facts is not None:
        own = json.loads(str(facts[index]))
        metadata = own.get("metadata", {})
        result["metadata"] = {str(key): str(value) for key, value in metadata.items()}
        result["maker"] = str(own.get("maker", ""))
        result["seed"] = own["seed"] if isinstance(own.get("seed"), int) else None
    if sizes is not None:
        result["size"] = (float(sizes[index][0]), float(sizes[index][1]))
    if labels is not None and words is not None and 0 <= int(labels[index]) < len(words):
        result["metadata"]["word"] = str(words[int(labels[index])])
    return result


def write_sets(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the drawings in the flat layout; one without a "split" goes to train. Curves are flattened to 0.1 px."""
    words = sorted({drawing.metadata["word"] for drawing in drawings if "word" in drawing.metadata})
    arrays: Arrays = {"words": np.array(words, dtype=np.str_)} if words else {}
    for name in SETS:
        members = [drawing for drawing in drawings if _set_of(drawing) == name]
        if members:
            arrays |= _pack_set(members, name, words)
    write_npz(arrays, stream)


def _set_of(drawing: Drawing) -> str:
    name = drawing.metadata.get("split", "train")
    if name not in SETS:
        raise FormatError(f'metadata "split": expected one of {", ".join(SETS)}, got {name!r}')
    return name


def _pack_set(drawings: list[Drawing], name: str, words: list[str]) -> Arrays:
    for drawing in drawings:
        only_strokes(drawing, "npz")
    rows = [to_stroke3(drawing) for drawing in drawings]
    flat = np.concatenate(rows)
    whole = flat.size > 0 and bool((flat == flat.round()).all()) and float(np.abs(flat).max()) < 2**15
    label = {word: index for index, word in enumerate(words)}
    return {
        f"{name}_points": flat.astype(np.int16 if whole else np.float32),
        f"{name}_offsets": np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64),
        f"{name}_sizes": np.array([drawing.size for drawing in drawings]),
        f"{name}_labels": np.array([label.get(d.metadata.get("word", ""), -1) for d in drawings], dtype=np.int32),
        f"{name}_facts": np.array([_to_json(drawing) for drawing in drawings], dtype=np.str_),
    }


def _to_json(drawing: Drawing) -> str:
    metadata = {key: value for key, value in drawing.metadata.items() if key not in _KEPT_APART}
    facts = {"maker": drawing.maker, "seed": drawing.seed, "metadata": metadata}
    return json.dumps({key: value for key, value in facts.items() if value not in ("", None, {})})


NPZ = Format(
    "sketch-rnn npz",
    "steps, labels and sets; curves become lines; width and colour are lost",
    read_sets,
    write_sets,
    holds_many=True,
    precision_px=0.05,
)
