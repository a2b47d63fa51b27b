"""The form of a run by hand: how Airflow shows it, and how a task reads it.

Airflow's API does not check what is sent against the form, so the task that uses an answer checks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.sdk import Param

from ml.domain.errors import EvergreenError
from ml.domain.windows import parse_moment

_BATCH = "Which batch"
_AFTER = "What may follow"
_FORCE: Mapping[str, bool | None] = {"policy": None, "always": True, "never": False}


class FormError(EvergreenError):
    """What a person entered in the form of a run cannot be used."""


@dataclass(frozen=True, slots=True)
class BatchForm:
    """What a person asked of a run of `<model>`; nothing, for a scheduled run."""

    start: datetime | None = None
    end: datetime | None = None
    force: bool | None = None
    reason: str = ""
    dry_run: bool = False


def batch_params() -> dict[str, Param]:
    """The form of `<model>`."""
    return {
        "start": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="From",
            description="First moment of the batch, UTC. Leave both empty for the batch after the last one.",
            section=_BATCH,
        ),
        "end": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Until",
            description="End of the batch, which it no longer includes. If one is empty, a batch of usual length.",
            section=_BATCH,
        ),
        "retrain": Param(
            "policy",
            type="string",
            enum=list(_FORCE),
            values_display={
                "policy": "As the policy says",
                "always": "Yes, whatever the policy says",
                "never": "No, whatever the policy says",
            },
            title="Retrain afterwards?",
            description="Even when you say yes, the new version must pass the gate before it replaces the champion.",
            section=_AFTER,
        ),
        "reason": _reason(),
        "dry_run": Param(
            False,
            type="boolean",
            title="Only show the decision",
            description="The batch is read, checked and scored as always; the decision is only shown in the log of "
            "`decide`: it is not recorded, and nothing is retrained.",
            section=_AFTER,
        ),
    }


def retrain_params() -> dict[str, Param]:
    """The form of `<model>.retrain`."""
    return {"reason": _reason()}


def _reason() -> Param:
    return Param(
        None,
        type=["null", "string"],
        title="Reason",
        description="One sentence for the record: whoever looks at this decision in a year will thank you.",
        section=_AFTER,
    )


def model_param(models: Sequence[str], description: str, *, section: str) -> Param:
    """The choice of a model in the form of a DAG for all of them; of a single one the name is filled in."""
    only: dict[str, Any] = {"default": models[0]} if len(models) == 1 else {}
    return Param(**only, type="string", enum=list(models), title="Model", description=description, section=section)


def read_model(params: Mapping[str, Any]) -> str:
    """Check and read the choice of a model.

    Raises:
        FormError: it is no text.
    """
    model = params.get("model")
    if not isinstance(model, str) or not model:
        raise FormError(
            f"Model (`model`) was {model!r}; accepted is the name of a model.", remedy="start the run again with one."
        )
    return model


def read_batch_form(params: Mapping[str, Any]) -> BatchForm:
    """Check and read the answers.

    Raises:
        FormError: an answer cannot be used; the message names the field, the answer and what is accepted.
    """
    start, end = read_moment(params, "start", "From"), read_moment(params, "end", "Until")
    if start is not None and end is not None and start >= end:
        raise FormError(
            f"From {start.isoformat()} until {end.isoformat()} is no batch: its start must come before its end.",
            remedy="start the run again with the two dates in order.",
        )
    retrain = params.get("retrain", "policy")
    if not isinstance(retrain, str) or retrain not in _FORCE:
        raise FormError(
            f"Retrain afterwards (`retrain`) was {retrain!r}; accepted is one of {', '.join(_FORCE)}.",
            remedy="start the run again with one of these.",
        )
    dry_run = params.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise FormError(
            f"Only show the decision (`dry_run`) was {dry_run!r}; accepted is true or false.",
            remedy="start the run again with one of these.",
        )
    return BatchForm(start, end, _FORCE[retrain], read_reason(params), dry_run)


def read_reason(params: Mapping[str, Any]) -> str:
    """Check and read the reason, empty if none was given.

    Raises:
        FormError: it is not text.
    """
    reason = params.get("reason")
    if reason is None:
        return ""
    if not isinstance(reason, str):
        raise FormError(
            f"The reason (`reason`) was {reason!r}; accepted is text.", remedy="start the run again with a sentence."
        )
    return reason.strip()


def read_moment(params: Mapping[str, Any], name: str, title: str) -> datetime | None:
    """Check and read a date, None if none was given.

    Raises:
        FormError: it is no date.
    """
    value = params.get(name)
    if value is None or value == "":
        return None
    try:
        return parse_moment(str(value))
    except ValueError as error:
        raise FormError(f"{title} (`{name}`): {error}.", remedy="start the run again with a date like that.") from error
