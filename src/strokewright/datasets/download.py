"""Where the data sets are, and how to fetch those with a public address. The only file that touches the network.

A local folder works offline: set STROKEWRIGHT_DATA to it, or keep it as ../shared beside the repository. `fetch`
downloads a file once into the user's cache and checks its SHA-256.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from strokewright.errors import DataError

_VARIABLE = "STROKEWRIGHT_DATA"
_KNOWN_FOLDERS = ("mnist", "omniglot", "quickdraw", "lineart", "emoji")


@dataclass(frozen=True)
class Remote:
    """A public file: its address and the SHA-256 of its bytes."""

    url: str
    sha256: str


_OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python/"
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
REMOTES = {
    "omniglot/strokes_background_small1.zip": Remote(
        _OMNIGLOT + "strokes_background_small1.zip", "8cb3960fb6cf4ccf5f064ad83169f828c36c36782a0f6e7faacb7ecfae4468a2"
    ),
    "omniglot/strokes_background_small2.zip": Remote(
        _OMNIGLOT + "strokes_background_small2.zip", "345bf2141efbea062833dbb2828abbc23d9e07825e46f2afdd4daecddfed6e78"
    ),
    "mnist/train-images-idx3-ubyte.gz": Remote(
        _MNIST + "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "mnist/train-labels-idx1-ubyte.gz": Remote(
        _MNIST + "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "mnist/t10k-images-idx3-ubyte.gz": Remote(
        _MNIST + "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "mnist/t10k-labels-idx1-ubyte.gz": Remote(
        _MNIST + "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
"""Files that `fetch` knows, by their place under the data folder."""


def data_root() -> Path:
    """Return the local folder that holds mnist/, omniglot/, and the others.

    Raises:
        DataError: There is none.
    """
    named = os.environ.get(_VARIABLE)
    beside = Path(__file__).resolve().parents[3].parent / "shared"
    for folder in [Path(named)] if named else [beside, Path.cwd().parent / "shared"]:
        for candidate in (folder / "data", folder):
            if any((candidate / known).is_dir() for known in _KNOWN_FOLDERS):
                return candidate
    raise DataError(
        f"expected a folder with {', '.join(_KNOWN_FOLDERS)}, found none at {named or beside}; set {_VARIABLE} to it"
    )


def find(name: str) -> Path:
    """Return a data file under the data folder, or in the cache if it was fetched. Raises DataError."""
    cached = cache_dir() / name
    try:
        local = data_root() / name
    except DataError:
        if cached.is_file():
            return cached
        raise
    if local.exists() or not cached.is_file():
        return local
    return cached


def fetch(name: str) -> Path:
    """Download a file of `REMOTES` into the cache, once, and check its hash.

    Raises:
        DataError: An unknown name, no network, or other bytes than expected.
    """
    import pooch

    if name not in REMOTES:
        raise DataError(f"fetch: expected one of {', '.join(REMOTES)}, got {name!r}; pass a local path for others")
    remote = REMOTES[name]
    place = cache_dir() / name
    try:
        found = pooch.retrieve(remote.url, f"sha256:{remote.sha256}", fname=place.name, path=place.parent)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: expected to download {remote.url}, got: {error}; pass a local path") from error
    return Path(found)


def cache_dir() -> Path:
    """Return the user's cache, whether or not it is there."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "strokewright"
