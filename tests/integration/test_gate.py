"""What the gate is told by the records: earlier attempts on the same rows, and the best champion so far."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml.domain.findings import Outcome
from ml.domain.records import GateResult, Stage
from ml.flows.exhibits import attempts_on, best_of
from ml.flows.loop import run
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

EVERY_BATCH = "policy: {when: {kind: schedule, every: 1}}\n"


def played(folder: Path, extra: str, database_url: str | None = None) -> tuple[list[GateResult], list[Stage]]:
    spec = spec_of(folder, stream(), extra=EVERY_BATCH + extra)
    with workspace_in(folder, database_url) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.end)
        with workspace.registry.read() as reader:
            return list(reader.gate_results(spec.model)), [one.stage for one in reader.versions(spec.model)]


def outcomes(result: GateResult) -> dict[str, Outcome]:
    return {finding.code: finding.outcome for finding in result.findings}


def test_attempts_on_the_same_rows_are_counted_until_one_goes_live(tmp_path: Path, database_url: str) -> None:
    results, stages = played(tmp_path, "gate: {comparison: superior, margin: 0.9, holdout: 0.9}", database_url)
    assert stages.count(Stage.REJECTED) >= 4, "nobody is better by nine tenths"
    attempts = [result.evidence["attempt"] for result in results]
    assert attempts[0] == 1
    assert max(attempts) >= 3
    assert all(later <= before + 1 for before, later in itertools.pairwise(attempts))


def test_a_challenger_that_goes_live_is_the_first_on_its_rows(tmp_path: Path) -> None:
    results, _ = played(tmp_path, "")
    for before, result in itertools.pairwise(results):
        if before.passed:
            assert result.evidence["attempt"] == 1, "what the champion has seen is never held out again"


def test_the_best_champion_so_far_is_measured_along(tmp_path: Path) -> None:
    results, _ = played(tmp_path, "")
    best = None
    for result in results:
        if result.champion is not None:
            assert best is not None
            assert ("best" in result.metrics) == (best != result.champion)
        if result.passed:
            best = result.evidence["best"]
            assert best <= result.challenger
    assert any("best" in result.metrics for result in results)


def test_every_default_check_speaks_of_the_real_thing(tmp_path: Path) -> None:
    results, _ = played(tmp_path, "gate: {limits: {milliseconds: 60000, megabytes: 100}}")
    for result in results:
        found = outcomes(result)
        assert {found[code] for code in ("PG012", "PG013", "PG014")} == {Outcome.PASSED}
        assert found["PG015"] in (Outcome.PASSED, Outcome.WARNING)
        assert found["PG005"] is not Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("hour", "count"), [((0, 1), 0), ((1, 3), 2), ((2, 3), 1), ((0, 24), 3), ((3, 4), 0)])
def test_spans_overlap_where_they_share_a_moment(hour: tuple[int, int], count: int) -> None:
    def span(start: int, end: int) -> tuple[datetime, datetime]:
        return datetime(2026, 1, 1, start, tzinfo=UTC), datetime(2026, 1, 1 + end // 24, end % 24, tzinfo=UTC)

    assert attempts_on(span(*hour), [span(1, 2), span(1, 3), span(23, 24)]) == count


def test_a_verdict_from_before_evidence_was_kept_names_its_own_version(tmp_path: Path) -> None:
    result = played(tmp_path, "")[0][-1]
    assert best_of(replace(result, evidence={}), 7) == 7
    assert best_of(None, 7) == 7
    assert best_of(replace(result, evidence={"best": 3}), 7) == 3
