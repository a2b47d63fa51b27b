"""run: the whole loop of a model over a span of time, batch by batch, without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ml.domain.errors import ApprovalPendingError, DataError, HeldError, LeaseHeldError
from ml.domain.holds import ShadowVerdict
from ml.domain.records import Decision, GateResult, Promotion, Verdict
from ml.domain.windows import Window
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.ingest import ingest
from ml.flows.monitor import monitor
from ml.flows.promote import promote
from ml.flows.report import try_report
from ml.flows.score import score
from ml.flows.settle import settled_at
from ml.flows.train import train
from ml.flows.validate import validate
from ml.flows.watch import rolled_back_at
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of one batch. ``stopped`` is why the batch was not used, or its retraining not possible; else
    None. ``waits``: the challenger waits for a person, and the loop goes on without it; ``held``: it is held in the
    shadow. ``shadow``: how a hold ended with this batch. ``rollback``: the champion was surely worse than the one that
    it had beaten, which serves again.
    """

    window: Window
    rows: int = 0
    decision: Decision | None = None
    verdict: GateResult | None = None
    promotion: Promotion | None = None
    stopped: str | None = None
    waits: bool = False
    held: bool = False
    shadow: ShadowVerdict | None = None
    rollback: Promotion | None = None


def run(
    workspace: Workspace,
    spec: ModelSpec,
    *,
    start: datetime,
    end: datetime,
    on_batch: Callable[[BatchOutcome], None] | None = None,
) -> tuple[BatchOutcome, ...]:
    """Play the loop over every whole batch in ``[start, end)``, in order, as Airflow would; ``on_batch`` is told each
    outcome.

    A batch that is stopped does not stop the loop: it is recorded and the next one is tried, as the next scheduled
    run would.
    """
    outcomes = []
    for outcome in _outcomes(workspace, spec, Window(start, end)):
        outcomes.append(outcome)
        if on_batch is not None:
            on_batch(outcome)
    return tuple(outcomes)


def _outcomes(workspace: Workspace, spec: ModelSpec, span: Window) -> Iterator[BatchOutcome]:
    for window in span.batches(spec.time.batch):
        yield _batch(workspace, spec, window)


def _batch(workspace: Workspace, spec: ModelSpec, window: Window) -> BatchOutcome:
    try:
        ingest(workspace, spec, window)
        rows = validate(workspace, spec, window).rows_kept
    except DataError as error:
        return BatchOutcome(window, stopped=str(error))
    score(workspace, spec, window)
    monitor(workspace, spec, window)
    decision = decide(workspace, spec, window)
    rollback = rolled_back_at(workspace, spec, window)
    if _wants_report(spec, decision):
        try_report(workspace, spec, window)
    known = BatchOutcome(window, rows, decision, rollback=rollback, shadow=settled_at(workspace, spec, window))
    if decision.verdict is not Verdict.RETRAIN:
        return known
    try:
        train(workspace, spec, decision.id)
    except (DataError, LeaseHeldError) as error:
        return replace(known, stopped=str(error))
    verdict = evaluate(workspace, spec, decision.id)
    try:
        return replace(known, verdict=verdict, promotion=promote(workspace, spec, decision.id))
    except ApprovalPendingError:
        return replace(known, verdict=verdict, waits=True)
    except HeldError:
        return replace(known, verdict=verdict, held=True)


def _wants_report(spec: ModelSpec, decision: Decision) -> bool:
    """Before the first champion there is nothing to compare with."""
    if decision.result.kind == "first_version":
        return False
    asked = spec.monitoring.report
    return asked == "always" or (asked == "on_retrain" and decision.verdict is Verdict.RETRAIN)
