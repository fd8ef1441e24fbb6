"""Where pixels and strokes come from: one file a dataset, one sample type, and the training patches.

    data = Dataset.open("tuberlin").split("test")
    data = Dataset.open("cat.ndjson")
    data = Dataset.from_folder("my_svgs"); print(data.report())

`DATASETS` is the only list. A new one is a module with a Dataset class and a line here, or an entry point of the group
`strokewright.datasets`.
"""

from __future__ import annotations

import zipfile
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
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
    "object-sketches": "strokewright.datasets.pairs:ObjectSketches",
    "sketchy-pairs": "strokewright.datasets.pairs:SketchyPairs",
    "pacs-pairs": "strokewright.datasets.pairs:PacsPairs",
    "openmoji-pairs": "strokewright.datasets.emoji_pairs:OpenMojiPairs",
    "fluent-pairs": "strokewright.datasets.emoji_pairs:FluentPairs",
    "cifar10": "strokewright.datasets.photos:Cifar10",
    "things": "strokewright.datasets.photos:Things",
    "photo-folder": "strokewright.datasets.photos:PhotoFolder",
}
"""Name → "module:Class". A class is opened by path, or with its defaults if it needs none."""

_BY_ARRAYS = {
    frozenset({"x_train", "x_test"}): "mnist",
    frozenset({"images", "char"}): "omniglot",
    frozenset({"xy", "t_ms", "pen_up"}): "quickdraw-raw",
    frozenset({"points", "source_index"}): "tuberlin",
    frozenset({"strokes", "filled", "hexcode"}): "openmoji",
    frozenset({"strokes", "filled", "tags"}): "lucide",
    frozenset({"strokes", "offsets", "words"}): "quickdraw",
}
"""Which dataset an .npz is, by the arrays it must hold; the first that fits."""


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
        return _class("svg-folder")(path, **options)
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
        names = {name.removesuffix(".npy") for name in archive.namelist()[:10_000]}
    for arrays, kind in _BY_ARRAYS.items():
        if arrays <= names:
            return kind
    if path.suffix == ".npz":
        return "drawing-file"
    if any(name.endswith("_01.txt") for name in names):
        return "omniglot-strokes"
    if any("/rooms/" in name for name in names):
        return "floorplans"
    raise DataError(
        f"{path}: expected an .npz, or a zip of Omniglot strokes or floor plans, got another archive; unpack it first"
    )
