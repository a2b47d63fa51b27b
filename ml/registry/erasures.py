"""Records of erasures: the references to rewritten artifacts are moved in the transaction that writes their tombstones.

A digest column is the one thing that changes in a row that is otherwise append-only; the audit puts the old digest back
before it compares the row with its event (:mod:`ml.registry.custody.stones`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, literal, select, update

from ml.domain.erasures import Erasure, Tombstone
from ml.domain.errors import RegistryError
from ml.domain.records import SnapshotRole
from ml.domain.windows import Window
from ml.registry.base import Base
from ml.registry.convert import AnyRow, window_of
from ml.registry.erasure_tables import FIELDS, ErasureEndRow, ErasureRow, TombstoneRow
from ml.registry.session import MODEL, Reading, Writing
from ml.registry.tables import VersionRow

_ERASURES = (
    select(ErasureRow.__table__, ErasureEndRow.created_at.label("finished_at"))
    .outerjoin(ErasureEndRow, ErasureEndRow.erasure_id == ErasureRow.id)
    .where(ErasureRow.model == MODEL)
    .order_by(ErasureRow.id)
)
_STONES = select(TombstoneRow.__table__).where(TombstoneRow.model == MODEL).order_by(TombstoneRow.id)
_PRIMARY = {"snapshot": "id", "validation": "snapshot_id", "scoring": "id"}
_ERASED = select(TombstoneRow.old_sha256).where(
    TombstoneRow.model == MODEL, TombstoneRow.record == "snapshot", TombstoneRow.window_start == bindparam("start")
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in the records that names a frame of rows.

    ``snapshot`` is the number of the snapshot that it belongs to, ``window`` its batch; of a version both are None.
    """

    record: str
    key: str
    field: str
    sha256: str
    snapshot: int | None = None
    window: Window | None = None
    is_labels: bool = False


class ErasureReader(Reading):
    """Questions about what was erased."""

    def erasures(self, model: str) -> tuple[Erasure, ...]:
        """All erasures of a model, in the order of their recording, with their tombstones."""
        stones: dict[int, list[Tombstone]] = {}
        for row in self._all(_STONES, model=model):
            stones.setdefault(row.erasure_id, []).append(_stone_of(row))
        return tuple(
            Erasure(
                id=row.id,
                model=row.model,
                column=row.column,
                keys=row.keys,
                rows=row.rows,
                reason=row.reason,
                actor=row.actor,
                created_at=row.created_at,
                finished_at=row.finished_at,
                tombstones=tuple(stones.get(row.id, ())),
            )
            for row in self._all(_ERASURES, model=model)
        )

    def erased_digests(self, model: str, window: Window) -> frozenset[str]:
        """Digests of the snapshots of a window from which rows were erased, as they were before."""
        return frozenset(row.old_sha256 for row in self._all(_ERASED, model=model, start=window.start))

    def references(self, model: str) -> tuple[Reference, ...]:
        """Every reference of a model to a frame of rows: rows and labels first, what was made of them behind."""
        return (*self._in_columns(model), *self._in_manifests(model))

    def _in_columns(self, model: str) -> Iterator[Reference]:
        for name, primary in _PRIMARY.items():
            table = _table(name)
            role = table.c.role if name == "snapshot" else literal("")
            snapshot = table.c.id if name == "snapshot" else table.c.snapshot_id
            place = (table.c[primary].label("key"), snapshot.label("snapshot"), role.label("role"))
            window = (table.c.window_start, table.c.window_end)
            asked = select(*place, *window, *(table.c[field] for field in FIELDS[name])).where(table.c.model == MODEL)
            for row in self._mappings(asked.order_by(table.c[primary]), model=model):
                for field in FIELDS[name]:
                    if row[field] is not None:
                        yield Reference(
                            record=name,
                            key=str(row["key"]),
                            field=field,
                            sha256=row[field],
                            snapshot=row["snapshot"],
                            window=window_of(row["window_start"], row["window_end"]),
                            is_labels=row["role"] == SnapshotRole.LABELS.value,
                        )

    def _in_manifests(self, model: str) -> Iterator[Reference]:
        asked = select(VersionRow.version, VersionRow.manifest).where(VersionRow.model == MODEL)
        for row in self._all(asked.order_by(VersionRow.version), model=model):
            for field in FIELDS["version"]:
                if row.manifest.get(field) is not None:
                    yield Reference("version", str(row.version), field, str(row.manifest[field]))


class ErasureWriter(Writing, ErasureReader):
    """Records erasures."""

    def add_erasure(
        self,
        model: str,
        *,
        column: str,
        keys: Mapping[str, Any],
        rows: int,
        reason: str,
        actor: str,
        tombstones: Sequence[Tombstone],
    ) -> int:
        """Record a request with its tombstones, and lead each of their references to the new bytes; return its number.

        Raises:
            RegistryError: a reference no longer leads to the old bytes: another erasure was quicker.
        """
        self._lock(model)
        number = self._insert(
            ErasureRow,
            {
                "model": model,
                "column": column,
                "keys": dict(keys),
                "rows": rows,
                "reason": reason,
                "actor": actor,
            },
        )
        self._insert_all(TombstoneRow, [_values(model, number, stone) for stone in tombstones])
        for stone in tombstones:
            if not self._lead_on(model, stone):
                raise RegistryError(
                    f"{stone.field} of {stone.record} {stone.key} of {model} is no longer {stone.old_sha256[:12]}.",
                    remedy="another erasure was quicker: run the command again.",
                )
        return number

    def finish_erasure(self, model: str, number: int, *, removed: int, actor: str) -> None:
        """Record that all the old bytes are gone; the first record stays."""
        self._lock(model)
        done = {one.id for one in self.erasures(model) if one.finished_at is not None}
        if number not in done:
            self._insert(ErasureEndRow, {"model": model, "erasure_id": number, "removed": removed, "actor": actor})

    def _lead_on(self, model: str, stone: Tombstone) -> bool:
        if stone.record == "version":
            return self._lead_on_in_manifest(model, stone)
        table = _table(stone.record)
        key = table.c[_PRIMARY[stone.record]] == int(stone.key)
        field = table.c[stone.field]
        done = self._connection.execute(
            update(table)
            .where(table.c.model == model, key, field == stone.old_sha256)
            .values({field.name: stone.new_sha256})
        )
        return done.rowcount == 1

    def _lead_on_in_manifest(self, model: str, stone: Tombstone) -> bool:
        mine = (VersionRow.model == model, VersionRow.version == int(stone.key))
        row = self._first(select(VersionRow.manifest).where(*mine))
        if row is None or row.manifest.get(stone.field) != stone.old_sha256:
            return False
        moved = {**row.manifest, stone.field: stone.new_sha256}
        self._connection.execute(update(VersionRow).where(*mine).values(manifest=moved))
        return True


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _values(model: str, number: int, stone: Tombstone) -> dict[str, Any]:
    return {
        "model": model,
        "erasure_id": number,
        "record": stone.record,
        "key": stone.key,
        "field": stone.field,
        "window_start": None if stone.window is None else stone.window.start,
        "window_end": None if stone.window is None else stone.window.end,
        "old_sha256": stone.old_sha256,
        "new_sha256": stone.new_sha256,
        "rows": stone.rows,
    }


def _stone_of(row: AnyRow) -> Tombstone:
    return Tombstone(
        erasure=row.erasure_id,
        record=row.record,
        key=row.key,
        field=row.field,
        window=None if row.window_start is None else window_of(row.window_start, row.window_end),
        old_sha256=row.old_sha256,
        new_sha256=row.new_sha256,
        rows=row.rows,
    )
