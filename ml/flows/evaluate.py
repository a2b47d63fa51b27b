"""evaluate: champion and challenger on the same held-out rows; what passes is fitted once more on all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

from ml.artifacts.models import put_model
from ml.domain.digests import digest_of
from ml.domain.errors import DataError, NotFoundError, RegistryError
from ml.domain.records import GateResult, Version
from ml.evaluation import Exhibits, Judgement, Weight, curves_of, judge
from ml.flows.exhibits import best_so_far, constant_predictions, earlier_attempts, origin_of
from ml.flows.hold import record_with_what_follows
from ml.flows.train import TrainingRows, predict, training_rows, window_of
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.training import refit, refit_set, training_set

_log = logging.getLogger(__name__)
_TIMES = 5


def evaluate(workspace: Workspace, spec: ModelSpec, decision_id: str) -> GateResult:
    """Judge the challenger of a decision and record the verdict with all its findings, passed or not.

    The held-out rows are later than anything that either model was fitted on. With ``gate.refit`` a challenger that
    passed is fitted again on all labelled rows, and the record says so. A second call finds the first one's verdict.

    Raises:
        NotFoundError: the decision has no trained challenger.
    """
    with workspace.registry.read() as reader:
        challenger = reader.version_by_run_key(spec.model, decision_id)
        if challenger is None:
            raise NotFoundError(
                f"The decision {decision_id} of {spec.model} has no challenger.", remedy="train first, then evaluate."
            )
        done = reader.gate_result(spec.model, challenger.version)
        if done is not None:
            return done
        rows = training_rows(workspace, reader, spec, decision_id)
        generation = reader.generation(spec.model)
        before = _gather(reader, spec, rows, challenger)
    if rows.labelled.sha256 != challenger.manifest["rows_sha256"]:
        with workspace.registry.write() as writer:
            writer.release_lease(spec.model, decision_id)
        raise RegistryError(
            f"The rows on which version {challenger.version} of {spec.model} was trained have been superseded since.",
            remedy="decide again and retrain: the new challenger is judged on today's rows.",
        )
    judgement = _judge(workspace, spec, rows, challenger, before)
    judgement = replace(judgement, evidence={**judgement.evidence, **_curves(workspace, spec, rows, challenger)})
    refitted = judgement.passed and spec.gate.refit and _refit(workspace, spec, rows, challenger)
    result = _result(spec, rows, challenger, judgement, before, generation=generation, refitted=refitted)
    return workspace.registry.retrying(
        lambda writer: record_with_what_follows(writer, spec, challenger, result, now=workspace.clock())
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """What the records know of earlier challengers: how many were judged on these rows, and the best champion so far if
    that is not the present one.
    """

    attempts: int
    best: Version | None


def _gather(reader: Reader, spec: ModelSpec, rows: TrainingRows, challenger: Version) -> _Before:
    best = None
    if rows.champion is not None:
        best = best_so_far(reader, spec, rows.champion, held_out_from=rows.split.holdout_from)
    return _Before(earlier_attempts(reader, spec, challenger), best)


def _judge(
    workspace: Workspace, spec: ModelSpec, rows: TrainingRows, challenger: Version, before: _Before
) -> Judgement:
    problem, holdout = problem_of(spec.problem), rows.split.holdout
    learned = training_set(rows.split, window_of(challenger)).rows
    champion = best = None
    if rows.champion is not None:
        champion = predict(spec, rows, workspace.model(rows.champion.serving_sha256))
    if before.best is not None:
        best = predict(spec, rows, workspace.model(before.best.serving_sha256))
    return judge(
        gate=spec.gate,
        problem=problem,
        metric=spec.problem.metric,
        truth=problem.truth(holdout, spec.problem),
        challenger=workspace.frame(challenger.manifest["holdout_predictions_sha256"]),
        champion=champion,
        dummy=constant_predictions(spec, rows.schema, learned, holdout) if len(holdout) else None,
        seed=spec.training.seed,
        least_gain=rows.decision.least_gain,
        exhibits=Exhibits(
            attempts=before.attempts,
            best=best,
            rows=holdout,
            features=tuple(rows.schema.features),
            origin=origin_of(rows.split, rows.schema, learned, challenger.manifest["features"]),
            complaint=challenger.manifest.get("complaint"),
            weight=_weigh(workspace, spec, rows, challenger) if spec.gate.limits else None,
        ),
    )


def _weigh(workspace: Workspace, spec: ModelSpec, rows: TrainingRows, challenger: Version) -> Weight:
    """Measure what the challenger costs where it serves: all about a verdict that a machine's speed can move."""
    estimator = workspace.model(challenger.model_sha256)
    times = []
    for _ in range(_TIMES):
        started = perf_counter()
        predict(spec, rows, estimator)
        times.append(perf_counter() - started)
    return Weight(1000.0 * median(times), len(workspace.store.get(challenger.model_sha256)))


def _refit(workspace: Workspace, spec: ModelSpec, rows: TrainingRows, challenger: Version) -> bool:
    """Fit the judged parameters on the judged window, ended with the newest labels; return whether that was possible.

    A short window may then hold other rows only, and those too few or of one class: what was judged serves. Recorded
    before the verdict, so that a killed run finds it again.
    """
    found = refit_set(rows.split, window_of(challenger)).rows
    try:
        if len(found) < spec.training.min_rows:
            raise DataError(f"The window has {len(found)} rows there; training.min_rows is {spec.training.min_rows}.")
        estimator = refit(
            challenger.manifest["estimator"],
            challenger.manifest["parameters"],
            found,
            spec=spec,
            schema=rows.schema,
            problem=problem_of(spec.problem),
        )
    except DataError as error:
        _log.warning("%s version %s is not fitted again: %s", spec.model, challenger.version, error.message)
        return False
    sha256 = put_model(workspace.store, estimator)
    workspace.remember_model(sha256, estimator)
    until = rows.labelled.until or challenger.trained_until
    with workspace.registry.write() as writer:
        writer.set_refit(spec.model, challenger.version, sha256=sha256, until=until)
    return True


def _result(
    spec: ModelSpec,
    rows: TrainingRows,
    challenger: Version,
    judgement: Judgement,
    before: _Before,
    *,
    generation: int,
    refitted: bool,
) -> GateResult:
    return GateResult(
        model=spec.model,
        challenger=challenger.version,
        champion=None if rows.champion is None else rows.champion.version,
        as_of=rows.decision.as_of,
        passed=judgement.passed,
        sentence=judgement.sentence,
        metrics=judgement.metrics,
        difference=judgement.difference,
        interval=judgement.interval,
        rows=len(rows.split.holdout),
        rows_sha256=digest_of([rows.labelled.sha256, rows.split.holdout_from.isoformat(), len(rows.split.holdout)]),
        refitted=refitted,
        generation=generation,
        findings=judgement.findings,
        evidence={
            **judgement.evidence,
            "best": challenger.version if judgement.leads else _best(rows, before),
        },
    )


def _curves(workspace: Workspace, spec: ModelSpec, rows: TrainingRows, challenger: Version) -> dict[str, Any]:
    """The challenger on the held-out rows point by point: the truth of today is not kept beside its predictions."""
    problem = problem_of(spec.problem)
    predictions = workspace.frame(challenger.manifest["holdout_predictions_sha256"])
    found = curves_of(problem, problem.truth(rows.split.holdout, spec.problem), predictions)
    return {"curves": found} if found else {}


def _best(rows: TrainingRows, before: _Before) -> int | None:
    best = before.best or rows.champion
    return None if best is None else best.version
