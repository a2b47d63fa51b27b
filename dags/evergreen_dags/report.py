"""`evergreen.report`: one DAG for all models, started by a click on the page of a batch; its task calls one flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

from evergreen_dags.by_hand import for_all_models
from evergreen_dags.form import FormError, model_param, read_model, read_moment
from evergreen_dags.opening import open_workspace
from evergreen_dags.specs import find_spec, models_dir

DAG_ID = "evergreen.report"
_LIMIT = timedelta(hours=2)
_DOC = """\
### Evidently's full report of a batch

Compares a batch with the rows that the champion of then had learned from, both as bounded samples. The console shows it
on the batch's page, where a click starts this; `monitoring.report` in a spec builds it with every batch instead.
"""


def build_report_dag() -> DAG | None:
    """Build the DAG; None where there is no model to choose."""
    return for_all_models(
        DAG_ID, "Build Evidently's full report of one batch.", _DOC, report_params, build, limit=_LIMIT
    )


def report_params(models: Sequence[str]) -> dict[str, Param]:
    """The form; of a single model the name is filled in."""
    return {
        "model": model_param(models, "Whose batch it is.", section="Which batch"),
        "start": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Batch",
            description="The first moment of the batch, UTC.",
            section="Which batch",
        ),
    }


def read_report_form(params: Mapping[str, Any]) -> tuple[str, datetime]:
    """Check and read the answers: the model, and the first moment of the batch.

    Raises:
        FormError: an answer cannot be used; the message names the field, the answer and what is accepted.
    """
    model, start = read_model(params), read_moment(params, "start", "Batch")
    if start is None:
        raise FormError(
            "Batch (`start`) is empty; accepted is the first moment of a batch.",
            remedy="start the run again with one, or with the button on the batch's page in the console.",
        )
    return model, start


@task(multiple_outputs=False)
def build(dag_run: Any = None, params: Any = None) -> str:
    """Builds the report and hands on where it lies; one that is there already is not built again."""
    from ml.flows.report import report
    from ml.views.console.batch import validation_at

    model, start = read_report_form(params)
    spec = find_spec(models_dir(), model)
    with open_workspace(dag_run) as workspace:
        with workspace.registry.read() as reader:
            window, _ = validation_at(reader, model, start)
        return report(workspace, spec, window)
