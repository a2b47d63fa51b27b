"""A replay is production: the same facts, the same decisions with the same ids, on the same past."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.domain.records import Decision, Verdict
from ml.domain.windows import Window
from ml.flows.cells import Cells
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.matrix import Matrix
from ml.flows.past import gather_past
from ml.flows.replay import replay, replayed_decisions
from ml.flows.replay_record import recorded_replay
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec, parse_spec
from ml.specs.policy import Costs, PolicySpec
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

TREE = "training: {min_rows: 50, candidates: [{estimator: DecisionTreeClassifier, parameters: {max_depth: 3}}]}"
EVERY_2 = "policy: {when: {kind: schedule, every: 2}}"
DRIFT = "policy: {when: {kind: any, of: [{kind: drift, of: predictions}, {kind: drift, of: target}, {kind: drift}]}}"
WATCHED = (
    "policy: {when: {kind: any, of: [{kind: drift, distance: 0.05}, {kind: schedule, every: 4}]}}\n"
    "monitoring: {drift: {by: [city], reference: {kind: last, batches: 3}, multivariate: true}}"
)
GUARDED = (
    "policy: {when: {kind: schedule, every: 1}, confirm: {checks: 2, of: 3}, budget: {period: 6d, retrainings: 2}, "
    "veto: {quarantined: 0.5, labelled: 0.5}}"
)


def spec_with(folder: Path, extra: str, training: str = TREE) -> ModelSpec:
    """The small stream; ``training`` replaces that of its spec."""
    spec = spec_of(folder, stream(), extra=extra)
    other = parse_spec(
        f"""
