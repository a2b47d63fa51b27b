"""Makes one call fail: the shim of the crash tests. Every call that changes a disk or the database is a numbered point.

``kill`` ends the process before the call; ``torn`` lets half of a write happen first; ``power`` ends it and takes away
all that no fsync had made durable: file contents, names in folders, folders; ``full`` and ``broken`` let the call fail
with ENOSPC or EIO, and the process goes on. What SQLite does within a statement or a commit is SQLite's own and is not
split here; the campaign ``syscalls`` does that.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

KILLED = 137


class Mode(StrEnum):
    """What happens at the chosen point."""

    COUNT = "count"
    KILL = "kill"
    TORN = "torn"
    POWER = "power"
    FULL = "full"
    BROKEN = "broken"


_ERRNO = {Mode.FULL: errno.ENOSPC, Mode.BROKEN: errno.EIO}
_SQLITE = {
    Mode.FULL: ("database or disk is full", sqlite3.SQLITE_FULL),
    Mode.BROKEN: ("disk I/O error", sqlite3.SQLITE_IOERR),
}


class Shim:
    """Counts the points of this process and fails at one of them; knows what is not durable yet."""

    def __init__(self, mode: Mode, at: int) -> None:
        self.mode, self.at, self.points = mode, at, []
        self.unsynced: set[str] = set()
        """Files whose content is not durable."""
        self.nameless: set[str] = set()
        """Files and folders whose name is not durable: their folder was not synchronised since."""
        self.ungone: dict[str, bytes] = {}
        """Files that lost their name, with their content: it comes back where their folder was not synchronised."""
        self.opened: dict[int, str] = {}

    def point(self, what: str) -> bool:
        """Note a point; tell whether the call that follows must fail. Kills the process where the mode is to kill."""
        self.points.append(what)
        if self.mode is Mode.COUNT or len(self.points) != self.at:
            return False
        if self.mode in _ERRNO:
            return True
        if self.mode is Mode.POWER:
            self.lose()
        if self.mode is not Mode.TORN or not what.startswith("write"):
            os._exit(KILLED)
        return True

    def lose(self) -> None:
        """What a power cut takes: content that was not synchronised; names, and their loss, whose folder was not."""
        for name, function in REAL.items():
            setattr(os, name, function)
        for name in self.unsynced:
            if Path(name).exists():
                os.truncate(name, 0)
        for path in map(Path, self.nameless):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for name, content in self.ungone.items():
            Path(name).write_bytes(content)

    def error(self) -> OSError:
        code = _ERRNO[self.mode]
        return OSError(code, os.strerror(code))


REAL: dict[str, Callable[..., Any]] = {
    name: getattr(os, name) for name in ("open", "fdopen", "fsync", "fchmod", "rename", "replace", "mkdir", "unlink")
}


class _File:
    """An open file whose writes are points."""

    def __init__(self, shim: Shim, file: Any, name: str) -> None:
        self._shim, self._file, self._name = shim, file, name

    def write(self, data: bytes) -> int:
        failing = self._shim.point(f"write {Path(self._name).name[:8]}")
        self._shim.unsynced.add(self._name)
        if not failing:
            return int(self._file.write(data))
        self._file.write(data[: len(data) // 2])
        self._file.flush()
        if self._shim.mode is Mode.TORN:
            os._exit(KILLED)
        raise self._shim.error()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def install(shim: Shim) -> None:
    """Put the shim under ``os`` and under SQLAlchemy, for the rest of this process."""
    calls = _Os(shim)
    for name in REAL:
        setattr(os, name, getattr(calls, name))
    _under_sqlalchemy(shim)


class _Os:
    """What ``os`` calls instead; each method has the name of the call that it stands for."""

    def __init__(self, shim: Shim) -> None:
        self._shim = shim

    def _fail(self, what: str) -> None:
        if self._shim.point(what):
            raise self._shim.error()

    def open(self, path: Any, flags: int, *more: Any, **options: Any) -> int:
        creating = bool(flags & os.O_CREAT)
        if creating:
            self._fail("create")
        handle = int(REAL["open"](path, flags, *more, **options))
        self._shim.opened[handle] = str(path)
        if creating:
            self._shim.nameless.add(str(path))
        return handle

    def fdopen(self, handle: int, *more: Any, **options: Any) -> Any:
        return _File(self._shim, REAL["fdopen"](handle, *more, **options), self._shim.opened.get(handle, ""))

    def fsync(self, handle: int) -> None:
        self._fail("fsync")
        REAL["fsync"](handle)
        name = self._shim.opened.get(handle, "")
        self._shim.unsynced.discard(name)
        self._shim.nameless -= {child for child in self._shim.nameless if str(Path(child).parent) == name}
        for gone in [one for one in self._shim.ungone if str(Path(one).parent) == name]:
            del self._shim.ungone[gone]

    def replace(self, source: Any, target: Any) -> None:
        self._fail("rename")
        REAL["replace"](source, target)
        self._shim.nameless.discard(str(source))
        self._shim.nameless.add(str(target))
        if str(source) in self._shim.unsynced:
            self._shim.unsynced.discard(str(source))
            self._shim.unsynced.add(str(target))

    def rename(self, source: Any, target: Any) -> None:
        self._fail("rename")
        self._shim.ungone[str(source)] = Path(source).read_bytes()
        REAL["rename"](source, target)
        self._shim.nameless.add(str(target))

    def mkdir(self, path: Any, *more: Any, **options: Any) -> None:
        self._fail("mkdir")
        REAL["mkdir"](path, *more, **options)
        self._shim.nameless.add(str(path))

    def fchmod(self, handle: int, mode: int) -> None:
        self._fail("chmod")
        REAL["fchmod"](handle, mode)

    def unlink(self, path: Any, *more: Any, **options: Any) -> None:
        self._fail("unlink")
        content = Path(path).read_bytes() if Path(path).is_file() else None
        REAL["unlink"](path, *more, **options)
        if content is not None and str(path) not in self._shim.nameless:
            self._shim.ungone[str(path)] = content
        self._shim.nameless.discard(str(path))


def _under_sqlalchemy(shim: Shim) -> None:
    def before(name: str, real: Callable[..., Any], *, also_after: bool) -> Callable[..., Any]:
        def call(self: Any, *given: Any, **options: Any) -> Any:
            if shim.point(f"{name} {given[1].split('(')[0][:30]}" if len(given) > 1 else name):
                said, code = _SQLITE[shim.mode]
                error = sqlite3.OperationalError(said)
                error.sqlite_errorcode = code
                raise error
            result = real(self, *given, **options)
            if also_after and shim.mode not in _ERRNO:
                shim.point(f"after {name}")
            return result

        return call

    for name in ("do_execute", "do_executemany", "do_execute_no_params"):
        setattr(DefaultDialect, name, before("statement", getattr(DefaultDialect, name), also_after=False))
    DefaultDialect.do_commit = before("commit", DefaultDialect.do_commit, also_after=True)
