"""Bad rows are set aside with their reason, bad batches are stopped, and nothing else happens."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.findings import Severity
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.profiles import freeze, infer_schema, profile_frame
from ml.specs import ModelSpec, parse_spec
from ml.validation import Validated, validate

WINDOW = Window.parse("2026-01-01", "2026-01-02")
ROWS = 48


def spec_of(**validation: Any) -> ModelSpec:
    spec = parse_spec(
        """
model: orders
problem: {kind: regression, target: price}
source: {kind: file, path: orders.csv}
time: {column: ts, batch: 1d}
key: [order, line]
"""
    )
    return ModelSpec.model_validate(spec.model_dump(mode="json") | {"validation": validation})


def frame(**columns: object) -> pd.DataFrame:
    moments = pd.date_range(WINDOW.start, periods=ROWS, freq="30min", tz="UTC").as_unit("us")
    data = {
        "ts": moments,
        "order": np.arange(ROWS) // 2,
        "line": np.arange(ROWS) % 2,
        "weight": np.arange(ROWS) / 4,
        "city": ["Bern", "Oslo", None] * 16,
        "price": np.arange(ROWS) + 0.5,
    }
    return pd.DataFrame(data | columns)


def schema_of(data: pd.DataFrame, spec: ModelSpec) -> TableSchema:
    return infer_schema(data, problem=spec.problem, time=spec.time, key=spec.key, features=spec.features)


def check(data: pd.DataFrame, *, recent: tuple[int, ...] = (), **validation: Any) -> Validated:
    spec = spec_of(**validation)
    return validated(data, spec, recent)


def validated(data: pd.DataFrame, spec: ModelSpec, recent: tuple[int, ...] = ()) -> Validated:
    schema = schema_of(frame(), spec)
    layout = freeze(frame(), schema, key=spec.key, numeric_target=True)
    profile = profile_frame(data, layout)
    return validate(data, spec=spec, schema=schema, window=WINDOW, profile=profile, recent_rows=recent)


def codes(result: Validated) -> list[str]:
    return [finding.code for finding in result.findings]


def changed(column: str, row: int, value: object) -> pd.DataFrame:
    data = frame()
    cells = data[column].astype(object)
    cells[row] = value
    return data.assign(**{column: cells if isinstance(value, str) else cells.infer_objects()})


def test_good_rows_pass_untouched() -> None:
    data = frame()
    result = check(data, columns={"weight": {"min": 0, "max": 100, "nullable": False}})
    assert result.passed
    assert result.findings == ()
    assert result.kept is data
    assert len(result.quarantined) == 0
    assert "_reason" in result.quarantined


def test_limits_are_inclusive() -> None:
    assert codes(check(frame(), columns={"weight": {"min": 0.0, "max": 11.75}})) == []
    assert codes(check(frame(), columns={"weight": {"min": 0.1, "max": 11.7}})) == ["DV036", "DV037"]


def test_one_row_may_have_several_reasons() -> None:
    data = frame(weight=[-1.0, *np.arange(1.0, ROWS)], city=["Rome", *["Bern"] * (ROWS - 1)])
    result = check(data, columns={"weight": {"min": 0}, "city": {"categories": ["Bern"]}})
    assert result.quarantined["_reason"].tolist() == ["DV036 weight: below the minimum; DV038 city: unknown category"]
    assert result.passed


def test_what_cannot_be_read_is_not_reported_as_missing_too() -> None:
    result = check(changed("weight", 3, "heavy"), columns={"weight": {"nullable": False}})
    assert codes(result) == ["DV032"]
    assert result.findings[0].seen == "'heavy'"


def test_a_key_of_two_columns_is_unique_together() -> None:
    assert codes(check(frame())) == []
    result = check(frame(line=0))
    assert codes(result)[0] == "DV039"
    assert result.findings[0].rows == ROWS // 2
    assert result.kept["order"].tolist() == list(range(ROWS // 2))


def test_too_many_bad_rows_stop_the_batch_and_name_the_cause() -> None:
    data = frame(weight=np.where(np.arange(ROWS) < 3, -1.0, 1.0))
    result = check(data, columns={"weight": {"min": 0}})
    assert not result.passed
    assert codes(result) == ["DV036", "DV044"]
    stop = result.findings[-1]
    assert "DV036 weight" in stop.seen
    assert "validation.columns" in stop.remedy
    assert check(data, columns={"weight": {"min": 0}}, max_quarantined_share=0.1).passed


def test_only_errors_stop() -> None:
    result = check(frame(new=1), recent=(1000, 1000, 1000))
    assert [(finding.code, finding.severity) for finding in result.findings] == [
        ("DV031", Severity.INFO),
        ("DV042", Severity.WARNING),
    ]
    assert result.passed


def test_volume_needs_a_history() -> None:
    assert codes(check(frame(), recent=(1000, 1000))) == []
    assert codes(check(frame(), recent=(1000, 40, 50))) == []
    assert codes(check(frame(), recent=(1, 1, 1))) == ["DV042"]


def test_columns_that_are_missing() -> None:
    assert codes(check(frame().drop(columns=["weight", "price"]))) == ["DV030", "DV030"]
    assert codes(check(frame().drop(columns="weight"), columns={"weight": {"required": False}})) == []
    assert codes(check(frame(), columns={"height": {}})) == ["DV030"]


def test_a_target_is_not_demanded_where_labels_come_later() -> None:
    spec = spec_of().model_copy(update={"labels": spec_of().labels.model_copy(update={"delay": WINDOW.length})})
    data = frame().drop(columns="price")
    result = validated(data, spec)
    assert result.findings == ()


def test_whole_numbers_are_demanded_only_by_the_spec() -> None:
    data = frame(line=[*[0, 1] * 23, 0.5, 1.0])
    assert codes(check(data)) == []
    assert codes(check(data, columns={"line": {"type": "integer"}})) == ["DV032"]


def test_categories_are_compared_as_text_in_every_form_of_a_number() -> None:
    demands = {"line": {"categories": ["0", "1"]}}
    for cells in ([0, 1] * 24, [0.0, 1.0] * 24, ["0", "1"] * 24, pd.array([0, 1] * 24, dtype="Int64")):
        assert codes(check(frame(line=cells), columns=demands)) == []
    assert codes(check(frame(line=[0, 2, *[0, 1] * 23]), columns=demands)) == ["DV038"]


def test_a_target_that_came_as_texts_because_of_a_bad_row_is_made_numbers() -> None:
    result = check(changed("price", 5, "free"))
    assert codes(result) == ["DV032"]
    assert str(result.kept["price"].dtype) == "float64"
    assert len(result.kept) == ROWS - 1


@pytest.mark.parametrize("kind", ["timestamp", "boolean"])
def test_other_types_can_be_demanded(kind: str) -> None:
    good = {"timestamp": "2026-01-01T00:00:00Z", "boolean": "true"}[kind]
    data = frame(note=[good] * (ROWS - 1) + ["soon"])
    result = check(data, columns={"note": {"type": kind}})
    assert codes(result) == ["DV032"]
    assert result.findings[0].rows == 1
    assert codes(check(frame(note=[good] * ROWS), columns={"note": {"type": kind}})) == []


def test_validating_leaves_the_offsets_of_other_code_alone() -> None:
    """Importing pandera makes pyarrow ignore time zones in the whole process, unless it is kept from it."""
    code = """
