"""`evergreen.replay`: one DAG for all models, started by hand with a form; its task calls one flow.

One DAG and not one a model: it is started now and then, and a DAG is parsed every few minutes.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, task

from evergreen_dags.opening import open_workspace
from evergreen_dags.replay_form import ReplayForm, read_replay_form, replay_params
from evergreen_dags.retries import RETRYING, say_what_to_do
from evergreen_dags.specs import declared_model, find_spec, models_dir, spec_files
from ml.domain.windows import EPOCH

if TYPE_CHECKING:
    from ml.flows.workspace import Workspace
    from ml.policies.replay import Comparison
    from ml.specs import ModelSpec

DAG_ID = "evergreen.replay"
"""No model can have it: a model's name has no dot, and its other DAG ends in `.retrain`."""

_LIMIT = timedelta(hours=24)
_BETWEEN_LINES_SECONDS = 20.0
_DOC = """\
### Which policy would have been better?

Plays any number of retraining policies over a model's stored past, with the code that production runs: the same
gathering, deciding, training, judging and promoting. Says what each would have cost, what hindsight would have done,
and whether a change is worth it, or only chance. **Nothing is changed**: to use a policy, paste it into the spec.

Start it with *Trigger*: only the model must be chosen. Every possible training is computed once and kept, so a run that
was killed goes on where it was, and the next replay, of other policies or at other costs, takes moments.

The log ends with the advice, where picture and page lie, and what to do. `evergreen history MODEL --replays` lists all
replays; the task hands on the id of its own.
"""

log = logging.getLogger(__name__)


def build_replay_dag() -> DAG | None:
    """Build the DAG; None where there is no model to choose. No spec is loaded for the names of the models."""
    names = sorted({name for path in spec_files(models_dir()) if (name := declared_model(path))})
    if not names:
        return None
    dag = DAG(
        DAG_ID,
        schedule=None,
        start_date=EPOCH,
        description="Play retraining policies over a model's past, before one of them is switched on.",
        tags=["evergreen"],
        doc_md=_DOC,
        params=replay_params(names),
        # It never starts by itself.
        is_paused_upon_creation=False,
        default_args={
            "owner": "evergreen",
            "execution_timeout": _LIMIT,
            "on_failure_callback": say_what_to_do,
            **RETRYING,
        },
        auto_register=False,
    )
    with dag:
        play.override(pool=os.environ.get("EVERGREEN_TRAINING_POOL") or "default_pool")()
    return dag


@task(multiple_outputs=False)
def play(dag_run: Any = None, params: Any = None) -> str:
    """Plays the policies, records what came of it, and hands on the id of that record."""
    from ml.flows.replay_record import recorded_replay

    form = read_replay_form(params)
    spec = find_spec(models_dir(), form.model)
    with open_workspace(dag_run) as workspace:
        comparison, record = recorded_replay(workspace, spec, **_asked(form, spec), on_progress=_Progress())
        _tell(workspace, comparison, record)
    return str(record.id)


def _asked(form: ReplayForm, spec: ModelSpec) -> dict[str, Any]:
    """What the form asks, as the flow takes it; policies and costs are checked as a part of the model's spec."""
    from ml.specs.policies import changed_costs, parse_policies

    source = "The form's field Policies (`policies`)"
    policies = parse_policies(form.policies, source=source, name="tried", spec=spec) if form.policies else None
    costs = changed_costs(spec.policy.costs, form.costs, source="The form") if form.costs else None
    return {"policies": policies, "costs": costs, "start": form.start, "end": form.end, "jobs": form.jobs}


def _tell(workspace: Workspace, comparison: Comparison, record: Any) -> None:
    """Log what came of it; the last line says what to do."""
    from ml.reports import plain_text
    from ml.reports.replay import bill_table, comparison_text, deeds_table, next_step, policy_yaml

    texts = [plain_text(bill_table(comparison)), plain_text(deeds_table(comparison)), comparison_text(comparison)]
    for line in "\n".join(texts).splitlines():
        log.info(line)
    if comparison.advice.change:
        log.info("The recommended policy:\n%s", policy_yaml(_policy(comparison)))
    log.info("Picture: %s", workspace.store.url_of(record.picture_sha256))
    log.info("Page: %s", workspace.store.url_of(record.page_sha256))
    log.info("Recorded as %s.", record.id)
    log.info("What to do: %s", next_step(comparison))


def _policy(comparison: Comparison) -> Any:
    return next(one.policy for one in comparison.outcomes if one.name == comparison.advice.policy)


class _Progress:
    """Logs how far a replay is, at most every twenty seconds, with the time left of what is done now."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[float, int]] = {}
        self._logged = time.monotonic()

    def __call__(self, stage: str, done: int, of: int) -> None:
        now = time.monotonic()
        started, before = self._begun.setdefault(stage, (now, done))
        if stage == "trainings" and done == before:
            log.info("%s trainings are needed; %s of them were kept from before.", of, done)
        if done == before or (done < of and now - self._logged < _BETWEEN_LINES_SECONDS):
            return
        self._logged = now
        minutes = (now - started) / (done - before) * (of - done) / 60
        log.info("%s of %s %s%s.", done, of, stage, f", {max(1, round(minutes))} min left" if done < of else "")
