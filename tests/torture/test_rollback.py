"""A rollback is done in seconds, and the old champion predicts bit for bit what it predicted before."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ml.artifacts.frames import frame_sha256
from ml.domain.records import ScoringRole
from ml.flows.predictions import predictions_of
from ml.flows.promote import rollback
from ml.flows.schema import required_schema
from ml.problems import problem_of
from ml.profiles import conform
from tests.integration.streams import spec_of, stream
from tests.integration.test_loop import play, workspace_in

pytestmark = pytest.mark.torture
LIMIT_SECONDS = 5.0


def test_a_rollback_takes_seconds_and_brings_back_the_same_bits(tmp_path: Path, database_url: str) -> None:
    """Compared with the predictions that are on record from when it was champion."""
    spec = spec_of(tmp_path, stream(), extra="policy: {when: {kind: schedule, every: 3}}")
    with workspace_in(tmp_path, database_url) as workspace:
        play(workspace, spec)
    with workspace_in(tmp_path, database_url) as fresh:
        started = time.perf_counter()
        done = rollback(fresh, spec, reason="a rehearsal")
        with fresh.registry.read() as reader:
            champion = reader.champion(spec.model)
            schema = required_schema(reader, spec)
            scorings = reader.scorings(spec.model, version=done.to_version)
            frames = [reader.validation_of(one.snapshot_id) for one in scorings]
        assert champion is not None
        estimator, problem = fresh.model(champion.serving_sha256), problem_of(spec.problem)
        now = [
            frame_sha256(problem.predict(estimator, conform(fresh.frame(validation.kept_sha256), schema)))
            for validation in frames
            if validation is not None
        ]
        seconds = time.perf_counter() - started
        then = [frame_sha256(predictions_of(fresh, scoring)) for scoring in scorings]
    print(f"\nrollback, and {len(now)} batches predicted again: {seconds:.2f} s")
    assert champion.version == done.to_version
    assert scorings[0].role is ScoringRole.CHAMPION
    assert now == then
    assert seconds < LIMIT_SECONDS
