"""What was live at a moment, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml.domain.records import Act

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.domain.erasures import Seen
    from ml.registry import Live

_SHOWN = 3


def live_text(live: Live, seen: Sequence[Seen] = ()) -> str:
    """Return the answer to an auditor's question, a line a fact; ``seen`` are erasures of rows that it had seen."""
    facts = {
        "live": f"version {live.version} of {live.model}, {_served(live)}",
        "came by": f"{'a rollback' if live.act == Act.ROLLBACK.value else 'promotion'}, written on "
        f"{live.changed_at:%Y-%m-%d %H:%M:%S} UTC by {live.changed_by or 'nobody named'}",
        "why": live.reason or "no reason was given",
        "approved by": _approved(live),
        "decided": _decided(live),
        "judged": live.verdict or "there is no verdict on record",
        "trained on": _trained_on(live),
        **({"erased since": " ".join(map(erased_sentence, seen))} if seen else {}),
        "code": f"{live.manifest.get('code_version', 'not recorded')}; {_libraries(live.manifest)}",
        "spec": str(live.manifest.get("spec_sha256", "not recorded")),
        "estimator": f"{live.manifest.get('estimator', 'not recorded')}, artifact {live.serving_sha256}",
        "event": "no event speaks of it" if live.event is None else f"{live.model}:{live.event}:{live.event_sha256}",
    }
    width = max(map(len, facts))
    return "\n".join(f"{name:<{width}}  {fact}" for name, fact in facts.items())


def erased_sentence(seen: Seen) -> str:
    """Return what a version had seen of the rows of one erasure, and why they are gone."""
    erasure, what = seen.erasure, "row" if seen.gathered == 1 else "rows"
    learned = (
        f"{seen.learned} of them in batches that it was fitted on"
        if seen.learned
        else "none in a batch of its training"
    )
    by = erasure.actor or "nobody named"
    return (
        f"Erasure {erasure.id} of {erasure.created_at:%Y-%m-%d %H:%M} UTC by {by} took {seen.gathered} {what}, "
        f"{learned} ({erasure.reason})."
    )


def _served(live: Live) -> str:
    until = "it still is" if live.until is None else f"until {live.until:%Y-%m-%d %H:%M} UTC"
    return f"since {live.since:%Y-%m-%d %H:%M} UTC, {until}"


def _approved(live: Live) -> str:
    if live.approved_by is None or live.approved_at is None:
        return "nobody had to: the gate's verdict let it pass"
    return f"{live.approved_by} on {live.approved_at:%Y-%m-%d %H:%M:%S} UTC"


def _decided(live: Live) -> str:
    said = f"{live.decision_id}: {live.decision or 'the decision is not on record'}"
    return f"{said} ({live.decision_reason})" if live.decision_reason else said


def _trained_on(live: Live) -> str:
    snapshots = list(live.manifest.get("snapshots", ()))
    more = f" and {len(snapshots) - _SHOWN} more" if len(snapshots) > _SHOWN else ""
    named = ", ".join(sha256[:12] for sha256 in snapshots[:_SHOWN])
    refit = "" if live.refit_until is None else f", fitted once more on rows up to {live.refit_until:%Y-%m-%d %H:%M}"
    return (
        f"rows from {live.trained_from:%Y-%m-%d %H:%M} to {live.trained_until:%Y-%m-%d %H:%M} UTC{refit}; "
        f"{len(snapshots)} frames: {named or 'none recorded'}{more}"
    )


def _libraries(manifest: Any) -> str:
    libraries = manifest.get("libraries", {})
    return ", ".join(f"{name} {version}" for name, version in libraries.items()) or "libraries not recorded"
