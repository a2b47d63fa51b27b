"""Validate a batch: row-level errors set rows aside, table-level errors stop the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.domain.codes_dv import DATA_VALIDATION, data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.schema import ColumnRole, ColumnType, TableSchema
from ml.domain.windows import Window
from ml.profiles import Profile
from ml.profiles.columns import MomentProfile
from ml.specs import ModelSpec
from ml.validation.panel import Failures, failing_rows
from ml.validation.proof import is_proven
from ml.validation.reading import Reading, read_column
from ml.validation.rules import Rule, rules_of
from ml.validation.table import age_findings, amount_findings, column_findings, examples, null_findings

REASON = "_reason"
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation makes of a batch.

    ``kept`` is the very frame that was given where nothing is quarantined and no target had to be read anew. Both
    frames have fresh indexes; ``quarantined`` says in ``_reason`` why.
    """

    passed: bool
    findings: tuple[Finding, ...]
    kept: pd.DataFrame
    quarantined: pd.DataFrame


def validate(
    frame: pd.DataFrame,
    *,
    spec: ModelSpec,
    schema: TableSchema,
    window: Window,
    profile: Profile,
    recent_rows: Sequence[int],
) -> Validated:
    """Check a batch, of which ``profile`` is the profile, against the frozen schema and the spec.

    A finding with severity *error* speaks of the whole batch and stops it; a *warning* with rows tells of rows
    that were quarantined. ``recent_rows`` are the rows of the last batches, to compare the volume with. Rows are looked
    at only for what the profile does not prove.
    """
    rules = rules_of(spec, schema)
    findings = list(column_findings(frame, rules, schema, profile))
    asked, key = _to_ask(frame, rules, spec, profile)
    readings = {rule.name: read_column(frame[rule.name], rule) for rule in asked}
    failures = _failures(readings, asked, key, rows=len(frame))
    causes = [_row_finding(frame, code, name, mask, rules) for (code, name), mask in failures.items()]
    bad = np.zeros(len(frame), dtype=np.bool_)
    for mask in failures.values():
        bad |= mask
    kept = _kept(frame, bad, readings, rules)
    findings += [
        *causes,
        *null_findings(frame, rules, profile),
        *amount_findings(len(kept), len(frame), spec.validation, recent_rows, causes),
        *age_findings(spec.time.column, _newest(kept, frame, spec.time.column, profile), spec.validation, window),
    ]
    passed = all(finding.severity is not Severity.ERROR for finding in findings)
    return Validated(passed, tuple(findings), kept, _quarantined(frame, bad, failures))


def _to_ask(
    frame: pd.DataFrame, rules: Sequence[Rule], spec: ModelSpec, profile: Profile
) -> tuple[list[Rule], Sequence[str]]:
    """Return the rules for which the rows must be asked, and the key if it may be there twice."""
    there = [rule for rule in rules if rule.name in frame.columns]
    asked = {rule.name for rule in there if not is_proven(rule, frame[rule.name].dtype, profile)}
    key: Sequence[str] = ()
    if spec.key and (profile.key_duplicates != 0 or asked.intersection(spec.key)):
        key = spec.key
        asked |= set(key)
    return [rule for rule in there if rule.name in asked], key


def _newest(kept: pd.DataFrame, frame: pd.DataFrame, time: str, profile: Profile) -> datetime | None:
    """Return the moment of the newest row that is kept, None if there is none."""
    column = profile.columns.get(time)
    if len(kept) == len(frame) and isinstance(column, MomentProfile):
        return column.last if time in frame.columns and frame[time].dtype.kind == "M" else None
    if time not in kept.columns or kept[time].dtype.kind != "M" or not kept[time].notna().any():
        return None
    newest: datetime = kept[time].max().to_pydatetime()
    return newest


def _failures(readings: dict[str, Reading], rules: Sequence[Rule], key: Sequence[str], *, rows: int) -> Failures:
    """Return the rows that fail, by code and column; what could not be read is not reported as missing as well."""
    failures: Failures = {}
    for rule in rules:
        reading = readings[rule.name]
        found = {"DV032": reading.wrong, "DV033": reading.beyond}
        if rule.role is ColumnRole.TIME:
            found["DV040"] = reading.missing
        failures |= {(code, rule.name): mask for code, mask in found.items() if mask.any()}
    columns = {name: reading.values for name, reading in readings.items()}
    for (code, name), mask in failing_rows(columns, rules, key=key, rows=rows).items():
        rest = mask & readings[name].missing if code == "DV034" else mask
        if rest.any():
            failures[code, name] = rest
    return failures


def _row_finding(
    frame: pd.DataFrame, code: str, name: str, mask: npt.NDArray[np.bool_], rules: Sequence[Rule]
) -> Finding:
    rule = next((rule for rule in rules if rule.name == name), None)
    shown = frame[name] if name in frame.columns else pd.Series(dtype=object)
    return data_finding(
        code,
        Severity.WARNING,
        name,
        seen=examples(shown, mask) if len(shown) else "rows with a key that an earlier row has",
        expected=_expected(code, rule),
        rows=int(mask.sum()),
    )


def _expected(code: str, rule: Rule | None) -> str:
    if rule is None:
        return "one row for a key"
    words = {
        "DV032": "a whole number" if rule.whole else f"a value of type {rule.type.value}",
        "DV033": "a finite number",
        "DV034": "a value",
        "DV036": f"at least {rule.min}",
        "DV037": f"at most {rule.max}",
        "DV038": f"one of {', '.join(rule.categories or ())}",
        "DV039": "one row for a key",
        "DV040": "a moment",
    }
    return words[code]


def _kept(
    frame: pd.DataFrame, bad: npt.NDArray[np.bool_], readings: dict[str, Reading], rules: Sequence[Rule]
) -> pd.DataFrame:
    """Return the good rows as they are; a target of numbers that came as texts because of bad rows becomes numbers."""
    kept = frame.loc[~bad].reset_index(drop=True) if bad.any() else frame
    for rule in rules:
        reading = readings.get(rule.name)
        if rule.role is not ColumnRole.TARGET or rule.type not in _NUMERIC or reading is None:
            continue
        if frame[rule.name].dtype.kind == "O":
            numbers = pd.to_numeric(reading.values[~bad].reset_index(drop=True), errors="coerce")
            whole = rule.type is ColumnType.INTEGER and bool((numbers.dropna() % 1 == 0).all())
            kept = kept.assign(**{rule.name: _narrowest(numbers) if whole else numbers})
    return kept


def _narrowest(numbers: pd.Series) -> pd.Series:
    return numbers.astype("Int64" if numbers.isna().any() else "int64")


def _quarantined(frame: pd.DataFrame, bad: npt.NDArray[np.bool_], failures: Failures) -> pd.DataFrame:
    rows = np.flatnonzero(bad)
    if not len(rows):
        return frame.iloc[:0].assign(**{REASON: np.empty(0, dtype=object)})
    reasons = [
        "; ".join(
            f"{code} {name}: {DATA_VALIDATION[code].title}" for (code, name), mask in failures.items() if mask[row]
        )
        for row in rows
    ]
    return frame.iloc[rows].reset_index(drop=True).assign(**{REASON: pd.Series(reasons, dtype=object)})
