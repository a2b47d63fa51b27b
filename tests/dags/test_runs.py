"""Whole runs of a model's DAGs in one process, with Airflow's own task runner and a real source, registry and training.

The scheduler and its executor are not part of this: tests/integration has them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ml.domain.errors import DataError
from ml.domain.records import Decision, Trigger, Verdict
from ml.domain.windows import Window
from ml.flows import loop
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec
from tests.dags.conftest import DAGS
from tests.integration.streams import spec_of, stream

MODEL = "orders"
DAY_1, DAY_2, DAY_3, DAY_4 = "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"


@dataclass
class Run:
    """What is left of a run: its state, and for each task the state and what it handed on."""

    state: str
    tasks: dict[str, str]
    handed_on: dict[str, Any]
    decisions: tuple[Decision, ...]


Play = Callable[..., Run]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model, its data and an Evergreen of its own."""
    folder = tmp_path_factory.mktemp("evergreen")
    spec = spec_of(folder, stream(), name=MODEL)
    models = folder / "models"
    models.mkdir()
    (models / f"{MODEL}.yaml").write_text(_yaml(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERGREEN_HOME", str(folder / "home"))
        patch.setenv("EVERGREEN_MODELS_DIR", str(models))
        patch.setenv("EVERGREEN_DATA_ROOT", str(folder))
        patch.delenv("EVERGREEN_DATABASE_URL", raising=False)
        yield folder


def _yaml(spec: ModelSpec) -> str:
    import yaml

    return yaml.safe_dump(spec.model_dump(mode="json", exclude_defaults=True), sort_keys=False)


@pytest.fixture(scope="module")
def play(home: Path, airflow_database: None) -> Play:
    """Run a DAG to its end. The task `retrain` is marked as done: nobody here runs the DAG that it starts."""

    def play(dag_id: str, conf: dict[str, Any] | None = None) -> Run:
        from airflow.dag_processing.dagbag import BundleDagBag

        bag = BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
        run = bag.dags[dag_id].test(run_conf=conf, mark_success_pattern="retrain")
        instances = run.get_task_instances()
        with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
            decisions = reader.decisions(MODEL)
        return Run(
            state=str(run.state),
            tasks={instance.task_id: str(instance.state) for instance in instances},
            handed_on={instance.task_id: instance.xcom_pull(task_ids=instance.task_id) for instance in instances},
            decisions=decisions,
        )

    return play


@pytest.fixture(scope="module")
def played(play: Play) -> dict[str, Run]:
    """The life of a model, run by run."""
    runs = {"dry": play(MODEL, {"start": DAY_1, "dry_run": True})}
    runs["first"] = play(MODEL, {"start": DAY_1, "end": DAY_3})
    runs["retrain"] = play(f"{MODEL}.retrain", {"decision_id": runs["first"].handed_on["decide"]})
    runs["next"] = play(MODEL, {"retrain": "never", "reason": "wait"})
    runs["by hand"] = play(f"{MODEL}.retrain", {"reason": "new couriers"})
    return runs


def test_a_run_takes_in_a_batch_and_hands_on_two_dates(played: dict[str, Run]) -> None:
    run = played["first"]
    assert run.state == "success"
    batch = {"start": f"{DAY_1}T00:00:00+00:00", "end": f"{DAY_3}T00:00:00+00:00"}
    assert [run.handed_on[task] for task in ("ingest", "validate", "monitor")] == [batch] * 3


def test_the_decision_is_recorded_and_its_id_handed_on(played: dict[str, Run]) -> None:
    run = played["first"]
    (decision,) = run.decisions
    assert decision.verdict is Verdict.RETRAIN
    assert decision.trigger is Trigger.MANUAL
    assert run.handed_on["decide"] == decision.id
    assert run.tasks["retrain"] == "success"


def test_before_the_first_champion_there_is_no_report(played: dict[str, Run]) -> None:
    assert "report" not in played["first"].tasks or played["first"].tasks["report"] == "skipped"


def test_a_dry_run_records_no_decision_and_ends_there(played: dict[str, Run]) -> None:
    run = played["dry"]
    assert run.state == "success"
    assert run.decisions == ()
    assert (run.tasks["decide"], run.tasks["retrain"]) == ("success", "skipped")


def test_a_decision_becomes_a_champion(played: dict[str, Run]) -> None:
    run = played["retrain"]
    assert run.state == "success"
    assert run.tasks == {"train": "success", "evaluate": "success", "promote": "success"}
    assert run.handed_on["promote"] == 1


def test_without_a_window_the_next_batch_is_taken(played: dict[str, Run]) -> None:
    assert played["next"].handed_on["ingest"]["start"].startswith(DAY_3)


def test_never_is_recorded_with_its_reason_and_the_retraining_shown_as_skipped(played: dict[str, Run]) -> None:
    run = played["next"]
    decision = run.decisions[-1]
    assert (decision.verdict, decision.reason, decision.actor) == (Verdict.KEEP, "wait", "dag_test")
    assert run.tasks["retrain"] == "skipped"
    assert run.state == "success"


def test_a_retraining_by_hand_makes_its_own_decision(played: dict[str, Run]) -> None:
    run = played["by hand"]
    decision = run.decisions[-1]
    assert (decision.verdict, decision.trigger) == (Verdict.RETRAIN, Trigger.MANUAL)
    assert (decision.reason, decision.actor) == ("new couriers", "dag_test")
    assert decision.window == Window.parse(DAY_3, DAY_4)
    assert run.tasks["train"] == "success"


def test_a_rejected_challenger_is_skipped_not_failed(played: dict[str, Run]) -> None:
    run = played["by hand"]
    assert run.state == "success"
    assert run.tasks["promote"] in {"skipped", "success"}
    assert (run.handed_on["promote"] is None) == (run.tasks["promote"] == "skipped")


def test_what_travels_between_tasks_is_small(played: dict[str, Run]) -> None:
    import json

    for run in played.values():
        assert all(len(json.dumps(value)) < 1024 for value in run.handed_on.values())


def test_an_answer_that_cannot_be_used_fails_at_once(play: Play) -> None:
    run = play(MODEL, {"start": "next week"})
    assert run.state == "failed"
    assert run.tasks["ingest"] == "failed"


def test_no_data_fails_the_batch_and_asks_no_policy(play: Play, played: dict[str, Run]) -> None:
    run = play(MODEL, {"start": "2020-01-01"})
    assert run.state == "failed"
    assert run.tasks["decide"] == "upstream_failed"
    assert len(run.decisions) == len(played["by hand"].decisions)


@pytest.fixture(scope="module")
def parcels(home: Path) -> str:
    """Another model, with a week on record."""
    spec = spec_of(home, stream(), name="parcels")
    (home / "models" / "parcels.yaml").write_text(_yaml(spec))
    with Workspace.open(Settings.from_environment()) as workspace:
        loop.run(workspace, spec, start=Window.parse(DAY_1, DAY_2).start, end=Window.parse(DAY_1, "2026-01-08").end)
    return spec.model


def test_a_replay_plays_what_the_form_asks_and_hands_on_the_id_of_its_record(
    play: Play, parcels: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="evergreen_dags.replay")
    form = {"model": parcels, "policies": "daily: {when: {kind: schedule, every: 1}}", "training": 3.5}
    with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
        before = reader.decisions(parcels), reader.versions(parcels), reader.promotions(parcels)
    done = play("evergreen.replay", form)
    assert done.state == "success"
    with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
        (record,) = reader.replays(parcels)
        page = workspace.store.get(record.page_sha256).decode()
        after = reader.decisions(parcels), reader.versions(parcels), reader.promotions(parcels)
    assert after == before, "nothing of the model is changed"
    assert done.handed_on == {"play": record.id}
    assert {one["name"] for one in record.outcomes} == {"present", "never", "always", "schedule", "daily"}
    assert record.costs["training"] == 3.5
    assert record.actor == "dag_test"
    assert "daily" in page
    said = [record.getMessage() for record in caplog.records if record.name == "evergreen_dags.replay"]
    assert said[-1].startswith("What to do: nothing: leave the policy of parcels as it is")
    assert f"Recorded as {record.id}." in said


def test_a_replay_of_a_wrong_policy_fails_at_once(play: Play) -> None:
    failed = play("evergreen.replay", {"model": MODEL, "policies": "when: {kind: nvr}"})
    assert (failed.state, failed.tasks) == ("failed", {"play": "failed"})


def _dag_run(kind: str, start: str | None = None, end: str | None = None) -> Any:
    window = Window.parse(start, end) if start and end and start != end else None
    moment = Window.parse(start, "9999-01-01").start if start else None
    return SimpleNamespace(
        run_type=kind,
        data_interval_start=window.start if window else moment,
        data_interval_end=window.end if window else moment,
    )


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (_dag_run("scheduled", "2026-01-04", "2026-01-11"), ("2026-01-04", "2026-01-11")),
        (_dag_run("backfill", "2026-01-04", "2026-01-11"), ("2026-01-04", "2026-01-11")),
        # a moment of a schedule that ends
        (_dag_run("scheduled", "2026-01-11", "2026-01-11"), ("2026-01-10", "2026-01-11")),
        # by hand: Airflow's form enters today as the logical date, which nobody meant
        (_dag_run("manual", "2026-01-04", "2026-01-11"), None),
        (_dag_run("manual"), None),
        (_dag_run("asset_triggered"), None),
    ],
)
def test_which_runs_bring_a_window(tmp_path: Path, run: Any, expected: tuple[str, str] | None) -> None:
    from evergreen_dags.tasks import _interval

    spec = spec_of(tmp_path, stream(), extra='schedule: "@daily"')
    assert _interval(spec, run) == (None if expected is None else Window.parse(*expected))


