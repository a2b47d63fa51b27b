"""What the API shows. Plain functions: each runs in a thread, so that none can hold Airflow's event loop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from evergreen_console.access import SEE, GetUserDep, may_act, visible
from evergreen_console.records import consulted, records
from evergreen_console.schedule import Dag, dags_of
from ml.domain.errors import NotFoundError
from ml.domain.records import Decision as DecisionRecord
from ml.domain.records import GateResult, Promotion, Version
from ml.reports.counterfactual import counterfactual
from ml.views.console.batch import BatchPage, batch_page, quarantine_of
from ml.views.console.decision import decision_page
from ml.views.console.drift import DriftMap, drift_map
from ml.views.console.models import Choice, ModelPage, ModelRow, names, one, page
from ml.views.console.replays import ReplayLine, ReplayView, replay_record, replay_view, replays_page
from ml.views.console.specs import SpecPage, spec_page
from ml.views.console.story import Story, StoryDecision, decisions, story
from ml.views.console.version import VersionPage, VersionPageOfList, version_page, versions_page

Model = Annotated[str, Path(alias="dag_id", max_length=250, description="The model; its DAG has the same name.")]
Before = Annotated[datetime | None, Query(description="Only batches, or decisions, before this moment.")]

everybody = APIRouter(tags=["models"])
"""Each answer is filtered by what the user may see."""
of_model = APIRouter(prefix="/models/{dag_id}", tags=["one model"], dependencies=[SEE])
"""Nobody gets here who may not see the model's DAG."""


@dataclass(frozen=True)
class Models:
    """A page of models. ``dags`` says of each whether and when Airflow runs it next."""

    page: ModelPage
    dags: dict[str, Dag]


@dataclass(frozen=True)
class ModelHead:
    """One model, its DAG, and whether the user may act on it."""

    row: ModelRow
    dag: Dag | None
    may_act: bool


@dataclass(frozen=True)
class Decision:
    """A decision with its rule tree, what would have changed it, and what followed; not yet, or never: null."""

    decision: DecisionRecord
    counterfactual: str
    version: Version | None
    gate: GateResult | None
    promotion: Promotion | None


@dataclass(frozen=True)
class Decisions:
    """Decisions, oldest first."""

    decisions: tuple[StoryDecision, ...]


@dataclass(frozen=True)
class Replayed:
    """A replay, and each of its policies as it is pasted into a spec."""

    replay: ReplayView
    yaml: dict[str, str]


@dataclass(frozen=True)
class Quarantine:
    """The first rows that validation set aside, as text, and how many there are in all."""

    columns: list[str]
    rows: list[list[str | None]]
    total: int


@everybody.get("/models")
def list_models(
    user: GetUserDep,
    search: Annotated[str, Query(max_length=200, description="Words that name, owner, tags or description hold.")] = "",
    tag: str | None = None,
    owner: str | None = None,
    health: str | None = None,
    after: Annotated[str | None, Query(max_length=300, description="`after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Models:
    """Models, those that need attention first."""
    with consulted() as reader:
        seen = visible(names(reader), user)
        found = page(reader, seen, Choice(search, tag, owner, health), limit=limit, after=after)
    return Models(found, dags_of(row.model for row in found.rows))


@of_model.get("")
def show_model(model: Model, user: GetUserDep) -> ModelHead:
    """Where one model stands."""
    row = _row(model)
    return ModelHead(row, dags_of([model]).get(model), may_act(model, user))


@of_model.get("/story")
def show_story(model: Model, before: Before = None, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> Story:
    """The last batches on one time axis: what was measured, decided and done."""
    with consulted() as reader:
        row = one(reader, model)
        if row is None:
            raise _unknown(model)
        return story(reader, model, row.metric, limit=limit, before=before)


@of_model.get("/drift")
def show_drift(
    model: Model,
    before: Before = None,
    batches: Annotated[int, Query(ge=1, le=200)] = 60,
    columns: Annotated[int, Query(ge=1, le=100)] = 30,
) -> DriftMap:
    """Drift of columns over the last batches, the most drifting columns first."""
    with consulted() as reader:
        return drift_map(reader, model, batches=batches, columns=columns, before=before)


@of_model.get("/decisions")
def list_decisions(model: Model, before: Before = None, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Decisions:
    """The last decisions."""
    with consulted() as reader:
        return Decisions(decisions(reader, model, before=before, limit=limit))


@of_model.get("/decisions/{decision_id}")
def show_decision(model: Model, decision_id: str) -> Decision:
    """One decision, why it was taken, and what followed."""
    with consulted() as reader:
        found = decision_page(reader, model, decision_id)
    return Decision(found.decision, counterfactual(found), found.version, found.gate, found.promotion)


@of_model.get("/versions")
def list_versions(
    model: Model,
    below: Annotated[int | None, Query(ge=1, description="Only versions with a smaller number.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VersionPageOfList:
    """Versions, the newest first."""
    with consulted() as reader:
        return versions_page(reader, model, limit=limit, below=below)


@of_model.get("/versions/{number}")
def show_version(model: Model, number: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> VersionPage:
    """One version: what it is, what it saw, how it was judged."""
    with consulted() as reader:
        return version_page(reader, model, number)


@of_model.get("/batches/{start}")
def show_batch(model: Model, start: datetime) -> BatchPage:
    """The batch that begins at a moment: findings, metrics, drift of each column."""
    with consulted() as reader:
        return batch_page(reader, model, start)


@of_model.get("/batches/{start}/quarantine")
def show_quarantine(model: Model, start: datetime, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> Quarantine:
    """The first rows of a batch that validation set aside."""
    with consulted() as reader:
        sha256 = quarantine_of(reader, model, start)
    if sha256 is None:
        return Quarantine([], [], 0)
    columns, rows, total = records().first_rows(sha256, limit=limit)
    return Quarantine(columns, rows, total)


@of_model.get("/spec")
def show_spec(model: Model) -> SpecPage:
    """The spec on record, and what its last change changed."""
    with consulted() as reader:
        found = spec_page(reader, model)
    if found is None:
        raise _unknown(model)
    return found


@of_model.get("/replays")
def list_replays(model: Model) -> tuple[ReplayLine, ...]:
    """Replays of policies over the model's past, the newest first."""
    with consulted() as reader:
        return replays_page(reader, model)


@of_model.get("/replays/{replay_id}")
def show_replay(model: Model, replay_id: str) -> Replayed:
    """One replay: what each policy would have cost, and which to use."""
    from ml.reports.replay.words import policy_yaml

    with consulted() as reader:
        found = replay_view(replay_record(reader, model, replay_id))
    return Replayed(found, {one.name: policy_yaml(one.policy) for one in found.outcomes})


@of_model.get("/replays/{replay_id}/page", response_class=Response)
def show_replay_page(model: Model, replay_id: str) -> Response:
    """The replay as a page of its own, which runs no script and fetches nothing."""
    with consulted() as reader:
        found = replay_record(reader, model, replay_id)
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    headers = {"Content-Security-Policy": policy}
    return Response(records().artifact(found.page_sha256), media_type="text/html; charset=utf-8", headers=headers)


def _row(model: str) -> ModelRow:
    with consulted() as reader:
        found = one(reader, model)
    if found is None:
        raise _unknown(model)
    return found


def _unknown(model: str) -> NotFoundError:
    return NotFoundError(
        f"There is nothing on record about {model!r}.",
        remedy=f"unpause the DAG {model}, or run it: its first batch brings it here.",
    )
