"""Where files are: a path, a glob or a URL → the files behind it, with what identifies their content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ml.domain.errors import SourceUnavailableError, SpecError

_GLOB = "*?["
_STAMPS = ("ETag", "etag", "mtime", "LastModified", "created")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file; ``identity`` changes with its content, None if that cannot be told."""

    name: str
    size: int
    identity: tuple[Any, ...] | None
    filesystem: Any

    def open(self) -> BinaryIO:
        """Open for reading.

        Raises:
            SourceUnavailableError: the file cannot be opened now.
        """
        try:
            if self.filesystem is None:
                return Path(self.name).open("rb")
            return cast(BinaryIO, self.filesystem.open(self.name, "rb"))
        except OSError as error:
            raise unavailable(self.name, error) from error


def find_files(path: str, data_root: str) -> list[FoundFile]:
    """Return the files of a path, a glob or an fsspec URL, sorted by name; a relative path starts at ``data_root``.

    Raises:
        SourceUnavailableError: there is none, or the place does not answer: the data may simply be late.
        SpecError: the URL's protocol is not known here.
    """
    where = path if "://" in path or Path(path).is_absolute() else f"{data_root.rstrip('/')}/{path}"
    where = where.removeprefix("file://")
    try:
        found = _remote(where) if "://" in where else _local(where)
    except OSError as error:
        raise unavailable(where, error) from error
    if not found:
        raise SourceUnavailableError(
            f"There is no file {where}.", remedy="wait for the data, or correct source.path (EVERGREEN_DATA_ROOT)."
        )
    return found


def unavailable(where: str, error: OSError) -> SourceUnavailableError:
    """Build the error for a place that cannot be read now."""
    reason = error.strerror or str(error) or type(error).__name__
    return SourceUnavailableError(
        f"{where} cannot be read: {reason}.", remedy="check the path, its permissions and the network, then run again."
    )


def _local(where: str) -> list[FoundFile]:
    exact = Path(where)
    names = [exact] if exact.exists() or not _is_glob(where) else _matching(exact)
    found = []
    for path in sorted(names):
        if path.is_dir() or not path.exists():
            continue
        status = path.stat()
        identity = (str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        found.append(FoundFile(str(path), status.st_size, identity, None))
    return found


def _matching(pattern: Path) -> list[Path]:
    """Return what matches; the search begins below the last part without a wildcard."""
    fixed = next(place for place, part in enumerate(pattern.parts) if _is_glob(part))
    return list(Path(*pattern.parts[:fixed]).glob(str(Path(*pattern.parts[fixed:]))))


def _is_glob(text: str) -> bool:
    return any(mark in text for mark in _GLOB)


def _remote(where: str) -> list[FoundFile]:
    from fsspec.core import url_to_fs

    try:
        filesystem, root = url_to_fs(where)
    except (ImportError, ValueError) as error:
        raise SpecError(
            f"source.path {where} cannot be used: {error}.", remedy="install the fsspec package of its protocol."
        ) from error
    filesystem.invalidate_cache()
    names = filesystem.glob(root) if _is_glob(root) else [root] * filesystem.exists(root)
    found = []
    for name in sorted(names):
        details = filesystem.info(name)
        if details.get("type") != "directory":
            stamp = next((details[key] for key in _STAMPS if key in details), None)
            identity = None if stamp is None else (where, name, details.get("size"), str(stamp))
            found.append(FoundFile(str(name), int(details.get("size") or 0), identity, filesystem))
    return found
