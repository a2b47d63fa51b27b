"""settle: a challenger beside the champion on the labels that came since it was trained; what stands goes live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ml.domain.errors import ArtifactError, StalePromotionError
from ml.domain.holds import ShadowEnding, ShadowVerdict, batches_of_hold, hold_asked
from ml.domain.records import ASKED, UNATTENDED, GateResult, Version
from ml.domain.windows import Window
from ml.evaluation import ShadowLook, stands_in_shadow
from ml.flows.beside import Pair, SideBySide, batches_since, scored_batches, side_by_side, together
from ml.flows.hold import drop
from ml.flows.lease import keep_for_approval
from ml.flows.promote import go_live
from ml.flows.word import terms_now
from ml.flows.workspace import Workspace
from ml.registry import Batch, Reader, Writer
from ml.specs import ModelSpec

STEP = "shadow"
_ATTEMPTS = 2
"""Where the champion changed in the instant of promoting, the second one finds it, and says so."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The challenger in the shadow, the gate's verdict on it, and how many labelled batches it waits for."""

    version: Version
    result: GateResult
    most: int


@dataclass(frozen=True, slots=True)
class _End:
    """What a hold ends in, with where the rows are from that it rests on: None where none could tell. Without a look
    where the champion has changed.
    """

    look: ShadowLook | None
    span: tuple[datetime, datetime] | None


def settle(workspace: Workspace, spec: ModelSpec, window: Window) -> ShadowVerdict | None:
    """End the hold of a challenger if it is over as of the end of ``window``; return its verdict, if there is one.

    What passes goes live in the transaction of its verdict, or a person is asked from then on; all else is rejected. If
    the champion changed meanwhile the challenger is stale: it was judged against another one. A second call finds the
    first one's verdict. A batch that is run after newer ones were taken in changes nothing.
    """
    done = settled_at(workspace, spec, window)
    if done is not None:
        return done
    for left in reversed(range(_ATTEMPTS)):
        with workspace.registry.read() as reader:
            held = _held(reader, spec, window)
            end = None if held is None else _end(reader, workspace, spec, held, window)
        if held is None or end is None:
            return None
        try:
            return _recorded(workspace, spec, held, end, window)
        except StalePromotionError:
            if not left:
                raise
    return None


def settled_at(workspace: Workspace, spec: ModelSpec, window: Window) -> ShadowVerdict | None:
    """Return the verdict on a hold that was given as of the end of ``window``, None if none was."""
    with workspace.registry.read() as reader:
        given = [one for one in reader.shadow_verdicts(spec.model, as_of=window.end) if one.as_of == window.end]
    return next((one for one in given if one.comes_first), None)


def shadow_look(spec: ModelSpec, most: int, batches: Sequence[SideBySide]) -> ShadowLook:
    """Judge by the rows of these batches together; a replay does it by this function too."""
    joined = together(spec, batches)
    return stands_in_shadow(*joined, batches=len(batches), most=most, gate=spec.gate, seed=spec.training.seed)


def grace_of(spec: ModelSpec) -> timedelta:
    """Return how long after the end of a batch its labels are waited for: where they come with the rows, not at all."""
    return spec.labels.delay + spec.labels.patience if spec.labels_are_separate else timedelta(0)


def _held(reader: Reader, spec: ModelSpec, window: Window) -> _Held | None:
    if window.end < (reader.watermark(spec.model) or window.end):
        return None
    found = reader.held_at(spec.model)
    most = None if found is None else hold_asked(found[1])
    if found is None or most is None or found[0].as_of >= window.end:
        return None
    return _Held(*found, most)


