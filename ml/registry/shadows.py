"""Records of challengers that are held in the shadow before they may go live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, bindparam, select, type_coerce

from ml.domain.holds import HELD, ShadowEnding, ShadowVerdict, hold_asked
from ml.domain.records import GateResult, Version
from ml.registry.convert import AnyRow
from ml.registry.memory import END_OF_TIME
from ml.registry.session import AS_OF, MODEL, Writing
from ml.registry.shadow_table import ShadowVerdictRow
from ml.registry.tables import GateResultRow
from ml.registry.versions import VersionReader

_VERDICT = select(ShadowVerdictRow.__table__).where(
    ShadowVerdictRow.model == MODEL, ShadowVerdictRow.version == bindparam("version")
)
_VERDICTS = (
    select(ShadowVerdictRow.__table__)
    .where(ShadowVerdictRow.model == MODEL, ShadowVerdictRow.as_of <= AS_OF)
    .order_by(ShadowVerdictRow.version)
)
_NEWEST_JUDGED = (
    select(
        GateResultRow.challenger, type_coerce(GateResultRow.evidence, Text).contains(f'"{HELD}"').label("may_be_held")
    )
    .where(GateResultRow.model == MODEL, GateResultRow.as_of <= AS_OF)
    .order_by(GateResultRow.challenger.desc())
    .limit(1)
)


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

        One is held at a time, and nothing is judged after it while it is: so it can only be the newest one judged.
        """
        moment = as_of or END_OF_TIME
        newest = self._first(_NEWEST_JUDGED, model=model, as_of=moment)
        if newest is None or not newest.may_be_held:
            return None
        result = self.gate_result(model, newest.challenger)
        ended = self.shadow_verdict(model, newest.challenger)
        if result is None or hold_asked(result) is None or (ended is not None and ended.as_of <= moment):
            return None
        return self.version(model, newest.challenger), result


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
