"""Gather what the gate looks at beside the predictions of champion and challenger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.domain.holds import ShadowVerdict
from ml.domain.records import GateResult, Version
from ml.domain.schema import TableSchema
from ml.domain.windows import parse_moment
from ml.evaluation.exhibits import Origin
from ml.evaluation.probes import LOOKED_AT, probe_rows
from ml.problems import problem_of
from ml.profiles import conform
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.training import Split, fit_dummy

Span = tuple[datetime, datetime]
"""From where to where the held-out rows of a challenger came: half-open."""


def attempts_on(span: Span, earlier: Iterable[Span]) -> int:
    """Count the earlier challengers that were judged on some of the same rows."""
    start, end = span
    return sum(other_start < end and start < other_end for other_start, other_end in earlier)


def span_of(version: Version) -> Span | None:
    """Return where a version's held-out rows came from; None for one that was registered before that was recorded."""
    start, end = version.manifest.get("holdout_from"), version.manifest.get("labelled_until")
    return None if start is None or end is None else (parse_moment(start), parse_moment(end))


def earlier_attempts(reader: Reader, spec: ModelSpec, challenger: Version) -> int:
    """Count the times that challengers before this one were compared on rows which are among its held-out rows: by the
    gate, or in the shadow.
    """
    span = span_of(challenger)
    if span is None:
        return 0
    held = [shadow_span_of(one) for one in reader.shadow_verdicts(spec.model, as_of=challenger.as_of)]
    spans = chain(_spans_before(reader, challenger, span[0]), (one for one in held if one is not None))
    return attempts_on(span, spans)


def shadow_span_of(verdict: ShadowVerdict) -> Span | None:
    """Return where the rows came from on which a challenger was compared in the shadow; None if it was not."""
    start, end = verdict.evidence.get("from"), verdict.evidence.get("until")
    return None if start is None or end is None else (parse_moment(start), parse_moment(end))


def _spans_before(reader: Reader, challenger: Version, start: datetime) -> Iterator[Span]:
    """Spans of the versions before this one, newest first, as far back as one can have had rows from ``start`` on.

    Labels known as of a moment are of rows before it, so nothing registered as of ``start`` or earlier can.
    """
    for number in range(challenger.version - 1, 0, -1):
        one = reader.version(challenger.model, number)
        if one.as_of <= start:
            return
        span = span_of(one)
        if span is not None and one.as_of <= challenger.as_of:
            yield span


def best_so_far(reader: Reader, spec: ModelSpec, champion: Version, *, held_out_from: datetime) -> Version | None:
    """Return the champion that no later one has surely surpassed, None if that is the present one.

    None also if it has seen rows of those that are held out: after a rollback it may be newer than the champion.
    """
    number = best_of(reader.gate_result(spec.model, champion.version), champion.version)
    if number == champion.version:
        return None
    best = reader.version(spec.model, number)
    return best if best.seen_until <= held_out_from else None


def best_of(result: GateResult | None, version: int) -> int:
    """Return who is the best champion so far since ``version`` went live, by the verdict on it."""
    return version if result is None else int(result.evidence.get("best", version))


CONSTANT_ROWS = 10_000
"""So many of the newest training rows tell what a constant would predict; more would not change it."""


def constant_predictions(
    spec: ModelSpec, schema: TableSchema, learned: pd.DataFrame, holdout: pd.DataFrame
) -> pd.DataFrame:
    """Return what the best constant of the training rows predicts for the held-out ones."""
    problem = problem_of(spec.problem)
    constant = fit_dummy(learned.iloc[-CONSTANT_ROWS:], spec=spec, schema=schema, problem=problem)
    return problem.predict(constant, conform(holdout, schema))


def complaint_of(spec: ModelSpec, schema: TableSchema, estimator: Any, learned: pd.DataFrame) -> str:
    """Let an estimator predict rows as no training row was; return what it says against them, empty if nothing."""
    usual = conform(learned.iloc[-LOOKED_AT:], schema)
    try:
        with np.errstate(over="ignore"):
            problem_of(spec.problem).predict(estimator, probe_rows(usual))
    except DataError as error:
        return error.message
    return ""


def origin_of(split: Split, schema: TableSchema, learned: pd.DataFrame, features: Iterable[str]) -> Origin:
    """Return what a challenger was trained on."""
    times = split.time_column
    return Origin(
        last_row=learned[times].iloc[-1].to_pydatetime(),
        first_held_out=split.holdout[times].iloc[0].to_pydatetime(),
        features=tuple(features),
        expected=tuple(schema.features),
    )
