"""Where pixels and strokes come from: one file a dataset, one sample type, and the training patches.

    data = Dataset.open("tuberlin").split("test")
    data = Dataset.open("cat.ndjson")
    data = Dataset.from_folder("my_svgs"); print(data.report())

`DATASETS` is the only list. A new one is a module with a Dataset class and a line here, or an entry point of the group
`strokewright.datasets`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import Any

from strokewright.datasets.dataset import Dataset, Report, Sample, Subset
from strokewright.datasets.download import data_root
from strokewright.errors import DataError

__all__ = ["DATASETS", "Dataset", "Report", "Sample", "Subset", "data_root", "datasets", "open_dataset"]

DATASETS = {
    "mnist": "strokewright.datasets.mnist:Mnist",
    "omniglot": "strokewright.datasets.omniglot:OmniglotImages",
    "omniglot-strokes": "strokewright.datasets.omniglot:OmniglotStrokes",
    "quickdraw": "strokewright.datasets.quickdraw:QuickDraw",
    "quickdraw-raw": "strokewright.datasets.quickdraw:QuickDrawRaw",
    "tuberlin": "strokewright.datasets.lineart:TuBerlin",
    "openmoji": "strokewright.datasets.emoji:OpenMoji",
    "lucide": "strokewright.datasets.emoji:Lucide",
    "drawing-file": "strokewright.datasets.svg_folder:DrawingFile",
    "svg-folder": "strokewright.datasets.svg_folder:DrawingFolder",
    "random-strokes": "strokewright.datasets.random_strokes:RandomStrokes",
    "sheets": "strokewright.datasets.sheets:Sheets",
    "floorplans": "strokewright.datasets.floorplans:Floorplans",
    "shapes": "strokewright.datasets.shapes:Shapes",
    "faces": "strokewright.datasets.faces:Faces",
    "object-sketches": "strokewright.datasets.pairs:ObjectSketches",
    "sketchy-pairs": "strokewright.datasets.pairs:SketchyPairs",
    "pacs-pairs": "strokewright.datasets.pairs:PacsPairs",
    "openmoji-pairs": "strokewright.datasets.emoji_pairs:OpenMojiPairs",
    "fluent-pairs": "strokewright.datasets.emoji_pairs:FluentPairs",
    "cifar10": "strokewright.datasets.photos:Cifar10",
    "things": "strokewright.datasets.photos:Things",
    "sketchy": "strokewright.datasets.sketchy:Sketchy",
    "pacs-photos": "strokewright.datasets.photos:PacsPhotos",
    "sketchy-photos": "strokewright.datasets.photos:SketchyPhotos",
    "photo-folder": "strokewright.datasets.photos:PhotoFolder",
}
"""Name → "module:Class". A class is opened by path, or with its defaults if it needs none."""

_BY_ARRAYS = {
    frozenset({"x_train", "x_test"}): "mnist",
    frozenset({"images", "char"}): "omniglot",
    frozenset({"images", "subject"}): "faces",
    frozenset({"xy", "t_ms", "pen_up"}): "quickdraw-raw",
    frozenset({"points", "source_index"}): "tuberlin",
    frozenset({"strokes", "filled", "hexcode"}): "openmoji",
    frozenset({"strokes", "filled", "tags"}): "lucide",
    frozenset({"strokes", "offsets", "words"}): "quickdraw",
    frozenset({"sketches", "renders", "game"}): "object-sketches",
}
"""Which dataset an .npz is, by the arrays it must hold; the first that fits."""

_BY_FOLDERS = {
    frozenset({"render", "glyph"}): "fluent-pairs",
    frozenset({"color", "line"}): "openmoji-pairs",
    frozenset({"photo_only", "sketch"}): "sketchy-pairs",
    frozenset({"photo", "sketch"}): "pacs-pairs",
}
"""Which dataset pictures are, by the folders that they must lie in; the first that fits."""
_TX = re.compile(r"(?:^|/)(?:photo|sketch)/[01]{12}/")  # how the Sketchy Database names its folders
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_DRAWINGS = (".svg", ".ndjson", ".bin", ".npz", ".npy")
_LOOKED_AT = 10_000  # files of a folder or an archive, to tell what it is


@cache
def datasets() -> dict[str, str]:
    """Return the table with other packages' datasets added; ours win where two have the same name."""
    others = {point.name: point.value for point in entry_points(group="strokewright.datasets")}
    return others | DATASETS


def open_dataset(source: str | Path, **options: Any) -> Dataset:
    """Open a dataset by name, file or folder, see `Dataset.open`."""
    if isinstance(source, str) and source in datasets():
        return _class(source)(**options)
    path = Path(source)
    if path.is_dir():
        files = islice((f for f in path.rglob("*") if f.is_file()), _LOOKED_AT)
        names = {file.relative_to(path).as_posix() for file in files}
        drawings = any(name.lower().endswith(_DRAWINGS) for name in names)
        return _class("svg-folder" if drawings else _kind_of_pictures(names) or "svg-folder")(path, **options)
    if not path.is_file():
        raise DataError(f"expected a file, a folder, or one of {', '.join(datasets())}, got {str(source)!r}")
    return _class(_kind(path))(path, **options)


def _class(name: str) -> Any:
    module, _, attribute = datasets()[name].partition(":")
    return getattr(import_module(module), attribute)


def _kind(path: Path) -> str:
    """Tell by the members of an archive which dataset it is; any other file holds drawings."""
    if not zipfile.is_zipfile(path):
        return "drawing-file"
    with zipfile.ZipFile(path) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()[:_LOOKED_AT]}
        for arrays, kind in _BY_ARRAYS.items():
            if arrays <= names:
                return "cifar10" if kind == "mnist" and _holds_colours(archive) else kind
    if path.suffix == ".npz":
        return "drawing-file"
    if any(name.endswith("_01.txt") for name in names):
        return "omniglot-strokes"
    if any("/rooms/" in name for name in names):
        return "floorplans"
    if kind := _kind_of_pictures(names):
        return kind
    raise DataError(
        f"{path}: expected an .npz, or a zip of Omniglot strokes, floor plans or photos, got another archive; "
        "unpack it first"
    )


def _kind_of_pictures(names: Collection[str]) -> str | None:
    """Tell by the folders which dataset pictures are; None where there are no pictures."""
    if not any(name.lower().endswith(_PICTURES) for name in names):
        return None
    if any(_TX.search(name) for name in names):
        return "sketchy"
    folders = {part for name in names for part in name.split("/")[:-1]}
    return next((kind for needed, kind in _BY_FOLDERS.items() if needed <= folders), "photo-folder")


def _holds_colours(archive: zipfile.ZipFile) -> bool:
    """Tell whether the pictures `x_train` of an .npz have a fourth axis."""
    with archive.open("x_train.npy") as stream:
        header = stream.read(256)
    shape = re.search(rb"'shape': \(([\d, ]*)\)", header)
    return shape is not None and shape[1].count(b",") >= 3
