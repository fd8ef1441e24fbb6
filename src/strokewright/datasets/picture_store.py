"""Pictures in a zip or in a folder, read by their names; no other file of theirs is opened."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from strokewright.datasets.dataset import Photo
from strokewright.errors import DataError, FormatError
from strokewright.files.raster import read_picture

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_MAX_BYTES = 64 * 2**20


class PictureStore:
    """The pictures below a folder or in a zip.

    Args:
        path: A folder or a zip.

    Raises:
        DataError: Neither of both.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._archive: zipfile.ZipFile | None = None
        if self.path.is_dir():
            files = (f.relative_to(self.path).as_posix() for f in self.path.rglob("*") if f.is_file())
        elif self.path.is_file():
            try:
                self._archive = zipfile.ZipFile(self.path)
            except zipfile.BadZipFile as error:
                raise DataError(f"{path}: expected a folder or a zip of pictures, got another file") from error
            files = iter(self._archive.namelist())
        else:
            raise DataError(f"{path}: expected a folder or a zip of pictures, found none; check the path")
        listed = sorted(files)
        self.names = [name for name in listed if PurePosixPath(name).suffix.lower() in SUFFIXES]
        """Names of all pictures, parts joined by "/", sorted."""
        self.others = [name for name in listed if PurePosixPath(name).suffix.lower() not in SUFFIXES]
        """Names of all other files, such as lists of labels."""

    def bytes_of(self, name: str) -> bytes:
        """Return the bytes of any file of the store, such as a list of labels. Raises DataError."""
        try:
            if self._archive is None:
                return (self.path / name).read_bytes()
            if self._archive.getinfo(name).file_size > _MAX_BYTES:
                raise DataError(f"{self.path}, {name}: expected at most {_MAX_BYTES >> 20} MiB, got more")
            return self._archive.read(name)
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{self.path}: expected a file {name} in it ({error}); fetch it again") from error

    def stamp(self, name: str) -> str:
        """Return what changes with a file's content: a zip's checksum; of a folder's file its size and its time."""
        if self._archive is not None:
            return f"{self._archive.getinfo(name).CRC:08x}"
        facts = (self.path / name).stat()
        return f"{facts.st_size}-{facts.st_mtime_ns}"

    def read(self, name: str) -> Photo:
        """Return a picture on white paper, (height, width, 3) uint8. Raises DataError for a damaged one."""
        try:
            pixels = read_picture(self.bytes_of(name), np.uint8)
        except FormatError as error:
            raise DataError(f"{self.path}, {name}: {error}") from error
        if (pixels[..., 3] == 255).all():
            return pixels[..., :3]
        alpha = pixels[..., 3:].astype(np.float32) / 255
        return (pixels[..., :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
