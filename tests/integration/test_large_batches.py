"""A batch that is too large for memory is recorded as the same batch would be in memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.artifacts import arrow, rows
from ml.data import spool
from ml.data.cache import PARSED
from ml.domain.windows import Window
from ml.flows import report as report_module
from ml.flows import workspace as workspace_module
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.profiles import Profile, keys
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in
from tests.unit.profiles.profiled import close

DAYS = 4  # the first champion of late labels scores the fourth
FIRST = Window(SPAN.start, SPAN.start + timedelta(days=1))
UNTIL = SPAN.start + timedelta(days=DAYS)


@pytest.fixture(autouse=True)
def few_rows_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROW_GROUP", 50)


def make_large(patch: pytest.MonkeyPatch) -> None:
    """Let every batch be too large for memory; frames that nobody may hold are not lent either."""
    PARSED.clear()
    patch.setattr(rows, "WHOLE", 0)
    patch.setattr(workspace_module, "WHOLE", 0)
    patch.setattr(spool, "LIMIT", 1000)
    patch.setattr(keys, "MOST", 40)


def bad_stream() -> pd.DataFrame:
    """Return a stream with rows that are set aside, for every kind of reason, in several groups of rows."""
    frame = stream()
    frame["note"] = pd.Series("odd", index=frame.index).where(frame.index % 120 == 7)
    frame.loc[[3, 70, 119], "x"] = 1e12
    frame.loc[[5, 100], "order_id"] = [4, 4]
    frame.loc[[11, 110], "city"] = "Rom"
    frame.loc[240 + 60, "late"] = np.nan
    return frame


RULES = """
validation:
  max_quarantined_share: 0.2
  columns: {x: {max: 100}, city: {categories: [Bern, Oslo, Rome]}}
"""


def records(workspace: Workspace, spec: ModelSpec) -> list[Any]:
    with workspace.registry.read() as reader:
        batches = reader.batches(spec.model, as_of=UNTIL)
        found: list[Any] = [
            (
                one.window,
                one.snapshot.sha256,
                one.snapshot.columns,
                one.validation.findings,
                one.validation.kept_sha256,
                one.validation.quarantine_sha256,
                [scoring.sha256 for scoring in reader.scorings_of(one.snapshot.id)],
            )
            for one in batches
        ]
        found += [
            (one.window, one.quantity, one.subject, one.version, one.rows, nearly(one.value))
            for one in reader.observations(spec.model, as_of=UNTIL)
        ]
    return found


def nearly(value: float | None) -> Any:
    """Return what equals a number but for the rounding of sums that are made in another order."""
    return None if value is None else pytest.approx(value, rel=1e-9)


def profiles(workspace: Workspace, spec: ModelSpec) -> list[Profile]:
    with workspace.registry.read() as reader:
        validations = [one.validation for one in reader.batches(spec.model, as_of=UNTIL)]
    return [workspace.kept(str(one.profile_sha256), Profile.from_bytes) for one in validations]


@pytest.mark.parametrize("separate", [False, True])
def test_the_loop_records_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separate: bool) -> None:
    extra = RULES + "monitoring: {drift: {by: [city], multivariate: true, min_rows: 20, sample: 100}}\n"
    spec = spec_of(tmp_path, bad_stream(), extra=extra + ("labels: {delay: 1d}\n" if separate else ""))
    with workspace_in(tmp_path / "small") as small, workspace_in(tmp_path / "large") as large:
        run(small, spec, start=SPAN.start, end=UNTIL)
        make_large(monkeypatch)
        run(large, spec, start=SPAN.start, end=UNTIL)
        known, found = records(small, spec), records(large, spec)
        assert [one[:6] for one in found] == [one[:6] for one in known]
        assert found == known
        assert len({one[4] for one in known[:DAYS]} - {one[1] for one in known[:DAYS]}) == 1
        assert any(one[6] for one in known[:DAYS])
        for one, other in zip(profiles(small, spec), profiles(large, spec), strict=True):
            close(one, other)
        last = Window(UNTIL - timedelta(days=1), UNTIL)
        in_memory, in_parts = (pictured(one, spec, last, monkeypatch) for one in (small, large))
        pd.testing.assert_frame_equal(in_memory, in_parts)
        assert len(in_memory) == 100


def pictured(workspace: Workspace, spec: ModelSpec, window: Window, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return the sample of the batch that the report would show."""
    shown: list[pd.DataFrame] = []

    def page(spec: ModelSpec, schema: Any, reference: pd.DataFrame, current: pd.DataFrame, *, title: str) -> bytes:
        shown.append(current)
        return title.encode()

    monkeypatch.setattr(report_module, "page_of", page)
    report_module.report(workspace, spec, window)
    return shown[0].reset_index(drop=True)


def test_the_rows_of_a_large_batch_are_never_all_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one frame or table of more than a row group's rows is made, neither by ingest nor by validation."""
    spec = spec_of(tmp_path, stream())
    make_large(monkeypatch)
    real, most = arrow.frame_of, [0]

    def noting(table: Any) -> pd.DataFrame:
        most.append(table.num_rows)
        return real(table)

    monkeypatch.setattr(rows, "frame_of", noting)
    monkeypatch.setattr(Workspace, "frame", None)
    with workspace_in(tmp_path) as workspace:
        snapshot = ingest(workspace, spec, FIRST)
        validation = validate(workspace, spec, FIRST)
    assert snapshot.rows == validation.rows_kept == 120
    assert max(most) == 50
