"""collect: artifacts that no record refers to, old enough that no running flow can still be about to record them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ml.artifacts.store import Stored
from ml.domain.errors import RegistryError
from ml.domain.windows import format_duration
from ml.flows.workspace import Workspace

LEAST_AGE = timedelta(days=1)
"""A flow stores bytes before their row; none takes this long to write the row."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Artifacts without a record, of so many that are stored."""

    unreferenced: tuple[Stored, ...]
    stored: int


def collect(workspace: Workspace, *, older_than: timedelta, remove: bool = False) -> Collected:
    """Find the artifacts that nothing refers to and that were put longer ago than ``older_than``; remove them if asked.

    The age is looked at before the records are: what is old and recorded is kept, what is young is not judged at all.
    What has no known age is kept.

    Raises:
        RegistryError: ``older_than`` is less than a day.
    """
    if older_than < LEAST_AGE:
        raise RegistryError(
            f"Artifacts younger than {format_duration(LEAST_AGE)} may belong to a flow that still runs; "
            f"{format_duration(older_than)} was asked for.",
            remedy=f"ask for {format_duration(LEAST_AGE)} or more.",
        )
    limit = workspace.clock() - older_than
    stored = list(workspace.store.stored())
    old = [one for one in stored if one.at is not None and one.at < limit]
    with workspace.registry.read() as reader:
        referred = reader.digests()
    found = [one for one in old if one.name not in referred]
    if remove:
        found = [one for one in found if workspace.store.remove(one, older_than=limit)]
    return Collected(tuple(sorted(found, key=lambda one: one.name)), len(stored))
