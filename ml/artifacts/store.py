"""Write-once bytes, addressed by their SHA-256: in a local folder or behind any fsspec URL."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ml.artifacts import durable
from ml.artifacts.durable import adopt, settle, sha256_of, sync, temporary_folder
from ml.domain.errors import ArtifactError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REMEDY = (
    "restore the file from a backup. Rows of a batch come back by `evergreen ingest` of its window, where the source "
    "still says the same."
)
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Stored:
    """One file in the store. ``name`` is its digest, or that of a stray; ``at`` when it was put, None if unknown."""

    name: str
    location: str
    size: int
    at: datetime | None


class ArtifactStore:
    """Bytes under the name of their own digest, so that what is read is what was stored, or an error.

    ``root`` is a folder, made when first needed, or an fsspec URL (``s3://…``, ``gs://…``, ``memory://…``). In a
    folder a blob appears by rename and is durable when :meth:`put` returns; a crash leaves at most a stray temporary
    file.
    """

    def __init__(self, root: str) -> None:
        local = root.removeprefix("file://")
        self._remote: Any = None
        self._root = local
        if "://" in local:
            self._remote, self._root = _filesystem(root)
        else:
            self._root = str(Path(local).absolute())

    def put(self, data: bytes) -> str:
        """Store ``data`` and return its SHA-256; bytes that are there already are left, altered ones are replaced.

        Raises:
            ArtifactError: the place cannot be written to, for example because the disk is full.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            if self._read(sha256) != data or not self._is_young_again(sha256):
                self._write(sha256, data)
        except FileNotFoundError:
            self._write(sha256, data)
        except OSError as error:
            raise ArtifactError(
                f"{self.url_of(sha256)} cannot be read: {error}.", remedy="check the folder's permissions."
            ) from error
        return sha256

    def put_from(self, write: Callable[[BinaryIO], None]) -> str:
        """Store what ``write`` writes to a file, of any size, and return its SHA-256; else as :meth:`put`.

        Raises:
            ArtifactError: the place cannot be written to, for example because the disk is full.
        """
        folder = Path(temporary_folder() if self._remote is not None else self._root)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".tmp-")
            try:
                with os.fdopen(handle, "wb") as file:
                    write(file)
                    settle(file)
                return self._adopted(Path(name))
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            raise ArtifactError(
                f"{folder} cannot be written to: {error}.",
                remedy="free space or correct the permissions, then run again.",
            ) from error

    @contextmanager
    def on_disk(self, sha256: str) -> Iterator[Path]:
        """Lend an artifact of any size as a sound local file; a remote one is fetched to ``TMPDIR`` for as long.

        Raises:
            ArtifactError: it is missing or is no longer what was stored, or ``TMPDIR`` has no room for it.
        """
        with ExitStack() as until_read:
            path = Path(self._location(sha256))
            if self._remote is not None:
                path = self._room(sha256, until_read) / sha256
            try:
                if self._remote is not None:
                    self._remote.get_file(self._location(sha256), str(path))
                found = sha256_of(path)
            except OSError as error:
                if self._remote is not None and error.errno in _FULL:
                    raise self._no_room(sha256, error) from error
                raise ArtifactError(
                    f"{self.url_of(sha256)} is missing or cannot be read: {error}.",
                    remedy="check EVERGREEN_ARTIFACTS_URL and the place's permissions, or restore the file.",
                ) from error
            if found != sha256:
                raise ArtifactError(f"{self.url_of(sha256)} was altered: its SHA-256 is now {found}.", remedy=_REMEDY)
            yield path

    def _room(self, sha256: str, until_read: ExitStack) -> Path:
        """Make a folder to fetch an artifact to."""
        try:
            return Path(until_read.enter_context(tempfile.TemporaryDirectory(prefix="evergreen-")))
        except OSError as error:
            raise self._no_room(sha256, error) from error

    def _no_room(self, sha256: str, error: OSError) -> ArtifactError:
        return ArtifactError(
            f"{self.url_of(sha256)} cannot be fetched: {temporary_folder()} (TMPDIR) cannot hold it: {error}.",
            remedy="free space there, or let TMPDIR name a larger place, then run again.",
        )

    def get(self, sha256: str) -> bytes:
        """Return the bytes with this digest.

        Raises:
            ArtifactError: they are missing or are no longer what was stored.
        """
        try:
            data = self._read(sha256)
        except FileNotFoundError as error:
            raise ArtifactError(
                f"{self.url_of(sha256)} is missing.", remedy="check EVERGREEN_ARTIFACTS_URL, or restore the file."
            ) from error
        except OSError as error:
            raise ArtifactError(
                f"{self.url_of(sha256)} cannot be read: {error}.", remedy="check the place's permissions."
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise ArtifactError(f"{self.url_of(sha256)} was altered: its SHA-256 is now {found}.", remedy=_REMEDY)
        return data

    def has(self, sha256: str) -> bool:
        """Tell whether something is stored under this digest; :meth:`get` tells whether it is sound."""
        location = self._location(sha256)
        return bool(self._remote.exists(location)) if self._remote is not None else Path(location).is_file()

    def url_of(self, sha256: str) -> str:
        """Return where a person finds the bytes: a path, or a URL."""
        location = self._location(sha256)
        return str(self._remote.unstrip_protocol(location)) if self._remote is not None else location

    def stored(self) -> Iterator[Stored]:
        """Yield all that lies in the store, strays of crashed writers included, in no order."""
        if self._remote is None:
            for path in Path(self._root).rglob("*"):
                with suppress(FileNotFoundError):  # a writer's temporary file has become an artifact meanwhile
                    if path.is_file():
                        status = path.stat()
                        yield Stored(path.name, str(path), status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
            return
        for location, detail in self._remote.find(self._root, detail=True).items():
            moment = detail.get("LastModified") or detail.get("updated") or detail.get("created")
            at = moment if isinstance(moment, datetime) and moment.tzinfo is not None else None
            yield Stored(location.rsplit("/", 1)[-1], location, int(detail["size"]), at)

    def remove(self, found: Stored, *, older_than: datetime) -> bool:
        """Remove what :meth:`stored` found, unless it was put again since; tell whether it is gone.

        In a folder it loses its name first, then its age is looked at once more: who puts the same bytes meanwhile
        either made it young before, and it gets its name back, or finds nothing, and writes it anew.
        """
        if self._remote is not None:
            self._remote.rm_file(found.location)
            return True
        path = Path(found.location)
        aside = path.with_name(f".gone-{path.name}")
        try:
            path.rename(aside)
        except FileNotFoundError:  # another collector was here, or a stray's writer goes on
            return False
        if aside.stat().st_mtime >= older_than.timestamp():
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def erase(self, sha256: str, *, older_than: datetime) -> bool:
        """Delete an artifact for good, and what a crashed deletion left of it; tell whether nothing of it is there.

        It stays if it was put again since ``older_than``. The names are durably gone; what a disk, a backup or a
        snapshot of the volume keeps is not reached from here.

        Raises:
            ArtifactError: it cannot be deleted.
        """
        location = self._location(sha256)
        try:
            if self._remote is not None:
                if self._remote.exists(location):
                    self._remote.rm_file(location)
                return True
            path = Path(location)
            aside = path.with_name(f".gone-{sha256}")
            aside.unlink(missing_ok=True)
            gone = not path.is_file() or self.remove(Stored(sha256, location, 0, None), older_than=older_than)
            if path.parent.is_dir():
                sync(path.parent)
            return gone or not path.is_file()
        except OSError as error:
            raise ArtifactError(
                f"{location} cannot be deleted: {error}.", remedy="correct the permissions, then run it again."
            ) from error

    def _adopted(self, written: Path) -> str:
        """Give a file that lies in the store's folder, or for a remote store anywhere, its place; return its name."""
        sha256 = sha256_of(written)
        location = self._location(sha256)
        if self._remote is not None:
            self._remote.makedirs(location.rsplit("/", 1)[0], exist_ok=True)
            self._remote.put_file(str(written), location)
            return sha256
        target = Path(location)
        if not (target.is_file() and sha256_of(target) == sha256 and self._is_young_again(sha256)):
            adopt(written, target)
        return sha256

    def _is_young_again(self, sha256: str) -> bool:
        """Mark an artifact as used now, so that no collector takes it; tell whether that could be done."""
        if self._remote is not None:
            return True
        try:
            os.utime(self._location(sha256))
        except (FileNotFoundError, PermissionError):  # collected just now, or another user's: written anew
            return False
        return True

    def _location(self, sha256: str) -> str:
        if _SHA256.fullmatch(sha256) is None:
            raise ArtifactError(f"{sha256!r} is no SHA-256: 64 lower-case hexadecimal digits are accepted.")
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _read(self, sha256: str) -> bytes:
        location = self._location(sha256)
        return bytes(self._remote.cat_file(location)) if self._remote is not None else Path(location).read_bytes()

    def _write(self, sha256: str, data: bytes) -> None:
        location = self._location(sha256)
        try:
            if self._remote is not None:
                self._remote.makedirs(location.rsplit("/", 1)[0], exist_ok=True)
                self._remote.pipe_file(location, data)
            else:
                durable.write_durably(Path(location), data)
        except OSError as error:
            raise ArtifactError(
                f"{location} cannot be written: {error}.",
                remedy="free space or correct the permissions, then run again.",
            ) from error


def _filesystem(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ArtifactError(
            f"{url} cannot be used as a store: {error}.",
            remedy="install the fsspec package of its protocol, or use a folder.",
        ) from error
    return filesystem, str(path).rstrip("/")