def _end(reader: Reader, workspace: Workspace, spec: ModelSpec, held: _Held, window: Window) -> _End | None:
    """Compare if it is time; None while the hold goes on."""
    champion = held.result.champion
    if champion is None or reader.generation(spec.model) != held.result.generation:
        return _End(None, None)
    since, now, pair = held.version.as_of, window.end, Pair(held.version.version, champion)
    batches = batches_since(reader, spec, since=since, now=now)
    chosen = batches_of_hold(
        scored_batches(reader, spec, batches, pair, now=now),
        since=since,
        now=now,
        most=held.most,
        grace=grace_of(spec),
    )
    if chosen is None:
        return None
    beside = [_rows(reader, workspace, spec, batches[one], pair, now=now) for one in chosen]
    look = shadow_look(spec, held.most, beside)
    return _End(look, None if look.gain is None else (chosen[0].start, chosen[-1].end))


def _rows(
    reader: Reader, workspace: Workspace, spec: ModelSpec, batch: Batch, pair: Pair, *, now: datetime
) -> SideBySide:
    """Gather a batch.

    Raises:
        ArtifactError: what was stored of it is gone or damaged; the message says what to do about the hold.
    """
    try:
        return side_by_side(reader, workspace, spec, batch, pair, now=now)
    except ArtifactError as error:
        raise ArtifactError(
            f"The hold of version {pair.ours} of {spec.model} cannot end: what was stored of the batch {batch.window} "
            f"cannot be read. {error.message}",
            remedy=f"restore that file from a backup; or give the hold up: evergreen reject {spec.model} {pair.ours} "
            f"--comment …, or by a retraining: evergreen decide {spec.model} --retrain --reason ….",
        ) from error


def _recorded(workspace: Workspace, spec: ModelSpec, held: _Held, end: _End, window: Window) -> ShadowVerdict:
    verdict = _verdict(workspace, spec, held, end, as_of=window.end)

    def act(writer: Writer) -> ShadowVerdict:
        """Record what the hold ends in and, in the same transaction, do what follows from it."""
        found = writer.add_shadow_verdict(verdict)
        if end.look is not None and found.ending is verdict.ending:
            writer.add_findings(spec.model, window, window.end, STEP, (end.look.finding(),))
        if found.promotes:
            _promote(writer, workspace, held, found)
        elif found.ending is not ShadowEnding.PASSED:
            drop(writer, held.version)
        elif writer.approval(spec.model, held.version.version) is None:  # else another one settled, and was answered
            keep_for_approval(writer, spec, held.version.run_key, now=workspace.clock())
        return found

    return workspace.registry.retrying(act)


def _promote(writer: Writer, workspace: Workspace, held: _Held, verdict: ShadowVerdict) -> None:
    go_live(
        writer,
        workspace,
        held.version,
        held.result,
        as_of=verdict.as_of,
        reason=f"{held.result.sentence} {verdict.sentence}",
        actor=UNATTENDED,
    )


def _verdict(workspace: Workspace, spec: ModelSpec, held: _Held, end: _End, *, as_of: datetime) -> ShadowVerdict:
    now, look = workspace.clock(), end.look
    model, number = spec.model, held.version.version
    if look is None:
        said = "Rejected in the shadow: the champion has changed since, and it was judged against another one."
        return ShadowVerdict(model, number, ShadowEnding.STALE, said, None, None, 0, as_of, now)
    evidence: Mapping[str, Any] = {**look.evidence(), "champion": held.result.champion}
    if end.span is not None:
        evidence = {**evidence, "from": end.span[0].isoformat(), "until": end.span[1].isoformat()}
    if look.passed and spec.gate.approval is not None:
        evidence = {**evidence, ASKED: terms_now(spec.gate.approval, now)}
    return ShadowVerdict(
        model=model,
        version=number,
        ending=ShadowEnding.PASSED if look.passed else ShadowEnding.REJECTED,
        sentence=f"{'Stood' if look.passed else 'Rejected'} in the shadow: {look.sentence()}.",
        difference=None if look.gain is None else look.gain.difference,
        interval=look.interval,
        rows=look.rows,
        as_of=as_of,
        created_at=now,
        evidence=evidence,
    )
