"""Validate a batch: row-level errors set rows aside, table-level errors stop the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.codes_dv import DATA_VALIDATION, data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.schema import ColumnRole, ColumnType, TableSchema
from ml.domain.windows import Window
from ml.profiles import Profile
from ml.profiles.columns import MomentProfile
from ml.specs import ModelSpec
from ml.validation.keys import repeated_keys
from ml.validation.panel import Failures, bad_rows, failing_rows
from ml.validation.proof import is_proven
from ml.validation.reading import read_column
from ml.validation.rules import Rule, rules_of
from ml.validation.table import EXAMPLES, age_findings, amount_findings, column_findings, examples, null_findings

REASON = "_reason"
_UNREAD = ("DV032", "DV033", "DV040")
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What validation finds in a batch, and which of its rows it sets aside.

    ``failures`` has, for each frame that the batch is read in, which rows fail what; nothing at all where no row had
    to be looked at. ``targets`` are the dtypes of targets that are to be read anew.
    """

    passed: bool
    findings: tuple[Finding, ...]
    failures: tuple[Failures, ...] = ()
    targets: Mapping[str, tuple[Rule, str]] = field(default_factory=dict)

    @property
    def set_aside(self) -> int:
        """How many rows are quarantined."""
        return sum(int(bad_rows(one).sum()) for one in self.failures if one)

    def kept(self, place: int, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the good rows of a frame of the batch, of all of its columns: the very frame if nothing changes."""
        bad = bad_rows(self.failures[place]) if self.failures and self.failures[place] else None
        kept = frame if bad is None else frame.loc[~bad].reset_index(drop=True)
        for name, (rule, dtype) in self.targets.items():
            numbers = _read_anew(frame[name], rule)
            numbers = numbers if bad is None else numbers[~bad].reset_index(drop=True)
            kept = kept.assign(**{name: numbers.astype(pd.api.types.pandas_dtype(dtype))})
        return kept

    def quarantined(self, place: int, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a frame of the batch that are set aside; ``_reason`` says why."""
        failures = self.failures[place] if self.failures else {}
        rows = np.flatnonzero(bad_rows(failures)) if failures else np.empty(0, dtype=np.int64)
        reasons = [
            "; ".join(
                f"{code} {name}: {DATA_VALIDATION[code].title}" for (code, name), mask in failures.items() if mask[row]
            )
            for row in rows
        ]
        return frame.iloc[rows].reset_index(drop=True).assign(**{REASON: pd.Series(reasons, dtype=object)})


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation makes of a batch in memory.

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
    """Check a batch in memory; see :func:`judge`."""
    batch = Frames.of(frame)
    judged = judge(batch, spec=spec, schema=schema, window=window, profile=profile, recent_rows=recent_rows)
    return Validated(judged.passed, judged.findings, judged.kept(0, frame), judged.quarantined(0, frame))


def judge(
    batch: Frames,
    *,
    spec: ModelSpec,
    schema: TableSchema,
    window: Window,
    profile: Profile,
    recent_rows: Sequence[int],
) -> Judgement:
    """Check a batch, of which ``profile`` is the profile, against the frozen schema and the spec.

    A finding with severity *error* speaks of the whole batch and stops it; a *warning* with rows tells of rows
    that were quarantined. ``recent_rows`` are the rows of the last batches, to compare the volume with. Rows are looked
    at only for what the profile does not prove, and of them only the columns concerned.
    """
    rules = rules_of(spec, schema)
    findings = list(column_findings(batch, rules, schema, profile))
    asked, key = _to_ask(batch, rules, spec, profile)
    failures, shown = _failures(batch, asked, key)
    causes = [_row_finding(cause, failures, shown[cause], rules) for cause in shown]
    targets = _targets(batch, failures, asked)
    judged = Judgement(False, (), failures, targets)
    kept = batch.rows - judged.set_aside
    findings += [
        *causes,
        *null_findings(batch, rules, profile),
        *amount_findings(kept, batch.rows, spec.validation, recent_rows, causes),
        *age_findings(spec.time.column, _newest(batch, judged, spec.time.column, profile), spec.validation, window),
    ]
    passed = all(finding.severity is not Severity.ERROR for finding in findings)
    return replace(judged, passed=passed, findings=tuple(findings))


def _to_ask(
    batch: Frames, rules: Sequence[Rule], spec: ModelSpec, profile: Profile
) -> tuple[list[Rule], Sequence[str]]:
    """Return the rules for which the rows must be asked, and the key if it may be there twice."""
    there = [rule for rule in rules if rule.name in batch.dtypes]
    asked = {rule.name for rule in there if not is_proven(rule, batch.dtypes[rule.name], profile)}
    key: Sequence[str] = ()
    if spec.key and (profile.key_duplicates != 0 or asked.intersection(spec.key)):
        key = spec.key
        asked |= set(key)
    return [rule for rule in there if rule.name in asked], key


def _newest(batch: Frames, judged: Judgement, time: str, profile: Profile) -> datetime | None:
    """Return the moment of the newest row that is kept, None if there is none."""
    column = profile.columns.get(time)
    if time not in batch.dtypes or batch.dtypes[time].kind != "M":
        return None
    if isinstance(column, MomentProfile) and not judged.set_aside:
        return column.last
    without = replace(judged, targets={})
    each = (without.kept(place, frame)[time].max() for place, frame in enumerate(batch.read([time])))
    newest = [moment.to_pydatetime() for moment in each if not pd.isna(moment)]
    return max(newest, default=None)


def _targets(batch: Frames, failures: tuple[Failures, ...], asked: Sequence[Rule]) -> dict[str, tuple[Rule, str]]:
    """Return the targets of numbers that came as texts because of bad rows, and the dtype that the good ones have."""
    found = {}
    for rule in asked:
        if rule.role is not ColumnRole.TARGET or rule.type not in _NUMERIC or batch.dtypes[rule.name].kind != "O":
            continue
        whole, missing = rule.type is ColumnType.INTEGER, False
        for failed, values in zip(failures, batch.column(rule.name), strict=True):
            numbers = _read_anew(values, rule)
            numbers = numbers[~bad_rows(failed)] if failed else numbers
            missing = missing or bool(numbers.isna().any())
            whole = whole and bool((numbers.dropna() % 1 == 0).all())
        found[rule.name] = (rule, "float64" if not whole else "Int64" if missing else "int64")
    return found


def _read_anew(values: pd.Series, rule: Rule) -> pd.Series:
    numbers: pd.Series = pd.to_numeric(read_column(values, rule).values, errors="coerce")
    return numbers


def _failures(
    batch: Frames, asked: Sequence[Rule], key: Sequence[str]
) -> tuple[tuple[Failures, ...], dict[tuple[str, str], tuple[str, ...]]]:
    """Return which rows of each frame fail what, and a few values of each cause."""
    if not asked:
        return (), {}
    of_key = [rule for name in key for rule in asked if rule.name == name]
    repeated = list(repeated_keys(batch, of_key)) if of_key else []
    failures, shown = [], dict[tuple[str, str], tuple[str, ...]]()
    for place, frame in enumerate(batch.read([rule.name for rule in asked])):
        found = _failing(frame, asked)
        if repeated and repeated[place].any():
            found = _with_key(found, ", ".join(rule.name for rule in of_key), repeated[place])
        failures.append(found)
        for cause, mask in found.items():
            seen = examples(frame[cause[1]], mask) if cause[1] in frame.columns else ()
            shown[cause] = tuple(dict.fromkeys((*shown.get(cause, ()), *seen)))[:EXAMPLES]
    return tuple(failures), shown


def _with_key(found: Failures, key: str, repeated: npt.NDArray[np.bool_]) -> Failures:
    """Put a key that an earlier row has behind what could not be read, and before all else."""
    unread = {cause: mask for cause, mask in found.items() if cause[0] in _UNREAD}
    return {**unread, ("DV039", key): repeated, **found}


def _failing(frame: pd.DataFrame, rules: Sequence[Rule]) -> Failures:
    """Return the rows that fail, by code and column; what could not be read is not reported as missing as well."""
    readings = {rule.name: read_column(frame[rule.name], rule) for rule in rules}
    failures: Failures = {}
    for rule in rules:
        reading = readings[rule.name]
        found = {"DV032": reading.wrong, "DV033": reading.beyond}
        if rule.role is ColumnRole.TIME:
            found["DV040"] = reading.missing
        failures |= {(code, rule.name): mask for code, mask in found.items() if mask.any()}
    columns = {name: reading.values for name, reading in readings.items()}
    for (code, name), mask in failing_rows(columns, rules, rows=len(frame)).items():
        rest = mask & readings[name].missing if code == "DV034" else mask
        if rest.any():
            failures[code, name] = rest
    return failures


def _row_finding(
    cause: tuple[str, str], failures: Sequence[Failures], shown: tuple[str, ...], rules: Sequence[Rule]
) -> Finding:
    code, name = cause
    rule = next((rule for rule in rules if rule.name == name), None)
    return data_finding(
        code,
        Severity.WARNING,
        name,
        seen=", ".join(shown) or "rows with a key that an earlier row has",
        expected=_expected(code, rule),
        rows=sum(int(one[cause].sum()) for one in failures if cause in one),
    )


def _expected(code: str, rule: Rule | None) -> str:
    if rule is None or code == "DV039":
        return "one row for a key"
    words = {
        "DV032": "a whole number" if rule.whole else f"a value of type {rule.type.value}",
        "DV033": "a finite number",
        "DV034": "a value",
        "DV036": f"at least {rule.min}",
        "DV037": f"at most {rule.max}",
        "DV038": f"one of {', '.join(rule.categories or ())}",
        "DV040": "a moment",
    }
    return words[code]
