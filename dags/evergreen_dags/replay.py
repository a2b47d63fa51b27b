"""`evergreen.replay`: one DAG for all models, started by hand with a form; its task calls one flow."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, task

from evergreen_dags.by_hand import for_all_models
from evergreen_dags.opening import open_workspace
from evergreen_dags.replay_form import ReplayForm, read_replay_form, replay_params
from evergreen_dags.specs import find_spec, models_dir

if TYPE_CHECKING:
    from ml.flows.workspace import Workspace
    from ml.policies.replay import Comparison
    from ml.specs import ModelSpec

DAG_ID = "evergreen.replay"

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
    """Build the DAG; None where there is no model to choose."""
    return for_all_models(
        DAG_ID,
        "Play retraining policies over a model's past, before one of them is switched on.",
        _DOC,
        replay_params,
        play,
        limit=_LIMIT,
    )


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
