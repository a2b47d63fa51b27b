"""Where what a version was made of came from."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Text, bindparam, select, type_coerce
from sqlalchemy.types import TypeDecorator

from ml.domain.windows import Window
from ml.registry.base import Base
from ml.registry.convert import window_of
from ml.registry.custody.tables import EventRow
from ml.registry.erasure_tables import TombstoneRow
from ml.registry.session import MODEL, Reading
from ml.registry.tables import SpecRow, ValidationRow, VersionRow

_SPEC = select(SpecRow.spec).where(SpecRow.model == MODEL, SpecRow.sha256 == bindparam("sha256")).limit(1)
_KEPT = (
    select(ValidationRow.kept_sha256, ValidationRow.window_start, ValidationRow.window_end)
    .where(ValidationRow.model == MODEL)
    .order_by(ValidationRow.snapshot_id)
)

_SHA256 = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.ASCII)
_TOGETHER = 1000
_WITHOUT_HOLD = {EventRow.__tablename__, TombstoneRow.__tablename__, VersionRow.__tablename__}
"""Tables whose digests are looked at with more care, or do not keep an artifact."""


class LineageReader(Reading):
    """Questions about the origin of what was used."""

    def spec_with(self, model: str, sha256: str) -> dict[str, Any] | None:
        """The spec with a digest, however old, None if it was never registered."""
        row = self._first(_SPEC, model=model, sha256=sha256)
        return None if row is None else row.spec

    def windows_of_kept_rows(self, model: str) -> dict[str, Window]:
        """The batch of each frame of kept rows, by its digest."""
        rows = self._all(_KEPT, model=model)
        return {row.kept_sha256: window_of(row.window_start, row.window_end) for row in rows}

    def digests(self) -> frozenset[str]:
        """Every digest that any record of any model holds, wherever it stands: in a column or deep in a manifest.

        Found by its form and not by a list of columns, so that a table which comes later is never forgotten. That a
        manifest, or a tombstone, names what a version once learned from does not keep erased rows.
        """
        found: set[str] = set()
        for table in Base.metadata.sorted_tables:
            columns = [type_coerce(column, Text) for column in table.c if _is_text(column.type)]
            if columns and table.name not in _WITHOUT_HOLD:
                for rows in self._connection.execute(select(*columns)).partitions(_TOGETHER):
                    found.update(digest for row in rows for text in row if text for digest in _SHA256.findall(text))
        return frozenset(found | self._digests_of_versions())

    def _digests_of_versions(self) -> set[str]:
        erased: dict[str, set[str]] = {}
        for model, sha256 in self._connection.execute(select(TombstoneRow.model, TombstoneRow.old_sha256).distinct()):
            erased.setdefault(model, set()).add(sha256)
        columns = [type_coerce(column, Text) for column in VersionRow.__table__.c if _is_text(column.type)]
        found: set[str] = set()
        for row in self._connection.execute(select(VersionRow.model.label("of"), *columns)):
            digests = {digest for text in row[1:] if text for digest in _SHA256.findall(text)}
            found |= digests - erased.get(row.of, set())
        return found


def _is_text(kind: Any) -> bool:
    return isinstance(kind.impl if isinstance(kind, TypeDecorator) else kind, Text)
