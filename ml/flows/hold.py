"""hold: what follows from a verdict of the gate before anybody goes live: who is held, who is asked, who gives way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from ml.domain.holds import HELD, LATE, ShadowEnding, ShadowVerdict
from ml.domain.records import ASKED, GateResult, Version
from ml.flows.lease import keep_for_approval
from ml.flows.word import terms_now
from ml.registry import Reader, Writer
from ml.specs import ModelSpec


def record_with_what_follows(
    writer: Writer, spec: ModelSpec, challenger: Version, result: GateResult, *, now: datetime
) -> GateResult:
    """Record the verdict on a challenger with what follows from it, in one transaction; return what is on record.

    What passed may be held in the shadow, or a person is asked; what is held already gives way to it. The first verdict
    on a version stays, and nothing follows from a second one.
    """
    writer.lock(spec.model)  # who is held, and who is champion, must not change between the question and the record
    done = writer.gate_result(spec.model, challenger.version)
    if done is not None:
        return done
    newer = _newer_hold(writer, challenger) if result.passed else None
    overtaken = any(one.as_of > challenger.as_of for one in writer.promotions(spec.model))
    result = _with_what_follows(spec, result, newer=newer, overtaken=overtaken, now=now)
    if ASKED in result.evidence:
        keep_for_approval(writer, spec, challenger.run_key, now=now)
    if result.passed and newer is None and not overtaken:
        why = f"version {challenger.version} passed the gate meanwhile"
        supersede(writer, spec.model, as_of=result.as_of, run_key=challenger.run_key, why=why, now=now)
    return writer.add_gate_result(result)


def supersede(writer: Writer, model: str, *, as_of: datetime, run_key: str, why: str, now: datetime) -> None:
    """End the hold of whatever is held, other than by the run itself, because another challenger takes its place."""
    while (found := writer.held_at(model)) is not None and found[0].run_key != run_key:
        version = found[0].version
        moment = max(as_of, found[0].as_of)
        sentence = f"Superseded in the shadow: {why}."
        writer.add_shadow_verdict(
            ShadowVerdict(model, version, ShadowEnding.SUPERSEDED, sentence, None, None, 0, moment, now)
        )
        drop(writer, found[0])


def drop(writer: Writer, held: Version) -> None:
    """Reject what was held, and end the lease that its run may still have: it was perhaps killed before that."""
    writer.reject(held.model, held.version)
    writer.release_lease(held.model, held.run_key)


def _newer_hold(reader: Reader, challenger: Version) -> int | None:
    """The number of a newer challenger that is held, None if there is none."""
    found = reader.held_at(challenger.model)
    if found is None or (found[0].as_of, found[0].version) < (challenger.as_of, challenger.version):
        return None
    return found[0].version


def _with_what_follows(
    spec: ModelSpec, result: GateResult, *, newer: int | None, overtaken: bool, now: datetime
) -> GateResult:
    """Say in the evidence of what passed whether it is held in the shadow, or a person is asked, before it goes live.

    A model's first version is never held: there is nobody to compare it with. Nor is one that a newer champion or a
    newer hold has overtaken, which will not go live. Of one that is held nobody is asked yet.
    """

    def also(said: str, evidence: dict[str, Any]) -> GateResult:
        return replace(result, sentence=f"{result.sentence}{said}", evidence={**result.evidence, **evidence})

    if not result.passed:
        return result
    if newer is not None:
        said = f" It comes late: version {newer}, which is newer, is held in the shadow already."
        return also(said, {LATE: {"version": newer}})
    if spec.gate.shadow and result.champion is not None and not overtaken:
        batches = "1 batch has" if spec.gate.shadow == 1 else f"{spec.gate.shadow} batches have"
        said = f" It is held in the shadow until {batches} labels."
        return also(said, {HELD: {"batches": spec.gate.shadow}})
    if spec.gate.approval is not None:
        return also("", {ASKED: terms_now(spec.gate.approval, now)})
    return result
