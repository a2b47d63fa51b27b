"""Records of versions, of the gate's verdicts and of who is champion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from ml.domain.errors import NotFoundError
from ml.domain.records import GateResult, Promotion, Stage, Version
from ml.registry.convert import finding_json, gate_result_of, promotion_of, version_of
from ml.registry.custody.records import REFIT
from ml.registry.memory import END_OF_TIME, Entry
from ml.registry.session import AS_OF, MODEL, Reading, Writing
from ml.registry.tables import GateResultRow, LeaseRow, ModelRow, PromotionRow, VersionRow

_KEPT_VERSIONS = 1000
_OF_MODEL = select(*(column for column in VersionRow.__table__.c if column.name != "manifest")).where(
    VersionRow.model == MODEL
)
"""All of a version but its manifest, which is long and never changes."""
_MANIFESTS = select(VersionRow.version, VersionRow.manifest).where(
    VersionRow.model == MODEL, VersionRow.version.in_(bindparam("versions", expanding=True))
)
_VERSION = _OF_MODEL.where(VersionRow.version == bindparam("version"))
_VERSIONS = _OF_MODEL.where(VersionRow.as_of <= AS_OF).order_by(VersionRow.version)
_SOME_VERSIONS = _OF_MODEL.where(VersionRow.version.in_(bindparam("versions", expanding=True)))
_VERSION_OF_RUN = _OF_MODEL.where(VersionRow.run_key == bindparam("run_key"))
_CHAMPION = _OF_MODEL.where(VersionRow.stage == Stage.CHAMPION.value)
_CHAMPION_AT = _OF_MODEL.where(
    VersionRow.version
    == select(PromotionRow.to_version)
    .where(PromotionRow.model == MODEL, PromotionRow.as_of <= AS_OF)
    .order_by(PromotionRow.generation.desc())
    .limit(1)
    .scalar_subquery()
)
_NEWEST_NUMBER = (
    select(VersionRow.version).where(VersionRow.model == MODEL).order_by(VersionRow.version.desc()).limit(1)
)
_GATE_RESULT = select(GateResultRow.__table__).where(
    GateResultRow.model == MODEL, GateResultRow.challenger == bindparam("challenger")
)
_JUDGED = (
    select(GateResultRow.challenger)
    .where(GateResultRow.model == MODEL, GateResultRow.as_of <= AS_OF)
    .order_by(GateResultRow.challenger)
)
_GATE_RESULTS = select(GateResultRow.__table__).where(
    GateResultRow.model == MODEL, GateResultRow.challenger.in_(bindparam("challengers", expanding=True))
)
_PROMOTIONS = select(PromotionRow.__table__).where(
    PromotionRow.model == MODEL, PromotionRow.generation > bindparam("number")
)
_PROMOTION_OF_RUN = select(PromotionRow.__table__).where(
    PromotionRow.model == MODEL, PromotionRow.run_key == bindparam("run_key")
)
_LEASE = select(LeaseRow.holder).where(LeaseRow.model == MODEL, LeaseRow.until > bindparam("now"))
_GENERATION = select(ModelRow.generation).where(ModelRow.name == MODEL)


class VersionReader(Reading):
    """Questions about versions."""

    def version(self, model: str, number: int) -> Version:
        """One version; raise ``NotFoundError`` if the model has none with this number."""
        found = self._versions(_VERSION, model, version=number)
        if not found:
            raise unknown(model, number)
        return found[0]

    def versions(self, model: str, *, as_of: datetime | None = None) -> tuple[Version, ...]:
        """All versions known at ``as_of``, by number."""
        return tuple(self._versions(_VERSIONS, model, as_of=as_of or END_OF_TIME))

    def version_by_run_key(self, model: str, run_key: str) -> Version | None:
        """The version that a retraining gave, None if it has not yet."""
        return next(iter(self._versions(_VERSION_OF_RUN, model, run_key=run_key)), None)

    def champion(self, model: str) -> Version | None:
        """Today's champion."""
        return next(iter(self._versions(_CHAMPION, model)), None)

    def champion_at(self, model: str, as_of: datetime) -> Version | None:
        """The champion as of a moment of the data's time, None if there was none."""
        return next(iter(self._versions(_CHAMPION_AT, model, as_of=as_of)), None)

    def retired_at(self, model: str, as_of: datetime, limit: int) -> tuple[Version, ...]:
        """Up to ``limit`` former champions as of a moment of the data's time, the last to serve first."""
        served = [promotion.to_version for promotion in self.promotions(model, as_of=as_of)]
        former = [number for number in dict.fromkeys(reversed(served)) if number != served[-1]][: max(limit, 0)]
        if not former:
            return ()
        # Two questions, and no need of one state: a version that served stays on record.
        found = {version.version: version for version in self._versions(_SOME_VERSIONS, model, versions=former)}
        return tuple(found[number] for number in former)

    def gate_result(self, model: str, challenger: int) -> GateResult | None:
        """The verdict on a challenger, None before the gate judged."""
        row = self._first(_GATE_RESULT, model=model, challenger=challenger)
        return None if row is None else gate_result_of(row)

    def gate_results(self, model: str, *, as_of: datetime | None = None) -> tuple[GateResult, ...]:
        """All verdicts known at ``as_of``, by number of the challenger."""
        judged = [row.challenger for row in self._all(_JUDGED, model=model, as_of=as_of or END_OF_TIME)]
        known = self._memories.gates
        missing = [challenger for challenger in judged if (model, challenger) not in known]
        if missing:
            read = self._all(_GATE_RESULTS, model=model, challengers=missing)
            known = {**known, **{(model, row.challenger): gate_result_of(row) for row in read}}
            self._memories.gates = known if len(known) <= _KEPT_VERSIONS else {}
        return tuple(known[model, challenger] for challenger in judged)

    def promotions(self, model: str, *, as_of: datetime | None = None) -> tuple[Promotion, ...]:
        """All changes of champion known at ``as_of``, by generation."""

        def newer(number: int) -> list[Entry[Promotion]]:
            rows = self._all(_PROMOTIONS, model=model, number=number)
            return [Entry(row.generation, row.as_of, (row.generation,), promotion_of(row)) for row in rows]

        return self._memories.promotions.known_at(model, as_of or END_OF_TIME, newer)

    def promotion_by_run_key(self, model: str, run_key: str) -> Promotion | None:
        """The change of champion that a run made, None if it made none."""
        row = self._first(_PROMOTION_OF_RUN, model=model, run_key=run_key)
        return None if row is None else promotion_of(row)

    def lease_holder(self, model: str, now: datetime) -> str | None:
        """Who holds the model's lease at a moment of the wall clock: the id of the decision that is being trained."""
        row = self._first(_LEASE, model=model, now=now)
        return None if row is None else str(row.holder)

    def generation(self, model: str) -> int:
        """How often the champion has changed; 0 for an unknown model."""
        row = self._first(_GENERATION, model=model)
        return 0 if row is None else int(row.generation)

    def _versions(self, statement: Select[Any], model: str, **values: Any) -> list[Version]:
        rows = self._all(statement, model=model, **values)
        known = self._memories.manifests
        missing = [row.version for row in rows if (model, row.version) not in known]
        if missing:
            read = self._all(_MANIFESTS, model=model, versions=missing)
            fresh = {(model, row.version): row.manifest for row in read}
            known = {**known, **fresh}
            self._memories.manifests = known if len(known) <= _KEPT_VERSIONS else fresh
        return [version_of(row, known[model, row.version]) for row in rows]


