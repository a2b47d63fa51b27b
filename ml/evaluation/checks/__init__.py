"""Every check of the gate, one a file, in the order in which a person reads them."""

from __future__ import annotations

from collections.abc import Callable

from ml.domain.findings import Finding
from ml.evaluation.case import Case
from ml.evaluation.checks.best_so_far import check_best_so_far
from ml.evaluation.checks.calibration import check_calibration
from ml.evaluation.checks.fairness import check_fairness
from ml.evaluation.checks.first_version import check_first_version
from ml.evaluation.checks.floors import check_floors
from ml.evaluation.checks.leakage import check_leakage
from ml.evaluation.checks.limits import check_limits
from ml.evaluation.checks.metric import check_metric
from ml.evaluation.checks.non_inferior import check_non_inferior
from ml.evaluation.checks.pays import check_pays
from ml.evaluation.checks.robustness import check_robustness
from ml.evaluation.checks.rows import check_rows
from ml.evaluation.checks.signature import check_signature
from ml.evaluation.checks.slices import check_slices
from ml.evaluation.checks.superior import check_superior

Check = Callable[[Case], tuple[Finding, ...]]

CHECKS: tuple[Check, ...] = (
    check_rows,
    check_metric,
    check_non_inferior,
    check_superior,
    check_best_so_far,
    check_first_version,
    check_floors,
    check_slices,
    check_fairness,
    check_calibration,
    check_robustness,
    check_limits,
    check_signature,
    check_leakage,
    check_pays,
)
"""All of them always run, so that a verdict shows what was asked, what was not, and every reason at once."""

__all__ = ["CHECKS", "Check"]
