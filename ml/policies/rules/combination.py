"""Any, all and at least k of several rules, and not, in three-valued (Kleene) logic.

*Cannot tell* stays open as long as it could still change the answer: any of (retrain, cannot tell) is retrain, all of
(retrain, cannot tell) is cannot tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ml.domain.records import RuleResult, Verdict

_OPPOSITE = {Verdict.RETRAIN: Verdict.KEEP, Verdict.KEEP: Verdict.RETRAIN, Verdict.CANNOT_TELL: Verdict.CANNOT_TELL}


def any_of(results: Sequence[RuleResult]) -> RuleResult:
    """Retrain when at least one of the rules says so."""
    return _count("any", 1, results)


def all_of(results: Sequence[RuleResult]) -> RuleResult:
    """Retrain when all of the rules say so."""
    return _count("all", len(results), results)


def at_least(k: int, results: Sequence[RuleResult]) -> RuleResult:
    """Retrain when at least ``k`` of the rules say so."""
    return _count("at_least", k, results)


def not_of(result: RuleResult) -> RuleResult:
    """Say the opposite; who cannot tell still cannot."""
    verdict = _OPPOSITE[result.verdict]
    yes = float(verdict is Verdict.RETRAIN)
    sentence = f"The opposite is asked for of this: {result.sentence}"
    return RuleResult("not", verdict, sentence, yes, 1.0, of=(result,))


def _count(kind: str, needed: int, results: Sequence[RuleResult]) -> RuleResult:
    yes = sum(result.verdict is Verdict.RETRAIN for result in results)
    silent = sum(result.verdict is Verdict.CANNOT_TELL for result in results)
    if yes >= needed:
        verdict = Verdict.RETRAIN
    elif yes + silent >= needed:
        verdict = Verdict.CANNOT_TELL
    else:
        verdict = Verdict.KEEP
    return RuleResult(
        kind=kind,
        verdict=verdict,
        sentence=_sentence(verdict, yes, silent, needed, results),
        value=float(yes),
        threshold=float(needed),
        evidence={"retrain": yes, "cannot_tell": silent, "of": len(results)},
        of=tuple(results),
        least_gain=_least_gain(needed, results) if verdict is Verdict.RETRAIN else None,
    )


def _least_gain(needed: int, results: Sequence[RuleResult]) -> float | None:
    """The condition on which ``needed`` of the rules stand by their word: rules without one stand by it anyhow."""
    asked = sorted(
        -inf if result.least_gain is None else result.least_gain
        for result in results
        if result.verdict is Verdict.RETRAIN
    )
    gain = asked[needed - 1]
    return None if gain == -inf else gain


def _sentence(verdict: Verdict, yes: int, silent: int, needed: int, results: Sequence[RuleResult]) -> str:
    if len(results) == 1:
        return results[0].sentence
    reasons = " ".join(result.sentence for result in results if result.verdict is verdict)
    unknown = f" and {silent} cannot tell" if silent else ""
    asks = "asks" if yes == 1 else "ask"
    return f"{yes} of {len(results)} rules {asks} for a retraining{unknown}, {needed} needed. {reasons}"
