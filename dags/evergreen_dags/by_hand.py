"""A DAG for all models that only people start: one and not one a model, because a DAG is parsed every few minutes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param

from evergreen_dags.retries import RETRYING, say_what_to_do
from evergreen_dags.specs import declared_model, models_dir, spec_files
from ml.domain.windows import EPOCH


def for_all_models(
    dag_id: str,
    description: str,
    doc: str,
    params: Callable[[Sequence[str]], Mapping[str, Param]],
    only_task: Any,
    *,
    limit: timedelta,
) -> DAG | None:
    """Build a DAG of one task with a form that names the models; None where there is none to choose.

    No model can have its name: a model's own has no dot, and its other DAG ends in `.retrain`. No spec is loaded for
    the names of the models.
    """
    names = sorted({name for path in spec_files(models_dir()) if (name := declared_model(path))})
    if not names:
        return None
    dag = DAG(
        dag_id,
        schedule=None,
        start_date=EPOCH,
        description=description,
        tags=["evergreen"],
        doc_md=doc,
        params=dict(params(names)),
        # It never starts by itself.
        is_paused_upon_creation=False,
        default_args={
            "owner": "evergreen",
            "execution_timeout": limit,
            "on_failure_callback": say_what_to_do,
            **RETRYING,
        },
        auto_register=False,
    )
    with dag:
        only_task.override(pool=os.environ.get("EVERGREEN_TRAINING_POOL") or "default_pool")()
    return dag
