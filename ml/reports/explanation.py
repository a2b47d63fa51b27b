"""Why a decision was taken: the rule tree with values and thresholds, and what would have changed the answer."""

from __future__ import annotations

from collections.abc import Iterator

from ml.domain.records import GateResult, Json, RuleResult, Verdict, Version
from ml.reports.counterfactual import counterfactual, value_in_words
from ml.reports.tables import moment, number
from ml.views.explanation import Explanation

_SIGNS = {Verdict.RETRAIN: "●", Verdict.KEEP: "○", Verdict.CANNOT_TELL: "?"}
_WORDS = {"any": "at least one of", "all": "all of", "at_least": "at least {} of", "not": "the opposite of"}


def explanation_text(explanation: Explanation) -> str:
    """Write a decision, its reasons, its counterfactual, and what followed."""
    decision = explanation.decision
    lines = [
        f"{decision.model} · batch {decision.window} · decision {decision.id}",
        "",
        decision.sentence,
        *_condition(explanation),
        *_asked(explanation),
        "",
        "Rules (● asks for a retraining, ○ does not, ? cannot tell)",
        *_tree(decision.result),
        "",
        "Guards (● lets a retraining through, ○ holds it back)",
        *([line for guard in decision.guards for line in _tree(guard)] or ["  none"]),
        "",
        f"What would have changed it: {counterfactual(explanation)}",
        "",
        "What followed",
        *_followed(explanation),
    ]
    return "\n".join(lines) + "\n"


def _tree(result: RuleResult, depth: int = 1) -> Iterator[str]:
    measured = ""
    if result.threshold is not None and not result.of:
        seen = "not known" if result.value is None else value_in_words(result, result.value)
        measured = f" [{seen} against {value_in_words(result, result.threshold)}]"
    name = _WORDS.get(result.kind, result.kind.replace("_", " ")).format(f"{result.threshold or 0:.0f}")
    sentence = "" if result.of else f": {result.sentence}"
    yield f"{'  ' * depth}{_SIGNS[result.verdict]} {name}{measured}{sentence}"
    for child in result.of:
        yield from _tree(child, depth + 1)


def _condition(explanation: Explanation) -> list[str]:
    least = explanation.decision.least_gain
    if least is None:
        return []
    return [f"The challenger goes live only if it gains at least {number(least)} in the primary metric."]


def _asked(explanation: Explanation) -> list[str]:
    decision = explanation.decision
    if not (decision.reason or decision.actor):
        return []
    return [f"Asked by {decision.actor or 'nobody in particular'}: {decision.reason or 'no reason given'}"]


def _followed(explanation: Explanation) -> list[str]:
    version, gate, promotion = explanation.version, explanation.gate, explanation.promotion
    if version is None:
        wanted = explanation.decision.verdict is Verdict.RETRAIN
        return ["  no version was trained" + (" (yet, or the training failed)" if wanted else "")]
    lines = [f"  {_trained(version)}", *_windows(version)]
    lines += ["  it was not judged yet"] if gate is None else list(_judged(gate))
    lines += [] if explanation.shadow is None else [f"  {explanation.shadow.sentence}"]
    if promotion is not None:
        before = "none" if promotion.from_version is None else f"version {promotion.from_version}"
        lines.append(f"  version {promotion.to_version} became champion (before: {before})")
    elif explanation.held:
        lines.append("  it is held in the shadow, and the champion serves meanwhile")
    elif gate is not None:
        lines.append("  the champion stayed" if gate.champion is not None else "  there is no champion yet")
    return lines


def _trained(version: Version) -> str:
    name = version.manifest.get("estimator", "a model")
    return (
        f"version {version.version} was trained: {name}, rows from {moment(version.trained_from)} until "
        f"{moment(version.trained_until)}"
    )


def _windows(version: Version) -> Iterator[str]:
    """Say which training windows were tried, if there was a choice."""
    tried, left = version.manifest.get("windows", ()), version.manifest.get("windows_left", ())
    if len(tried) + len(left) > 1:
        yield "  training windows tried, by the primary metric on the held-out rows:"
        for one in tried:
            value = "not defined" if one["metric"] is None else number(one["metric"])
            picked = "  ← picked" if one["window"] == version.manifest["window"] else ""
            yield f"    {window_words(one['window'])} ({one['rows']:,} rows): {value}{picked}"
        for one in left:
            yield f"    {window_words(one['window'])} ({one['rows']:,} rows): left out. {one['why']}"


def window_words(window: Json) -> str:
    """Say in words which rows a training window holds, from what a version's manifest keeps of it."""
    match window:
        case {"kind": "sliding", "batches": int(batches)}:
            return "the last batch" if batches == 1 else f"the last {batches} batches"
        case {"kind": "sliding", "length": length}:
            return f"the last {length}"
        case {"kind": "since", "start": str(start)}:
            return f"since {start[:10]}"
        case _:
            return "all rows"


def _judged(gate: GateResult) -> Iterator[str]:
    yield f"  gate {'passed' if gate.passed else 'not passed'} on {gate.rows:,} held-out rows: {gate.sentence}"
    for role, values in gate.metrics.items():
        yield f"    {role}: " + ", ".join(f"{name} {number(value)}" for name, value in values.items())
    for finding in gate.findings:
        code, _, rest = finding.sentence().partition(" ")
        yield f"    {code} {finding.outcome.value.replace('_', ' ')}: {rest}"
