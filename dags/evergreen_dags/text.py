"""What Airflow's pages say about a model, made from its spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ml.domain.windows import format_duration
from ml.specs import ModelSpec
from ml.specs.policy import Budget, PolicySpec, Veto
from ml.specs.rules import (
    COMBINATIONS,
    AdaptiveRule,
    AllOf,
    AnyOf,
    AtLeast,
    ChangePointRule,
    CostRule,
    DriftRule,
    EstimatedPerformanceRule,
    ManualRule,
    NeverRule,
    NewRowsRule,
    Not,
    PerformanceRule,
    ScheduleRule,
)


def model_doc(spec: ModelSpec) -> str:
    """The page of `<model>`."""
    lines = [
        f"### {spec.model}",
        *([spec.description] if spec.description else []),
        "",
        f"- **Problem**: {problem_words(spec)}",
        f"- **Rows**: {source_words(spec.source)}; a batch is {format_duration(spec.time.batch)}",
        f"- **Labels**: {labels_words(spec)}",
        f"- **Schedule**: {schedule_words(spec)}",
        f"- **Retrains**: {policy_words(spec.policy)}",
        f"- **Gate**: {gate_words(spec)}",
        f"- **Owner**: {spec.owner}",
        "",
        "Each run takes in one batch, scores it, measures drift and performance, and decides. If the answer is yes it "
        f"starts [{spec.retrain_dag_id}](/dags/{spec.retrain_dag_id}). Start a run by hand to choose the batch, to "
        "force or forbid a retraining, or only to see what would be decided.",
    ]
    return "\n".join(lines)


def retrain_doc(spec: ModelSpec) -> str:
    """The page of `<model>.retrain`."""
    return "\n".join(
        [
            f"### Retraining {spec.model}",
            f"Started by a decision of [{spec.model}](/dags/{spec.model}), whose id is the id of the run, or by hand: "
            "then the decision to retrain is recorded with your name and your reason, as of the newest batch.",
            "",
            f"- **Gate**: {gate_words(spec)}",
            f"- **Problem**: {problem_words(spec)}",
            f"- **Owner**: {spec.owner}",
            "",
            "A challenger that the gate rejects is recorded and the task `promote` is skipped: the champion stays, and "
            "nothing is wrong.",
        ]
    )


def broken_doc(message: str) -> str:
    """The page of a spec that cannot be used."""
    errors = f"```text\n{message}\n```"
    return f"### This spec cannot be used\n\n{errors}\n\nCorrect the file; Airflow reads it again by itself."


def problem_words(spec: ModelSpec) -> str:
    """The problem in a clause."""
    targets = " and ".join(f"`{name}`" for name in spec.problem.targets)
    return f"{spec.problem.kind} of {targets}, judged by `{spec.problem.metric}`"


def source_words(source: Any) -> str:
    """A source in a clause; a query is not shown, it may be long."""
    return f"files `{source.path}`" if source.kind == "file" else f"a query on `{source.connection}`"


def labels_words(spec: ModelSpec) -> str:
    """When labels arrive, in a clause."""
    where = "with the rows" if spec.labels.source is None else f"from {source_words(spec.labels.source)}"
    return f"{where}, {format_duration(spec.labels.delay)} later" if spec.labels.delay else where


def schedule_words(spec: ModelSpec) -> str:
    """When batches are taken in, in a clause."""
    if spec.schedule is None:
        return "only by hand"
    since = f", from {spec.start:%Y-%m-%d} on" if spec.start is not None else ""
    until = f", until {spec.end:%Y-%m-%d}" if spec.end is not None else ""
    return f"`{spec.schedule}` (UTC){since}{until}"


def gate_words(spec: ModelSpec) -> str:
    """What a challenger must show, in a clause."""
    gate = spec.gate
    how = (
        "may not be significantly worse than the champion"
        if gate.comparison == "non_inferior"
        else "must beat the champion"
    )
    margin = f" by more than {gate.margin:g}" if gate.margin else ""
    floors = "".join(f"; `{name}` no worse than {value:g}" for name, value in sorted(gate.floors.items()))
    if gate.shadow:
        floors += f"; then it is held in the shadow until {gate.shadow} batch{'es' * (gate.shadow > 1)} have labels"
    floors += "" if gate.approval is None else "; then a person has to approve"
    return f"on the newest {gate.holdout:.0%} of the batches, which it has not seen, a challenger {how}{margin}{floors}"


def policy_words(policy: PolicySpec) -> str:
    """When a model is retrained, in a clause."""
    guards = [words for words in _guards(policy) if words]
    provided = f"{', '.join(guards[:-1])} and {guards[-1]}" if len(guards) > 1 else "".join(guards)
    return rule_words(policy.when) + (f"; provided that {provided}" if guards else "")


def _guards(policy: PolicySpec) -> Iterator[str]:
    if policy.min_labelled:
        yield f"at least {policy.min_labelled} labelled rows are new"
    if policy.cooldown:
        yield f"the last retraining is {format_duration(policy.cooldown)} ago"
    if policy.confirm is not None:
        yield f"the rules asked in {policy.confirm.checks} of the last {policy.confirm.of} checks"
    if policy.budget is not None:
        yield _budget(policy.budget)
    if policy.veto is not None:
        yield _veto(policy.veto)
    if policy.back_off is not None:
        yield "the wait after a rejected challenger is over"


def _budget(budget: Budget) -> str:
    most = [] if budget.retrainings is None else [f"at most {budget.retrainings} retrainings"]
    most += [] if budget.cost is None else [f"retrainings for at most {budget.cost:g}"]
    return f"{' and '.join(most)} fall into {format_duration(budget.period)}"


def _veto(veto: Veto) -> str:
    held = [] if veto.quarantined is None else [f"less than {veto.quarantined:.0%} of the batch is quarantined"]
    held += [] if veto.labelled is None else [f"the newest labelled batch has {veto.labelled:.0%} of its labels"]
    return " and ".join(held)


def rule_words(rule: Any) -> str:
    """One rule, or a tree of them, in a clause."""
    return _WORDS[type(rule)](rule)


def _listed(joint: str) -> Callable[[Any], str]:
    return lambda rule: f" {joint} ".join(
        f"({rule_words(part)})" if isinstance(part, COMBINATIONS) else rule_words(part) for part in rule.of
    )


def _new_rows(rule: NewRowsRule) -> str:
    amount = (
        f"{rule.rows} labelled rows"
        if rule.rows is not None
        else f"labelled rows worth {rule.share:.0%} of the training rows"
    )
    return f"when {amount} are new"


def _schedule(rule: ScheduleRule) -> str:
    if rule.cron is not None:
        return f"at the times of `{rule.cron}` (UTC)"
    return f"every {rule.every} batches" if rule.every != 1 else "at every batch"


def _drift(rule: DriftRule) -> str:
    by = "" if rule.distance is None else f" by {rule.distance:g}"
    if rule.of != "features":
        return f"when the {rule.of} drifted{by}"
    weight = "" if rule.weights is None else ", by weight,"
    return f"when {rule.share:.0%} of the features{weight} have drifted{by}"


def _performance(rule: PerformanceRule | EstimatedPerformanceRule) -> str:
    drop = f"{rule.drop:.0%}" if rule.relative else f"{rule.drop:g}"
    sure = getattr(rule, "confidence", None)
    what = "the metric" if isinstance(rule, PerformanceRule) else "the metric, estimated without labels,"
    chance = f", beyond chance ({sure:.4g})" if sure is not None else ""
    return f"when {what} is worse by {drop} than at promotion{chance}"


def _adaptive(rule: AdaptiveRule) -> str:
    what = "the loss" if rule.of == "performance" else "the share of drifted features"
    if rule.method == "quantile":
        return f"when {what} is above the {rule.quantile:.0%} quantile of its past"
    return f"when {what} is {rule.deviation:.0%} above the mean of its past"


_DETECTORS = {"page_hinkley": "Page-Hinkley", "adwin": "ADWIN", "ddm": "DDM", "hddm": "HDDM"}
_WORDS: dict[type, Callable[[Any], str]] = {
    ScheduleRule: _schedule,
    NewRowsRule: _new_rows,
    DriftRule: _drift,
    PerformanceRule: _performance,
    EstimatedPerformanceRule: _performance,
    ChangePointRule: lambda rule: f"when {_DETECTORS[rule.method]} finds that the loss has risen",
    AdaptiveRule: _adaptive,
    CostRule: lambda _: "when keeping the champion would cost more than a retraining",
    ManualRule: lambda _: "when a person asks",
    NeverRule: lambda _: "never",
    AnyOf: _listed("or"),
    AllOf: _listed("and"),
    AtLeast: lambda rule: f"at least {rule.k} of: {'; '.join(rule_words(part) for part in rule.of)}",
    Not: lambda rule: f"not ({rule_words(rule.of[0])})",
}