class VersionWriter(Writing, VersionReader):
    """Records versions and changes the champion."""

    def register_version(
        self,
        *,
        model: str,
        run_key: str,
        as_of: datetime,
        trained_from: datetime,
        trained_until: datetime,
        model_sha256: str,
        manifest: Mapping[str, Any],
    ) -> Version:
        """Give a challenger the model's next number; one ``run_key`` gets one version, however often it asks."""
        self._lock(model)
        done = self.version_by_run_key(model, run_key)
        if done is not None:
            return done
        newest = self._first(_NEWEST_NUMBER, model=model)
        number = 1 + (0 if newest is None else newest.version)
        values = {
            "model": model,
            "version": number,
            "stage": Stage.CHALLENGER.value,
            "run_key": run_key,
            "as_of": as_of,
            "trained_from": trained_from,
            "trained_until": trained_until,
            "model_sha256": model_sha256,
            "manifest": dict(manifest),
        }
        self._insert(VersionRow, values)
        return self.version(model, number)

    def set_refit(self, model: str, version: int, *, sha256: str, until: datetime) -> Version:
        """Record the estimator that was fitted once more on all rows. Written once: the first one stays."""
        self._lock(model)
        values = {"refit_sha256": sha256, "refit_until": until}
        done = self._connection.execute(
            update(VersionRow)
            .where(VersionRow.model == model, VersionRow.version == version, VersionRow.refit_sha256.is_(None))
            .values(values)
        )
        if done.rowcount == 1:
            self._note(REFIT, {"model": model, "version": version, **values})
        return self.version(model, version)

    def add_gate_result(self, result: GateResult) -> GateResult:
        """Record the verdict on a challenger and return it as it is on record; the first one stays."""
        self._lock(result.model)
        done = self.gate_result(result.model, result.challenger)
        if done is not None:
            return done
        low, high = result.interval or (None, None)
        self._insert(
            GateResultRow,
            {
                "model": result.model,
                "challenger": result.challenger,
                "champion": result.champion,
                "as_of": result.as_of,
                "passed": bool(result.passed),
                "sentence": result.sentence,
                "metrics": {who: dict(values) for who, values in result.metrics.items()},
                "difference": _number(result.difference),
                "low": _number(low),
                "high": _number(high),
                "rows": int(result.rows),
                "rows_sha256": result.rows_sha256,
                "refitted": bool(result.refitted),
                "generation": result.generation,
                "findings": [finding_json(finding) for finding in result.findings],
                "evidence": dict(result.evidence),
            },
        )
        return self.gate_result(result.model, result.challenger) or result


def unknown(model: str, number: int) -> NotFoundError:
    """Return the error to raise for a version that is not there."""
    return NotFoundError(
        f"{model} has no version {number}.", remedy=f"list its versions with: evergreen history {model}"
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
