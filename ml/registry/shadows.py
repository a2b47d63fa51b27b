"""Records of challengers that are held in the shadow before they may go live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, bindparam, or_, select, text, type_coerce

from ml.domain.holds import HELD, ShadowEnding, ShadowVerdict, hold_asked
from ml.domain.records import GateResult, Version
from ml.registry.convert import AnyRow
from ml.registry.memory import END_OF_TIME
from ml.registry.session import AS_OF, MODEL, Writing
from ml.registry.shadow_table import ShadowVerdictRow
from ml.registry.tables import GateResultRow, VersionRow
from ml.registry.versions import VersionReader

_VERDICT = select(ShadowVerdictRow.__table__).where(
    ShadowVerdictRow.model == MODEL, ShadowVerdictRow.version == bindparam("version")
)
_VERDICTS = (
    select(ShadowVerdictRow.__table__)
    .where(ShadowVerdictRow.model == MODEL, ShadowVerdictRow.as_of <= AS_OF)
    .order_by(ShadowVerdictRow.version)
)
_CHALLENGERS = select(VersionRow.version).where(
    VersionRow.model == MODEL,
    text("version.stage = 'challenger'"),  # word for word: the partial index is found by it
)
_ENDED_AFTER = select(ShadowVerdictRow.version).where(ShadowVerdictRow.model == MODEL, ShadowVerdictRow.as_of > AS_OF)
_MAY_BE_HELD = (
    select(GateResultRow.challenger)
    .where(
        GateResultRow.model == MODEL,
        GateResultRow.as_of <= AS_OF,
        or_(GateResultRow.challenger.in_(_CHALLENGERS), GateResultRow.challenger.in_(_ENDED_AFTER)),
        type_coerce(GateResultRow.evidence, Text).contains(f'"{HELD}"'),
    )
    .order_by(GateResultRow.as_of.desc(), GateResultRow.challenger.desc())
)
"""What is held is a challenger; what was held at a moment of the past, and is not now, has a verdict of later. These
few are asked, not all that were ever judged."""


class ShadowReader(VersionReader):
    """Questions about challengers in the shadow."""

    def shadow_verdict(self, model: str, version: int) -> ShadowVerdict | None:
        """How the hold of a version ended, None while it goes on, or if it never was held."""
        row = self._first(_VERDICT, model=model, version=version)
        return None if row is None else shadow_verdict_of(row)

    def shadow_verdicts(self, model: str, *, as_of: datetime | None = None) -> tuple[ShadowVerdict, ...]:
        """How all holds ended that had ended at ``as_of``, by version."""
        return tuple(shadow_verdict_of(row) for row in self._all(_VERDICTS, model=model, as_of=as_of or END_OF_TIME))

    def held_at(self, model: str, as_of: datetime | None = None) -> tuple[Version, GateResult] | None:
        """The challenger that was held as of a moment of the data's time (by default is held now), with its verdict.

        One is held at a time. Should more be on record without an end, it is the newest of them, by the moment of its
        data and then by number, whatever was judged since; the others follow when that one has ended.
        """
        moment = as_of or END_OF_TIME
        for row in self._all(_MAY_BE_HELD, model=model, as_of=moment):
            result = self.gate_result(model, row.challenger)
            ended = self.shadow_verdict(model, row.challenger)
            if result is not None and hold_asked(result) is not None and (ended is None or ended.as_of > moment):
                return self.version(model, row.challenger), result
        return None


class ShadowWriter(Writing, ShadowReader):
    """Records how holds end."""

    def add_shadow_verdict(self, verdict: ShadowVerdict) -> ShadowVerdict:
        """Record how a hold ended and return what is on record: the first end of a version stays."""
        self._lock(verdict.model)
        done = self.shadow_verdict(verdict.model, verdict.version)
        if done is not None:
            return done
        low, high = verdict.interval or (None, None)
        self._insert(
            ShadowVerdictRow,
            {
                "model": verdict.model,
                "version": verdict.version,
                "ending": verdict.ending.value,
                "sentence": verdict.sentence,
                "difference": None if verdict.difference is None else float(verdict.difference),
                "low": None if low is None else float(low),
                "high": None if high is None else float(high),
                "rows": int(verdict.rows),
                "as_of": verdict.as_of,
                "evidence": dict(verdict.evidence),
                "created_at": verdict.created_at,
            },
        )
        return self.shadow_verdict(verdict.model, verdict.version) or verdict


def shadow_verdict_of(row: AnyRow) -> ShadowVerdict:
    """Read how a hold ended."""
    return ShadowVerdict(
        model=row.model,
        version=row.version,
        ending=ShadowEnding(row.ending),
        sentence=row.sentence,
        difference=row.difference,
        interval=None if row.low is None else (row.low, row.high),
        rows=row.rows,
        as_of=row.as_of,
        created_at=row.created_at,
        evidence=row.evidence,
    )
