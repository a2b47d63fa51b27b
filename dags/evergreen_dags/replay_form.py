"""The form of `evergreen.replay`, and how its task reads the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow.sdk import Param

from evergreen_dags.form import FormError, model_param, read_model, read_moment

_WHAT = "What to play"
_COSTS = "What if it cost something else?"
_HOW = "How"
_MOST_JOBS = 64
_AGAIN = "start the run again with one of these."
_COST_TITLES: Mapping[str, tuple[str, str]] = {
    "error": (
        "Cost of an error",
        "Of one unit of loss on one row: of one wrong prediction where the metric is 0 to 1.",
    ),
    "training": ("Cost of a retraining", "Of one that goes live, whatever its length."),
    "per_hour": ("Cost of an hour of training", "Beside what a retraining costs in any case."),
    "look": ("Share that a look costs", "A training that is only to see, as a share of a whole one: 0 to 1."),
}
_POLICIES = """\
YAML: one policy (what stands under `policy:` in a spec), or several by name, as below. Empty plays a standard set.
The policy in use, `never`, `always` and `schedule` are played along in any case.

```yaml
weekly: {when: {kind: schedule, every: 1}}
drop: {when: {kind: performance, drop: 0.03}, cooldown: 14d}
```"""


@dataclass(frozen=True, slots=True)
class ReplayForm:
    """What a person asked of a run of `evergreen.replay`; ``policies`` is YAML, ``costs`` holds only what was given."""

    model: str
    start: datetime | None = None
    end: datetime | None = None
    policies: str = ""
    costs: Mapping[str, float] = field(default_factory=dict)
    jobs: int = 1


def replay_params(models: Sequence[str]) -> dict[str, Param]:
    """The form; of a single model the name is filled in."""
    told = "Whose past is played. Nothing is changed: the policy in use stays in use."
    return {
        "model": model_param(models, told, section=_WHAT),
        "policies": Param(
            None,
            type=["null", "string"],
            format="multiline",
            title="Policies",
            description_md=_POLICIES,
            section=_WHAT,
        ),
        "start": _moment("From", "Leave out batches that begin earlier, UTC. Empty: from the first batch on record."),
        "end": _moment("Until", "Leave out batches that end later, UTC. Empty: until the newest batch on record."),
        **{name: _cost(name) for name in _COST_TITLES},
        "jobs": Param(
            1,
            type="integer",
            minimum=1,
            maximum=_MOST_JOBS,
            title="Processes",
            description="So many trainings at once, on the worker that the task runs on; it still takes one slot of "
            "its pool.",
            section=_HOW,
        ),
    }


def _moment(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date-time", title=title, description=description, section=_WHAT)


def _cost(name: str) -> Param:
    title, description = _COST_TITLES[name]
    most: dict[str, Any] = {"maximum": 1} if name == "look" else {}
    return Param(
        None,
        type=["null", "number"],
        minimum=0,
        **most,
        title=title,
        description=f"{description} Empty: as the spec says. Nothing is trained anew for other costs.",
        section=_COSTS,
    )


def read_replay_form(params: Mapping[str, Any]) -> ReplayForm:
    """Check and read the answers; what only the model's spec can tell is checked later.

    Raises:
        FormError: an answer cannot be used; the message names the field, the answer and what is accepted.
    """
    model = read_model(params)
    start, end = read_moment(params, "start", "From"), read_moment(params, "end", "Until")
    if start is not None and end is not None and start >= end:
        raise FormError(
            f"From {start.isoformat()} until {end.isoformat()} holds no batch: the start must come before the end.",
            remedy="start the run again with the two dates in order.",
        )
    costs = {name: found for name in _COST_TITLES if (found := _number(params, name)) is not None}
    return ReplayForm(model, start, end, _text(params), costs, _jobs(params))


def _text(params: Mapping[str, Any]) -> str:
    value = params.get("policies")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormError(
            f"Policies (`policies`) were {value!r}; accepted is YAML as text.",
            remedy='start the run again with a text, for example "when: {kind: never}".',
        )
    return value.strip()


def _number(params: Mapping[str, Any], name: str) -> float | None:
    value = params.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        title = _COST_TITLES[name][0]
        raise FormError(
            f"{title} (`{name}`) was {value!r}; accepted is a number.", remedy="start the run again with a number."
        )
    return float(value)


def _jobs(params: Mapping[str, Any]) -> int:
    value = params.get("jobs", 1)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_JOBS:
        raise FormError(
            f"Processes (`jobs`) was {value!r}; accepted is a whole number from 1 to {_MOST_JOBS}.", remedy=_AGAIN
        )
    return value