from ml.validation import panel
from ml.domain.schema import ColumnRole, ColumnType
from ml.validation.rules import Rule
panel._schema((Rule("x", ColumnType.NUMBER, ColumnRole.NUMERIC, True, False, 1.0),))
from datetime import datetime, timedelta, timezone
import pyarrow as pa
moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
assert pa.array([moment], pa.timestamp("us", tz="UTC")).to_pylist() == [moment]
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYARROW_IGNORE_TIMEZONE"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)


def test_a_batch_without_rows_is_stopped() -> None:
    result = check(frame().iloc[:0])
    assert codes(result) == ["DV041"]
    assert not result.passed


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 5.0, -1.0, float("inf"), None]), st.sampled_from(["Bern", "Rome", None])),
        min_size=1,
        max_size=ROWS,
    )
)
def test_every_row_is_either_kept_or_set_aside_with_a_reason(rows: list[tuple[float | None, str | None]]) -> None:
    data = frame().iloc[: len(rows)].assign(weight=[a for a, _ in rows], city=[b for _, b in rows])
    data["weight"] = data["weight"].astype(float)
    result = check(
        data,
        columns={"weight": {"min": 0, "nullable": False}, "city": {"categories": ["Bern"]}},
        max_quarantined_share=1.0,
    )
    good = [a in (0.0, 5.0) and b in ("Bern", None) for a, b in rows]
    assert result.kept["ts"].tolist() == data["ts"][good].tolist()
    assert result.quarantined["ts"].tolist() == data["ts"][[not one for one in good]].tolist()
    assert all(result.quarantined["_reason"])
