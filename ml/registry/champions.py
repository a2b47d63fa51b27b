"""The one change that must never be lost or doubled: who is champion. And the lease of who may retrain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, or_, select, update

from ml.domain.errors import LeaseHeldError, RegistryError, StalePromotionError
from ml.domain.records import Act, Promotion, Stage
from ml.registry.custody.records import REJECTION
from ml.registry.session import MODEL
from ml.registry.tables import LeaseRow, ModelRow, PromotionRow, VersionRow
from ml.registry.versions import VersionWriter, unknown

_STAGES = select(VersionRow.version, VersionRow.stage).where(
    VersionRow.model == MODEL,
    or_(VersionRow.version == bindparam("version"), VersionRow.stage == Stage.CHAMPION.value),
)
"""Where a version and the champion stand."""
_MOVE = (
    update(VersionRow)
    .where(
        VersionRow.model == bindparam("of"),
        VersionRow.version == bindparam("number"),
        VersionRow.stage == bindparam("before"),
    )
    .values(stage=bindparam("to"))
)
_FROM = {Act.PROMOTE: Stage.CHALLENGER, Act.ROLLBACK: Stage.RETIRED}


class ChampionWriter(VersionWriter):
    """Changes the champion, rejects challengers, keeps the lease."""

    def promote(
        self,
        *,
        model: str,
        to_version: int,
        run_key: str,
        expected_generation: int,
        as_of: datetime,
        baseline: Mapping[str, float],
        reason: str,
        actor: str,
        act: Act,
        created_at: datetime,
    ) -> Promotion:
        """Make a version the champion: a challenger by promoting, a former champion by rolling back.

        The model's row is locked first, a ``run_key`` that is done is answered from the log, the old champion goes
        before the new one comes, and the generation moves by compare-and-swap.

        Raises:
            StalePromotionError: the generation is not ``expected_generation``: the champion changed since the verdict.
            RegistryError: the version is not in the stage that the act starts from.
            NotFoundError: there is no such model or version.
        """
        self._lock(model)
        done = self.promotion_by_run_key(model, run_key)
        if done is not None:
            return _the_same(done, to_version)
        generation = self.generation(model)
        if generation != expected_generation:
            raise _stale(model, to_version, expected_generation, generation)
        champion = self._change(model, to_version, act)
        self._advance(model, generation)
        values = {
            "model": model,
            "generation": generation + 1,
            "act": act.value,
            "from_version": champion,
            "to_version": to_version,
            "run_key": run_key,
            "as_of": as_of,
            "baseline": {name: float(value) for name, value in baseline.items()},
            "reason": reason,
            "actor": actor,
            "created_at": created_at,
        }
        self._insert(PromotionRow, values)
        return self._promotion(model, run_key)

    def reject(self, model: str, version: int) -> None:
        """Mark a challenger as rejected, for good; doing it twice is doing it once.

        Raises:
            RegistryError: the version is, or was, the champion.
        """
        self._lock(model)
        found = self.version(model, version)
        if found.stage is Stage.REJECTED:
            return
        if found.stage is not Stage.CHALLENGER:
            raise RegistryError(
                f"Version {version} of {model} cannot be rejected: it is {found.stage}, not a challenger.",
                remedy="roll back if it should not serve.",
            )
        self._move(model, version, found.stage, Stage.REJECTED)
        self._note(REJECTION, {"model": model, "version": version, "stage": Stage.REJECTED.value})

    def acquire_lease(self, model: str, holder: str, *, now: datetime, ttl: timedelta) -> None:
        """Let ``holder`` be the only one to retrain the model for ``ttl``; the same holder may ask again.

        Raises:
            LeaseHeldError: another holder's lease has not ended.
        """
        self._lock(model)
        held = self._first(select(LeaseRow.holder, LeaseRow.until).where(LeaseRow.model == model))
        if held is not None and held.holder != holder and held.until > now:
            raise LeaseHeldError(
                f"{model} is being retrained by {held.holder}, until {held.until:%Y-%m-%d %H:%M} UTC at the latest.",
                remedy="wait for it to end; if it died, its lease ends by itself at that time.",
            )
        if held is None:
            self._connection.execute(insert(LeaseRow), {"model": model, "holder": holder, "until": now + ttl})
            return
        self._connection.execute(update(LeaseRow).where(LeaseRow.model == model).values(holder=holder, until=now + ttl))

    def release_lease(self, model: str, holder: str) -> None:
        """End the holder's lease; does nothing if another one holds it, or nobody."""
        self._lock(model)
        self._connection.execute(delete(LeaseRow).where(LeaseRow.model == model, LeaseRow.holder == holder))

    def _change(self, model: str, to_version: int, act: Act) -> int | None:
        """Let the old champion go, then the new one come; return the old one's number."""
        stages = {row.version: Stage(row.stage) for row in self._all(_STAGES, model=model, version=to_version)}
        if to_version not in stages:
            raise unknown(model, to_version)
        if stages[to_version] is not _FROM[act]:
            raise _wrong_stage(model, to_version, stages[to_version], act)
        champion = next((version for version, stage in stages.items() if stage is Stage.CHAMPION), None)
        if champion is not None:
            self._move(model, champion, Stage.CHAMPION, Stage.RETIRED)
        self._move(model, to_version, _FROM[act], Stage.CHAMPION)
        return champion

    def _move(self, model: str, version: int, before: Stage, after: Stage) -> None:
        """Change a stage only from what it was read as."""
        done = self._connection.execute(
            _MOVE, {"of": model, "number": version, "before": before.value, "to": after.value}
        )
        if done.rowcount != 1:
            raise RegistryError(f"Version {version} of {model} is no longer {before}.", remedy="try again.")

    def _advance(self, model: str, generation: int) -> None:
        done = self._connection.execute(
            update(ModelRow)
            .where(ModelRow.name == model, ModelRow.generation == generation)
            .values(generation=generation + 1)
        )
        if done.rowcount != 1:
            raise StalePromotionError(f"The champion of {model} changed in this instant.", remedy="judge again.")

    def _promotion(self, model: str, run_key: str) -> Promotion:
        done = self.promotion_by_run_key(model, run_key)
        if done is None:
            raise RegistryError(f"The run {run_key!r} has not changed the champion of {model}.")
        return done


def _the_same(done: Promotion, to_version: int) -> Promotion:
    if done.to_version != to_version:
        raise RegistryError(
            f"The run {done.run_key!r} has promoted version {done.to_version} of {done.model}, not {to_version}.",
            remedy="give each change of champion a run key of its own.",
        )
    return done


def _stale(model: str, version: int, expected: int, generation: int) -> StalePromotionError:
    return StalePromotionError(
        f"Version {version} of {model} was judged against the champion of generation {expected}, "
        f"but the champion has changed since: today's generation is {generation}.",
        remedy="decide again and retrain, so that the gate compares with today's champion.",
    )


def _wrong_stage(model: str, version: int, stage: Stage, act: Act) -> RegistryError:
    return RegistryError(
        f"Version {version} of {model} is {stage}; accepted for {act} is one that is {_FROM[act]}.",
        remedy="promote a challenger, or roll back to a former champion.",
    )
