"""Records of versions, of the gate's verdicts and of who is champion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from ml.domain.errors import NotFoundError
from ml.domain.records import GateResult, Promotion, Stage, Version
from ml.registry.convert import finding_json, gate_result_of, promotion_of, version_of
from ml.registry.session import Reading, Writing
from ml.registry.tables import GateResultRow, ModelRow, PromotionRow, VersionRow


class VersionReader(Reading):
    """Questions about versions."""

    def version(self, model: str, number: int) -> Version:
        """One version; raise ``NotFoundError`` if the model has none with this number."""
        row = self._first(_versions(model).where(VersionRow.version == number))
        if row is None:
            raise NotFoundError(
                f"{model} has no version {number}.", remedy=f"list its versions with: evergreen history {model}"
            )
        return version_of(row)

    def versions(self, model: str, *, as_of: datetime | None = None) -> tuple[Version, ...]:
        """All versions known at ``as_of``, by number."""
        statement = _versions(model).order_by(VersionRow.version)
        if as_of is not None:
            statement = statement.where(VersionRow.as_of <= as_of)
        return tuple(version_of(row) for row in self._all(statement))

    def version_by_run_key(self, model: str, run_key: str) -> Version | None:
        """The version that a retraining gave, None if it has not yet."""
        row = self._first(_versions(model).where(VersionRow.run_key == run_key))
        return None if row is None else version_of(row)

    def champion(self, model: str) -> Version | None:
        """Today's champion."""
        row = self._first(_versions(model).where(VersionRow.stage == Stage.CHAMPION.value))
        return None if row is None else version_of(row)

    def champion_at(self, model: str, as_of: datetime) -> Version | None:
        """The champion as of a moment of the data's time, None if there was none."""
        newest = (
            select(PromotionRow.to_version)
            .where(PromotionRow.model == model, PromotionRow.as_of <= as_of)
            .order_by(PromotionRow.generation.desc())
            .limit(1)
            .scalar_subquery()
        )
        row = self._first(_versions(model).where(VersionRow.version == newest))
        return None if row is None else version_of(row)

    def retired_at(self, model: str, as_of: datetime, limit: int) -> tuple[Version, ...]:
        """Up to ``limit`` former champions as of a moment of the data's time, the last to serve first."""
        with self._one_state():
            served = [promotion.to_version for promotion in self.promotions(model, as_of=as_of)]
            former = [number for number in dict.fromkeys(reversed(served)) if number != served[-1]][: max(limit, 0)]
            if not former:
                return ()
            rows = self._all(_versions(model).where(VersionRow.version.in_(former)))
        found = {row.version: version_of(row) for row in rows}
        return tuple(found[number] for number in former)

    def gate_result(self, model: str, challenger: int) -> GateResult | None:
        """The verdict on a challenger, None before the gate judged."""
        row = self._first(_gate_results(model).where(GateResultRow.challenger == challenger))
        return None if row is None else gate_result_of(row)

    def gate_results(self, model: str) -> tuple[GateResult, ...]:
        """All verdicts, by number of the challenger."""
        return tuple(gate_result_of(row) for row in self._all(_gate_results(model).order_by(GateResultRow.challenger)))

    def promotions(self, model: str, *, as_of: datetime | None = None) -> tuple[Promotion, ...]:
        """All changes of champion known at ``as_of``, by generation."""
        statement = _promotions(model).order_by(PromotionRow.generation)
        if as_of is not None:
            statement = statement.where(PromotionRow.as_of <= as_of)
        return tuple(promotion_of(row) for row in self._all(statement))

    def promotion_by_run_key(self, model: str, run_key: str) -> Promotion | None:
        """The change of champion that a run made, None if it made none."""
        row = self._first(_promotions(model).where(PromotionRow.run_key == run_key))
        return None if row is None else promotion_of(row)

    def generation(self, model: str) -> int:
        """How often the champion has changed; 0 for an unknown model."""
        row = self._first(select(ModelRow.generation).where(ModelRow.name == model))
        return 0 if row is None else int(row.generation)


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
        newest = self._connection.execute(
            select(func.max(VersionRow.version)).where(VersionRow.model == model)
        ).scalar()
        number = (newest or 0) + 1
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
        self._connection.execute(insert(VersionRow), values)
        return self.version(model, number)

    def set_refit(self, model: str, version: int, *, sha256: str, until: datetime) -> Version:
        """Record the estimator that was fitted once more on all rows. Written once: the first one stays."""
        self._lock(model)
        self._connection.execute(
            update(VersionRow)
            .where(VersionRow.model == model, VersionRow.version == version, VersionRow.refit_sha256.is_(None))
            .values(refit_sha256=sha256, refit_until=until)
        )
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
            },
        )
        return self.gate_result(result.model, result.challenger) or result


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _versions(model: str) -> Select[Any]:
    return select(VersionRow.__table__).where(VersionRow.model == model)


def _gate_results(model: str) -> Select[Any]:
    return select(GateResultRow.__table__).where(GateResultRow.model == model)


def _promotions(model: str) -> Select[Any]:
    return select(PromotionRow.__table__).where(PromotionRow.model == model)
