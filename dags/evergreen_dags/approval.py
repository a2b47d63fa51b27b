"""The task `approval` of `<model>.retrain`, where a spec asks for a person; only then is this file imported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowSkipException

from evergreen_dags.opening import open_workspace
from evergreen_dags.specs import find_spec, models_dir
from ml.domain.errors import HeldError
from ml.specs import ModelSpec

TASK = "approval"
COMMENT = "comment"
_AT_LEAST = timedelta(seconds=1)


class AskPerson(ApprovalOperator):
    """Waits for a person, under Required Actions, with champion and challenger side by side; holds no worker meanwhile.

    What did not pass the gate is rejected at once. Whatever is answered, `promote` runs: it records who said what.
    """

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def execute(self, context: Any) -> Any:
        """Ask, unless the gate or a person has said all there is to say."""
        from ml.flows.promote import promote
        from ml.reports.approval import question_text
        from ml.views.approvals import waiting_version

        decision_id = context["ti"].xcom_pull(task_ids="evaluate")["decision_id"]
        with open_workspace(context["dag_run"]) as workspace:
            with workspace.registry.read() as reader:
                version = reader.version_by_run_key(self.model, decision_id)
                asked = None if version is None else waiting_version(reader, self.model, version.version)
            if asked is None:
                try:
                    promotion = promote(workspace, find_spec(models_dir(), self.model), decision_id)
                except HeldError as error:
                    raise AirflowSkipException(f"Nobody is asked yet. {error}") from error
                if promotion is None:
                    raise AirflowSkipException("The challenger is rejected, the champion stays: nobody is asked.")
                return None
        self.body = question_text(asked)
        self.subject = f"Shall version {asked.version} of {self.model} go live?"
        self.response_timeout = max(asked.until - datetime.now(UTC), _AT_LEAST)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Hand on the answer. Airflow's own operator would skip `promote`, and a No would be recorded nowhere."""
        return HITLOperator.execute_complete(self, context, event)


def ask_person(spec: ModelSpec) -> AskPerson:
    """The task `approval`."""
    asked = spec.gate.approval
    if asked is None:
        raise ValueError(f"{spec.model} asks nobody")
    needed: Any = "string" if asked.comment else ["null", "string"]
    comment = Param("" if asked.comment else None, type=needed, title="Comment", description="Why; kept for good.")
    return AskPerson(
        model=spec.model,
        task_id=TASK,
        subject=f"Shall the challenger of {spec.model} go live?",
        defaults=ApprovalOperator.REJECT,
        params={COMMENT: comment},
        assigned_users=[{"id": one.id, "name": one.name} for one in asked.assigned_users] or None,
        response_timeout=asked.expires,
        doc_md=AskPerson.__doc__,
    )


def answer_of(handed_on: Mapping[str, Any] | None) -> tuple[bool, str, str, str] | None:
    """Read what the task handed on: Yes or No, comment, the person's id and name; None if no person answered."""
    person = None if handed_on is None else handed_on.get("responded_by_user")
    if handed_on is None or not person:
        return None
    said = (handed_on.get("params_input") or {}).get(COMMENT) or ""
    yes = ApprovalOperator.APPROVE in handed_on["chosen_options"]
    return yes, str(said), str(person["id"]), str(person["name"])
