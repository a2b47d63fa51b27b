"""The verdict in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ml.domain.codes_pg import PAYS
from ml.domain.findings import Finding
from ml.evaluation.case import CHALLENGER, Case, Rival
from ml.evaluation.demand import sure

_OF_THE_GAIN = frozenset({"PG003", "PG004", "PG005"})
_FLOOR = "PG006"


def sentence_of(case: Case, blocking: Sequence[Finding]) -> str:
    """Say what was measured and why the challenger passed or did not; ``blocking`` are the findings against it."""
    if not blocking:
        return f"Passed: {_measured(case)}{_standing(case)}{_paying(case)}."
    codes = {finding.code for finding in blocking}
    if "PG001" in codes:
        return f"Not promoted: {case.rows} held-out rows cannot tell anything, {case.gate.min_rows} are needed."
    if blocking[0].code == "PG002":
        return f"Not promoted: {case.metric.name} cannot be compared: {blocking[0].seen.rstrip('.')}."
    others = [finding for finding in blocking if finding.code not in _OF_THE_GAIN | {PAYS}]
    missed = "".join(f"; {_missed(one)}" for one in others)
    lost = _standing(case) if codes & _OF_THE_GAIN else ""
    unpaid = _paying(case) if PAYS in codes else ""
    word = "Not promoted" if codes == {PAYS} else "Rejected"
    return f"{word}: {_measured(case)}{lost}{unpaid}{missed}."


def _missed(finding: Finding) -> str:
    if finding.code == _FLOOR:
        return f"{finding.subject} is {finding.seen or 'unknown'}, {finding.expected} is asked for"
    return f"{finding.code} {finding.subject}: {finding.seen} (asked for: {finding.expected})"


def _measured(case: Case) -> str:
    """Give both values, the gain and its interval."""
    name = case.metric.name
    value = case.metrics[CHALLENGER].get(name)
    if value is None:
        return f"{name} is unknown on {case.rows} held-out rows"
    ours = f"{name} {value:.4g}"
    if case.gain is None:
        return f"{ours} on {case.rows} held-out rows"
    theirs = f"{case.metrics[case.rival.value][name]:.4g}"
    whose = "the champion has" if case.rival is Rival.CHAMPION else "always predicting the same has"
    word = "better" if case.gain.difference >= 0 else "worse"
    low, high = case.gain.interval(case.gate.confidence)
    return (
        f"{ours} where {whose} {theirs} on the same {case.rows} rows, {word} by {abs(case.gain.difference):.4g} "
        f"({case.gate.confidence:.0%} interval {low:+.4g} to {high:+.4g})"
    )


def _standing(case: Case) -> str:
    """Say how the gain stands to what the gate asks for."""
    if case.gain is None:
        return ""
    again = f" at attempt {case.attempt} on these rows" if case.attempt > 1 else ""
    if case.rival is Rival.DUMMY:
        return f": {sure(case.is_shown(case.gain, 0.0))} better than a constant{again}"
    return f": {case.demand.words(case.gain)}{again}"


def _paying(case: Case) -> str:
    """Say whether the gain pays for going live, if that was asked."""
    if case.least_gain is None or case.gain is None or case.rival is not Rival.CHAMPION:
        return ""
    word = "pays" if case.gain.difference >= case.least_gain else "does not pay"
    return f"; the gain {word} (gain {case.gain.difference:+.4g}, needed {case.least_gain:+.4g})"
