"""A score for each row, where checks look at parts of the rows rather than at all of them."""

from __future__ import annotations

from ml.evaluation.case import CHALLENGER, Case
from ml.problems.metric import Floats, Metric, first_of


def row_metric(case: Case) -> Metric | None:
    """Return the primary metric if it is a mean over rows, else the problem's first that is; None without one."""
    metrics = case.problem.metrics
    found = (metrics[name] for name in (case.metric.name, *case.problem.default_metrics))
    return next((metric for metric in found if metric.of_means is first_of), None)


def row_gains(case: Case, metric: Metric, over: str) -> Floats:
    """Return by how much better the challenger is in each row, positive is better."""
    sign = 1.0 if metric.higher_is_better else -1.0
    ours, theirs = (metric.terms(case.truth, case.sides[who])[:, 0] for who in (CHALLENGER, over))
    gains: Floats = sign * (ours - theirs)
    return gains
