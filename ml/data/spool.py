"""The rows of a window on their way from the source: in memory while they are few, else in a file of their own.

In the file they lie as runs, each in the order of time; reading merges them. So memory depends on neither the number
of rows nor on the order in which the source has them. The file (in ``TMPDIR``) takes about as much room as the rows
in memory would, and is gone with the last who reads from it, or with the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.artifacts.durable import temporary_folder
from ml.artifacts.rows import Rows, as_stored
from ml.data.cells import Texts
from ml.data.pieces import Piece, Told, brought_to, common, decoded, joined, stored_field, stored_types, with_moments
from ml.data.scratch import Place, Scratch
from ml.data.source import refuse
from ml.domain.errors import SourceUnavailableError
from ml.domain.findings import Finding

LIMIT = 64 * 1024**2
"""Most bytes that are held in memory."""
_CHUNK = 2**18
"""Values in one block of a run."""
_AT = "@at\x1f"


class Spool:
    """Takes in pieces, each in the order of time and cut to the window, in the order of the source.

    Of pieces of a CSV, all of texts, ``texts`` finds the types; their rows come behind those of other pieces of the
    same moment.
    """

    def __init__(self, time_column: str, *, subject: str, texts: Texts | None = None) -> None:
        self.rows = 0
        self._time, self._subject, self._texts = time_column, subject, texts
        self._held: dict[bool, list[Piece]] = {False: [], True: []}
        self._bytes = 0
        self._runs: _Runs | None = None

    def add(self, piece: Piece, *, of_texts: bool = False) -> None:
        """Take in a piece.

        Raises:
            SourceUnavailableError: there is no room for it.
        """
        if not piece.table.num_rows:
            return
        self.rows += piece.table.num_rows
        self._held[of_texts].append(piece)
        self._bytes += piece.nbytes
        if self._bytes > LIMIT:
            self._spill()

    def settled(self) -> tuple[Rows, tuple[Finding, ...]]:
        """Return all rows in the order of time, those of one moment in the order of the source, and findings on time.

        Raises:
            DataError: not one row has a readable moment (DV019), or numbers have another decimal mark than the spec's.
        """
        if self._runs is None:
            piece = self._joined()
            told = Told.of(piece, self._time)
            told.check_readable(self._time, subject=self._subject)
            return Rows.of(stored_types(with_moments(piece, self._time))), told.findings(self._time)
        self._spill()
        self._check_texts()
        self._runs.told.check_readable(self._time, subject=self._subject)
        return self._runs.rows(), self._runs.told.findings(self._time)

    def _joined(self) -> Piece:
        """Return all pieces as one, while none was written."""
        pieces = self._held[False]
        if self._held[True] and self._texts is not None:
            piece = joined(self._held[True])
            self._texts.add(piece.table)
            self._check_texts()
            pieces = [*pieces, Piece(self._texts.typed(piece.table), piece.moments)]
        return decoded(joined(pieces))

    def _check_texts(self) -> None:
        if self._texts is not None and (findings := self._texts.findings()):
            raise refuse(self._subject, findings)

    def _spill(self) -> None:
        try:
            self._runs = self._runs or _Runs(self._time, self._texts)
            for of_texts, held in self._held.items():
                for piece in held if _follow(held) else [joined(held)]:
                    self._runs.add(decoded(piece), of_texts=of_texts)
        except OSError as error:
            raise SourceUnavailableError(
                f"{self._subject} is too large for memory, and {temporary_folder()} (TMPDIR) cannot hold it: {error}.",
                remedy="free space there, or let TMPDIR name a larger place, then run again.",
            ) from error
        self._held, self._bytes = {False: [], True: []}, 0


def _follow(pieces: Sequence[Piece]) -> bool:
    """Tell whether each piece begins when the one before it has ended, or later."""
    return all(one.moments.at[-1] <= other.moments.at[0] for one, other in pairwise(pieces))


class _Block(NamedTuple):
    """Rows in the order of time: where they lie, and the moments of the first and the last."""

    place: Place
    first: int
    last: int


class _Runs:
    """Blocks of rows on the disk; those of one run follow each other in time."""

    def __init__(self, time_column: str, texts: Texts | None) -> None:
        self.told = Told()
        self._time, self._texts = time_column, texts
        self._scratch = Scratch()
        self._names: dict[bool, dict[str, None]] = {False: {}, True: {}}
        self._kinds: dict[str, pa.DataType] = {}
        self._there: dict[str, int] = {}
        self._rows = 0
        self._runs: dict[bool, list[list[_Block]]] = {False: [], True: []}

    def add(self, piece: Piece, *, of_texts: bool) -> None:
        """Write a piece: on to the newest run where it follows it in time, else as a new run."""
        self.told = self.told.and_of(piece, self._time)
        table = with_moments(piece, self._time)
        if of_texts and self._texts is not None:
            self._texts.add(table)
        for field, column in zip(table.schema, table.columns, strict=True):
            self._names[of_texts].setdefault(field.name)
            if not of_texts or field.name == self._time:  # what texts are is known at the end
                self._note(field.name, field.type, len(column) - column.null_count)
        at = piece.moments.at
        runs = self._runs[of_texts]
        if not runs or at[0] < runs[-1][-1].last:
            runs.append([])
        step = max(1, _CHUNK // table.num_columns)
        table = table.append_column(_AT, pa.array(at))
        for start in range(0, table.num_rows, step):
            place = self._scratch.put(table.slice(start, step))
            end = min(start + step, table.num_rows) - 1
            runs[-1].append(_Block(place, int(at[start]), int(at[end])))
        self._rows += table.num_rows

    def _note(self, name: str, kind: pa.DataType, there: int) -> None:
        self._kinds[name] = common(self._kinds.get(name, kind), kind)
        self._there[name] = self._there.get(name, 0) + there

    def rows(self) -> Rows:
        """Return the rows of all runs, in the order of time."""
        for name, (kind, there) in self._texts.kinds().items() if self._texts is not None else ():
            self._note(name, kind, there)
        self._kinds = {name: self._kinds[name] for name in {**self._names[False], **self._names[True]}}
        schema = pa.schema(
            [stored_field(name, kind, self._there[name], self._rows) for name, kind in self._kinds.items()]
        )
        return Rows(schema, self._rows, lambda names: self._tables(schema, names))

    def _tables(self, schema: pa.Schema, names: Sequence[str] | None) -> Iterator[pa.Table]:
        kept = schema if names is None else pa.schema([schema.field(name) for name in names])
        kinds = {name: kind for name, kind in self._kinds.items() if kept.get_field_index(name) >= 0}
        runs = [_Run(self._scratch, blocks, kinds, None) for blocks in self._runs[False]]
        runs += [_Run(self._scratch, blocks, kinds, self._texts) for blocks in self._runs[True]]
        for table in _merged(runs):
            yield as_stored(table, kept)


class _Run:
    """One run, of which at most a block at a time is in memory: from when ``begin``, its next moment, is reached."""

    def __init__(
        self, scratch: Scratch, blocks: Sequence[_Block], kinds: dict[str, pa.DataType], texts: Texts | None
    ) -> None:
        self._scratch, self._blocks, self._kinds, self._texts = scratch, list(reversed(blocks)), kinds, texts
        self._table: Any = None
        self._at: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def begin(self) -> int | None:
        """The moment of its next row, None at its end."""
        if len(self._at):
            return int(self._at[0])
        return self._blocks[-1].first if self._blocks else None

    @property
    def until(self) -> int:
        """The last moment of the block that is read, or is to be read next."""
        return int(self._at[-1]) if len(self._at) else self._blocks[-1].last

    def take(self, last: int, *, too: bool) -> tuple[Any, npt.NDArray[np.int64]]:
        """Take the rows before a moment from the front, those of this very moment ``too`` or not; and their moments."""
        if not len(self._at):
            table = self._scratch.get(self._blocks.pop().place)
            self._at = table.column(_AT).to_numpy()
            self._table = brought_to(table if self._texts is None else self._texts.typed(table), self._kinds)
        rows = int(self._at.searchsorted(last, side="right" if too else "left"))
        taken = self._table.slice(0, rows), self._at[:rows]
        self._table, self._at = self._table.slice(rows), self._at[rows:]
        return taken


def _merged(runs: Sequence[_Run]) -> Iterator[pa.Table]:
    """Yield the rows of all runs in the order of time; of one moment, those of an earlier run first."""
    while live := [run for run in runs if run.begin is not None]:
        first = min(range(len(live)), key=lambda place: (live[place].until, place))
        last = live[first].until
        # An earlier run goes on beyond this moment: all its rows of it are in the block it reads. A later one waits.
        bounds = [last + (place <= first) for place in range(len(live))]
        begun = [run for run, bound in zip(live, bounds, strict=True) if run.begin is not None and run.begin < bound]
        taken = [run.take(last, too=run in live[: first + 1]) for run in begun]
        at = np.concatenate([moments for _, moments in taken])
        table = pa.concat_tables([rows for rows, _ in taken])
        yield table if (at[:-1] <= at[1:]).all() else table.take(pa.array(np.argsort(at, kind="stable")))
