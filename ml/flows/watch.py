"""watch: the new champion beside the one that it beat, on the labels that came since; surely worse, it goes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.domain.errors import StalePromotionError
from ml.domain.records import UNATTENDED, Act, Promotion
from ml.domain.watches import batches_of_look, is_automatic, is_over, watch_key
from ml.domain.windows import Window
from ml.evaluation import Look, worse_than_beaten
from ml.flows.beside import Pair, SideBySide, arrivals, batches_since, side_by_side, together
from ml.flows.promote import bring_back
from ml.flows.workspace import Workspace
from ml.registry import Reader, Writer
from ml.specs import ModelSpec
from ml.specs.gate import WatchSpec

STEP = "watch"


@dataclass(frozen=True, slots=True)
class _Watched:
    """The promotion that is watched, and that of the champion which it beat, under which it comes back."""

    promotion: Promotion
    beaten: Promotion

    @property
    def pair(self) -> Pair:
        """Whose gain is asked for, and over whom."""
        return Pair(self.promotion.to_version, self.beaten.to_version)


def watch(workspace: Workspace, spec: ModelSpec, window: Window) -> Promotion | None:
    """Look at the champion beside the one that it beat, as of the end of ``window``; return the rollback, if any.

    A look is taken when labels of a further batch have come, at most ``gate.watch.batches`` times, and recorded as a
    finding on ``window``. If the champion is surely worse it is rolled back in the same transaction. Only what was
    promoted is watched: what came back by a rollback is not. A second call finds the first one's rollback. A batch that
    is run after newer ones were taken in changes nothing.
    """
    asked = spec.gate.watch
    if asked is None:
        return None
    done = rolled_back_at(workspace, spec, window)
    if done is not None:
        return done
    with workspace.registry.read() as reader:
        watched = _watched(reader, spec, window)
        look = None if watched is None else _look(reader, workspace, spec, asked, watched=watched, window=window)
    if look is None or watched is None:
        return None
    try:
        return workspace.registry.retrying(
            lambda writer: _record(writer, workspace, spec, watched=watched, look=look, window=window)
        )
    except StalePromotionError:  # somebody changed the champion in this instant: there is another one to watch
        return None


def rolled_back_at(workspace: Workspace, spec: ModelSpec, window: Window) -> Promotion | None:
    """Return the rollback that the watch made as of the end of ``window``, None if it made none."""
    if spec.gate.watch is None:
        return None
    with workspace.registry.read() as reader:
        promotions = reader.promotions(spec.model)
    return next((one for one in promotions if is_automatic(one) and one.as_of == window.end), None)


def _watched(reader: Reader, spec: ModelSpec, window: Window) -> _Watched | None:
    promotions = reader.promotions(spec.model)
    newest = promotions[-1] if promotions else None
    if newest is None or newest.act is not Act.PROMOTE or newest.from_version is None or newest.as_of >= window.end:
        return None
    if window.end < (reader.watermark(spec.model) or window.end):
        return None
    return _Watched(newest, next(one for one in reversed(promotions) if one.to_version == newest.from_version))


def _look(
    reader: Reader, workspace: Workspace, spec: ModelSpec, asked: WatchSpec, *, watched: _Watched, window: Window
) -> Look | None:
    """Compare on the batches that there are to look at; None if none is new."""
    since, now, pair = watched.promotion.as_of, window.end, watched.pair
    looked = reader.last_finding(spec.model, STEP, since=since)
    batches = batches_since(reader, spec, since=since, now=now)
    if is_over(arrivals(reader, spec, batches, pair, now=now), looked=looked, most=asked.batches):
        return None
    chosen = batches_of_look(
        arrivals(reader, spec, batches, pair, now=now), since=since, now=now, most=asked.batches, looked=looked
    )
    if not chosen:
        return None
    return look_at(spec, asked, [side_by_side(reader, workspace, spec, batches[one], pair, now=now) for one in chosen])


def look_at(spec: ModelSpec, asked: WatchSpec, batches: Sequence[SideBySide]) -> Look:
    """Look at the rows of these batches together; a replay does it by this function too."""
    joined = together(spec, batches)
    return worse_than_beaten(*joined, batches=len(batches), watch=asked, gate=spec.gate, seed=spec.training.seed)


def _record(
    writer: Writer, workspace: Workspace, spec: ModelSpec, *, watched: _Watched, look: Look, window: Window
) -> Promotion | None:
    """Record a look and, in the same transaction, what follows from it."""
    writer.add_findings(spec.model, window, window.end, STEP, (look.finding(),))
    if not look.worse or spec.gate.watch is None or not spec.gate.watch.rollback:
        return None
    return bring_back(
        writer,
        workspace,
        watched.beaten,
        generation=watched.promotion.generation,
        as_of=window.end,
        run_key=watch_key(watched.promotion.generation),
        reason=f"Rolled back by gate.watch: {look.sentence()}.",
        actor=UNATTENDED,
    )
