"""Fit a challenger: the best setting of the search, on all rows that it may learn from."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.domain.errors import DataError
from ml.domain.records import Json
from ml.domain.schema import TableSchema
from ml.problems import Problem
from ml.problems.threads import threads_for
from ml.profiles import conform
from ml.specs import ModelSpec
from ml.training.pipeline import build_pipeline
from ml.training.search import Setting, search
from ml.training.split import folds_in_time

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted pipeline, how it was chosen, and how long all of it took.

    ``trials`` are the settings that were scored in the search, in order, each with ``candidate``, ``parameters`` and
    ``score`` (the primary metric, None with an ``error`` where it could not be computed); empty if there was nothing
    to choose.
    """

    estimator: Any
    candidate: str
    parameters: dict[str, Any]
    trials: tuple[Json, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Rows:
    """Labelled rows in the order of time, ready for estimators."""

    features: pd.DataFrame
    truth: pd.DataFrame
    target: Any
    times: pd.Series[pd.Timestamp]

    def part(self, rows: slice) -> _Rows:
        return _Rows(self.features.iloc[rows], self.truth.iloc[rows], self.target[rows], self.times.iloc[rows])


def fit(
    frame: pd.DataFrame,
    *,
    spec: ModelSpec,
    schema: TableSchema,
    problem: Problem,
    on_trial: Callable[[int, int], None] | None = None,
) -> Fitted:
    """Choose a setting by forward-chaining cross-validation in time, if there is a choice, and fit it on all rows.

    The same rows, spec and code give the same estimator, unless a time limit cuts the search short. ``on_trial`` is
    told (done, of) after each trial.

    Raises:
        DataError: the rows cannot be learned from.
        SpecError: an estimator or parameter is unknown.
    """
    started = time.perf_counter()
    rows = _rows(frame, spec, schema, problem)
    problem.check_trainable(rows.truth)
    candidates = spec.training.candidates or problem.default_candidates()
    trials: tuple[Json, ...] = ()
    setting = Setting(candidates[0].estimator, dict(candidates[0].parameters))
    if len(candidates) > 1 or candidates[0].search:
        setting, trials = search(
            candidates,
            budget=spec.training.search,
            seed=spec.training.seed,
            higher_is_better=problem.metrics[spec.problem.metric].higher_is_better,
            score=lambda tried: _cross_validated(tried, rows, spec, schema, problem),
            on_trial=on_trial,
        )
    estimator = _fitted(setting, rows, spec, schema, problem)
    return Fitted(estimator, setting.candidate, dict(setting.parameters), trials, time.perf_counter() - started)


def refit(
    fitted_candidate: str,
    parameters: Mapping[str, Any],
    frame: pd.DataFrame,
    *,
    spec: ModelSpec,
    schema: TableSchema,
    problem: Problem,
) -> Any:
    """Fit a setting that was chosen before on other rows, without searching again.

    Raises:
        DataError: the rows cannot be learned from.
    """
    rows = _rows(frame, spec, schema, problem)
    problem.check_trainable(rows.truth)
    return _fitted(Setting(fitted_candidate, dict(parameters)), rows, spec, schema, problem)


def fit_dummy(frame: pd.DataFrame, *, spec: ModelSpec, schema: TableSchema, problem: Problem) -> Any:
    """Fit what a first version must beat: the best constant under the primary metric."""
    rows = _rows(frame, spec, schema, problem)
    return problem.dummy(spec.problem.metric).fit(rows.features, rows.target)


def _rows(frame: pd.DataFrame, spec: ModelSpec, schema: TableSchema, problem: Problem) -> _Rows:
    times = frame[spec.time.column]
    if not times.is_monotonic_increasing:
        frame = frame.sort_values(spec.time.column, kind="stable")
        times = frame[spec.time.column]
    truth = problem.truth(frame, spec.problem)
    features = conform(frame, schema)
    features.index = truth.index
    return _Rows(
        features=features,
        truth=truth,
        target=problem.target_for_fit(truth),
        times=times.reset_index(drop=True),
    )


def _fitted(setting: Setting, rows: _Rows, spec: ModelSpec, schema: TableSchema, problem: Problem) -> Any:
    estimator = problem.estimator(setting.candidate, setting.parameters, spec.training.seed)
    pipeline = build_pipeline(estimator, schema, rows.features)
    try:
        with _warnings_logged(setting), threads_for(rows.features.size):
            return pipeline.fit(rows.features, rows.target)
    except ValueError as error:
        raise DataError(
            f"{setting.candidate} cannot be fitted on these {len(rows.truth)} rows: {str(error).splitlines()[0]}",
            remedy="change training.candidates, or look at the rows for what the message names.",
        ) from error


def _cross_validated(setting: Setting, rows: _Rows, spec: ModelSpec, schema: TableSchema, problem: Problem) -> float:
    metric = problem.metrics[spec.problem.metric]
    scores: list[float] = []
    reason: DataError | None = None
    for train, test in folds_in_time(rows.times, spec.training.search.folds):
        learned, unseen = rows.part(train), rows.part(test)
        try:
            problem.check_trainable(learned.truth)
            pipeline = _fitted(setting, learned, spec, schema, problem)
            scores.append(metric.value(unseen.truth, problem.predict(pipeline, unseen.features)))
        except DataError as error:  # one fold may lack a class; the others still tell the settings apart
            reason = error
    if not scores:
        raise reason or DataError(
            "The rows have too few distinct times to be cut into folds.", remedy="wait for more rows."
        )
    return float(sum(scores) / len(scores))


@contextmanager
def _warnings_logged(setting: Setting) -> Iterator[None]:
    """Log what scikit-learn warns of (no convergence, a constant feature), once each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in sorted({str(warning.message).splitlines()[0] for warning in caught}):
        _log.warning("%s: %s", setting.candidate, message)
