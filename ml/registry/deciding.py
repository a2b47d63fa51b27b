"""Records of decisions, and the history that they are made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from ml.domain.records import Decision, History, Promotion, Stage, Version
from ml.registry.convert import decision_of, rule_json, window_of, window_values
from ml.registry.data import DataReader
from ml.registry.models import ModelReader
from ml.registry.session import Writing
from ml.registry.tables import DecisionRow
from ml.registry.versions import VersionReader
from ml.registry.watching import WatchReader


class DecisionReader(ModelReader, DataReader, WatchReader, VersionReader):
    """Questions about decisions."""

    def decision(self, decision_id: str) -> Decision | None:
        """One decision, None if there is none with this id."""
        row = self._first(select(DecisionRow.__table__).where(DecisionRow.id == decision_id))
        return None if row is None else decision_of(row)

    def decisions(self, model: str, *, as_of: datetime | None = None) -> tuple[Decision, ...]:
        """All decisions known at ``as_of``, oldest first."""
        statement = select(DecisionRow.__table__).where(DecisionRow.model == model)
        if as_of is not None:
            statement = statement.where(DecisionRow.as_of <= as_of)
        return tuple(decision_of(row) for row in self._all(statement.order_by(DecisionRow.as_of, DecisionRow.number)))

    def history(self, model: str, *, as_of: datetime, metric: str, higher_is_better: bool) -> History:
        """All that a policy may look at, as it was known at ``as_of``: one query a table.

        ``windows`` are the batches that passed validation. A version's stage is the one that it had then.
        """
        with self._one_state():
            windows = tuple(
                window_of(row.window_start, row.window_end) for row in self._batch_rows(model, as_of) if row.passed
            )
            observations = self.observations(model, as_of=as_of)
            decisions = self.decisions(model, as_of=as_of)
            promotions = self.promotions(model, as_of=as_of)
            versions = self.versions(model, as_of=as_of)
        return History(
            model=model,
            as_of=as_of,
            metric=metric,
            higher_is_better=higher_is_better,
            windows=windows,
            observations=observations,
            decisions=decisions,
            versions=tuple(_at_that_time(version, promotions) for version in versions),
            promotions=promotions,
        )


def _at_that_time(version: Version, promotions: tuple[Promotion, ...]) -> Version:
    if promotions and promotions[-1].to_version == version.version:
        stage = Stage.CHAMPION
    elif any(promotion.to_version == version.version for promotion in promotions):
        stage = Stage.RETIRED
    else:
        stage = Stage.REJECTED if version.stage is Stage.REJECTED else Stage.CHALLENGER
    return version if stage is version.stage else replace(version, stage=stage)


class DecisionWriter(Writing, DecisionReader):
    """Records decisions."""

    def add_decision(self, decision: Decision) -> Decision:
        """Record a decision and return it as it is on record; one id is recorded once."""
        self._lock(decision.model)
        done = self.decision(decision.id)
        if done is not None:
            return done
        self._insert(
            DecisionRow,
            {
                "id": decision.id,
                "model": decision.model,
                **window_values(decision.window, decision.as_of),
                "verdict": decision.verdict.value,
                "sentence": decision.sentence,
                "trigger": decision.trigger.value,
                "result": rule_json(decision.result),
                "guards": [rule_json(guard) for guard in decision.guards],
                "policy_sha256": decision.policy_sha256,
                "history_sha256": decision.history_sha256,
                "reason": decision.reason,
                "actor": decision.actor,
            },
        )
        return self.decision(decision.id) or decision
