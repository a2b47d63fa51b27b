"""What the API shows of models. Plain functions: each runs in a thread, so that none can hold Airflow's event loop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from evergreen_console.access import GetUserDep, may_act, visible
from evergreen_console.answering import Answering
from evergreen_console.made import RETRAIN, Made, made_by
from evergreen_console.records import consulted, records
from evergreen_console.routes import Model, Run, asked, of_model, retraining_of, row_of, unknown
from evergreen_console.schedule import Dag, dags_of
from ml.domain.errors import NotFoundError
from ml.domain.holds import ShadowVerdict
from ml.domain.records import Decision, GateResult, Promotion, Version
from ml.reports.counterfactual import counterfactual
from ml.views.approvals import how_many_wait
from ml.views.console.audit import AuditPage, audit_page
from ml.views.console.decision import decision_page
from ml.views.console.drift import DriftMap, drift_map
from ml.views.console.models import Choice, ModelPage, ModelRow, names, page
from ml.views.console.specs import SpecPage, spec_page
from ml.views.console.story import Story, StoryDecision, decisions, story

Before = Annotated[datetime | None, Query(description="Only batches, or decisions, before this moment.")]

everybody = APIRouter(tags=["models"], route_class=Answering)
"""Each answer is filtered by what the user may see."""
one_model = of_model("one model")


@dataclass(frozen=True)
class Models:
    """A page of models. ``dags`` says of each whether and when Airflow runs it next, ``waiting`` how many versions of
    it wait for a person, where any do.
    """

    page: ModelPage
    dags: dict[str, Dag]
    waiting: dict[str, int]


@dataclass(frozen=True)
class ModelHead:
    """One model, its DAG, and whether the user may act on it."""

    row: ModelRow
    dag: Dag | None
    may_act: bool


@dataclass(frozen=True)
class ShownDecision:
    """A decision with its rule tree, what would have changed it, and what followed; not yet, or never: null.

    ``run`` is that of the DAG of retrainings which it started.
    """

    decision: Decision
    counterfactual: str
    version: Version | None
    gate: GateResult | None
    promotion: Promotion | None
    shadow: ShadowVerdict | None
    run: Run


@dataclass(frozen=True)
class Decisions:
    """Decisions, oldest first."""

    decisions: tuple[StoryDecision, ...]


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
        chosen = Choice(search, tag, owner, health)
        found = page(reader, seen, chosen, limit=limit, after=after, known=records().known)
        shown = [row.model for row in found.rows]
        waits = how_many_wait(reader, shown)
    return Models(found, dags_of(shown), waits)


@one_model.get("")
def show_model(model: Model, user: GetUserDep) -> ModelHead:
    """Where one model stands."""
    return ModelHead(row_of(model), dags_of([model]).get(model), may_act(model, user))


@one_model.get("/story")
def show_story(model: Model, before: Before = None, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> Story:
    """The last batches on one time axis: what was measured, decided and done."""
    return asked(story, model, row_of(model).metric, limit=limit, before=before)


@one_model.get("/drift")
def show_drift(
    model: Model,
    before: Before = None,
    batches: Annotated[int, Query(ge=1, le=200)] = 60,
    columns: Annotated[int, Query(ge=1, le=100)] = 30,
) -> DriftMap:
    """Drift of columns over the last batches: the verdicts, those columns first on which the champion draws most."""
    return asked(drift_map, model, batches=batches, columns=columns, before=before)


@one_model.get("/decisions")
def list_decisions(model: Model, before: Before = None, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Decisions:
    """The last decisions."""
    return Decisions(asked(decisions, model, before=before, limit=limit))


@one_model.get("/decisions/{decision_id}")
def show_decision(model: Model, decision_id: str) -> ShownDecision:
    """One decision, why it was taken, and what followed."""
    found = asked(decision_page, model, decision_id)
    run = retraining_of(model, decision_id)
    return ShownDecision(
        found.decision, counterfactual(found), found.version, found.gate, found.promotion, found.shadow, run
    )


@one_model.get("/made/{run_id}")
def show_made(
    model: Model, run_id: str, retraining: Annotated[bool, Query(description="Of `<model>.retrain`.")] = False
) -> Made:
    """What a run of the model's DAG has made so far."""
    found = made_by(f"{model}{RETRAIN}" if retraining else model, run_id)
    if found is None:
        raise NotFoundError(f"{model} has no run {run_id!r} in Airflow.", remedy="choose one from the DAG's page.")
    return found


@one_model.get("/spec")
def show_spec(model: Model) -> SpecPage:
    """The spec on record, and what its last change changed."""
    found = asked(spec_page, model)
    if found is None:
        raise unknown(model)
    return found


@one_model.get("/audit")
def show_audit(
    model: Model,
    below: Annotated[int | None, Query(ge=1, description="Only events with a smaller number.")] = None,
    acts: Annotated[bool, Query(description="Only what changed the spec, a version or the champion.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """The model's chain of custody, the newest events first: what was written, by whom and when."""
    return asked(audit_page, model, limit=limit, below=below, acts=acts)
