"""Why a decision was taken: the rule tree with values and thresholds, and what would have changed the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ml.domain.records import GateResult, Json, RuleResult, Verdict, Version
from ml.domain.windows import format_duration
from ml.reports.tables import moment, number
from ml.views.explanation import Explanation

_SIGNS = {Verdict.RETRAIN: "●", Verdict.KEEP: "○", Verdict.CANNOT_TELL: "?"}
_WORDS = {"any": "at least one of", "all": "all of", "at_least": "at least {} of"}
_MEASURES = {
    "performance": "a loss in the metric",
    "schedule": "batches since the last training",
    "new_rows": "new labelled rows",
    "drift": "drift",
    "min_labelled": "new labelled rows",
    "cooldown": "time since the last retraining",
}


def explanation_text(explanation: Explanation) -> str:
    """Write a decision, its reasons, its counterfactual, and what followed."""
    decision = explanation.decision
    lines = [
        f"{decision.model} · batch {decision.window} · decision {decision.id}",
        "",
        decision.sentence,
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


def counterfactual(explanation: Explanation) -> str:
    """Say the smallest change of what was measured that turns the answer, as far as single rules can say it."""
    decision = explanation.decision
    if decision.verdict is Verdict.RETRAIN:
        turning = [_below(leaf) for leaf in _leaves(decision.result) if leaf.verdict is Verdict.RETRAIN]
    else:
        held = [guard for guard in decision.guards if guard.verdict is not Verdict.RETRAIN]
        asks = decision.result.verdict is Verdict.RETRAIN
        turning = [_above(leaf) for leaf in (held if asks else _leaves(decision.result))]
    said = [sentence for sentence in turning if sentence]
    if not said:
        return "no number would; the answer is by principle or by hand."
    joint = " and " if _needs_all(explanation) else " or "
    return joint.join(said) + "."


def _needs_all(explanation: Explanation) -> bool:
    """To undo a yes of *any*, every rule that said yes must fall; to undo a no of *all*, every rule must rise."""
    retrain = explanation.decision.verdict is Verdict.RETRAIN
    return (explanation.decision.result.kind == "all") is not retrain


def _below(leaf: RuleResult) -> str:
    return "" if leaf.threshold is None else f"{_measure(leaf)} below {_value(leaf, leaf.threshold)}{_instead(leaf)}"


def _above(leaf: RuleResult) -> str:
    if leaf.threshold is None:
        return ""
    return f"{_measure(leaf)} of at least {_value(leaf, leaf.threshold)}{_instead(leaf)}"


def _instead(leaf: RuleResult) -> str:
    return " (not known now)" if leaf.value is None else f" (now {_value(leaf, leaf.value)})"


def _name(leaf: RuleResult) -> str:
    return leaf.kind.replace("_", " ")


def _measure(leaf: RuleResult) -> str:
    return _MEASURES.get(leaf.kind, _name(leaf))


def _value(leaf: RuleResult, value: float) -> str:
    """Write a rule's number in its unit; a cooldown is measured in seconds."""
    if leaf.kind == "cooldown":
        return format_duration(timedelta(seconds=value))
    return f"{value:,.0f}" if float(value).is_integer() else number(value)


def _leaves(result: RuleResult) -> Iterator[RuleResult]:
    if not result.of:
        yield result
    for child in result.of:
        yield from _leaves(child)


def _tree(result: RuleResult, depth: int = 1) -> Iterator[str]:
    measured = ""
    if result.threshold is not None and not result.of:
        seen = "not known" if result.value is None else _value(result, result.value)
        measured = f" [{seen} against {_value(result, result.threshold)}]"
    name = _WORDS.get(result.kind, _name(result)).format(f"{result.threshold or 0:.0f}")
    sentence = "" if result.of else f": {result.sentence}"
    yield f"{'  ' * depth}{_SIGNS[result.verdict]} {name}{measured}{sentence}"
    for child in result.of:
        yield from _tree(child, depth + 1)


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
    if promotion is not None:
        before = "none" if promotion.from_version is None else f"version {promotion.from_version}"
        lines.append(f"  version {promotion.to_version} became champion (before: {before})")
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
