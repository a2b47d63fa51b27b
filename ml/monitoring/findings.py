"""What measured drift means: findings for people, observations for the policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml.domain.codes_dr import DRIFT
from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import Observation, Quantity
from ml.domain.windows import Window
from ml.monitoring.drift import ColumnDrift, drift_share
from ml.specs.monitoring import P_VALUES


def drift_findings(
    features: Sequence[ColumnDrift],
    *,
    drift_share: float,
    predictions: Sequence[ColumnDrift] = (),
    target: Sequence[ColumnDrift] = (),
) -> tuple[Finding, ...]:
    """Say what is to be noticed: drifted columns, too many of them, and columns that could not be tested."""
    return (
        *_share(features, drift_share),
        *_columns(features, "DR001", Severity.INFO),
        *_columns(predictions, "DR004", Severity.WARNING),
        *_columns(target, "DR005", Severity.WARNING),
    )


def drift_observations(
    drifts: Sequence[ColumnDrift],
    *,
    quantity: Quantity,
    window: Window,
    as_of: datetime,
    version: int | None = None,
) -> tuple[Observation, ...]:
    """Turn measured drift into observations: one a column and, for features, one of the share that drifted.

    ``quantity`` is that of a column: ``COLUMN_DRIFT``, ``PREDICTION_DRIFT`` or ``TARGET_DRIFT``. ``detail["drifted"]``
    is what policies read.
    """
    columns = tuple(
        Observation(
            window=window,
            as_of=as_of,
            quantity=quantity,
            subject=drift.column,
            version=version,
            value=drift.score,
            rows=drift.rows,
            detail={
                "method": drift.method,
                "threshold": drift.threshold,
                "drifted": drift.drifted,
                "outcome": drift.outcome.value,
                "note": drift.note,
            },
        )
        for drift in drifts
    )
    if quantity is not Quantity.COLUMN_DRIFT:
        return columns
    tested = [drift for drift in drifts if drift.score is not None]
    detail = {"columns": len(drifts), "tested": len(tested), "over": sum(drift.drifted for drift in tested)}
    rows = max((drift.rows for drift in tested), default=0)
    share = drift_share(drifts)
    return (*columns, Observation(window, as_of, Quantity.DRIFT_SHARE, "", version, share, rows, detail))


def _share(features: Sequence[ColumnDrift], limit: float) -> tuple[Finding, ...]:
    share = drift_share(features)
    if share is None or share < limit or share == 0:
        return ()
    names = ", ".join(drift.column for drift in features if drift.drifted)
    return (
        Finding(
            code="DR002",
            severity=Severity.WARNING,
            subject="features",
            seen=f"{share:.0%} drifted ({names})",
            expected=f"less than {limit:.0%}",
            remedy=DRIFT["DR002"].remedy,
            outcome=Outcome.WARNING,
        ),
    )


def _columns(drifts: Sequence[ColumnDrift], code: str, severity: Severity) -> list[Finding]:
    return [
        _untested(drift) if drift.score is None else _drifted(drift, drift.score, code, severity)
        for drift in drifts
        if drift.drifted or drift.score is None
    ]


def _drifted(drift: ColumnDrift, score: float, code: str, severity: Severity) -> Finding:
    p_value = drift.method in P_VALUES
    name = f"p-value of {drift.method}" if p_value else drift.method
    return Finding(
        code=code,
        severity=severity,
        subject=drift.column,
        seen=f"{name} {score:.3g}" + (f"; {drift.note}" if drift.note else ""),
        expected=f"{'at least' if p_value else 'below'} {drift.threshold:g}",
        remedy=DRIFT[code].remedy,
        outcome=drift.outcome,
    )


def _untested(drift: ColumnDrift) -> Finding:
    return Finding(
        code="DR003",
        severity=Severity.INFO,
        subject=drift.column,
        seen=drift.note,
        expected=f"values of which {drift.method} can tell drift",
        remedy=DRIFT["DR003"].remedy,
        outcome=drift.outcome,
    )
