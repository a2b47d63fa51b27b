"""A replay is production: the same facts, the same decisions with the same ids, on the same past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.domain.records import Decision, Verdict
from ml.flows.loop import run
from ml.flows.replay import replay, replayed_decisions
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
        (f"labels: {{delay: 2d}}\n{EVERY_2}", TREE),
        (f"gate: {{refit: false}}\n{EVERY_2}", TREE),
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
        "late",
        "no_refit",
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

        one = replay(workspace, spec, policies=policies, on_progress=told(first))  # type: ignore[arg-type]
        two = replay(workspace, spec, policies=policies, on_progress=told(second))  # type: ignore[arg-type]
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
