"""Records of decisions, and the history that they are made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select

from ml.domain.history import History
from ml.domain.holds import HELD
from ml.domain.records import ASKED, Decision, Promotion, Stage, Verdict, Version
from ml.registry.approvals import ApprovalReader
from ml.registry.convert import decision_of, rule_json, window_values
from ml.registry.data import DataReader
from ml.registry.memory import END_OF_TIME, Entry
from ml.registry.models import ModelReader
from ml.registry.session import Writing
from ml.registry.tables import DecisionRow
from ml.registry.watching import WatchReader

_DECISION = select(DecisionRow.__table__).where(DecisionRow.id == bindparam("id"))
_RETRAININGS = select(DecisionRow.id).where(
    DecisionRow.model == bindparam("model"),
    DecisionRow.as_of <= bindparam("as_of"),
    DecisionRow.verdict == Verdict.RETRAIN.value,
)
_DECISIONS = select(DecisionRow.__table__).where(
    DecisionRow.model == bindparam("model"), DecisionRow.number > bindparam("number")
)


class DecisionReader(ModelReader, DataReader, WatchReader, ApprovalReader):
    """Questions about decisions."""

    def decision(self, decision_id: str) -> Decision | None:
        """One decision, None if there is none with this id."""
        row = self._first(_DECISION, id=decision_id)
        return None if row is None else decision_of(row)

    def decisions(self, model: str, *, as_of: datetime | None = None) -> tuple[Decision, ...]:
        """All decisions known at ``as_of``, oldest first."""

        def newer(number: int) -> list[Entry[Decision]]:
            rows = self._all(_DECISIONS, model=model, number=number)
            return [Entry(row.number, row.as_of, (row.as_of, row.number), decision_of(row)) for row in rows]

        return self._memories.decisions.known_at(model, as_of or END_OF_TIME, newer)

    def retrainings(self, model: str, *, as_of: datetime) -> frozenset[str]:
        """The ids of all decisions to retrain known at ``as_of``."""
        return frozenset(row.id for row in self._all(_RETRAININGS, model=model, as_of=as_of))

    def history(self, model: str, *, as_of: datetime, metric: str, higher_is_better: bool) -> History:
        """All that a policy may look at, as it was known at ``as_of``: one query a table.

        ``windows`` are the batches that passed validation. A version's stage is the one that it had then.
        """
        with self._one_state():
            windows = self._passed_windows(model, as_of)
            observations = self.observations(model, as_of=as_of)
            decisions = self.decisions(model, as_of=as_of)
            promotions = self.promotions(model, as_of=as_of)
            versions = self.versions(model, as_of=as_of)
            gates = self.gate_results(model, as_of=as_of)
            held = any(HELD in gate.evidence for gate in gates)
            shadows = self.shadow_verdicts(model, as_of=as_of) if held else ()
            asked = any(ASKED in gate.evidence for gate in gates) or any(ASKED in one.evidence for one in shadows)
            approvals = self.approvals(model, as_of=as_of) if asked else ()
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
            gates=gates,
            approvals=approvals,
            shadows=shadows,
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
                "least_gain": None if decision.least_gain is None else float(decision.least_gain),
            },
        )
        return self.decision(decision.id) or decision
