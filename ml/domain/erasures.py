"""Rows that were erased on request, and the tombstones that stand where their bytes were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml.domain.records import Version
from ml.domain.windows import Window


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One reference to an artifact that was rewritten without ``rows`` of its rows.

    ``record``, ``key`` and ``field`` name the reference (the column ``kept_sha256`` of validation 7, say); it led to
    ``old_sha256`` and leads to ``new_sha256`` now. ``window`` is the batch, None for what is of none.
    """

    erasure: int
    record: str
    key: str
    field: str
    window: Window | None
    old_sha256: str
    new_sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request that was recorded before the first byte was deleted.

    ``keys`` holds a salt and the scrypt digest of each key, never a key; ``column`` is where it stood. ``finished_at``
    is when the last of the old bytes was seen to be gone, None while some are there.
    """

    id: int
    model: str
    column: str
    keys: Mapping[str, Any]
    rows: int
    reason: str
    actor: str
    created_at: datetime
    finished_at: datetime | None
    tombstones: tuple[Tombstone, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a version had seen of the rows of one erasure.

    ``gathered`` are the erased rows among the frames that its training was made from, ``learned`` those of batches that
    lie within what the serving estimator was fitted on: at most so many, as a part of such a batch may have been left
    out.
    """

    erasure: Erasure
    gathered: int
    learned: int


def seen_by(version: Version, erasures: Sequence[Erasure]) -> tuple[Seen, ...]:
    """Return what a version had seen of rows that were erased later, by erasure; none where it had not."""
    return seen_in(version.manifest, version.trained_from, version.seen_until, erasures)


def seen_in(
    manifest: Mapping[str, Any], start: datetime, end: datetime, erasures: Sequence[Erasure]
) -> tuple[Seen, ...]:
    """The same, of a manifest and the span ``[start, end)`` of the rows that the serving estimator was fitted on."""
    frames = frames_of(manifest, erasures)
    found = []
    for erasure in erasures:
        stones = [stone for stone in erasure.tombstones if stone.record == "validation" and stone.old_sha256 in frames]
        mine = {(stone.old_sha256, stone.window): stone for stone in stones}
        if mine:
            learned = [stone for stone in mine.values() if stone.window and _overlap(stone.window, start, end)]
            found.append(Seen(erasure, _rows(mine.values()), _rows(learned)))
    return tuple(found)


def frames_of(manifest: Mapping[str, Any], erasures: Iterable[Erasure]) -> frozenset[str]:
    """Return the digests of the frames that a version was made from, and of what erasures have left of them."""
    frames = set(manifest.get("snapshots", ()))
    for erasure in sorted(erasures, key=lambda one: one.id):
        frames |= {stone.new_sha256 for stone in erasure.tombstones if stone.old_sha256 in frames}
    return frozenset(frames)


def _overlap(window: Window, start: datetime, end: datetime) -> bool:
    return window.start < end and start < window.end


def _rows(stones: Iterable[Tombstone]) -> int:
    return sum(stone.rows for stone in stones)
