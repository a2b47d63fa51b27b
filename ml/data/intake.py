"""Bytes of a file as they are read: unpacked within bounds, and looked at for what no text has."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any, BinaryIO

from ml.data.source import refusal

MAX_BYTES = 8 * 1024**3
"""Most bytes that a text file may have, unpacked."""
FREE_BYTES = 64 * 1024**2
"""Up to here any ratio of unpacked to packed bytes is fine."""
MAX_RATIO = 200
"""Beyond it: no table of data packs so well, only a bomb does."""
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"


class Intake(io.RawIOBase):
    """The unpacked bytes of a text file, as a stream that refuses what cannot be a table.

    ``quotes`` counts the quotation marks read so far.
    """

    def __init__(self, file: BinaryIO, name: str, size: int, *, packed: bool) -> None:
        self._name = name
        self._size = size
        self._inner: Any = gzip.GzipFile(fileobj=file) if packed else file
        self._packed = packed
        self._ahead = b""
        self._read = 0
        self._last = b"\n"
        self.quotes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def ahead(self, size: int) -> bytes:
        """Return the first bytes without taking them."""
        while len(self._ahead) < size:
            more = self._checked(size - len(self._ahead)) or self._line_end()
            if not more:
                break
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; the last line always ends.

        Raises:
            DataError: the file is broken, unpacks to too much, or holds NUL bytes.
        """
        if self._ahead:
            chunk, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            chunk = self._checked(size) or self._line_end()
        return chunk

    def _line_end(self) -> bytes:
        """Return the line break that the last line lacks, once."""
        missing, self._last = self._last != b"\n", b"\n"
        return b"\n" if missing else b""

    def _checked(self, size: int) -> bytes:
        try:
            chunk = bytes(self._inner.read(size))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise refusal("DV012", self._name, seen=str(error), expected="a whole gzip file") from error
        self._read += len(chunk)
        self._check_size()
        place = chunk.find(b"\0")
        if place >= 0:
            where = f"a NUL at byte {self._read - len(chunk) + place}"
            raise refusal("DV006", self._name, seen=where, expected="text without NUL bytes")
        self.quotes += chunk.count(b'"')
        self._last = chunk[-1:] or self._last
        return chunk

    def _check_size(self) -> None:
        bomb = self._packed and self._read > FREE_BYTES and self._read > MAX_RATIO * max(self._size, 1)
        if bomb or self._read > MAX_BYTES:
            packed = f"{MAX_RATIO} times the {self._size} bytes of the file"
            expected = f"at most {packed if bomb else MAX_BYTES}"
            raise refusal("DV011", self._name, seen=f"more than {self._read} bytes", expected=expected)
