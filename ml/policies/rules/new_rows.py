"""Retrain when enough labelled rows arrived."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.policies.facts import Champion
from ml.policies.question import Question
from ml.specs.rules import NewRowsRule


def new_rows(question: Question, spec: NewRowsRule) -> RuleResult:
    """Compare the labelled rows newer than the champion's data with an amount, or with a share of its training rows."""
    facts = question.facts
    new = facts.labelled_since(facts.champion_data_end)
    evidence: dict[str, int | float | None] = {"new_rows": new, "share": spec.share}
    if spec.rows is not None:
        needed = float(spec.rows)
        basis = f"{spec.rows} needed"
    else:
        trained = _training_rows(question, facts.champion)
        if not trained or spec.share is None:
            sentence = (
                "It is not known on how many labelled rows the champion was trained, so no share of them can be taken."
            )
            return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, float(new), None, evidence)
        needed = spec.share * trained
        basis = f"{needed:.0f} needed, which is {spec.share:.0%} of the champion's {trained}"
        evidence["training_rows"] = trained
    if new >= needed:
        return RuleResult(
            spec.kind, Verdict.RETRAIN, f"{new} new labelled rows have arrived ({basis}).", float(new), needed, evidence
        )
    sentence = f"{new} new labelled rows so far: would retrain at {needed:.0f} ({basis})."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, float(new), needed, evidence)


def _training_rows(question: Question, champion: Champion | None) -> int:
    if champion is None:
        return 0
    return sum(
        rows
        for window, rows in question.facts.labelled.items()
        if champion.trained_from <= window.start < champion.seen_until
    )
