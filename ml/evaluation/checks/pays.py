"""PG007: the gain is worth going live."""

from __future__ import annotations

from ml.domain.codes_pg import PAYS
from ml.domain.findings import Finding
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import compared


def check_pays(case: Case) -> tuple[Finding, ...]:
    """Block a challenger whose measured gain, not an end of its interval, is below what its decision asked for.

    The decision has weighed how sure a gain is already: what it asks for is where going live begins to pay on average.
    """
    least = case.least_gain
    return compared(
        case,
        code=PAYS,
        applies=least is not None and case.rival is Rival.CHAMPION,
        passed=least is None or pays(None if case.gain is None else case.gain.difference, least),
        expected="nothing" if least is None else f"a gain of at least {least:+.4g}",
    )


def pays(gain: float | None, least: float) -> bool:
    """Tell whether a measured gain is worth going live, given what the decision asked for."""
    return gain is not None and gain >= least
