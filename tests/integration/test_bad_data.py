"""Bad data never passes silently: every file of the corpus leads to its finding, and stops the batch or does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from ml.data import read_window
from ml.domain.codes_dv import DATA_VALIDATION
from ml.domain.errors import DataError
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window
from ml.profiles import Profile, freeze, infer_schema, profile_frame
from ml.specs import ModelSpec, parse_spec
from ml.validation import Validated, validate
from tests.data.bad import CORPUS, ROWS, BadFile, good, text

WINDOW = Window.parse("2026-01-01", "2026-01-03")
BEFORE = Window.parse("2025-10-01", "2026-01-03")


def spec_of(path: Path, bad: BadFile | None = None) -> ModelSpec:
    spec = parse_spec(
        """
model: orders
problem: {kind: classification, target: late}
source: {kind: file, path: orders.csv}
time: {column: ts, batch: 2d}
key: [order_id]
"""
    )
    data = spec.model_dump(mode="json")
    data["source"] |= {"path": str(path), **(bad.source if bad else {})}
    data["time"] |= bad.time if bad else {}
    data["validation"] |= bad.checks if bad else {}
    return ModelSpec.model_validate(data)


def read(spec: ModelSpec, window: Window = WINDOW):
    return read_window(
        spec.source,
        time=spec.time,
        window=window,
        max_rows=spec.validation.max_rows,
        data_root="/",
        resolve_connection=str,
    )


def schema_of_good_data(folder: Path):
    path = folder / "good.csv"
    path.write_bytes(text(good()))
    spec = spec_of(path)
    frame = read(spec).frame
    return infer_schema(frame, problem=spec.problem, time=spec.time, key=spec.key, features=spec.features)


def checked(frame: pd.DataFrame, spec: ModelSpec, folder: Path, window: Window, recent: Sequence[int]) -> Validated:
    """Validate with the batch's profile, and once more without: a profile only spares looking at rows."""
    schema = schema_of_good_data(folder)
    layout = freeze(read(spec_of(folder / "good.csv")).frame, schema, key=spec.key, numeric_target=True)
    both = [
        validate(frame, spec=spec, schema=schema, window=window, profile=profile, recent_rows=recent)
        for profile in (profile_frame(frame, layout), Profile(len(frame), {}, spec.key))
    ]
    assert both[0].findings == both[1].findings
    pd.testing.assert_frame_equal(both[0].kept, both[1].kept)
    pd.testing.assert_frame_equal(both[0].quarantined, both[1].quarantined)
    return both[0]


def play(bad: BadFile, folder: Path) -> tuple[bool, tuple[Finding, ...]]:
    """Return whether the batch is stopped, and what was found."""
    path = folder / bad.name
    path.write_bytes(bad.content())
    spec = spec_of(path, bad)
    window = BEFORE if bad.time else WINDOW
    try:
        result = read(spec, window)
    except DataError as error:
        return True, error.findings
    validated = checked(result.frame, spec, folder, window, [ROWS] * 5 if "volume" in bad.name else [])
    assert len(validated.kept) + len(validated.quarantined) == len(result.frame)
    return not validated.passed, (*result.findings, *validated.findings)


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_a_bad_file_leads_to_its_finding(bad: BadFile, tmp_path: Path) -> None:
    stopped, findings = play(bad, tmp_path)
    assert bad.code in {finding.code for finding in findings}, [finding.sentence() for finding in findings]
    assert stopped is bad.stops
    for finding in findings:
        assert finding.remedy
        assert finding.seen
        assert finding.expected
        assert len(finding.sentence()) < 2000


def test_the_good_file_has_no_finding(tmp_path: Path) -> None:
    schema_of_good_data(tmp_path)
    spec = spec_of(tmp_path / "good.csv")
    result = read(spec)
    frame = result.frame  # read from the store anew each time
    validated = checked(frame, spec, tmp_path, WINDOW, [ROWS] * 10)
    assert result.findings == ()
    assert validated.findings == ()
    assert validated.passed
    assert validated.kept is frame
    assert result.frame["zip"].tolist()[:2] == ["00501", "01501"]


def test_the_corpus_covers_the_codes_that_a_file_can_show() -> None:
    assert len(CORPUS) >= 40
    elsewhere = {
        "DV017",  # needs several files
        "DV022",  # the following need a database
        "DV023",
        "DV024",
    }
    assert {bad.code for bad in CORPUS} == set(DATA_VALIDATION) - elsewhere


def test_rows_set_aside_say_why(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    bad = next(bad for bad in CORPUS if bad.name == "key_twice.csv")
    path.write_bytes(bad.content())
    spec = spec_of(path)
    validated = checked(read(spec).frame, spec, tmp_path, WINDOW, [])
    assert validated.quarantined["_reason"].tolist() == ["DV039 order_id: key twice"]
    assert validated.quarantined["ts"].dt.hour.tolist() == [5], "the first row with the key is kept"
    assert len(validated.kept) == ROWS - 1
    assert validated.kept.index.tolist() == list(range(ROWS - 1))
    assert [finding.severity for finding in validated.findings] == [Severity.WARNING]