model: orders
problem: {{kind: classification, target: late}}
source: {{kind: file, path: a.csv}}
time: {{column: ts, batch: 1d}}
{training}
"""
    )
    return spec.model_copy(update={"training": other.training})


def played(workspace: Workspace, spec: ModelSpec) -> tuple[Decision, ...]:
    run(workspace, spec, start=SPAN.start, end=SPAN.end)
    with workspace.registry.read() as reader:
        return reader.decisions(spec.model)


@pytest.mark.parametrize(
    ("extra", "training"),
    [
        ("", TREE),
        (EVERY_2, TREE),
        (DRIFT, TREE),
        (WATCHED, TREE),
        (GUARDED, TREE),
        ("policy: {when: {kind: cost}}", TREE),
        ("policy: {when: {kind: cost}, costs: {per_hour: 5000}}", TREE),
        (f"labels: {{delay: 2d}}\n{EVERY_2}", TREE),
        (f"gate: {{refit: false}}\n{EVERY_2}", TREE),
        (f"gate: {{comparison: superior, margin: 0.3}}\n{EVERY_2}", TREE),
        (f"gate: {{slices: {{}}, calibration: {{max_error: 0.05}}}}\n{EVERY_2}", TREE),
        (EVERY_2, "training: {min_rows: 50, window: {kind: sliding, batches: 2}}"),
        (EVERY_2, "training: {min_rows: 50, candidates: [{estimator: LogisticRegression}]}"),
        (
            EVERY_2,
            "training: {min_rows: 50, window: {kind: all}, search: {trials: 3}, candidates: [{estimator: "
            "DecisionTreeClassifier, search: {max_depth: {low: 1, high: 4}}}]}",
        ),
    ],
    ids=[
        "default",
        "calendar",
        "drift",
        "watched",
        "guards",
        "cost",
        "hours",
        "late",
        "no_refit",
        "attempts",
        "checks",
        "sliding",
        "linear",
        "search",
    ],
)
def test_the_decisions_of_a_replay_are_those_on_record(tmp_path: Path, extra: str, training: str) -> None:
    spec = spec_with(tmp_path, extra, training)
    with workspace_in(tmp_path) as workspace:
        recorded = played(workspace, spec)
        again = replayed_decisions(workspace, spec)
    assert len(recorded) == 12
    assert sum(one.verdict is Verdict.RETRAIN for one in recorded) > 1
    assert again == recorded


def test_what_production_fitted_is_not_fitted_again(tmp_path: Path) -> None:
    """Every kept estimator is found by its recipe, and costs the seconds that it took."""
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        with workspace.registry.read() as reader:
            past, versions = gather_past(workspace, reader, spec), reader.versions(spec.model)
        with Cells(tmp_path / "cells.sqlite") as cells:
            matrix = Matrix(past, cells)
            kept = {one.kept.sha256 for one in matrix.trained.values() if one.kept is not None}
            recipes = {one.key: one for one in matrix.prefill}
            columns = {key: matrix.column(recipes[key]) for key in matrix.trained if key in recipes}
    assert kept == {sha256 for one in versions for sha256 in (one.model_sha256, one.refit_sha256) if sha256}
    assert len(columns) > 4
    assert all(one is not None and one.seconds == matrix.trained[key].seconds for key, one in columns.items())


def test_models_that_are_gone_are_fitted_again(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        recorded = played(workspace, spec)
        with workspace.registry.read() as reader:
            versions = reader.versions(spec.model)
        for version in versions:
            Path(workspace.store.url_of(version.model_sha256)).unlink()
    with workspace_in(tmp_path) as workspace:
        assert replayed_decisions(workspace, spec) == recorded


def test_a_spec_that_changed_since_is_played_as_it_is_now(tmp_path: Path) -> None:
    """What was fitted under the old spec is not taken for what the new one would have given."""
    spec = spec_with(tmp_path, EVERY_2)
    deeper = spec_with(tmp_path, EVERY_2, TREE.replace("max_depth: 3", "max_depth: 1"))
    with workspace_in(tmp_path) as workspace:
        recorded = played(workspace, spec)
        again = replayed_decisions(workspace, deeper)
        with workspace.registry.read() as reader, Cells(tmp_path / "cells.sqlite") as cells:
            assert Matrix(gather_past(workspace, reader, deeper), cells).trained == {}
            assert Matrix(gather_past(workspace, reader, spec), cells).trained
    assert [one.window for one in again] == [one.window for one in recorded]
    assert again != recorded


def test_policies_are_compared_with_hindsight_and_with_the_plain_ones(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    told: list[tuple[str, int, int]] = []
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        found = replay(workspace, spec, on_progress=lambda *one: told.append(one))
    by_name = {one.name: one for one in found.outcomes}
    assert {"present", "never", "always", "schedule", "cost", "drift"} <= set(by_name)
    assert found.best is not None
    assert all(one.total >= found.best.cost - 1e-9 for one in found.outcomes), "nobody beats hindsight"
    assert by_name["never"].against["never"] == 0
    assert by_name["always"].against["never"] > 0, "the concept turns: never retraining is dear"
    assert not found.advice.change
    assert "too few" in found.advice.sentence, "twelve batches tell nothing"
    assert ("trainings", told[-1][2], told[-1][2]) in told or told[-1][0] == "policies"


def test_what_was_computed_is_kept_and_gives_the_same(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    first: list[int] = []
    second: list[int] = []
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        policies = {"drop": PolicySpec.model_validate({"when": {"kind": "performance"}})}

        def told(kept: list[int]) -> object:
            return lambda what, done, _: kept.append(done) if what == "trainings" else None

        one = replay(workspace, spec, policies=policies, on_progress=told(first))
        two = replay(workspace, spec, policies=policies, on_progress=told(second))
    assert first[0] < first[-1], "some had to be trained"
    assert second == [first[-1]], "nothing had to be trained again"
    assert one == two


def test_trainings_in_several_processes_are_the_same(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        alone = replay(workspace, spec, jobs=1)
        (tmp_path / "replay" / f"{spec.model}.sqlite").unlink()
        together = replay(workspace, spec, jobs=2)
    assert [(one.name, one.costs) for one in alone.outcomes] == [(one.name, one.costs) for one in together.outcomes]


def test_other_costs_change_the_bill_and_not_the_trainings(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        cheap = replay(workspace, spec, costs=Costs(training=0.0))
        told: list[str] = []
        dear = replay(workspace, spec, costs=Costs(training=1e6), on_progress=lambda what, *_: told.append(what))
    assert told.count("trainings") == 1, "nothing was left to train"
    bills = [{one.name: one for one in each.outcomes}["always"] for each in (cheap, dear)]
    assert np.isclose(bills[0].errors, bills[1].errors)
    assert bills[0].trainings == 0
    assert bills[1].trainings == 1e6 * len(bills[1].retrained)
    assert dear.outcomes[0].trainings == 0, "at that price nothing pays"


def test_one_batch_tells_nothing_and_says_so(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start + timedelta(days=1))
        found, record = recorded_replay(workspace, spec)
    assert [one.total for one in found.outcomes] == [0.0] * len(found.outcomes)
    assert (found.advice.change, found.best) == (False, None)
    assert "0 batches are too few" in found.advice.sentence
    assert record.advice["policy"] == "present"


def test_a_batch_that_was_superseded_is_played_with_its_newest_rows(tmp_path: Path) -> None:
    """What was trained on the old rows is not taken for what the new ones would have given."""
    spec = spec_with(tmp_path, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        recorded = played(workspace, spec)
        third = Window(SPAN.start + timedelta(days=2), SPAN.start + timedelta(days=3))
        rows = stream()
        rows.loc[pd.to_datetime(rows["ts"]).between(third.start, third.end, inclusive="left"), "late"] = 1
        rows.to_csv(tmp_path / f"{spec.model}.csv", index=False)
        ingest(workspace, spec, third)
        validate(workspace, spec, third)
        again = replayed_decisions(workspace, spec)
        with workspace.registry.read() as reader, Cells(tmp_path / "cells.sqlite") as cells:
            trained, versions = Matrix(gather_past(workspace, reader, spec), cells).trained, reader.versions(spec.model)
    assert again[:2] == recorded[:2], "before it nothing changed"
    assert len(again) == len(recorded)
    assert again != recorded
    before = {one.model_sha256 for one in versions if one.as_of < third.end}
    assert {one.kept.sha256 for one in trained.values() if one.kept is not None} >= before
    after = {one.model_sha256 for one in versions if one.as_of >= third.end}
    assert not after & {one.kept.sha256 for one in trained.values() if one.kept is not None}
