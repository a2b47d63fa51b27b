"""What a span of batches came to: decisions by reason, promotions, the mean of the primary metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml.domain.records import Decision, Quantity, RuleResult, Verdict
from ml.domain.windows import Window
from ml.views.timeline import BatchRow, EventKind, primary_metric

if TYPE_CHECKING:
    from ml.registry import Reader


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and means over a timeline.

    ``reasons`` counts decisions by verdict and the rules behind it (``"retrain: performance"``). ``mean_metric`` is
    over the ``measured`` batches that a champion served and whose labels have arrived, each batch counting once.
    ``never_mean`` is that of never retraining over the ``compared`` batches that both have, ``own_mean`` that of the
    policy on the same batches. None: not known.
    """

    batches: int
    stopped: int
    reasons: Mapping[str, int]
    retrainings: int
    promotions: int
    rejections: int
    rollbacks: int
    mean_metric: float | None
    measured: int
    own_mean: float | None
    never_mean: float | None
    compared: int


def summary(rows: Sequence[BatchRow], *, never: Mapping[Window, float] | None = None) -> Summary:
    """Sum up a timeline; ``never`` is the primary metric by batch of a model that was never retrained."""
    values = {row.window: row.metric for row in rows if row.metric is not None}
    common = [window for window in values if window in (never or {})]
    events = Counter(event.kind for row in rows for event in row.events)
    return Summary(
        batches=len(rows),
        stopped=sum(row.stopped for row in rows),
        reasons=dict(Counter(reason_of(row.decision) for row in rows if row.decision is not None).most_common()),
        retrainings=sum(row.retrained for row in rows),
        promotions=events[EventKind.PROMOTED],
        rejections=events[EventKind.REJECTED],
        rollbacks=events[EventKind.ROLLED_BACK],
        mean_metric=_mean(list(values.values())),
        measured=len(values),
        own_mean=_mean([values[window] for window in common]),
        never_mean=_mean([(never or {})[window] for window in common]),
        compared=len(common),
    )


def first_version_metrics(reader: Reader, model: str) -> dict[Window, float]:
    """Return the primary metric of version 1 on every labelled batch that it scored, as champion or in the shadow.

    Only a few retired champions are scored along, so after several promotions version 1 has no more values: then only
    a run with the policy *never* says what never retraining would have given.
    """
    metric = primary_metric(reader, model)
    found = [
        item
        for item in reader.observations(model)
        if item.quantity is Quantity.METRIC and item.subject == metric and item.version == 1 and item.value is not None
    ]
    return {item.window: float(item.value or 0.0) for item in sorted(found, key=lambda item: item.as_of)}


def reason_of(decision: Decision) -> str:
    """Say in a few words what decided: the verdict, and the rules or guards that led to it.

    A retraining names the rules that asked for it; a champion kept although rules asked, the guards that held it back.
    """
    asking = sorted({leaf.kind for leaf in leaves(decision.result) if leaf.verdict is Verdict.RETRAIN})
    holding = sorted({guard.kind for guard in decision.guards if guard.verdict is not Verdict.RETRAIN})
    if decision.verdict is Verdict.RETRAIN:
        return f"retrain: {' and '.join(asking) if decision.result.verdict is Verdict.RETRAIN and asking else 'manual'}"
    if decision.result.verdict is Verdict.RETRAIN:
        return f"keep: {' and '.join(holding) if holding else 'manual'}"
    return "cannot tell" if decision.verdict is Verdict.CANNOT_TELL else "keep"


def leaves(result: RuleResult) -> tuple[RuleResult, ...]:
    """Return the rules at the tips of a rule tree."""
    return tuple(leaf for child in result.of for leaf in leaves(child)) if result.of else (result,)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
