"""Files that appear whole or not at all, and are on the disk when that is said."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from itertools import chain, takewhile
from pathlib import Path
from typing import BinaryIO

_READ_ONLY = 0o440


def write_durably(target: Path, data: bytes) -> None:
    """Make ``target`` appear whole or not at all; a failed fsync is not tried again: the pages may be gone."""
    folder = target.parent
    new = _made(folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".tmp-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            settle(file)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_all(folder, new)


def adopt(written: Path, target: Path) -> None:
    """Let a settled file of the same file system appear under the name ``target``."""
    new = _made(target.parent)
    written.replace(target)
    _sync_all(target.parent, new)


def settle(file: BinaryIO) -> None:
    """Wait until what was written is on the disk, and let nobody change it."""
    file.flush()
    os.fsync(file.fileno())
    os.fchmod(file.fileno(), _READ_ONLY)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_folder() -> str:
    """Name the folder for temporary files, also where no such folder can be written to."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # on a disk that is full, none of those that Python tries is usable
        return os.environ.get("TMPDIR", "/tmp")  # noqa: S108  (named, not used)


def _made(folder: Path) -> list[Path]:
    """Make a folder; return those of it and the ones above it that were not there yet."""
    new = list(takewhile(lambda place: not place.is_dir(), chain((folder,), folder.parents)))
    if new:
        folder.mkdir(parents=True, exist_ok=True)
    return new


def _sync_all(folder: Path, new: list[Path]) -> None:
    sync(folder)
    for place in new:  # a folder's own name is durable once the folder above it is
        sync(place.parent)
