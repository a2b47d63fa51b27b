"""Changes of champion that a batch brought by itself, and questions that it opened: what Airflow has to tell others."""

from __future__ import annotations

from ml.domain.holds import ShadowEnding
from ml.domain.records import Act, Promotion
from ml.domain.watches import is_automatic
from ml.domain.windows import Window
from ml.flows.settle import settled_at
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec


def changed_at(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Promotion, ...]:
    """Return the changes of champion as of the end of ``window`` that no person and no retraining made: a rollback by
    the watch, and what stood in the shadow.
    """
    verdict = settled_at(workspace, spec, window)
    released = verdict.version if verdict is not None and verdict.promotes else None
    with workspace.registry.read() as reader:
        promotions = [one for one in reader.promotions(spec.model) if one.as_of == window.end]
    return tuple(
        one for one in promotions if is_automatic(one) or (one.act is Act.PROMOTE and one.to_version == released)
    )


def question_at(workspace: Workspace, spec: ModelSpec, window: Window) -> str | None:
    """Return the decision whose challenger stood in the shadow as of the end of ``window`` and waits for a person."""
    verdict = settled_at(workspace, spec, window)
    if verdict is None or verdict.ending is not ShadowEnding.PASSED or verdict.promotes:
        return None
    with workspace.registry.read() as reader:
        answered = reader.approval(spec.model, verdict.version) is not None
        return None if answered else reader.version(spec.model, verdict.version).run_key
