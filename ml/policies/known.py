"""What decisions may know of earlier decisions, of versions, and of what became of them."""

from __future__ import annotations

from ml.domain.approvals import terms_asked
from ml.domain.codes_pg import PAYS
from ml.domain.findings import Outcome
from ml.domain.holds import ShadowEnding, ShadowVerdict, came_late, hold_asked
from ml.domain.records import Decision, GateResult, Verdict, Version
from ml.policies.facts import Check, Ending, Training


def check_of(decision: Decision) -> Check:
    """What later decisions may know of an earlier one."""
    asked = decision.result.verdict is Verdict.RETRAIN
    return Check(decision.as_of, decision.window, asked, decision.verdict, decision.least_gain is not None)


def training_of(version: Version, *, look: bool) -> Training:
    """What decisions may know of a version."""
    tried = version.manifest.get("windows", ())
    return Training(
        version=version.version,
        as_of=version.as_of,
        trained_from=version.trained_from,
        trained_until=version.trained_until,
        seen_until=version.seen_until,
        look=look,
        windows=max(1, len(tried)),
        fewest_rows=min((one.get("rows", 0) for one in tried), default=0),
        seconds=float(version.manifest.get("seconds", 0.0)),
    )


def ending_of(gate: GateResult) -> Ending:
    """Return what became of a challenger, by the gate's verdict."""
    if gate.passed and came_late(gate):
        return Ending.SUPERSEDED
    if gate.passed:
        waits = hold_asked(gate) is not None or terms_asked(gate) is not None
        return Ending.WAITING if waits else Ending.PROMOTED
    failed = [one for one in gate.findings if one.outcome in (Outcome.FAILED, Outcome.CANNOT_TELL)]
    only_price = bool(failed) and all(one.code == PAYS for one in failed)
    return Ending.NOT_WORTH_IT if only_price else Ending.REJECTED


def ending_in_shadow(verdict: ShadowVerdict) -> Ending:
    """Return what became of a challenger that was held, by the verdict on it."""
    if verdict.ending is ShadowEnding.PASSED:
        return Ending.PROMOTED if verdict.promotes else Ending.WAITING
    return Ending.REJECTED if verdict.ending is ShadowEnding.REJECTED else Ending.SUPERSEDED
