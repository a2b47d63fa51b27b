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

from ml.domain.errors import SourceUnavailableError

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


class Place(NamedTuple):
    """Where a table lies: from which byte on, how many bytes, and how many rows they are."""

    start: int
    size: int
    rows: int


class Scratch:
    """Takes in tables and gives them back, as often as asked. One thread at a time."""

    def __init__(self) -> None:
        self._folder = tempfile.gettempdir()
        self._file: Any = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  (open as long as somebody reads)
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
        place = Place(self._end, data.size, table.num_rows)
        self._end += data.size
        return place

    def get(self, place: Place) -> pa.Table:
        """Read a table.

        Raises:
            SourceUnavailableError: the disk does not give it back.
        """
        try:
            self._file.seek(place.start)
            table = pa.ipc.open_stream(self._file.read(place.size)).read_all()
        except (OSError, pa.ArrowException) as error:
            raise self._lost(str(error)) from error
        if table.num_rows != place.rows:  # a stream that is cut between two messages just ends
            raise self._lost(f"{table.num_rows} of {place.rows} rows are there")
        return table

    def _lost(self, reason: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"Rows that waited in {self._folder} (TMPDIR) cannot be read back: {reason}.",
            remedy="run again; if it happens again, check that disk, or let TMPDIR name another place.",
        )


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # of a full disk: it is told again what could not be written
        file.close()
