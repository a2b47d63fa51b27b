"""Tables that wait on the disk, in a file without a name: it is gone with the process, however that ends.

No clean-up could promise this: a task that is killed runs none, and Airflow's ends by ``os._exit``, which runs none
either.
"""

from __future__ import annotations

import tempfile
import weakref
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


class Place(NamedTuple):
    """Where a table lies: from which byte on, and how many bytes."""

    start: int
    size: int


class Scratch:
    """Takes in tables and gives them back, as often as asked. One thread at a time."""

    def __init__(self) -> None:
        self.folder = tempfile.gettempdir()
        self._file: Any = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115  (open as long as somebody reads)
        self._end = 0
        weakref.finalize(self, _close, self._file)

    def put(self, table: pa.Table) -> Place:
        """Write a table.

        Raises:
            OSError: there is no room for it.
        """
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=_LZ4) as writer:
            writer.write_table(table.combine_chunks())
        data = sink.getvalue()
        self._file.seek(self._end)
        self._file.write(data)
        self._file.flush()  # a disk that is full says so now
        place = Place(self._end, data.size)
        self._end += data.size
        return place

    def get(self, place: Place) -> pa.Table:
        """Read a table."""
        self._file.seek(place.start)
        return pa.ipc.open_stream(self._file.read(place.size)).read_all()


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # of a full disk: it is told again what could not be written
        file.close()
