"""Records of what persons said about challengers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select, text

from ml.domain.approvals import Answer, Approval, Terms, terms_asked
from ml.domain.holds import hold_asked
from ml.domain.records import GateResult, Version
from ml.registry.convert import AnyRow
from ml.registry.memory import END_OF_TIME
from ml.registry.session import AS_OF, MODEL, Writing
from ml.registry.shadows import ShadowReader
from ml.registry.tables import ApprovalRow, VersionRow

_APPROVAL = select(ApprovalRow.__table__).where(ApprovalRow.model == MODEL, ApprovalRow.version == bindparam("version"))
_APPROVALS = (
    select(ApprovalRow.__table__)
    .where(ApprovalRow.model == MODEL, ApprovalRow.as_of <= AS_OF)
    .order_by(ApprovalRow.version)
)
_UNSETTLED = (
    select(VersionRow.version)
    .where(
        VersionRow.model == MODEL,
        text("version.stage = 'challenger'"),  # word for word: the partial index is found by it
        ~exists().where(ApprovalRow.model == VersionRow.model, ApprovalRow.version == VersionRow.version),
    )
    .order_by(VersionRow.version)
)


class ApprovalReader(ShadowReader):
    """Questions about approvals."""

    def approval(self, model: str, version: int) -> Approval | None:
        """The answer on a version, None while there is none."""
        row = self._first(_APPROVAL, model=model, version=version)
        return None if row is None else approval_of(row)

    def approvals(self, model: str, *, as_of: datetime | None = None) -> tuple[Approval, ...]:
        """All answers known at ``as_of``, by version."""
        return tuple(approval_of(row) for row in self._all(_APPROVALS, model=model, as_of=as_of or END_OF_TIME))

    def terms_of(self, result: GateResult) -> Terms | None:
        """On which terms a person must approve a challenger, None if nobody has to yet or at all; see `terms_asked`."""
        held = hold_asked(result) is not None
        return terms_asked(result, self.shadow_verdict(result.model, result.challenger) if held else None)

    def unanswered(self, model: str) -> tuple[tuple[Version, GateResult], ...]:
        """The versions that wait for a person, with the verdict that asks for one."""
        found = []
        for row in self._all(_UNSETTLED, model=model):
            result = self.gate_result(model, row.version)
            if result is not None and self.terms_of(result) is not None:
                found.append((self.version(model, row.version), result))
        return tuple(found)


class ApprovalWriter(Writing, ApprovalReader):
    """Records approvals."""

    def add_approval(self, approval: Approval) -> Approval:
        """Record an answer and return the one on record: the first on a version stays."""
        self._lock(approval.model)
        done = self.approval(approval.model, approval.version)
        if done is not None:
            return done
        values: dict[str, Any] = {
            "model": approval.model,
            "version": approval.version,
            "answer": approval.answer.value,
            "comment": approval.comment,
            "actor": approval.actor,
            "via": approval.via,
            "as_of": approval.as_of,
            "created_at": approval.created_at,
        }
        self._insert(ApprovalRow, values)
        return self.approval(approval.model, approval.version) or approval


def approval_of(row: AnyRow) -> Approval:
    """Read an approval."""
    return Approval(
        row.model, row.version, Answer(row.answer), row.comment, row.actor, row.via, row.as_of, row.created_at
    )
