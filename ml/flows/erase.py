"""erase: take a key's rows out of everything that is stored of a model, and leave tombstones.

The new frames are stored first; then one transaction records the request with its tombstones and leads every reference
to them; only then are the old bytes deleted. Whatever instant a process dies at, the same command completes it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ml.artifacts.frames import frame_sha256, put_frame
from ml.domain.erasures import Erasure, Seen, Tombstone, seen_by
from ml.domain.errors import NotFoundError, SpecError
from ml.flows.holdings import Held, Holdings
from ml.flows.workspace import Workspace
from ml.registry import Reader
from ml.specs import ModelSpec

_PASSES = 3
_TICK = timedelta(milliseconds=10)
"""A file system's clock may lag behind by so much."""
_SCRYPT: dict[str, Any] = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


@dataclass
class Erased:
    """What was, or would be, erased.

    ``tombstones`` are those of this call, ``seen`` which versions had seen rows that were ever erased of the model.
    ``waiting`` are other models that still need bytes that hold the rows; ``is_finished`` tells that no byte of any
    erasure of the model is left.
    """

    model: str
    rows: int = 0
    tombstones: list[Tombstone] = field(default_factory=list)
    erasures: list[int] = field(default_factory=list)
    removed: int = 0
    waiting: tuple[str, ...] = ()
    is_finished: bool = True
    seen: dict[int, tuple[Seen, ...]] = field(default_factory=dict)


def erase(
    workspace: Workspace,
    model: str,
    values: Sequence[str],
    *,
    column: str | None = None,
    reason: str,
    remove: bool = True,
    on_frame: Callable[[int], None] | None = None,
) -> Erased:
    """Erase the rows that have one of ``values`` in ``column``, by default the spec's only key column.

    Snapshots, kept and quarantined rows, labels, predictions and samples of training rows are rewritten without them.
    Estimators, profiles, findings and pages are left: see docs/security.md. What other flows stored meanwhile is
    looked for again; a flow that is at work may still store a frame that it read before, so run it again when none is.
    Without ``remove`` it only says what it would do.

    Raises:
        NotFoundError: there is no such model, or none of its snapshots has the column.
        SpecError: it is not clear which column holds the key, or there is no reason or value.
        ArtifactError: a frame is missing or altered; nothing was recorded.
    """
    if not reason.strip() or not values or not all(values):
        raise SpecError("An erasure needs a reason and at least one value, neither of them empty.")
    result = Erased(model)
    if remove:
        _sweep(workspace, model, result)
    for _ in range(_PASSES if remove else 1):
        with workspace.registry.read() as reader:
            spec = _spec(reader, model)
            held = Holdings(workspace, reader, spec, column=_column(spec, column), values=values)
            stones, rows = _rewritten(workspace, held, remove, on_frame)
        if not stones:
            _must_exist(held, spec, column)
            break
        result.tombstones += stones
        result.rows += rows
        if not remove:
            break
        result.erasures.append(_record(workspace, held, stones, rows, reason))
        _sweep(workspace, model, result)
    with workspace.registry.read() as reader:
        result.seen = seen_of(reader, model)
    return result


def seen_of(reader: Reader, model: str) -> dict[int, tuple[Seen, ...]]:
    """Return, by number, the versions of a model that had seen rows which were erased later."""
    erasures = reader.erasures(model)
    if not erasures:
        return {}
    found = {version.version: seen_by(version, erasures) for version in reader.versions(model)}
    return {number: seen for number, seen in found.items() if seen}


def _spec(reader: Reader, model: str) -> ModelSpec:
    stored = reader.spec_of(model)
    if stored is None:
        raise NotFoundError(
            f"There is no model {model!r} in the records.", remedy="see `evergreen status` for those there are."
        )
    return ModelSpec.model_validate(stored, strict=False)


def _column(spec: ModelSpec, column: str | None) -> str:
    if column is not None:
        return column
    if len(spec.key) != 1:
        has = f"has the key columns {', '.join(spec.key)}" if spec.key else "has no key column"
        raise SpecError(
            f"The spec of {spec.model} {has}, so it is not clear where a value stands.",
            remedy="name the column: --column NAME; any column of the snapshots will do.",
        )
    return str(spec.key[0])


def _must_exist(held: Holdings, spec: ModelSpec, column: str | None) -> None:
    name = _column(spec, column)
    if held.columns and name not in held.columns:
        raise NotFoundError(
            f"No snapshot of {spec.model} has a column {name!r}; there are: {', '.join(sorted(held.columns))}.",
            remedy="name one of them with --column.",
        )


def _rewritten(
    workspace: Workspace, held: Holdings, store: bool, on_frame: Callable[[int], None] | None
) -> tuple[list[Tombstone], int]:
    """Store what is left of each frame; return the tombstones, and how many rows that came in are gone.

    Where only something made of them was left, the rows of that.
    """
    stones: list[Tombstone] = []
    came_in = 0
    for one in held.found():
        new = put_frame(workspace.store, one.without) if store else frame_sha256(one.without)
        stones.append(_stone(one, new))
        came_in += one.rows if one.reference.record == "snapshot" and not one.reference.is_labels else 0
        if on_frame is not None:
            on_frame(len(stones))
    return stones, came_in or sum(stone.rows for stone in stones)


def _stone(held: Held, new: str) -> Tombstone:
    one = held.reference
    return Tombstone(0, one.record, one.key, one.field, one.window, one.sha256, new, held.rows)


def _record(workspace: Workspace, held: Holdings, stones: Sequence[Tombstone], rows: int, reason: str) -> int:
    with workspace.registry.write() as writer:
        number = writer.add_erasure(
            held.model,
            column=held.column,
            keys=sealed(held.values),
            rows=rows,
            reason=reason,
            actor=workspace.actor,
            tombstones=stones,
        )
    workspace.forget()
    return number


def sealed(values: Sequence[str], salt: str | None = None) -> dict[str, Any]:
    """Return what may be kept of keys: a salt and the scrypt digest of each (RFC 7914), which is slow to guess from."""
    chosen = salt or secrets.token_hex(16)
    digests = [hashlib.scrypt(value.encode(), salt=bytes.fromhex(chosen), **_SCRYPT).hex() for value in values]
    return {"salt": chosen, "scrypt": sorted(digests)}


def _sweep(workspace: Workspace, model: str, result: Erased) -> None:
    """Delete the old bytes of all erasures of a model, those of a process that died and of what came back too."""
    moment = datetime.now(UTC) - _TICK
    with workspace.registry.read() as reader:
        erasures = reader.erasures(model)
        needed = reader.digests() if erasures else frozenset()
    left: set[str] = set()
    for erasure in erasures:
        mine = {stone.old_sha256 for stone in erasure.tombstones}
        there = {sha256 for sha256 in mine if erasure.finished_at is None or workspace.store.has(sha256)}
        stays = {one for one in there if one in needed or not workspace.store.erase(one, older_than=moment)}
        left |= stays
        result.removed += len(there - stays)
        if not stays and erasure.finished_at is None:
            _finish(workspace, erasure, len(mine))
    result.is_finished = not left
    result.waiting = _needing(workspace, model, left) if left else ()


def _finish(workspace: Workspace, erasure: Erasure, removed: int) -> None:
    with workspace.registry.write() as writer:
        writer.finish_erasure(erasure.model, erasure.id, removed=removed, actor=workspace.actor)


def _needing(workspace: Workspace, model: str, digests: set[str]) -> tuple[str, ...]:
    with workspace.registry.read() as reader:
        return tuple(
            other
            for other in reader.models()
            if other != model and digests & {one.sha256 for one in reader.references(other)}
        )