class _Workspace:
    """A workspace whose newest batch ended at a given moment."""

    def __init__(self, watermark: str, now: str) -> None:
        self.end = Window.parse("1900-01-01", watermark).end
        self.now = Window.parse("1900-01-01", now).end
        self.registry = self

    def clock(self) -> Any:
        return self.now

    def read(self) -> "_Workspace":
        return self

    def __enter__(self) -> "_Workspace":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def watermark(self, _: str) -> Any:
        return self.end


def test_a_batch_that_is_not_over_is_not_taken(tmp_path: Path) -> None:
    from evergreen_dags.form import BatchForm
    from evergreen_dags.tasks import _window

    spec = spec_of(tmp_path, stream())
    with pytest.raises(DataError, match="not over yet"):
        _window(_Workspace("2026-01-05", "2026-01-05"), spec, BatchForm(), _dag_run("manual"))


def test_a_backfill_brings_its_own_windows(tmp_path: Path) -> None:
    from evergreen_dags.form import BatchForm, FormError
    from evergreen_dags.tasks import _window

    spec = spec_of(tmp_path, stream())
    asked = BatchForm(start=Window.parse(DAY_1, DAY_2).start)
    run = _dag_run("backfill", "2026-01-04", "2026-01-05")
    with pytest.raises(FormError, match="brings its own batches"):
        _window(_Workspace(DAY_1, DAY_3), spec, asked, run)
