"""A version with all that a person who is to trust it asks: what for, from what, how good, on whom, by whose word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml.domain.erasures import Seen, seen_by
from ml.domain.errors import NotFoundError
from ml.domain.holds import ShadowVerdict, is_held
from ml.domain.records import Decision, GateResult, Promotion, ScoringRole, Version
from ml.domain.windows import Window
from ml.views.console import statements
from ml.views.explanation import judged

if TYPE_CHECKING:
    from ml.registry import Reader

_CHAMPION = ScoringRole.CHAMPION.value
_MOST_MEASURED = 2000
"""A card is also made while somebody waits for a page: it looks at so many of the newest values."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The primary metric of a version on one batch that it served."""

    window: Window
    value: float
    rows: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything on record about one version.

    ``spec`` is the model's spec as it is today, ``promotions`` are all changes that made this version the champion or
    took its place, ``served`` is how it did on labelled batches as the champion, ``erased`` what it had seen of rows
    that are erased, ``shadow`` how its time in the shadow ended, if it was held there.
    """

    version: Version
    spec: Mapping[str, Any]
    decision: Decision | None
    gate: GateResult | None
    promotions: tuple[Promotion, ...]
    served: tuple[Measured, ...]
    erased: tuple[Seen, ...] = ()
    shadow: ShadowVerdict | None = None

    @property
    def held(self) -> bool:
        """Whether the version is in the shadow."""
        return is_held(self.gate, self.shadow)


def card(reader: Reader, model: str, number: int | None = None) -> ModelCard:
    """Return the card of a version, by default of the champion.

    Raises:
        NotFoundError: the model has no champion, or no such version.
    """
    version = reader.champion(model) if number is None else reader.version(model, number)
    if version is None:
        raise NotFoundError(
            f"{model} has no champion yet.", remedy=f"name a version: evergreen card {model} --version 1"
        )
    changes = reader.promotions(model)
    gate, shadow = judged(reader, version)
    return ModelCard(
        version=version,
        spec=reader.spec_of(model) or {},
        decision=reader.decision(version.run_key),
        gate=gate,
        shadow=shadow,
        promotions=tuple(one for one in changes if version.version in (one.to_version, one.from_version)),
        erased=seen_by(version, reader.erasures(model)),
        served=_served(reader, version, primary_of(reader.spec_of(model) or {})),
    )


def primary_of(spec: Mapping[str, Any]) -> str:
    """Return the name of the primary metric in a stored spec."""
    return str(spec.get("problem", {}).get("metric", ""))


def _served(reader: Reader, version: Version, metric: str) -> tuple[Measured, ...]:
    rows = reader.ask(
        statements.METRICS_OF_VERSION, model=version.model, metric=metric, version=version.version, limit=_MOST_MEASURED
    )
    newest: dict[Window, Measured] = {}
    for row in rows:
        window = Window(row.window_start, row.window_end)
        if row.value is not None and row.detail.get("role", _CHAMPION) == _CHAMPION:
            newest.setdefault(window, Measured(window, row.value, row.rows))
    return tuple(newest[window] for window in sorted(newest))
