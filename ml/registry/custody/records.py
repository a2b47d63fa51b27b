"""What the chain speaks of: one entry a kind of record, and the tables that it leaves out, each with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, true

from ml.domain.custody import EventKind
from ml.domain.records import Act, SnapshotRole, Stage
from ml.registry.base import Base
from ml.registry.custody.tables import EventRow
from ml.registry.erasure_tables import ErasureEndRow, ErasureRow, TombstoneRow
from ml.registry.replay_table import ReplayRow
from ml.registry.shadow_table import ShadowVerdictRow
from ml.registry.tables import (
    ApprovalRow,
    DecisionRow,
    FindingRow,
    FindingSetRow,
    GateResultRow,
    LeaseRow,
    ModelRow,
    ObservationRow,
    PromotionRow,
    ReportRow,
    ScoringRow,
    SnapshotRow,
    SpecRow,
    TableSchemaRow,
    ValidationRow,
    VersionRow,
)

KindOf = Callable[[Mapping[str, Any]], EventKind]


@dataclass(frozen=True)
class Recorded:
    """A kind of record: its table, the event that it makes, and the column that names one.

    Without a ``key`` many rows are written at once and are one event: the next rows of the table, in the order of their
    numbers. ``columns`` are those that never change once they are written; what may change has an entry of its own, and
    is ``there`` only in some rows.
    """

    name: str
    row: type[Base]
    kind: KindOf
    key: str | None
    columns: frozenset[str]
    there: ColumnElement[bool] = field(default_factory=true)

    @property
    def table(self) -> Table:
        """The table that it lies in."""
        return self.row.metadata.tables[self.row.__tablename__]

    @property
    def order(self) -> str:
        """The column in whose order its rows are read."""
        return self.key or "id"


def _whole(row: type[Base], kind: EventKind | KindOf, key: str | None, *, without: tuple[str, ...] = ()) -> Recorded:
    """A record that is a row, but for some columns."""
    table = row.metadata.tables[row.__tablename__]
    numbers = () if key is not None else ("id",)  # not known when many rows are written at once
    columns = frozenset(column.name for column in table.c) - {*without, *numbers}
    return Recorded(table.name, row, _always(kind) if isinstance(kind, EventKind) else kind, key, columns)


def _always(kind: EventKind) -> KindOf:
    return lambda _: kind


def _of_snapshot(values: Mapping[str, Any]) -> EventKind:
    return EventKind.LABELS if values["role"] == SnapshotRole.LABELS.value else EventKind.SNAPSHOT


def _of_promotion(values: Mapping[str, Any]) -> EventKind:
    return EventKind.ROLLBACK if values["act"] == Act.ROLLBACK.value else EventKind.PROMOTION


_CHANGING = ("stage", "refit_sha256", "refit_until")

REFIT = Recorded(
    "refit",
    VersionRow,
    _always(EventKind.REFIT),
    "version",
    frozenset({"model", "version", "refit_sha256", "refit_until"}),
    VersionRow.refit_sha256.is_not(None),
)
REJECTION = Recorded(
    "rejection",
    VersionRow,
    _always(EventKind.REJECTION),
    "version",
    frozenset({"model", "version", "stage"}),
    VersionRow.stage == Stage.REJECTED.value,
)
LAYOUT = Recorded(
    "layout",
    TableSchemaRow,
    _always(EventKind.SCHEMA),
    "key",
    frozenset({"model", "key", "layout_sha256"}),
    TableSchemaRow.layout_sha256.is_not(None),
)
WHOLE: tuple[Recorded, ...] = (
    _whole(SpecRow, EventKind.SPEC, "id"),
    _whole(TableSchemaRow, EventKind.SCHEMA, "key", without=("layout_sha256",)),
    _whole(SnapshotRow, _of_snapshot, "id"),
    _whole(FindingSetRow, EventKind.FINDINGS, "id"),
    _whole(ValidationRow, EventKind.VALIDATION, "snapshot_id"),
    _whole(ScoringRow, EventKind.SCORED, None),
    _whole(ObservationRow, EventKind.OBSERVED, None),
    _whole(DecisionRow, EventKind.DECISION, "id"),
    _whole(VersionRow, EventKind.TRAINING, "version", without=_CHANGING),
    _whole(GateResultRow, EventKind.VERDICT, "challenger"),
    _whole(ShadowVerdictRow, EventKind.VERDICT, "version"),
    _whole(ApprovalRow, EventKind.APPROVAL, "version"),
    _whole(PromotionRow, _of_promotion, "generation"),
    _whole(ReportRow, EventKind.REPORT, "id"),
    _whole(ReplayRow, EventKind.REPLAY, "id"),
    _whole(ErasureRow, EventKind.ERASURE, "id"),
    _whole(TombstoneRow, EventKind.ERASURE, None),
    _whole(ErasureEndRow, EventKind.ERASURE, "erasure_id"),
)
RECORDS: tuple[Recorded, ...] = (*WHOLE, LAYOUT, REFIT, REJECTION)
BY_NAME: Mapping[str, Recorded] = {record.name: record for record in RECORDS}
BY_ROW: Mapping[type[Base], Recorded] = {record.row: record for record in WHOLE}

LEFT_OUT: Mapping[type[Base], str] = {
    ModelRow: "its generation is compared with the changes of champion",
    LeaseRow: "says who may work now; it comes and goes",
    FindingRow: "its set holds the digest of its findings",
    EventRow: "the chain itself",
}
