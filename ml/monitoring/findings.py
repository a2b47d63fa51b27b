"""What measured drift means: findings for people, observations for the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml.domain.codes_dr import DRIFT
from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import Observation, Quantity
from ml.domain.windows import Window
from ml.monitoring.classifier import TableDrift
from ml.monitoring.drift import ColumnDrift


def drift_findings(
    features: Sequence[ColumnDrift],
    *,
    share: float | None,
    limit: float,
    predictions: Sequence[ColumnDrift] = (),
    target: Sequence[ColumnDrift] = (),
    associations: Sequence[ColumnDrift] = (),
    table: TableDrift | None = None,
) -> tuple[Finding, ...]:
    """Say what is to be noticed: drifted columns, too many of them, and columns that could not be tested.

    ``share`` is the weighted share of drifted features, ``limit`` the one from which it is a warning.
    """
    return (
        *_share(features, share, limit),
        *_columns(features, "DR001", Severity.INFO),
        *_columns(predictions, "DR004", Severity.WARNING),
        *_columns(target, "DR005", Severity.WARNING),
        *_columns(associations, "DR009", Severity.INFO),
        *_table(table),
    )


def no_reference(kind: str) -> Finding:
    """Say that there is no batch to compare the features with."""
    return Finding(
        code="DR008",
        severity=Severity.INFO,
        subject="features",
        seen=f"no batch that monitoring.drift.reference (kind: {kind}) names has passed validation",
        expected="at least one",
        remedy=DRIFT["DR008"].remedy,
        outcome=Outcome.CANNOT_TELL,
    )


def drift_observations(
    drifts: Sequence[ColumnDrift],
    *,
    quantity: Quantity,
    window: Window,
    version: int | None = None,
    weights: Mapping[str, float],
) -> tuple[Observation, ...]:
    """Turn measured drift into observations, one a column: the value is the effect size.

    Where nothing but the missing values could be compared, and they drifted, it is how far their share moved.

    ``detail["drifted"]`` is what policies read; for columns of the table, ``detail["weight"]`` is how much the champion
    uses them.
    """
    return tuple(
        Observation(
            window=window,
            as_of=window.end,
            quantity=quantity,
            subject=drift.subject,
            version=version,
            value=_value(drift),
            rows=drift.rows,
            detail=_detail(drift, weights if quantity is Quantity.COLUMN_DRIFT else {}),
        )
        for drift in drifts
    )


def share_observation(
    features: Sequence[ColumnDrift], *, share: float | None, window: Window, weighted: bool
) -> Observation:
    """Turn the share of drifted features into an observation."""
    tested = [drift for drift in features if drift.tested]
    detail = {
        "columns": len(features),
        "tested": len(tested),
        "over": sum(drift.drifted for drift in tested),
        "weighted": weighted,
    }
    rows = max((drift.rows for drift in tested), default=0)
    return Observation(window, window.end, Quantity.DRIFT_SHARE, "", None, share, rows, detail)


def table_observation(table: TableDrift, *, window: Window) -> Observation:
    """Turn what the classifier said into an observation."""
    detail = {
        "drifted": table.drifted,
        "outcome": table.outcome.value,
        "threshold": table.threshold,
        "interval": None if table.interval is None else [_short(bound) for bound in table.interval],
        "p_value": None if table.p_value is None else _short(table.p_value),
        "note": table.note,
    }
    return Observation(window, window.end, Quantity.TABLE_DRIFT, "", None, table.auc, table.rows, detail)


def _value(drift: ColumnDrift) -> float | None:
    if drift.effect is None and drift.drifted:
        return abs(drift.missing[1] - drift.missing[0])
    return drift.effect


def _detail(drift: ColumnDrift, weights: Mapping[str, float]) -> dict[str, object]:
    found: dict[str, object] = {
        "method": drift.method,
        "threshold": drift.threshold,
        "drifted": drift.drifted,
        "significant": drift.significant,
        "outcome": drift.outcome.value,
        "note": drift.note,
    }
    if drift.interval is not None:
        found["interval"] = [_short(bound) for bound in drift.interval]
    if drift.p_value is not None:
        found["p_value"] = _short(drift.p_value)
    if drift.score != drift.effect and drift.score is not None:
        found["score"] = _short(drift.score)
    if any(drift.missing):
        found["missing"] = [_short(share) for share in drift.missing]
    if drift.column in weights:
        found["weight"] = weights[drift.column]
    return found


def _short(value: float) -> float:
    """Six digits say all that is known, and keep the records small."""
    return float(f"{value:.6g}")


def _share(features: Sequence[ColumnDrift], share: float | None, limit: float) -> tuple[Finding, ...]:
    if share is None or share < limit or share == 0:
        return ()
    names = ", ".join(drift.column for drift in features if drift.drifted and not drift.segment)
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
    found = []
    for drift in drifts:
        if drift.drifted:
            found.append(_drifted(drift, code, severity))
        elif not drift.tested:
            found.append(_untested(drift))
    return found


def _drifted(drift: ColumnDrift, code: str, severity: Severity) -> Finding:
    seen = []
    if drift.effect is not None and drift.interval is not None:
        low, high = drift.interval
        seen.append(f"{drift.method} {drift.effect:.3g} ({low:.3g} to {high:.3g})")
    if drift.p_value is not None:
        seen.append(f"p {drift.p_value:.2g}")
    if drift.note:
        seen.append(drift.note)
    return Finding(
        code=code,
        severity=severity,
        subject=drift.subject,
        seen="; ".join(seen),
        expected=f"below {drift.threshold:g}, or no more than chance",
        remedy=DRIFT[code].remedy,
        outcome=drift.outcome,
    )


def _untested(drift: ColumnDrift) -> Finding:
    return Finding(
        code="DR003",
        severity=Severity.INFO,
        subject=drift.subject,
        seen=drift.note,
        expected="values of which drift can be told",
        remedy=DRIFT["DR003"].remedy,
        outcome=drift.outcome,
    )


def _table(table: TableDrift | None) -> tuple[Finding, ...]:
    if table is None or table.outcome is Outcome.PASSED:
        return ()
    if table.auc is None or table.interval is None:
        code, severity, seen = "DR003", Severity.INFO, table.note
    else:
        code, severity = "DR007", Severity.WARNING
        seen = f"area under the curve {table.auc:.3f} ({table.interval[0]:.3f} to {table.interval[1]:.3f})"
    return (
        Finding(
            code=code,
            severity=severity,
            subject="features together",
            seen=seen,
            expected=f"below {table.threshold:g}, or no more than chance",
            remedy=DRIFT[code].remedy,
            outcome=table.outcome,
        ),
    )
