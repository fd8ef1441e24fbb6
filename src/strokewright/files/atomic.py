"""Write a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from strokewright.errors import FormatError


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write bytes to a file beside the target and move it into place; missing folders are made.

    A reader sees the old file or the new one, never half of one, after a power cut too. What is not a regular file
    (/dev/stdout, a pipe) is written to directly; a link stays and its target is replaced.

    Raises:
        FormatError: The system refuses (no room, no permission, a folder in the way).
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.part")
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, target)
            _settle(target.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FormatError(f"expected a place to write to, got: {error.strerror}; nothing was written", path) from error


def _settle(folder: Path) -> None:
    """Have a folder's new names reach the disk too."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
