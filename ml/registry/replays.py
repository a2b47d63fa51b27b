"""Records of replays: policies played over the past."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from ml.domain.replays import Replay
from ml.registry.convert import replay_of
from ml.registry.replay_table import ReplayRow
from ml.registry.session import MODEL, Reading, Writing

_REPLAYS = select(ReplayRow.__table__).where(ReplayRow.model == MODEL).order_by(ReplayRow.id)
_REPLAY = select(ReplayRow.__table__).where(ReplayRow.key == bindparam("key"))


class ReplayReader(Reading):
    """Questions about replays."""

    def replays(self, model: str) -> tuple[Replay, ...]:
        """All replays of a model, in the order of their recording."""
        return tuple(replay_of(row) for row in self._all(_REPLAYS, model=model))

    def replay(self, replay_id: str) -> Replay | None:
        """One replay, None if there is none with this id."""
        row = self._first(_REPLAY, key=replay_id)
        return None if row is None else replay_of(row)


class ReplayWriter(Writing, ReplayReader):
    """Records replays."""

    def add_replay(self, replay: Replay) -> Replay:
        """Record a replay and return it as it is on record; one id is recorded once."""
        self._lock(replay.model)
        done = self.replay(replay.id)
        if done is not None:
            return done
        self._insert(
            ReplayRow,
            {
                "model": replay.model,
                "key": replay.id,
                "start": replay.start,
                "as_of": replay.as_of,
                "costs": dict(replay.costs),
                "outcomes": [dict(outcome) for outcome in replay.outcomes],
                "advice": dict(replay.advice),
                "picture_sha256": replay.picture_sha256,
                "page_sha256": replay.page_sha256,
                "actor": replay.actor,
                "created_at": replay.created_at,
            },
        )
        return self.replay(replay.id) or replay
