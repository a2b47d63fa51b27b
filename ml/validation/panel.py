"""The checks that pandera knows (missing values, ranges, categories), row by row.

A pandera schema is built once for a set of rules and kept. Per batch of 336 rows and 8 columns it costs about 5 ms
where nothing is wrong and 20 ms where something is; docs/decisions tell how that was weighed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.domain.schema import ColumnRole
from ml.validation.rules import Rule

Mask = npt.NDArray[np.bool_]
Failures = dict[tuple[str, str], Mask]
"""Rows that fail, by code and column."""

_CODES = {
    "not_nullable": "DV034",
    "greater_than_or_equal_to": "DV036",
    "less_than_or_equal_to": "DV037",
    "isin": "DV038",
}


def bad_rows(failures: Failures) -> Mask:
    """Return the rows that fail anything at all; there must be some."""
    bad: Mask = np.logical_or.reduce(list(failures.values()))
    return bad


def failing_rows(columns: Mapping[str, pd.Series], rules: Sequence[Rule], *, rows: int) -> Failures:
    """Return which rows fail which check of which column."""
    checked = tuple(rule for rule in rules if rule.name in columns and _is_demanding(rule))
    if not checked or not rows:
        return {}
    schema = _schema(checked)
    frame = pd.DataFrame({rule.name: columns[rule.name].reset_index(drop=True) for rule in checked})
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        return _failures(error.failure_cases, rows=rows)
    return {}


def _is_demanding(rule: Rule) -> bool:
    limits = (rule.min, rule.max, rule.categories)
    return not _may_be_missing(rule) or any(limit is not None for limit in limits)


def _may_be_missing(rule: Rule) -> bool:
    """A row without a time has a code of its own, and is found before."""
    return rule.nullable or rule.role is ColumnRole.TIME


@lru_cache(maxsize=64)
def _schema(rules: tuple[Rule, ...]) -> Any:
    """Build the schema; the import of pandera, half a second, waits for the first batch that needs it."""
    # Left unset, importing pandera sets it to 1; from then on pyarrow drops the offset of every datetime it is given.
    os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")
    import pandera.pandas as pandera

    columns = {}
    for rule in rules:
        checks = []
        if rule.min is not None:
            checks.append(pandera.Check.ge(rule.min))
        if rule.max is not None:
            checks.append(pandera.Check.le(rule.max))
        if rule.categories is not None:
            checks.append(pandera.Check.isin(rule.categories))
        columns[rule.name] = pandera.Column(checks=checks, nullable=_may_be_missing(rule))
    return pandera.DataFrameSchema(columns)


def _failures(cases: pd.DataFrame, *, rows: int) -> Failures:
    result: Failures = {}
    for (column, check), found in cases.groupby([cases["column"].astype(str), cases["check"].astype(str)], sort=False):
        code = _CODES[str(check).split("(", 1)[0]]
        mask = result.setdefault((code, str(column)), np.zeros(rows, dtype=np.bool_))
        mask[found["index"].dropna().astype(int).to_numpy()] = True
    return result
