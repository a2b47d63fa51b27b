"""One decision, and all that followed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml.domain.errors import NotFoundError
from ml.domain.holds import ShadowVerdict, hold_asked, is_held
from ml.domain.records import Decision, GateResult, Promotion, Version

if TYPE_CHECKING:
    from ml.registry import Reader


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its rule tree, the version trained for it, the gate's verdict, and the change of champion.

    What did not happen, or not yet, is None. ``shadow`` is how a hold in the shadow ended.
    """

    decision: Decision
    version: Version | None
    gate: GateResult | None
    promotion: Promotion | None
    shadow: ShadowVerdict | None = None

    @property
    def held(self) -> bool:
        """Whether the challenger is in the shadow."""
        return is_held(self.gate, self.shadow)


def decision(reader: Reader, decision_id: str) -> Explanation:
    """Return a decision by its id, or by a beginning of it that no other decision has.

    Raises:
        NotFoundError: there is no such decision, or several.
    """
    found = reader.decision(decision_id) or _by_beginning(reader, decision_id)
    version = reader.version_by_run_key(found.model, found.id)
    gate, shadow = (None, None) if version is None else judged(reader, version)
    promotions = [item for item in reader.promotions(found.model) if item.run_key == found.id]
    return Explanation(found, version, gate, promotions[-1] if promotions else None, shadow)


def judged(reader: Reader, version: Version) -> tuple[GateResult | None, ShadowVerdict | None]:
    """Return the gate's verdict on a version, and that on its time in the shadow, if it was held."""
    gate = reader.gate_result(version.model, version.version)
    held = hold_asked(gate) is not None
    return gate, reader.shadow_verdict(version.model, version.version) if held else None


def _by_beginning(reader: Reader, beginning: str) -> Decision:
    found = [
        item
        for model in reader.models()
        if beginning.startswith(model) or model.startswith(beginning)
        for item in reader.decisions(model)
        if item.id.startswith(beginning)
    ]
    if len(found) == 1:
        return found[0]
    seen = f"{len(found)} decisions begin with" if found else "There is no decision"
    raise NotFoundError(
        f"{seen} {beginning!r}.", remedy="`evergreen history MODEL` shows the ids of a model's decisions."
    )
