"""One decision of a model, and all that followed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.domain.errors import NotFoundError
from ml.views.explanation import Explanation, judged

if TYPE_CHECKING:
    from ml.registry import Reader


def decision_page(reader: Reader, model: str, decision_id: str) -> Explanation:
    """Return a decision of this model by its whole id.

    Raises:
        NotFoundError: the model has no such decision; one of another model is none of this one.
    """
    found = reader.decision(decision_id)
    if found is None or found.model != model:
        raise NotFoundError(f"{model} has no decision {decision_id!r}.", remedy="choose one from the model's page.")
    version = reader.version_by_run_key(model, decision_id)
    gate, shadow = (None, None) if version is None else judged(reader, version)
    return Explanation(found, version, gate, reader.promotion_by_run_key(model, decision_id), shadow)
