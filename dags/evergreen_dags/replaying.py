"""The DAG that plays policies over the past of any model: one for all, as nobody schedules it.

A third DAG for every model would be paid for at each parse by people who never look into the past.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, task

from evergreen_dags.form import FormError, moment_of
from evergreen_dags.opening import open_workspace
from evergreen_dags.retries import RETRYING, say_what_to_do
from evergreen_dags.specs import find_spec, models_dir
from ml.domain.windows import EPOCH

if TYPE_CHECKING:
    from ml.specs import ModelSpec
    from ml.specs.policy import Costs

log = logging.getLogger(__name__)

DAG_ID = "evergreen.replay"
_SPAN = "Which past"
_COSTS = "What things cost"
_HOURS = 6
_AT_ONCE = 2
_STEPS_TOLD = 10


@dataclass(frozen=True, slots=True)
class ReplayForm:
    """What a person asked for; None: all batches, and the costs of the model's spec."""

    model: str
    start: datetime | None
    end: datetime | None
    error: float | None
    training: float | None


def replay_params() -> dict[str, Param]:
    """The form."""
    return {
        "model": Param(
            type="string",
            minLength=1,
            title="Model",
            description="The model whose past is played.",
            section=_SPAN,
        ),
        "start": _moment("From", "Leave out batches before this moment, UTC. Empty: from the first batch."),
        "end": _moment("Until", "Leave out batches from this moment on, UTC. Empty: up to the newest batch."),
        "error": _cost(
            "Cost of an error", "Of one wrong prediction, or one unit of the metric. Empty: as in the spec."
        ),
        "training": _cost("Cost of a retraining", "Of one that goes live, in the same unit. Empty: as in the spec."),
    }


def read_replay_form(params: Mapping[str, Any]) -> ReplayForm:
    """Check and read the answers.

    Raises:
        FormError: an answer cannot be used; the message names the field, the answer and what is accepted.
    """
    model = params.get("model")
    if not isinstance(model, str) or not model.strip():
        raise FormError(f"Model (`model`) was {model!r}; accepted is a name.", remedy="start the run with a name.")
    start, end = moment_of(params, "start", "From"), moment_of(params, "end", "Until")
    if start is not None and end is not None and start >= end:
        raise FormError(
            f"From {start.isoformat()} until {end.isoformat()} is no past: its start must come before its end.",
            remedy="start the run again with the two dates in order.",
        )
    return ReplayForm(
        model.strip(), start, end, _number(params, "error", "above 0"), _number(params, "training", "0 or more")
    )


@task(multiple_outputs=False)
def replay(dag_run: Any = None, params: Any = None) -> str:
    """Plays the model's policy and a standard set of others, records what each would have cost, and advises."""
    from ml.flows.replay import replay as flow
    from ml.flows.replay_record import record_replay

    form = read_replay_form(params)
    spec = find_spec(models_dir(), form.model)
    with open_workspace(dag_run) as workspace:
        found = flow(
            workspace, spec, start=form.start, end=form.end, costs=_costs(spec, form), jobs=1, on_progress=_tell
        )
        record = record_replay(workspace, found)
    log.info("%s: %s", record.id, record.advice["sentence"])
    return record.id


def replay_dag() -> DAG:
    """Build the DAG. It never starts by itself, so there is nothing to unpause."""
    dag = DAG(
        DAG_ID,
        schedule=None,
        start_date=EPOCH,
        is_paused_upon_creation=False,
        max_active_runs=_AT_ONCE,
        tags=["evergreen"],
        description="Plays policies over a model's past, before one of them is switched on.",
        doc_md=__doc__,
        params=replay_params(),
        default_args={"owner": "evergreen", "on_failure_callback": say_what_to_do, **RETRYING},
        auto_register=False,
    )
    with dag:
        pool = os.environ.get("EVERGREEN_TRAINING_POOL") or "default_pool"
        replay.override(execution_timeout=timedelta(hours=_HOURS), pool=pool)()
    return dag


def _moment(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date-time", title=title, description=description, section=_SPAN)


def _cost(title: str, description: str) -> Param:
    return Param(None, type=["null", "number"], minimum=0, title=title, description=description, section=_COSTS)


def _number(params: Mapping[str, Any], name: str, accepted: str) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value < 0 or (value == 0 and name == "error"):
        raise FormError(
            f"`{name}` was {value!r}; accepted is a number, {accepted}.", remedy="start the run again with one."
        )
    return float(value)


def _costs(spec: ModelSpec, form: ReplayForm) -> Costs | None:
    given = {name: value for name in ("error", "training") if (value := getattr(form, name)) is not None}
    return spec.policy.costs.model_copy(update=given) if given else None


def _tell(stage: str, done: int, of: int) -> None:
    if done == of or done % max(1, of // _STEPS_TOLD) == 0:
        log.info("%s: %s of %s.", stage, done, of)
