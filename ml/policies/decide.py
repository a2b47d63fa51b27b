"""The decision: retrain now or not, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml.domain.digests import digest_of
from ml.domain.history import History
from ml.domain.records import Decision, RuleResult, Trigger, Verdict
from ml.domain.windows import Window
from ml.policies.guards import guards, hold_back
from ml.policies.ledger import facts_of
from ml.policies.needs import needs_of
from ml.policies.question import USUAL, Judging, Question
from ml.policies.rules import evaluate, takes_long
from ml.specs.policy import PolicySpec
from ml.specs.rules import CostRule, leaves

_KEY_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What rules and guards say: a decision without its identity. The fields are those of a Decision."""

    verdict: Verdict
    sentence: str
    result: RuleResult
    guards: tuple[RuleResult, ...]
    least_gain: float | None = None


def conclude(question: Question) -> Conclusion:
    """Ask the rules and the guards around them; the whole of the decision that a replay must make again.

    A model without a champion is trained as soon as it has the labelled rows, whatever the rules.
    """
    first = question.facts.champion is None
    if not question.explained and not first and _is_held_back(question):
        return Conclusion(Verdict.KEEP, "", RuleResult(question.policy.when.kind, Verdict.KEEP, ""), ())
    result = _first_version(question) if first else evaluate(question, question.policy.when)
    if not question.explained and result.verdict is not Verdict.RETRAIN:
        return Conclusion(result.verdict, "", result, ())  # there is nothing for the guards to hold back
    around = guards(question)
    verdict, sentence = _verdict(result, around)
    return Conclusion(verdict, sentence, result, around, result.least_gain if verdict is Verdict.RETRAIN else None)


def _is_held_back(question: Question) -> bool:
    """Tell whether slow rules need not be asked: a guard holds back anyhow, and what they say is not counted."""
    policy = question.policy
    return policy.confirm is None and takes_long(policy.when) and hold_back(question)


def decide(
    history: History,
    policy: PolicySpec,
    *,
    window: Window,
    trigger: Trigger = Trigger.SCHEDULE,
    force: bool | None = None,
    reason: str = "",
    actor: str = "",
    bounded: bool,
    judging: Judging = USUAL,
) -> Decision:
    """Decide whether to retrain, from what was known at ``history.as_of`` and nothing else.

    Deciding again on the same history gives the same decision with the same id. A model without a champion is trained
    as soon as it has the labelled rows, whatever the rules. While another decision's retraining is under way, or was
    already decided on for the same moment, the answer is no. ``force`` is a person's word against the rules: True
    retrains, False keeps; rules and guards are asked and recorded all the same.

    Args:
        history: Records of the model; what was observed after ``history.as_of`` is not looked at.
        policy: The rules and guards.
        window: The batch that is decided on.
        trigger: Who started the run; a forced decision is always recorded as manual.
        force: True or False if a person overrides the rules, else None.
        reason: The person's reason.
        actor: Who the person is.
        bounded: Whether the primary metric lives in [0, 1]; decides what a drop is measured in by default.
        judging: How the spec's gate judges; matters to the plan of ``cost`` alone.
    """
    facts = facts_of(history, needs_of(policy))
    question = Question(facts, window, policy, asked=force is True, bounded=bounded, judging=judging)
    document = policy.model_dump(mode="json")
    request = [force, reason]
    decision = identified(question, conclude(question), document, request=request)
    rival = _rival(history, decision.id) if decision.verdict is Verdict.RETRAIN else None
    if rival is not None:
        question = replace(question, rival=rival)
        decision = identified(question, conclude(question), document, request=[*request, rival])
    if force is not None:
        verdict, sentence = _forced(decision.sentence, force=force, reason=reason, actor=actor)
        decision = replace(decision, verdict=verdict, sentence=sentence, least_gain=None)
        trigger = Trigger.MANUAL
    return replace(decision, trigger=trigger, reason=reason, actor=actor)


def identified(
    question: Question, conclusion: Conclusion, policy: Any, *, request: Sequence[Any] = (None, "")
) -> Decision:
    """Make a conclusion a decision: who decided on what, by content keys of the policy (as JSON) and of the facts."""
    facts, window = question.facts, question.window
    policy_sha256, history_sha256 = digest_of(policy), facts.digest()
    moments = [moment.isoformat() for moment in (window.start, window.end)]
    key = digest_of([facts.model, moments, policy_sha256, history_sha256, [*request, *_circumstances(question)]])
    return Decision(
        # Model and moment for people, a content key for identity; fit to be an Airflow run id.
        id=f"{facts.model}-{facts.as_of:%Y%m%dT%H%M}-{key[:_KEY_LENGTH]}",
        model=facts.model,
        window=window,
        as_of=facts.as_of,
        verdict=conclusion.verdict,
        sentence=conclusion.sentence,
        trigger=Trigger.SCHEDULE,
        result=conclusion.result,
        guards=conclusion.guards,
        policy_sha256=policy_sha256,
        history_sha256=history_sha256,
        least_gain=conclusion.least_gain,
    )


def _circumstances(question: Question) -> list[Any]:
    """What a conclusion depends on beside facts and policy; the usual gate is left out, so older ids stay."""
    plans = any(isinstance(leaf, CostRule) for leaf in leaves(question.policy.when))
    if not plans or question.judging == USUAL:
        return [question.bounded]
    return [question.bounded, question.judging.holdout, question.judging.confidence]


def _first_version(question: Question) -> RuleResult:
    """Without a champion no rule can say anything: train one; the guards wait for labelled rows."""
    batches = len(question.facts.windows)
    sentence = "There is no champion yet: the first version is to be trained."
    return RuleResult("first_version", Verdict.RETRAIN, sentence, evidence={"batches": batches})


def _rival(history: History, own: str) -> str | None:
    """Another decision that is retraining the model now, or that has already retrained it at this very moment."""
    same_moment = [one for one in history.decisions if one.as_of == history.as_of]
    if any(one.id == own for one in same_moment):
        return None
    if history.retraining not in {None, own}:
        return history.retraining
    return next((one.id for one in same_moment if one.verdict is Verdict.RETRAIN), None)


def _verdict(result: RuleResult, around: tuple[RuleResult, ...]) -> tuple[Verdict, str]:
    if result.verdict is not Verdict.RETRAIN:
        start = "Keep" if result.verdict is Verdict.KEEP else "Cannot tell, so keep"
        return result.verdict, f"{start}: {result.sentence}"
    against = [guard.sentence for guard in around if guard.verdict is not Verdict.RETRAIN]
    if against:
        return Verdict.KEEP, f"Keep, although the rules ask for a retraining: {' '.join(against)} ({result.sentence})"
    word = "Retrain" if result.least_gain is None else "Look"
    return Verdict.RETRAIN, f"{word}: {result.sentence}"


def _forced(otherwise: str, *, force: bool, reason: str, actor: str) -> tuple[Verdict, str]:
    who = actor or "A person"
    why = f" ({reason})" if reason else ""
    word = "a retraining" if force else "no retraining"
    verdict = Verdict.RETRAIN if force else Verdict.KEEP
    return verdict, f"{'Retrain' if force else 'Keep'}: {who} asked for {word}{why}. By the policy alone: {otherwise}"
