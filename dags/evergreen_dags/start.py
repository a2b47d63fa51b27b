"""Starting `<model>.retrain`: one decision is one run, and whoever starts it waits for it."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import DagIsPaused, TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger, WorkflowTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from ml.domain.errors import EvergreenError

POLL_SECONDS = 2
ASKING = "approval"


class RetrainingError(EvergreenError):
    """The retraining that a decision asked for did not start or did not end well."""


class StartRetraining(TriggerDagRunOperator):
    """Starts `<model>.retrain` under the decision's id and waits for its end, so that the next batch meets the outcome.

    The wait holds no worker. Tried again, or asked for the same decision, it waits for the run that is there already:
    Airflow's own operator would be skipped and let the next batch overtake the retraining.
    """

    def execute(self, context: Any) -> None:
        """Start the run, or join it."""
        run_id = str(self.trigger_run_id)
        if context["ti"].get_dr_count(dag_id=self.trigger_dag_id, run_ids=[run_id]):
            if not self.wait_for_completion:
                return
            self.log.info("The run %s of %s is there already: waiting for its end.", run_id, self.trigger_dag_id)
            self.defer(
                trigger=DagStateTrigger(
                    dag_id=self.trigger_dag_id,
                    states=[*self.allowed_states, *self.failed_states],
                    run_ids=[run_id],
                    poll_interval=self.poke_interval,
                ),
                method_name="execute_complete",
            )
        try:
            super().execute(context)
        except DagIsPaused as error:
            raise RetrainingError(
                f"The DAG {self.trigger_dag_id} is paused, so the retraining {run_id} did not start.",
                remedy=f"unpause {self.trigger_dag_id}, then clear this task.",
            ) from error

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> None:
        """Say how the run ended."""
        try:
            super().execute_complete(context, event)
        except AirflowException as error:
            raise RetrainingError(
                f"The retraining {self.trigger_run_id} failed; the champion is still the one before.",
                remedy=f"read the log of what failed in {self.trigger_dag_id}, clear it there, then clear this task.",
            ) from error


class AwaitVerdict(BaseOperator):
    """Waits until the challenger is judged, and not for the person who is asked then: batches go on meanwhile."""

    template_fields = ("run_id",)

    def __init__(self, *, retrain_dag_id: str, run_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.retrain_dag_id = retrain_dag_id
        self.run_id = run_id

    def execute(self, context: Any) -> None:
        """Wait without a worker."""
        self.defer(
            trigger=WorkflowTrigger(
                external_dag_id=self.retrain_dag_id,
                run_ids=[str(self.run_id)],
                external_task_ids=[ASKING],
                allowed_states=["awaiting_input", "success", "skipped"],
                failed_states=["failed", "upstream_failed"],
                poke_interval=POLL_SECONDS,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """Say how it was judged."""
        if event.get("status") != "success":
            raise RetrainingError(
                f"The retraining {self.run_id} failed; the champion is still the one before.",
                remedy=f"read the log of what failed in {self.retrain_dag_id}, clear it there, then clear this task.",
            )


def await_verdict(*, retrain_dag_id: str, decision_id: Any) -> AwaitVerdict:
    """The task `verdict` of `<model>`, where a person is asked."""
    return AwaitVerdict(
        task_id="verdict",
        retrain_dag_id=retrain_dag_id,
        run_id=decision_id,
        execution_timeout=None,  # it only waits; the tasks over there have their own limits
        doc_md=AwaitVerdict.__doc__,
    )


def start_retraining(*, model_dag_id: str, retrain_dag_id: str, decision_id: Any, wait: bool = True) -> StartRetraining:
    """The task `retrain` of `<model>`; with ``wait`` it ends with the run that it starts."""
    return StartRetraining(
        task_id="retrain",
        trigger_dag_id=retrain_dag_id,
        trigger_run_id=decision_id,
        conf={"decision_id": decision_id},
        logical_date=None,
        note=f"Started by a decision of {model_dag_id}.",
        skip_when_already_exists=True,
        fail_when_dag_is_paused=True,
        wait_for_completion=wait,
        deferrable=wait,
        poke_interval=POLL_SECONDS,
        execution_timeout=None,  # it only waits; the tasks over there have their own limits
        doc_md=StartRetraining.__doc__,
    )
