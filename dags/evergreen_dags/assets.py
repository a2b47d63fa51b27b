"""The assets of a model's DAGs, and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from ml.domain.records import Promotion
    from ml.specs import ModelSpec


def asset(model: str, kind: str) -> Asset:
    """What a model's DAGs produce: `snapshot`, `observation` or `champion`. Airflow leaves `x-` addresses alone."""
    return Asset(f"{kind}/{model}", uri=f"x-evergreen://{kind}/{model}", group="evergreen")


def champions_of(spec: ModelSpec) -> list[AssetAlias]:
    """The outlet of `decide`: a batch can change the champion by itself, by the watch or after a hold.

    Whatever the spec says now: what is held stays held though `gate.shadow` is taken out. An alias, since an asset
    named there would have an event with every batch.
    """
    return [_alias(spec.model)]


def tell_champion(outlet_events: Any, promotion: Promotion) -> None:
    """Send an event of the asset `champion` from a task whose outlet is only its alias."""
    outlet_events[_alias(promotion.model)].add(asset(promotion.model, "champion"), extra=champion_extra(promotion))


def champion_extra(promotion: Promotion) -> dict[str, Any]:
    """What an event of a new champion holds."""
    return {
        "version": promotion.to_version,
        "generation": promotion.generation,
        "decision_id": promotion.run_key,
    }


def note(outlet_events: Any, ti: Any, **extra: Any) -> None:
    """Put ids on the event of the task's asset, for DAGs that are started by it."""
    for one in ti.task.outlets:
        outlet_events[one].extra = extra


def _alias(model: str) -> AssetAlias:
    return AssetAlias(f"champion/{model}", group="evergreen")
